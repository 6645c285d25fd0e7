"""The one reader of this process, and answers that viewers share: twenty screens ask the database once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import streamlit as st

from fixwatch import session_settings
from fixwatch.dashboard import desk, standing, wording
from fixwatch.decoding import decode_options
from fixwatch.errors import DatabaseError
from fixwatch.fix.decoder import DecodeOptions
from fixwatch.session_settings import SessionSettings
from fixwatch.settings import load
from fixwatch.store import figures, system_views
from fixwatch.store.alert_reader import Alert, AlertCounts
from fixwatch.store.order_views import Order
from fixwatch.store.reader import Reader
from fixwatch.store.rollup_views import Step, TradeChoices, TradesBy
from fixwatch.store.trade_views import TradeFilter, TradeTotals
from fixwatch.store.views import Session

#: Seconds that an answer is shared for: less than the shortest refresh, so that every refresh brings news.
_SHARED_S: Final = 0.9
#: With 200 rows of trades a minute, a day takes Postgres a third of a second, an hour 25 ms (measured, 2 cores).
_SHORT_MINUTES: Final = 60
_LONG_SHARED_S: Final = 10.0
#: Lists to choose from change slowly.
_CHOICES_S: Final = 10.0
_CHOICE_MINUTES: Final = 60
#: Orders get stuck over tens of seconds.
_DESK_S: Final = 3.0
#: Totals of a filter cost Postgres up to a tenth of a second.
_TOTALS_S: Final = 4.0
_ACCOUNT_HOURS: Final = 24
_MOST_ACCOUNTS: Final = 500
#: Messages with one ExecID whose orders are looked up.
_MOST_FILLS: Final = 20
#: Sizes cost the server a look at its files.
_SIZES_S: Final = 15.0

_BLOTTER: Final = "blotter"
#: What was last there to choose from, of this process.
_known: dict[str, BlotterChoices] = {}


@st.cache_resource(show_spinner=False)
def reader() -> Reader:
    """The reader of `FIXWATCH_DATABASE_URL`, with what `FIXWATCH_SESSIONS` sets."""
    return Reader(load().database_url.get_secret_value(), session_rules())


@st.cache_resource(show_spinner=False)
def options() -> DecodeOptions:
    """What the settings decode with: counterparties' own dictionaries name their messages."""
    return decode_options(load())


@st.cache_resource(show_spinner=False)
def session_rules() -> SessionSettings:
    """What is set for sessions."""
    return session_settings.load(load().sessions)


@st.cache_resource(ttl=_SHARED_S, max_entries=1, show_spinner=False)
def health() -> figures.Health:
    """`Reader.health`, shared."""
    return reader().health()


@st.cache_resource(ttl=_DESK_S, max_entries=1, show_spinner=False)
def desk_now() -> desk.Desk:
    """`desk.read`, shared."""
    return desk.read(reader(), sessions(), session_rules())


@st.cache_resource(ttl=_LONG_SHARED_S, max_entries=8, show_spinner=False)
def refusals(minutes: int) -> desk.Refusals:
    """`desk.refusals`, shared."""
    return desk.refusals(reader(), minutes, datetime.now(UTC))


@st.cache_resource(ttl=_LONG_SHARED_S, max_entries=8, show_spinner=False)
def days(minutes: int) -> standing.Days:
    """`standing.days`, shared."""
    return standing.days(reader(), minutes, datetime.now(UTC))


@st.cache_resource(ttl=_LONG_SHARED_S, max_entries=8, show_spinner=False)
def tops(window: figures.Window) -> standing.Tops:
    """`standing.tops`, shared."""
    return standing.tops(reader(), window, {session.session_id: session.label for session in sessions()})


def overview(minutes: int) -> figures.Overview:
    """`Reader.overview`, shared; a long window changes little and costs more, so it is asked for less often."""
    return _short_overview(minutes) if minutes <= _SHORT_MINUTES else _long_overview(minutes)


@st.cache_resource(ttl=_SHARED_S, max_entries=8, show_spinner=False)
def _short_overview(minutes: int) -> figures.Overview:
    return reader().overview(minutes)


@st.cache_resource(ttl=_LONG_SHARED_S, max_entries=8, show_spinner=False)
def _long_overview(minutes: int) -> figures.Overview:
    return reader().overview(minutes)


@st.cache_resource(ttl=_SHARED_S, max_entries=1, show_spinner=False)
def sessions() -> tuple[Session, ...]:
    """`Reader.sessions.list`, shared."""
    return reader().sessions.list()


