"""What the main views of the dashboard and the API ask, each time about something else; if answers are right."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import psycopg

from fixwatch.errors import FixwatchError
from fixwatch.store.order_views import OrderFilter, OrderList, OrderPlace
from fixwatch.store.reader import Reader
from fixwatch.store.rollup_views import Latency, MessagesBy, Step, TradesBy
from fixwatch.store.sql import load
from fixwatch.store.trade_views import TradeFilter, TradeKey

Question = Callable[[], None]

_PAGE: Final = 200
#: Of what is so rare that a million messages have no whole page of it.
_SHORT_PAGE: Final = 5
_SAMPLED: Final = 500
_DAY: Final = timedelta(days=1)
_SAMPLES: Final = load("samples", "fixwatch.bench")


def questions(reader: Reader, url: str, length: timedelta, rng: random.Random) -> dict[str, Question]:
    """The questions by their names; `url` is of the reader's database. All raise FixwatchError where it errs.

    What is asked of a stretch of time is asked of the last day, or of the last `length` where this is less.
    """
    ask = _Asker(reader, url, min(length, _DAY), rng)
    day, hour = ask.day, ask.day / 24
    return {
        "status line": ask.health,
        "overview, an hour": partial(ask.overview, 60),
        "overview, a day": partial(ask.overview, 1440),
        "sessions": ask.sessions,
        "events of a session": ask.events,
        "gaps of a session": ask.gaps,
        "test requests without an answer": ask.unanswered,
        "trades": lambda: ask.trades(TradeFilter()),
        "trades, any page": lambda: ask.trades(TradeFilter(), ask.one_of(ask.places)),
        "trades of a symbol": lambda: ask.trades(TradeFilter(symbols=(ask.one_of(ask.symbols),))),
        "trades of a symbol and side": lambda: ask.trades(
            TradeFilter(symbols=(ask.one_of(ask.symbols),), sides=("2",))
        ),
        "trades of three symbols": lambda: ask.trades(TradeFilter(symbols=tuple(ask.symbols[:3]))),
        "trades of an account": lambda: ask.trades(TradeFilter(accounts=(ask.one_of(ask.accounts),))),
        "trades of a session": lambda: ask.trades(TradeFilter(sessions=(ask.one_of(ask.trading),))),
        "trades of ten minutes": lambda: ask.trades(ask.stretch(hour / 6)),
        "trades of an hour and symbol": lambda: ask.trades(
            ask.stretch(hour, symbols=(ask.one_of(ask.symbols),))
        ),
        "busted trades": lambda: ask.trades(TradeFilter(statuses=("busted",))),
        "trade by ExecID": ask.trade_by_exec_id,
        "totals of an hour": lambda: ask.totals(ask.stretch(hour)),
        "totals of a symbol's six hours": lambda: ask.totals(
            ask.stretch(6 * hour, symbols=(ask.one_of(ask.symbols),))
        ),
        "totals of busted trades": lambda: ask.totals(TradeFilter(statuses=("busted",))),
        "volumes by minute and symbol": partial(ask.volumes, Step.MINUTE, hour, {TradesBy.SYMBOL}),
        "volumes by hour and account": partial(ask.volumes, Step.HOUR, day / 2, {TradesBy.ACCOUNT}),
        "messages by minute and session": partial(ask.messages, Step.MINUTE, hour),
        "messages by hour and session": partial(ask.messages, Step.HOUR, day / 2),
        "latencies by minute": partial(ask.latencies, Step.MINUTE, hour),
        "latencies by hour": partial(ask.latencies, Step.HOUR, day / 4),
        "order by id": ask.order_by_id,
        "order with its timeline": ask.timeline,
        "trades of an order": ask.trades_of_order,
        **{f"orders, {which.value}": partial(ask.orders, which) for which in OrderList},
        "orders, any page": lambda: ask.orders(
            OrderList.ALL, before=OrderPlace(ask.one_of(ask.known_orders)[0])
        ),
        "open orders of a symbol": lambda: ask.orders(
            OrderList.OPEN, OrderFilter(symbols=(ask.one_of(ask.symbols),))
        ),
        "message by its place": ask.message,
        "messages by id": ask.messages_of_id,
        "quarantine": ask.quarantine,
        "actions of the quarantine": ask.actions,
        "rejected messages": lambda: _check(
            bool(reader.messages.defective(only_quarantined=False).messages), "some are rejected"
        ),
    }


class _Asker:
    """Samples of what is in the database, and questions about them."""

    def __init__(self, reader: Reader, url: str, day: timedelta, rng: random.Random) -> None:
        self._reader = reader
        self.day = day
        self._rng = rng
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute(_SAMPLES["percent"]).fetchone()
            of = {"rows": _SAMPLED, "percent": row[0] if row else 100}

            def sample(name: str) -> list[Any]:
                return connection.execute(_SAMPLES[name], of).fetchall()

            self.known_orders = sample("orders")
            self._ids = sample("ids")
            self._offsets = sample("offsets")
            self._executions = sample("trades")
            self.places = [TradeKey(*key) for key in sample("places")]
            self.symbols: list[str] = [symbol for (symbol,) in sample("symbols")]
            self.accounts: list[str] = [account for (account,) in sample("accounts")]
            self.trading: list[int] = [session for (session,) in sample("trading_sessions")]
            ((self._newest,),) = sample("newest")
            self._sessions: list[int] = [session for (session,) in sample("sessions")]

    def one_of(self, sampled: Sequence[Any]) -> Any:
        return self._rng.choice(sampled)

    def stretch(self, length: timedelta, **of: Any) -> TradeFilter:
        """Some stretch of the last day."""
        since, until = self.ends(length)
        return TradeFilter(since=since, until=until, **of)

    def ends(self, length: timedelta) -> tuple[datetime, datetime]:
        """Where some stretch of the last day of trading begins and ends."""
        since: datetime = self._newest - length - self._rng.random() * (self.day - length)
        return since, since + length

    def health(self) -> None:
        _check(self._reader.health().lag.stored > 0, "something is stored")

    def overview(self, minutes: int) -> None:
        _check(bool(self._reader.overview(minutes).symbols), "something was traded")

    def sessions(self) -> None:
        found = self._reader.sessions.list()
        _check(len(found) == len(self._sessions), "every session is listed")

    def events(self) -> None:
        found = self._reader.sessions.events(sessions=(self.one_of(self._sessions),))
        sent = [event.sent for event in found]
        _check(bool(sent) and sent == sorted(sent, reverse=True), "events are in order")

    def gaps(self) -> None:
        found = self._reader.sessions.gaps(self.one_of(self._sessions))
        _check(all(gap.first_number <= gap.last_number for gap in found), "a gap is of something")

    def unanswered(self) -> None:
        found = self._reader.sessions.unanswered_test_requests(minutes=60)
        _check(all(request.ref_id for request in found), "test requests have an id")

    def trades(self, wanted: TradeFilter, before: TradeKey | None = None) -> None:
        page = self._reader.trades.page(wanted, before=before, limit=_PAGE)
        by_time = wanted.since is not None
        times = [trade.traded_at if by_time else trade.ingested_at for trade in page.trades]
        _check(bool(times) and times == sorted(times, reverse=True), "a page of trades is in order")
        is_full = len(times) == _PAGE or page.searched_to is not None or page.older is None
        _check(is_full, "a page of trades is full")

    def trade_by_exec_id(self) -> None:
        (exec_id,) = self.one_of(self._executions)
        found = self._reader.trades.page(TradeFilter(exec_ids=(exec_id,))).trades
        _check(exec_id in [trade.exec_id for trade in found], "a trade has its ExecID")

    def totals(self, wanted: TradeFilter) -> None:
        found = self._reader.trades.totals(wanted)
        _check(found.trades > 0 or wanted.statuses == ("busted",), "something was traded")

    def volumes(self, step: Step, length: timedelta, by: set[TradesBy]) -> None:
        found = self._reader.rollups.trades(step, *self.ends(length), by=by)
        _check(bool(found.rows) and found.searched_to is None, "volumes are whole")

    def messages(self, step: Step, length: timedelta) -> None:
        found = self._reader.rollups.messages(step, *self.ends(length), by={MessagesBy.SESSION})
        _check(bool(found.rows) and found.searched_to is None, "messages are counted")

    def latencies(self, step: Step, length: timedelta) -> None:
        found = self._reader.rollups.latencies(Latency.ACK, step, *self.ends(length))
        _check(bool(found.rows) and found.searched_to is None, "latencies are whole")

    def order_by_id(self) -> None:
        id_, order_key = self.one_of(self._ids)
        found = [order.order_key for order in self._reader.orders.by_id(id_)]
        _check(order_key in found, "an order has its id")

    def timeline(self) -> None:
        order_key, messages = self.one_of(self.known_orders)
        order = self._reader.orders.by_key(order_key)
        _check(order is not None and order.order_key == order_key, "an order has its key")
        _check(len(self._reader.orders.timeline(order_key)) == messages, "a timeline is whole")

    def trades_of_order(self) -> None:
        order_key, _ = self.one_of(self.known_orders)
        found = self._reader.trades.page(TradeFilter(orders=(order_key,)))
        _check(found.searched_to is None, "an order's trades are whole")

    def orders(
        self, which: OrderList, wanted: OrderFilter | None = None, before: OrderPlace | None = None
    ) -> None:
        limit = _SHORT_PAGE if which is OrderList.DEFECTIVE else _PAGE
        page = self._reader.orders.list(which, wanted, before=before, limit=limit)
        keys = [order.place for order in page.orders]
        is_waiting = which in (OrderList.WAITING, OrderList.STUCK)
        order = [(key.waiting_since if is_waiting else None, key.order_key) for key in keys]
        _check(order == sorted(order, reverse=True), "a page of orders is in order")
        _check(len(keys) == limit or page.older is None or not page.complete, "a page of orders is full")

    def message(self) -> None:
        topic, partition, offset = self.one_of(self._offsets)
        found = self._reader.messages.at(topic, partition, offset)
        _check(found is not None and found.kafka_offset == offset, "a message is at its place")

    def messages_of_id(self) -> None:
        id_, _ = self.one_of(self._ids)
        _check(bool(self._reader.messages.of_id(id_)), "a message bears its id")

    def quarantine(self) -> None:
        found = self._reader.messages.defective().messages
        _check(bool(found) and all(message.quarantined for message in found), "something is kept back")

    def actions(self) -> None:
        found = [action.action_id for action in self._reader.quarantine.history(limit=_PAGE)]
        _check(found == sorted(found, reverse=True), "actions are in order")


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise FixwatchError(f"The benchmark's own check failed: {what}. This is a bug; please report it.")
