"""Overview: rates, lag, what is traded, what is wrong."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Final

import streamlit as st

from fixwatch.dashboard import charts, links, markup, reading, tables, wording
from fixwatch.dashboard.desk import MOST_STUCK
from fixwatch.dashboard.live import live, time_zone, time_zone_name
from fixwatch.dashboard.standing import Top
from fixwatch.store.conduct import Conduct
from fixwatch.store.figures import Overview

_WINDOWS: Final = {"15 min": 15, "1 h": 60, "4 h": 240, "24 h": 1_440}
_DEFAULT_WINDOW: Final = "15 min"
#: Pixels. The grid measures the first figures that it gets; a later one that is cut reads as another number.
_FIGURE_WIDTHS: Final = {"Trades": 60, "Quantity": 92, "Notional": 126}


def page() -> None:
    """Draw the page."""
    label = st.segmented_control(
        "Window",
        list(_WINDOWS),
        default=_DEFAULT_WINDOW,
        required=True,
        key="window",
        bind="query-params",
        label_visibility="collapsed",
    )
    label = label or _DEFAULT_WINDOW
    live(partial(reading.overview, _WINDOWS[label]), partial(_draw, label))


def _draw(label: str, answer: Overview) -> None:
    if not answer.lag.stored and answer.rates.last_batch is None:
        _how_to_start()
        return
    _figures(label, answer)
    _desk(label)
    _days(label)
    _trades(answer)
    _symbols(answer)
    _tops(answer)
    _ingestion(answer)


def _how_to_start() -> None:
    with st.container(border=True):
        st.subheader("No messages yet")
        st.write("Everything is ready; nothing has arrived on the topic so far. Start a flow in a terminal:")
        st.code(
            "fixwatch demo                # all parts with simulated sessions\n"
            "fixwatch ingest              # store what arrives on the topic of your Kafka ...\n"
            "fixwatch simulate            # ... and send it simulated FIX\n"
            "fixwatch produce FILE        # ... or the FIX messages of a file",
            language="shell",
        )
        st.caption("This page shows the first messages as soon as they are stored.")


def _figures(label: str, answer: Overview) -> None:
    rates, totals = answer.rates, answer.messages
    with st.container(horizontal=True, gap="small", key="figures"):
        st.metric(
            "Messages/s",
            wording.rate(rates.messages_per_second),
            delta=f"{wording.count(totals.messages)} in {label}",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help=f"Stored a second, over the last {rates.seconds:.0f} s.",
        )
        st.metric(
            "Trades/s",
            wording.rate(answer.trades_per_second),
            delta=f"{wording.count(answer.trades)} in {label}",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help="Fills stored a second over the last minute; the total leaves out busted trades.",
        )
        st.metric(
            "Lag, records",
            wording.count(answer.lag.records),
            delta=f"last batch {wording.ago(rates.last_batch_age)} ago",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help="Records in the topic that are not stored yet, as the ingesters saw it within the last second; "
            "while none is alive, as of the last batch.",
        )
        st.metric(
            "Latency, p95",
            wording.milliseconds(rates.latency_p95_ms),
            delta=f"p50 {wording.milliseconds(rates.latency_p50_ms)}",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help="From a record's Kafka timestamp until its batch was about to be committed, over the records of the "
            "last 60 s. Of a batch the first and the last timestamp are known: shown is the most that it can be; "
            f"p95 is at least {wording.milliseconds(rates.latency_p95_least_ms)}, "
            f"p50 at least {wording.milliseconds(rates.latency_p50_least_ms)}.",
        )
        st.metric(
            "Quarantined",
            wording.count(totals.quarantined),
            delta=f"{wording.count(totals.garbled)} garbled, {wording.count(totals.rejected)} rejected",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help=f"Messages of the last {label} that were kept back because of their defects.",
        )
        st.metric(
            "Logged on",
            f"{answer.session_counts.logged_on} / {answer.session_counts.sessions}",
            delta=f"{wording.count(len(answer.ingesters))} ingester{'' if len(answer.ingesters) == 1 else 's'}",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help="Directions of sessions: logged on, of all that were ever seen.",
        )


def _desk(label: str) -> None:
    desk, refused, alerts = reading.desk_now(), reading.refusals(_WINDOWS[label]), reading.alert_counts()
    by_type = refused.messages
    with st.container(horizontal=True, gap="small", key="desk"):
        st.metric(
            "Open alerts",
            wording.count(alerts.firing) if alerts.watched else "not watched",
            delta=f"{wording.count(alerts.unacknowledged)} unacknowledged, {wording.count(alerts.critical)} critical",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help="Alerts that fire; those that nobody has acknowledged, and the critical ones among them. They fire "
            "while `fixwatch alert` runs.",
        )
        st.metric(
            "Stuck orders",
            wording.count(desk.stuck) + ("+" if desk.stuck == MOST_STUCK else ""),
            delta="wait longer than they may",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help="Orders whose request was not answered in the time that the rules of their session allow.",
        )
        st.metric(
            "Refusals",
            ("" if refused.complete else "over ") + wording.count(sum(by_type.values())),
            delta=f"{wording.count(by_type['3'] + by_type['j'])} Rejects, "
            f"{wording.count(by_type['9'])} cancels, {wording.count(by_type['Q'])} DKs",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help=f"Of the last {label}: Reject(3), BusinessMessageReject(j), OrderCancelReject(9), DontKnowTrade(Q).",
        )
        st.metric(
            "Sessions not as they should be",
            wording.count(desk.misbehaving),
            delta=f"{wording.count(desk.sessions.get(Conduct.SILENT, 0))} silent, "
            f"{wording.count(desk.sessions.get(Conduct.NOT_LOGGED_ON, 0))} absent, "
            f"{wording.count(desk.sessions.get(Conduct.OUT_OF_HOURS, 0))} out of hours",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help="Directions of sessions: logged on and silent, open and not logged on, logged on and closed.",
        )
    with st.container(horizontal=True, gap="small"):
        links.link("alerts", "Alerts", icon=":material/notifications:")
        links.link("orders", "Stuck orders", icon=":material/list_alt:", list="Stuck")
        links.link("orders", "Rejected orders", icon=":material/list_alt:", list="Rejected")
        links.link("sessions", "Sessions", icon=":material/swap_horiz:")
        links.link("quarantine", "Quarantine", icon=":material/rule:")


def _days(label: str) -> None:
    found = reading.days(_WINDOWS[label])
    today, before = found.today, found.yesterday
    if before.is_empty:
        st.caption("Nothing is known of the same time yesterday: there is nothing to compare with.")
        return
    currency = found.currency
    notional, notional_before = (
        of.notional.get(currency, Decimal()).quantize(Decimal(1)) for of in (today, before)
    )
    with st.container(horizontal=True, gap="small", key="days"):
        for name, now, then in (
            ("Messages", today.messages, before.messages),
            ("Trades", today.trades, before.trades),
            (f"Notional {_code(currency)}".rstrip(), notional, notional_before),
            ("With defects", today.defective, before.defective),
        ):
            st.metric(
                f"{name}, to yesterday",
                wording.change(now, then),
                delta=f"{now:,}, then {then:,}",
                delta_color="off",
                delta_arrow="off",
                border=True,
                help=f"The last {label} that are over, in whole minutes, against the same minutes a day before."
                + ("" if found.complete else " Of a part of them: they are more than one look may read."),
            )


def _code(currency: str) -> str:
    """A currency for a label, which Streamlit reads as Markdown: letters only, or nothing."""
    return currency if currency.isascii() and currency.isalpha() and len(currency) <= 5 else ""


def _trades(answer: Overview) -> None:
    window, where = answer.window, time_zone()
    with st.container(border=True):
        st.subheader("Trades over time")
        if not window.live:
            until = window.until.astimezone(where)
            st.caption(
                f"No trades in the last {window.minutes} min. Shown: the {window.minutes} min up to "
                f"{until:%Y-%m-%d %H:%M} {time_zone_name()}, TransactTime(60) of the newest trade."
            )
        st.altair_chart(
            charts.trades_over_time(
                answer.trade_steps, window, answer.trade_step_minutes, where, time_zone_name()
            ),
            key="trades_over_time",
            alt=f"{wording.count(answer.trades)} trades over {window.minutes} minutes, stacked by side",
        )


def _symbols(answer: Overview) -> None:
    left, right = st.columns(2, gap="small")
    bars = max(6, len(answer.symbols))
    with left, st.container(border=True):
        st.subheader("Notional by symbol")
        st.altair_chart(
            charts.by_symbol(answer.symbols, "notional", "Notional, in each symbol's currency", bars=bars),
            key="notional_by_symbol",
            alt="Notional of the most traded symbols",
        )
    with right, st.container(border=True):
        st.subheader("Volume by symbol")
        st.altair_chart(
            charts.by_symbol(answer.symbols, "qty", "Quantity", bars=bars),
            key="volume_by_symbol",
            alt="Quantity of the most traded symbols",
        )
    left, right = st.columns(2, gap="small")
    with left, st.container(border=True):
        st.subheader("Figures by symbol")
        tables.draw(
            {
                "Symbol": [
                    wording.visible(volume.symbol or wording.NOTHING, most=60) for volume in answer.symbols
                ],
                "Trades": [wording.count(volume.trades) for volume in answer.symbols],
                "Quantity": [wording.amount(volume.qty) for volume in answer.symbols],
                "Notional": [wording.amount(volume.notional, least_places=2) for volume in answer.symbols],
            },
            key="symbols",
            height=250,
            empty="No trades in this window",
            alt="Trades, quantity and notional by symbol",
            column_config={
                name: st.column_config.TextColumn(width=width, alignment="right")
                for name, width in _FIGURE_WIDTHS.items()
            },
        )
    with right, st.container(border=True):
        st.subheader("Defects by reason")
        tables.draw(
            {
                "Reason": [wording.reason(count.reason) for count in answer.defects],
                "Tag": [str(count.ref_tag) if count.ref_tag else wording.NOTHING for count in answer.defects],
                "Found": [wording.count(count.defects) for count in answer.defects],
            },
            key="defects",
            height=250,
            empty="No defects in this window",
            alt="Defects by reason and tag",
            column_config={name: st.column_config.TextColumn(alignment="right") for name in ("Tag", "Found")},
        )


def _tops(answer: Overview) -> None:
    found = reading.tops(answer.window)
    left, right = st.columns(2, gap="small")
    with left, st.container(border=True):
        st.subheader("Top accounts")
        _top("accounts", "Account", found.accounts)
    with right, st.container(border=True):
        st.subheader("Top counterparties")
        _top("counterparties", "Session", found.counterparties)
    if not found.complete:
        st.html(markup.note("Of a part of this window: it has more than one look may read."))


def _top(key: str, name: str, tops: tuple[Top, ...]) -> None:
    tables.draw(
        {
            name: [wording.visible(top.name or wording.NOTHING, most=60) for top in tops],
            "Ccy": [wording.visible(top.currency or wording.NOTHING, most=10) for top in tops],
            "Trades": [wording.count(top.trades) for top in tops],
            "Notional": [wording.amount(top.notional, least_places=2) for top in tops],
        },
        key=f"top_{key}",
        height=250,
        empty="No trades in this window",
        alt=f"{key.capitalize()} with the greatest notional, the first of every currency first",
        column_config={
            "Ccy": st.column_config.TextColumn(width=52),
            **{
                figure: st.column_config.TextColumn(width=_FIGURE_WIDTHS[figure], alignment="right")
                for figure in ("Trades", "Notional")
            },
        },
    )


def _ingestion(answer: Overview) -> None:
    where, zone = time_zone(), time_zone_name()
    left, right = st.columns(2, gap="small")
    with left, st.container(border=True):
        st.subheader("Messages stored")
        st.altair_chart(
            charts.messages_per_second(answer.ingest_steps, answer.ingest_step_seconds, where, zone),
            key="messages_per_second",
            alt="Messages stored per second over the last 10 minutes",
        )
    with right, st.container(border=True):
        st.subheader("Ingestion lag")
        st.altair_chart(
            charts.lag(answer.ingest_steps, where, zone),
            key="lag",
            alt="Records not stored yet over the last 10 minutes",
        )
