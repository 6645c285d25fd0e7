"""Blotter: the trades, the newest first, by any filter, with what they come to; all of them as a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import streamlit as st

from fixwatch.dashboard import exporting, markup, opening, paging, query, reading, tables, times, wording
from fixwatch.dashboard.choosing import several
from fixwatch.dashboard.live import live, time_zone, time_zone_name
from fixwatch.store.trade_views import Trade, TradeFilter, TradeKey, TradePage, TradeTotals

_PAGE: Final = 200
_STATUS: Final = {"new": "New", "busted": "✕ Busted", "corrected": "▲ Corrected"}
_LIST: Final = "blotter"
#: Totals are told of so many currencies.
_MOST_CURRENCIES: Final = 12
#: Pixels. The grid measures the first rows that it gets; what comes later may be longer, and a number that is
#: cut reads as another number.
_WIDTHS: Final = {"Symbol": 90, "Side": 85, "Ccy": 52, "Status": 105}
_FIGURE_WIDTHS: Final = {"Quantity": 95, "Price": 95, "Notional": 128}


def page() -> None:
    """Draw the page."""
    wanted = _filters()
    if wanted is None:
        return
    live(partial(reading.trade_totals, wanted), partial(_totals, wanted))
    exporting.panel(wanted)
    live(partial(_read, wanted), _draw)


def _read(wanted: TradeFilter) -> TradePage:
    before: TradeKey | None = paging.place(_LIST)
    return reading.reader().trades.page(wanted, before=before, limit=_PAGE)


def _draw(found: TradePage) -> None:
    opening.follow()
    _position(found, paging.place(_LIST))
    # One batch is stored at one moment; inside it the trades' own times say which is newer.
    _table(sorted(found.trades, key=lambda trade: (trade.ingested_at, trade.traded_at), reverse=True))


def _filters() -> TradeFilter | None:
    """What the viewer asks for; None where a time cannot be read, which is said."""
    choices = reading.blotter_choices()
    first = st.columns(4, gap="small")
    symbols = several(first[0], "Symbol", choices.symbols, key="symbol", of_list=_LIST)
    accounts = several(first[1], "Account", choices.accounts, key="account", of_list=_LIST)
    venues = several(first[2], "Venue", (), key="venue", of_list=_LIST, empty="All venues; type one")
    wanted_id = first[3].text_input(
        "Id",
        key="trade_id",
        bind="query-params",
        max_chars=300,
        placeholder="ExecID, ClOrdID, OrderID",
        on_change=paging.to_newest,
        args=(_LIST,),
    )
    second = st.columns([1.4, 1, 1, 0.8, 0.8], gap="small")
    labels = second[0].multiselect(
        "Session",
        list(choices.sessions),
        key="session",
        bind="query-params",
        on_change=paging.to_newest,
        args=(_LIST,),
        placeholder="All sessions",
    )
    query.taken("session", labels)
    sides = second[1].multiselect(
        "Side",
        choices.sides,
        key="side",
        bind="query-params",
        format_func=wording.side,
        on_change=paging.to_newest,
        args=(_LIST,),
        placeholder="All sides",
    )
    query.taken("side", map(wording.side, sides))
    statuses = second[2].multiselect(
        "Status",
        list(_STATUS),
        key="status",
        bind="query-params",
        format_func=lambda status: _STATUS[status],
        on_change=paging.to_newest,
        args=(_LIST,),
        placeholder="Any status",
    )
    query.taken("status", [_STATUS[status] for status in statuses])
    stretch = [_time(column, label) for column, label in ((second[3], "From"), (second[4], "To"))]
    if any(isinstance(at, str) for at in stretch):
        for refusal in filter(lambda at: isinstance(at, str), stretch):
            st.html(markup.note(str(refusal)))
        return None
    since, until = (at for at in stretch if not isinstance(at, str))
    if since is not None and until is not None and until <= since:
        st.html(markup.note("To is not later than From: nothing can be in between."))
    wanted = TradeFilter(
        symbols=tuple(symbols) or None,
        accounts=tuple(accounts) or None,
        venues=tuple(venues) or None,
        sessions=tuple(choices.sessions[label] for label in labels) or None,
        sides=tuple(sides) or None,
        statuses=tuple(statuses) or None,
        since=since,
        until=until,
    )
    return reading.with_id(wanted, wanted_id.strip()) if wanted_id and wanted_id.strip() else wanted


def _time(column: st.delta_generator.DeltaGenerator, label: str) -> datetime | str | None:
    """A time that somebody typed, or what is wrong with it."""
    text = column.text_input(
        label,
        key=label.casefold(),
        bind="query-params",
        max_chars=60,
        placeholder="14:30, -15m",
        help=f"By TransactTime(60), in {time_zone_name()}: {times.EXAMPLES}",
        on_change=paging.to_newest,
        args=(_LIST,),
    )
    # A time before now is of whole seconds: what is asked at one moment is asked once.
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        return times.parse(text or "", time_zone(), now)
    except ValueError as error:
        return f"{label}: {error}"


def _totals(wanted: TradeFilter, totals: TradeTotals) -> None:
    shown = [
        ("Trades that count", wording.count(totals.trades)),
        ("Quantity", wording.amount(totals.gross_qty)),
    ]
    if totals.trades:
        shown.append(("Bought less sold", wording.amount(totals.net_qty)))
    # An average over several instruments is a number that means nothing.
    is_one = wanted.symbols is not None and len(wanted.symbols) == 1
    for currency, notional in sorted(totals.notional.items())[:_MOST_CURRENCIES]:
        name = wording.visible(currency, most=10)
        shown.append((f"Notional {name}", wording.amount(notional, least_places=2)))
        if is_one and (vwap := totals.vwap.get(currency)) is not None:
            shown.append((f"VWAP {name}", wording.amount(round(vwap, 6))))
    with st.container(border=True, key="totals"):
        st.html(markup.facts(shown))
        remarks = ["Busted trades left out"]
        if not is_one:
            remarks.append("VWAP: choose one symbol")
        if len(totals.notional) > _MOST_CURRENCIES:
            remarks.append(f"{_MOST_CURRENCIES} of {len(totals.notional)} currencies")
        if totals.searched_to is not None:
            remarks.append(
                f"of trades back to {wording.day_time(totals.searched_to, time_zone())} only: narrow the filter"
            )
        st.caption(" · ".join(remarks))


def _position(found: TradePage, before: TradeKey | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        shown = f"{wording.number(len(found.trades), 'trade')}, newest first"
        if before is not None:
            shown += f", before {_clock(before.at)}"
        if found.searched_to is not None:
            shown += (
                f" · searched back to {wording.day_time(found.searched_to, time_zone())} {time_zone_name()}"
            )
        st.caption(shown, width="stretch")
        paging.buttons(_LIST, found.older)


def _table(trades: Sequence[Trade]) -> None:
    where, now = time_zone(), datetime.now(time_zone())
    ids = [trade.cl_ord_id or trade.order_id or "" for trade in trades]
    tables.draw(
        {
            f"Time ({time_zone_name()})": [wording.moment(trade.traded_at, where, now) for trade in trades],
            "Symbol": [wording.visible(trade.symbol or wording.NOTHING) for trade in trades],
            "Side": [wording.side(trade.side) for trade in trades],
            "Quantity": [
                wording.amount(trade.last_qty if trade.status == "busted" else trade.qty) for trade in trades
            ],
            "Price": [wording.amount(trade.px, least_places=2) for trade in trades],
            "Notional": [wording.amount(trade.notional, least_places=2) for trade in trades],
            "Ccy": [wording.visible(trade.currency or "") for trade in trades],
            "Status": [_status(trade) for trade in trades],
            "Order": opening.labels("blotter", ids, ids),
            "Session": [wording.visible(trade.label) for trade in trades],
            "Account": [wording.visible(trade.account or "") for trade in trades],
            "Venue": [wording.visible(trade.last_mkt or "") for trade in trades],
            "OrderID": [wording.visible(trade.order_id or "") for trade in trades],
            "ExecID": [wording.visible(trade.exec_id) for trade in trades],
        },
        key="blotter",
        height=640,
        empty="No trades match. A wider stretch of time or fewer filters find more.",
        column_config={
            "Order": opening.column("blotter", "orders", "id", "Press to see what happened to the order"),
            **{name: st.column_config.TextColumn(width=width) for name, width in _WIDTHS.items()},
            **{
                name: st.column_config.TextColumn(width=width, alignment="right")
                for name, width in _FIGURE_WIDTHS.items()
            },
        },
        alt="Trades, the newest first",
    )


def _status(trade: Trade) -> str:
    status = _STATUS.get(trade.status, trade.status)
    return f"{status} · conflict" if trade.conflicts else status


def _clock(at: datetime) -> str:
    return f"{at.astimezone(time_zone()):%H:%M:%S} {time_zone_name()}"
