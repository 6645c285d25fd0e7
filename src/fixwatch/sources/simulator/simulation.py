"""The flow: session pairs log on, orders come and live at the same time, sessions are kept alive, log out.

A simulation goes on in turns. In each turn the part of the flow that is due longest sends, or, where none is
due, a client sends a new order: so there are always as many open orders as the mix of lives asks for.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from functools import partial
from heapq import heappop, heappush
from itertools import accumulate
from random import Random
from typing import Final

from fixwatch.errors import SettingsError
from fixwatch.sources.simulator.carrier import Carrier, Record
from fixwatch.sources.simulator.clock import Clock
from fixwatch.sources.simulator.desk import Desk
from fixwatch.sources.simulator.faults import Faults
from fixwatch.sources.simulator.ledger import Ledger, State
from fixwatch.sources.simulator.life import live, pick_fate
from fixwatch.sources.simulator.market import Market
from fixwatch.sources.simulator.objections import refuse, reject
from fixwatch.sources.simulator.orders import BUY, DAY, IMMEDIATE_OR_CANCEL, SELL, SELL_SHORT, Order
from fixwatch.sources.simulator.said import OrderState
from fixwatch.sources.simulator.sessions import Only, SessionPair, session_pairs
from fixwatch.sources.simulator.tally import Tally
from fixwatch.sources.simulator.turns import Life, once
from fixwatch.sources.simulator.wire import Stamp

_MICROSECONDS: Final = 1_000_000
_SIDES: Final = (BUY,) * 10 + (SELL,) * 9 + (SELL_SHORT,)
#: Instead of a new order there is, once in so many turns, a TestRequest(1), a Reject(3), a BusinessMessageReject(j).
_TEST_REQUEST, _REJECT, _REFUSAL = accumulate((1 / 300, 1 / 500, 1 / 500))
#: A second copy of a message comes at most so many turns after the first.
_REPEAT_TURNS: Final = 30
#: Shares of orders without a price, and of orders that are filled at once or not at all.
_MARKET_ORDERS: Final = 0.15
_IMMEDIATE_ORDERS: Final = 0.05
_MOST_LOTS: Final = 40
_BASE36: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def run_token(start: int) -> str:
    """A short name for a run that starts at `start`, microseconds since 1970: what makes its ids its own."""
    digits = []
    rest = start // 1000
    while rest:
        rest, digit = divmod(rest, 36)
        digits.append(_BASE36[digit])
    return "".join(reversed(digits))


#: Logons and logouts of every direction: no run is shorter.
LEAST_MESSAGES: Final = 4 * len(session_pairs())


class Simulation:
    """FIX between some clients and their brokers, the same for the same arguments.

    Args:
        seed: decides on everything that is random.
        clock: called for the time of each turn.
        run: goes into all ids; see `run_token`.
        faults: what goes wrong; nothing by default.
        only: the one direction that reaches the topic; what it says is the same with and without the other.
    """

    def __init__(
        self, seed: int, clock: Clock, run: str, faults: Faults | None = None, only: Only | None = None
    ) -> None:
        self.pairs = session_pairs()
        if only is not None:
            for pair in self.pairs:
                pair.hide(only)
        self._clock = clock
        self._rng = Random(f"{seed}/orders")  # noqa: S311  # nothing secret is drawn
        self._market = Market(Random(f"{seed}/market"))  # noqa: S311
        self._stamp = Stamp(0)
        self._tally = Tally(run, [direction for pair in self.pairs for direction in pair.directions])
        self._carrier = Carrier(
            faults or Faults({}),
            Random(f"{seed}/faults"),  # noqa: S311
            self._stamp,
            self._tally,
        )
        self._desk = Desk(run, self.pairs, self._carrier, self._stamp)
        self._busy = tuple(accumulate(pair.busy for pair in self.pairs))
        self._turn = 0
        self._scheduled = 0
        self._due: list[tuple[int, int, Life]] = []
        self._living: dict[Life, Order] = {}
        self._late: list[Order] = []
        self._settled: list[OrderState] = []
        self._next_silence_check = 0

    @property
    def closing_messages(self) -> int:
        """How many messages of `log_out` reach the topic."""
        return sum(not direction.is_hidden for pair in self.pairs for direction in pair.directions)

    def log_on(self) -> list[Record]:
        """Logon(A) of every session pair, both directions."""
        return self._of_every_session("A")

    def log_out(self) -> list[Record]:
        """Logout(5) of every session pair, both directions. Open orders stay as they are."""
        return self._of_every_session("5")

    def turn(self) -> list[Record]:
        """What one turn sends: one record, or none where a message does not reach the topic."""
        self._tick()
        if self._stamp.now >= self._next_silence_check:
            self._break_silence()
        carrier, due = self._carrier, self._due
        before = carrier.attempts
        # A life that is over ends when it is asked to go on: that is no turn yet.
        while carrier.attempts == before:
            life = heappop(due)[2] if due and due[0][0] <= self._turn else self._begin()
            wait = next(life, None)
            if wait is not None:
                self._scheduled += 1
                heappush(due, (self._turn + wait, self._scheduled, life))
            elif (order := self._living.pop(life, None)) is not None:
                self._end(order)
        if carrier.later:
            for life in carrier.later:
                self._schedule(life, 1 + int(self._rng.random() * _REPEAT_TURNS))
            carrier.later.clear()
        sent, carrier.out = carrier.out, []
        return sent

    def records(self, count: int) -> Iterator[Record]:
        """A whole run of exactly `count` records, from the logons to the logouts.

        Raises:
            SettingsError: `count` is less than the logons and logouts.
        """
        least = 2 * self.closing_messages
        left = count - least
        if left < 0:
            raise SettingsError(f"{count} messages: at least {least}, the logons and logouts")
        yield from self.log_on()
        while left:
            sent = self.turn()
            yield from sent
            left -= len(sent)
        yield from self.log_out()

    def take_orders(self) -> list[OrderState]:
        """The orders that are over, each once; when the ledger has said that it is not running, all that are left."""
        self._settle_late()
        settled, self._settled = self._settled, []
        return settled

    def ledger(self, state: State) -> Ledger:
        """What has been sent so far. In any state but running, nothing may be sent afterwards."""
        self._settle_late()
        if state != "running":
            for order in (*self._late, *self._living.values()):
                self._settle(order)
            self._late.clear()
            self._living.clear()
        return self._tally.ledger(state)

    def _settle_late(self) -> None:
        """Settle the orders that were over while something of them was lost and could still come."""
        late, self._late = self._late, []
        for order in late:
            self._end(order)

    def _end(self, order: Order) -> None:
        if order.known.owed:
            self._late.append(order)
        else:
            self._settle(order)

    def _settle(self, order: Order) -> None:
        """Say what became of an order."""
        states = order.known.states(order.pair.version.resolution)
        self._settled += states
        self._tally.settled(order.instrument, len(states), order.known)

    def _begin(self) -> Life:
        """What happens next, out of nothing: an order, as a rule."""
        pair = self._pick_pair()
        chance = self._rng.random()
        if chance >= _REFUSAL:
            return self._order(pair)
        if chance < _TEST_REQUEST:
            return self._test_request(pair)
        if chance < _REJECT:
            return reject(pair, self._carrier, self._rng)
        return refuse(pair, self._carrier, self._desk.id("S"))

    def _schedule(self, life: Life, wait: int) -> None:
        # The number, here and in `turn`, keeps the order of those due at the same turn: no generators are compared.
        self._scheduled += 1
        heappush(self._due, (self._turn + wait, self._scheduled, life))

    def _tick(self) -> None:
        self._turn += 1
        # Nobody's clock goes back here: what is sent later has the later time.
        if (now := self._clock()) > self._stamp.now:
            self._stamp.set(now)

    def _of_every_session(self, msg_type: str) -> list[Record]:
        for pair in self.pairs:
            for direction in pair.directions:
                self._tick()
                body = ""
                if msg_type == "A":
                    body = pair.logon_body()
                    direction.began_at = self._stamp.now - self._stamp.now % direction.version.resolution
                self._carrier.deliver(direction, msg_type, body)
        sent, self._carrier.out = self._carrier.out, []
        return sent

    def _break_silence(self) -> None:
        """Let directions that were silent for HeartBtInt(108) send Heartbeat(0), each in its own turn."""
        now = self._stamp.now
        self._next_silence_check = now + _MICROSECONDS
        for pair in self.pairs:
            for direction in pair.directions:
                if now - direction.last_sent >= pair.heart_bt_int * _MICROSECONDS:
                    direction.last_sent = now
                    self._schedule(once(partial(self._carrier.send, direction, "0", "")), 0)

    def _test_request(self, pair: SessionPair) -> Life:
        """One side asks if the other is there: TestRequest(1), Heartbeat(0) with the same TestReqID(112)."""
        asking, answering = pair.directions if self._rng.random() < 0.5 else pair.directions[::-1]
        test_req_id = f"112={self._desk.id('T')}\x01"
        self._carrier.send(asking, "1", test_req_id)
        yield 1
        self._carrier.send(answering, "0", test_req_id)

    def _order(self, pair: SessionPair) -> Life:
        rng = self._rng
        instrument = self._market.pick(pair.instruments)
        order = Order(
            pair,
            instrument,
            account=pair.accounts[int(rng.random() * len(pair.accounts))],
            cl_ord_id=self._desk.id("C"),
            order_id=self._desk.id("O"),
            side=_SIDES[int(rng.random() * len(_SIDES))],
            quantity=instrument.lot * (1 + int(rng.random() * rng.random() * _MOST_LOTS)),
            price=None if rng.random() < _MARKET_ORDERS else self._market.price(instrument),
            time_in_force=IMMEDIATE_OR_CANCEL if rng.random() < _IMMEDIATE_ORDERS else DAY,
        )
        life = live(order, pick_fate(rng), self._desk, self._market, rng)
        self._living[life] = order
        return life

    def _pick_pair(self) -> SessionPair:
        return self.pairs[bisect(self._busy, self._rng.random() * self._busy[-1])]
