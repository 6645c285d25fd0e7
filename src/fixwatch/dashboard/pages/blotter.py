"""Blotter: the trades, the newest first, filtered by symbol, side and session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import streamlit as st

from fixwatch.dashboard import reading, tables, wording
from fixwatch.dashboard.live import live, time_zone, time_zone_name
from fixwatch.store.rollup_views import TradeChoices
from fixwatch.store.trade_views import Trade, TradeFilter, TradeKey, TradePage

_PAGE: Final = 200
_STATUS: Final = {
    "new": "New",
    "busted": "✕ Busted",
    "corrected": "▲ Corrected",
}
#: Pixels. The grid measures the first rows that it gets; what comes later may be longer, and a number that is
#: cut reads as another number.
_WIDTHS: Final = {"Symbol": 90, "Side": 85, "Ccy": 52, "Status": 105}
_FIGURE_WIDTHS: Final = {"Quantity": 95, "Price": 95, "Notional": 128}


@dataclass(frozen=True, slots=True)
class _Answer:
    choices: TradeChoices
    sessions: dict[str, int]


def page() -> None:
    """Draw the page."""
    live(_read_choices, _draw)


def _read_choices() -> _Answer:
    return _Answer(reading.trade_choices(), reading.session_labels())


def _draw(answer: _Answer) -> None:
    wanted = _filters(answer)
    before: TradeKey | None = st.session_state.get("blotter_before")
    found = reading.reader().trades.page(wanted, before=before, limit=_PAGE)
    _position(found, before)
    # One batch is stored at one moment; inside it the trades' own times say which is newer.
    _table(sorted(found.trades, key=lambda trade: (trade.ingested_at, _time(trade)), reverse=True))


def _filters(answer: _Answer) -> TradeFilter:
    symbol, side, session = st.columns(3, gap="small")
    symbols = symbol.multiselect(
        "Symbol",
        answer.choices.symbols,
        key="symbol",
        bind="query-params",
        accept_new_options=True,
        on_change=_to_newest,
        placeholder="All symbols",
        help="Those of the last hour; type any other.",
    )
    sides = side.multiselect(
        "Side",
        answer.choices.sides,
        key="side",
        bind="query-params",
        format_func=wording.side,
        accept_new_options=False,
        on_change=_to_newest,
        placeholder="All sides",
    )
    sessions = session.multiselect(
        "Session",
        list(answer.sessions),
        key="session",
        bind="query-params",
        on_change=_to_newest,
        placeholder="All sessions",
    )
    return TradeFilter(
        symbols=tuple(symbols) or None,
        sides=tuple(sides) or None,
        sessions=tuple(answer.sessions[label] for label in sessions) or None,
    )


def _position(found: TradePage, before: TradeKey | None) -> None:
    where = time_zone()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        number = "1 trade" if len(found.trades) == 1 else f"{wording.count(len(found.trades))} trades"
        shown = f"{number}, newest first"
        if before is not None:
            shown += f", before {_clock(before.at)}"
        if found.searched_to is not None:
            at = found.searched_to.astimezone(where)
            shown += f" · searched back to {at:%Y-%m-%d %H:%M:%S} {time_zone_name()}"
        st.caption(shown, width="stretch")
        if before is not None:
            st.button("Newest", icon=":material/vertical_align_top:", on_click=_to_newest)
        st.button(
            "Older",
            icon=":material/arrow_downward:",
            disabled=found.older is None,
            on_click=_to_older,
            args=(found.older,),
        )


def _table(trades: list[Trade]) -> None:
    where, now = time_zone(), datetime.now(time_zone())
    tables.draw(
        {
            f"Time ({time_zone_name()})": [wording.moment(_time(trade), where, now) for trade in trades],
            "Symbol": [trade.symbol or wording.NOTHING for trade in trades],
            "Side": [wording.side(trade.side) for trade in trades],
            "Quantity": [
                wording.amount(trade.last_qty if trade.status == "busted" else trade.qty) for trade in trades
            ],
            "Price": [wording.amount(trade.px, least_places=2) for trade in trades],
            "Notional": [wording.amount(trade.notional, least_places=2) for trade in trades],
            "Ccy": [trade.currency or "" for trade in trades],
            "Status": [_status(trade) for trade in trades],
            "Session": [trade.label for trade in trades],
            "Account": [trade.account or "" for trade in trades],
            "Venue": [trade.last_mkt or "" for trade in trades],
            "OrderID": [trade.order_id or "" for trade in trades],
            "ExecID": [trade.exec_id for trade in trades],
        },
        key="blotter",
        height=720,
        empty="No trades match",
        column_config={
            **{name: st.column_config.TextColumn(width=width) for name, width in _WIDTHS.items()},
            **{
                name: st.column_config.TextColumn(width=width, alignment="right")
                for name, width in _FIGURE_WIDTHS.items()
            },
        },
        alt="Trades, the newest first",
    )


def _time(trade: Trade) -> datetime:
    return trade.traded_at


def _status(trade: Trade) -> str:
    status = _STATUS.get(trade.status, trade.status)
    return f"{status} · conflict" if trade.conflicts else status


def _clock(at: datetime) -> str:
    return f"{at.astimezone(time_zone()):%H:%M:%S} {time_zone_name()}"


def _to_newest() -> None:
    st.session_state.pop("blotter_before", None)


def _to_older(key: TradeKey) -> None:
    st.session_state["blotter_before"] = key