@st.cache_resource(ttl=_CHOICES_S, max_entries=1, show_spinner=False)
def session_labels() -> dict[str, int]:
    """Session ids by the label of the session."""
    return {session.label: session.session_id for session in reader().sessions.list()}


@st.cache_resource(ttl=_CHOICES_S, max_entries=1, show_spinner=False)
def session_pairs() -> dict[str, int]:
    """Session pairs by their label: both ends."""
    return {wording.ends(pair.ends): pair.pair_id for pair in reader().orders.pairs()}


@st.cache_resource(ttl=_CHOICES_S, max_entries=1, show_spinner=False)
def accounts() -> tuple[str, ...]:
    """Accounts that were traded for in the last hours, for filters."""
    now = datetime.now(UTC)
    found = reader().rollups.trades(
        Step.DAY, now - timedelta(hours=_ACCOUNT_HOURS), now, by=(TradesBy.ACCOUNT,)
    )
    return tuple(sorted({row.account for row in found.rows if row.account}))[:_MOST_ACCOUNTS]


def orders_of_id(id_: str) -> tuple[Order, ...]:
    """The orders that ever had an id, or whose fill has it as its ExecID(17); the latest use first."""
    orders = reader().orders
    if found := orders.by_id(id_):
        return found
    messages = reader().messages.of_id(id_, limit=_MOST_FILLS)
    keys = dict.fromkeys(message.order_key for message in messages if message.order_key is not None)
    by_key = {order.order_key: order for order in map(orders.by_key, keys) if order is not None}
    return tuple(by_key.values())


@st.cache_resource(ttl=_CHOICES_S, max_entries=1, show_spinner=False)
def trade_choices() -> TradeChoices:
    """`Reader.rollups.choices` of the last hour with trades."""
    return reader().rollups.choices(_CHOICE_MINUTES)


@dataclass(frozen=True, slots=True)
class BlotterChoices:
    """What the blotter's filters offer; `sessions`: ids by label."""

    symbols: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    sessions: Mapping[str, int] = field(default_factory=dict)


def blotter_choices() -> BlotterChoices:
    """What there is to choose from; while the database does not answer, what there was: filters outlive that."""
    try:
        traded = trade_choices()
        choices = BlotterChoices(traded.symbols, traded.sides, accounts(), session_labels())
    except DatabaseError:
        return _known.get(_BLOTTER, BlotterChoices())
    _known[_BLOTTER] = choices
    return choices


@st.cache_resource(ttl=_TOTALS_S, max_entries=64, show_spinner=False)
def trade_totals(wanted: TradeFilter) -> TradeTotals:
    """`Reader.trades.totals`, shared."""
    return reader().trades.totals(wanted)


def with_id(wanted: TradeFilter, id_: str) -> TradeFilter:
    """The filter, with an id of an order, or else of a fill, besides. The id itself while nobody can be asked."""
    try:
        orders = reader().orders.by_id(id_)
    except DatabaseError:
        orders = ()
    if orders:
        return replace(wanted, orders=tuple(order.order_key for order in orders))
    return replace(wanted, exec_ids=(id_,))


@st.cache_resource(ttl=_SHARED_S, max_entries=1, show_spinner=False)
def alert_counts() -> AlertCounts:
    """`AlertReader.counts`, shared."""
    return reader().alerts.counts()


@st.cache_resource(ttl=_SHARED_S, max_entries=1, show_spinner=False)
def alerts_firing() -> tuple[Alert, ...]:
    """`AlertReader.firing`, shared."""
    return reader().alerts.firing()


def forget_alerts() -> None:
    """Somebody acknowledged some: the next one who asks is told."""
    alert_counts.clear()
    alerts_firing.clear()


@st.cache_resource(ttl=_SHARED_S, max_entries=1, show_spinner=False)
def system() -> system_views.System:
    """`SystemReader.system`, shared."""
    return reader().system.system()


@st.cache_resource(ttl=_SIZES_S, max_entries=1, show_spinner=False)
def storage() -> system_views.Storage:
    """`SystemReader.storage`, shared."""
    return reader().system.storage()


@st.cache_resource(ttl=_CHOICES_S, max_entries=1, show_spinner=False)
def streams() -> tuple[system_views.Stream, ...]:
    """`SystemReader.streams`, shared."""
    return reader().system.streams()
