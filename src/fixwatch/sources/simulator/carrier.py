"""The way to the topic: the carrier numbers, stamps and frames messages, lets faults befall them, and counts.

What the topic says of an order is made known to it: only what can be read, and what is asked for again when it has
been sent again.
"""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Final, NamedTuple

from fixwatch.sources.simulator.faults import (
    FILL,
    GARBLING,
    REPEATING,
    Fault,
    Faults,
    at_another_price,
    not_fix,
    spoil_body,
    spoil_frame,
)
from fixwatch.sources.simulator.recovery import Lost, recover
from fixwatch.sources.simulator.said import Known, Report, Request
from fixwatch.sources.simulator.sessions import Direction
from fixwatch.sources.simulator.tally import Tally
from fixwatch.sources.simulator.turns import Life, once
from fixwatch.sources.simulator.wire import Stamp

#: A line that drops messages drops up to so many in a row.
_MOST_LOST: Final = 4
_POSS_RESEND: Final = "97=Y\x01"
#: Share of conflicts that say of themselves that they may be repeats.
_CONFLICTS_RESENT: Final = 0.5


class Record(NamedTuple):
    """What goes to the topic."""

    key: bytes
    value: bytes


class Carrier:
    """Carries the messages of all session pairs.

    Args:
        faults: what goes wrong, how often.
        rng: decides on faults; it is not the one that decides on orders, so that the same orders live with
            and without faults (but for those that are never answered).
        stamp: the moment, which the simulation moves on.
        tally: counts.

    Attributes:
        out: what has been sent since the simulation took it last.
        attempts: records that were sent, and those that were lost on purpose.
        later: what was decided on and is to be sent later: second copies, strays, what was lost.
    """

    def __init__(self, faults: Faults, rng: Random, stamp: Stamp, tally: Tally) -> None:
        self.out: list[Record] = []
        self.attempts = 0
        self.later: list[Life] = []
        self._faults = faults
        self._rng = rng
        self._stamp = stamp
        self._tally = tally
        self._rows: dict[str, list[Lost]] = {}

    def send(
        self,
        direction: Direction,
        msg_type: str,
        body: str,
        known: Known | None = None,
        what: Request | Report | None = None,
        *,
        is_fill: bool = False,
    ) -> Fault | None:
        """Send a message, or what the fault that befalls it makes of it; returns the fault.

        Args:
            direction: who sends it to whom.
            msg_type: MsgType(35).
            body: its fields behind the header, each ended by SOH.
            known: what is known of the order that it says something of, None: it is of none.
            what: what it says.
            is_fill: if it reports a fill.
        """
        fault = self._faults.draw(self._rng, FILL if is_fill else msg_type)
        if fault is None and not direction.losing:
            self.deliver(direction, msg_type, body, known, what)
            return None
        if direction.losing:
            fault = Fault.RESENT
        elif fault is Fault.NOT_FIX:
            self.later.append(once(partial(self._stray, direction)))
            self.deliver(direction, msg_type, body, known, what)
            return None
        if fault is not None:
            self._deliver_with(fault, direction, msg_type, body, known, what, is_fill)
        return fault

    def deliver(
        self,
        direction: Direction,
        msg_type: str,
        body: str,
        known: Known | None = None,
        what: Request | Report | None = None,
    ) -> None:
        """Send a message to which nothing happens."""
        self.attempts += 1
        stamp = self._stamp
        seq_num = direction.next_seq_num
        direction.next_seq_num = seq_num + 1
        direction.reached = seq_num
        direction.last_sent = stamp.now
        if direction.is_hidden:
            return
        direction.sent[msg_type] += 1
        if what is not None and known is not None:
            known.hear(stamp.now, seq_num, None, what)
        time = stamp.micros if direction.version.micros else stamp.millis
        message = direction.message(msg_type, seq_num, time, body)
        self.out.append(Record(direction.pair_key, message))

    def _deliver_with(
        self,
        fault: Fault,
        direction: Direction,
        msg_type: str,
        body: str,
        known: Known | None,
        what: Request | Report | None,
        is_fill: bool,
    ) -> None:
        self.attempts += 1
        now, time = self._stamp.now, self._stamp.text(direction.version.micros)
        seq_num = direction.next_seq_num
        direction.next_seq_num = seq_num + 1
        direction.last_sent = now
        self._tally.fault(direction, msg_type, seq_num, fault)
        if fault is Fault.RESENT:
            self._lose(direction, Lost(seq_num, msg_type, now, time, body, known, what))
            return
        direction.reached = seq_num
        if fault is Fault.GAP:
            return
        message = direction.message(msg_type, seq_num, time, spoil_body(fault, msg_type, body))
        if fault in GARBLING:
            self._put(direction, spoil_frame(fault, message, self._rng))
            return
        if fault in REPEATING:
            self._send_more(fault, direction, msg_type, seq_num, time, body, message, is_fill)
        if known is not None and what is not None and not direction.is_hidden:
            known.hear(now, seq_num, fault, what)
        self._put(direction, message)

    def send_again(self, direction: Direction, lost: Lost) -> None:
        """Send a lost message, as it was asked for."""
        self._tally.resent(direction, lost.msg_type, lost.seq_num, 1)
        self._poss_dup(direction, lost.msg_type, lost.seq_num, lost.time, lost.body)
        self._owe(lost, -1)
        if lost.known is not None and lost.what is not None and not direction.is_hidden:
            lost.known.hear(lost.sent, lost.seq_num, None, lost.what)

    def fill_gap(self, direction: Direction, row: list[Lost]) -> None:
        """Send SequenceReset(4) with GapFillFlag(123)=Y in the place of messages without a gap between them."""
        first, count = row[0], len(row)
        self._tally.resent(direction, "4", first.seq_num, count)
        self._poss_dup(direction, "4", first.seq_num, first.time, f"123=Y\x0136={first.seq_num + count}\x01")
        for lost in row:
            self._owe(lost, -1)

    def _owe(self, lost: Lost, messages: int) -> None:
        if lost.known is not None:
            lost.known.owed += messages

    def _lose(self, direction: Direction, lost: Lost) -> None:
        if direction.losing:
            direction.losing -= 1
            self._rows[direction.name].append(lost)
        else:
            direction.losing = int(self._rng.random() * _MOST_LOST)
            self._rows[direction.name] = row = [lost]
            self.later.append(recover(self, direction, row, self._rng))
        self._owe(lost, 1)

    def _send_more(
        self,
        fault: Fault,
        direction: Direction,
        msg_type: str,
        seq_num: int,
        time: str,
        body: str,
        message: bytes,
        is_fill: bool,
    ) -> None:
        """After an intact message, decide on what comes later: the same once more, in one way or another."""
        match fault:
            case Fault.REPEAT:
                more = partial(self._repeat, direction, msg_type, message, is_fill)
            case Fault.POSS_DUP:
                more = partial(self._say_again, direction, msg_type, seq_num, time, body, is_fill)
            case Fault.POSS_RESEND:
                more = partial(self._poss_resend, direction, msg_type, body, is_fill)
            case _:
                more = partial(self._contradict, direction, msg_type, body)
        self.later.append(once(more))

    def _repeat(self, direction: Direction, msg_type: str, message: bytes, is_fill: bool) -> None:
        """The same bytes again."""
        self.attempts += 1
        self._tally.again(direction, msg_type, Fault.REPEAT, is_fill)
        self._put(direction, message)

    def _say_again(
        self, direction: Direction, msg_type: str, seq_num: int, time: str, body: str, is_fill: bool
    ) -> None:
        """The same content under the same number."""
        self._tally.again(direction, msg_type, Fault.POSS_DUP, is_fill)
        self._poss_dup(direction, msg_type, seq_num, time, body)

    def _poss_dup(self, direction: Direction, msg_type: str, seq_num: int, time: str, body: str) -> None:
        """PossDupFlag(43)=Y, and OrigSendingTime(122)."""
        self.attempts += 1
        now = self._stamp.text(direction.version.micros)
        self._put(direction, direction.message(msg_type, seq_num, now, body, repeat_of=time))

    def _poss_resend(self, direction: Direction, msg_type: str, body: str, is_fill: bool) -> None:
        """The same content under a new number, with PossResend(97)=Y."""
        self._tally.anew(direction, Fault.POSS_RESEND, is_fill)
        self._anew(direction, msg_type, _POSS_RESEND + body)

    def _contradict(self, direction: Direction, msg_type: str, body: str) -> None:
        """The same ExecID(17) with another LastPx(31), under a new number."""
        self._tally.anew(direction, Fault.CONFLICT, is_fill=False)
        header = _POSS_RESEND if self._rng.random() < _CONFLICTS_RESENT else ""
        self._anew(direction, msg_type, header + at_another_price(body))

    def _anew(self, direction: Direction, msg_type: str, body: str) -> None:
        # It is not lost, so its number ends a row of lost ones.
        direction.losing = 0
        self.deliver(direction, msg_type, body)

    def _stray(self, direction: Direction) -> None:
        """A record that is no FIX message, under the session's key."""
        self.attempts += 1
        self._tally.not_fix(direction)
        self._put(direction, not_fix(self._rng))

    def _put(self, direction: Direction, message: bytes) -> None:
        if not direction.is_hidden:
            self.out.append(Record(direction.pair_key, message))
