"""The ledger of a run: what should be in the database once everything that was sent has been ingested.

It is written for an ingester with its default settings (frame strict, profile tolerant), which stores every
record in the log once, quarantines garbled messages and folds all others:

===================  =========================================================================================
fault                how it counts
===================  =========================================================================================
bad_checksum,        sent, and garbled: in `garbled` by kind and in `verdicts["garbled"]`, but not in
wrong_body_length,   `by_msg_type` and `by_session` (nobody can trust what can be read); it says nothing of an
truncated            order, a fill is no fill, and its sequence number stays missing
not_fix              the same; it is a record besides the messages of the session
missing_tag,         sent and rejected, but folded: a fill in it counts. LeavesQty(151), TimeInForce(59),
bad_enum             TransactTime(60) and CxlRejResponseTo(434) are what is hit
non_ascii            sent and valid
poss_dup, repeat     both copies are sent and valid; a fill, bust or correction counts once. Only messages
                     without another fault are repeated
poss_resend          sent twice, the second time under a new number with PossResend(97)=Y; says nothing new
conflict             a fill, sent once more under a new number with another LastPx(31): what was sent first stands
gap                  the message is not sent and counts only in `faults`; its sequence number stays missing
resent               the message is not sent at first. It is asked for, and then sent with PossDupFlag(43)=Y, or
                     SequenceReset(4) stands in its place and nobody learns what it said; either way its number
                     is missing no longer. It counts as what is sent then. What the run's end cuts off stays lost
never_acknowledged,  the request is sent and valid; nothing answers it, but for a notice now and then that it is
cancel_unanswered,   pending
replace_unanswered
===================  =========================================================================================

Fills are counted as the trades that stand: a trade is one ExecID(17) of one session; busted ones are taken
out, corrected ones are at their new quantity and price. Busts and corrections refer only to fills that were
sent undamaged. `messages` = the sum of `by_msg_type` and of `garbled`.

While a run goes on, the orders that are over are counted, and their fills; in the end all of them. What is known of
each is in a file beside the ledger: see `order_file.py`.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from decimal import Context, Decimal, Inexact
from pathlib import Path
from typing import Any, Final, Literal

from fixwatch.errors import SettingsError

State = Literal["running", "complete", "failed"]

#: Wider than any sum of money, and an error instead of a rounding if not.
_EXACT: Final = Context(prec=100, traps=[Inexact])


@dataclass(frozen=True, slots=True)
class Fills:
    """Trades of one symbol that stand: how many, how much, and the sum of LastQty(32) times LastPx(31)."""

    count: int
    quantity: Decimal
    notional: Decimal

    def __add__(self, other: Fills) -> Fills:
        return Fills(
            self.count + other.count,
            _EXACT.add(self.quantity, other.quantity),
            _EXACT.add(self.notional, other.notional),
        )


#: Numbers without a gap between them: the first and the last one.
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One direction of a session from its Logon(A) with ResetSeqNumFlag(141)=Y on: the sequence numbers of a run.

    Attributes:
        session: `SENDER->TARGET`.
        began_at: SendingTime(52) of the Logon, microseconds since 1970.
        last_number: the highest MsgSeqNum(34).
        missed, missing: numbers that did not come in their turn, and those of them that never did.
        events: messages that are rare, by MsgType(35), each once however often it was sent.
    """

    session: str
    began_at: int
    last_number: int
    missed: tuple[Range, ...] = ()
    missing: tuple[Range, ...] = ()
    events: dict[str, int] = field(default_factory=dict)


def ranges(numbers: Iterable[int]) -> tuple[Range, ...]:
    """Ascending numbers as ranges."""
    found: list[Range] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a run sent.

    Attributes:
        state: running (counted as sent, not yet all confirmed), complete (all deliveries confirmed), or failed
            (some were not: nothing is promised).
        run: the token that the run's ids carry; several, joined by `+`, after `merge`.
        messages: records sent, of every kind.
        by_msg_type: readable messages by MsgType(35).
        by_session: readable messages by `SENDER->TARGET`.
        by_session_msg_type: readable messages by `SENDER->TARGET` and MsgType(35).
        epochs: what each direction did, a run after the other.
        garbled: records that cannot be trusted, by fault.
        verdicts: records by the decoder's verdict: valid, rejected, garbled.
        orders: how many orders something is known of.
        fills: trades that stand, by Symbol(55).
        busts, corrections: how many were applied.
        conflicts: reports of a known ExecID(17) with other content.
        repeats: messages sent a second time under the same number.
        repeats_of_fills: reports of a known ExecID(17) with the same content, under whatever number.
        faults: how often each fault was injected.
    """

    state: State
    run: str
    messages: int = 0
    by_msg_type: dict[str, int] = field(default_factory=dict)
    by_session: dict[str, int] = field(default_factory=dict)
    by_session_msg_type: dict[str, dict[str, int]] = field(default_factory=dict)
    epochs: tuple[Epoch, ...] = ()
    garbled: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, int] = field(default_factory=dict)
    orders: int = 0
    fills: dict[str, Fills] = field(default_factory=dict)
    busts: int = 0
    corrections: int = 0
    conflicts: int = 0
    repeats: int = 0
    repeats_of_fills: int = 0
    faults: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """The ledger as JSON; decimals as strings."""
        return json.dumps(asdict(self), default=str, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Ledger:
        """Read what `to_json` wrote.

        Raises:
            SettingsError: it is not a ledger.
        """
        try:
            found: dict[str, Any] = json.loads(text)
            fills = {
                symbol: Fills(int(row["count"]), Decimal(row["quantity"]), Decimal(row["notional"]))
                for symbol, row in found.pop("fills").items()
            }
            epochs = tuple(
                Epoch(**row | {name: tuple(map(tuple, row[name])) for name in ("missed", "missing")})
                for row in found.pop("epochs")
            )
            return cls(**found, fills=fills, epochs=epochs)
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
            raise SettingsError(f"this is not a simulator's ledger: {error!r}") from None

    def write(self, path: Path) -> None:
        """Write the ledger to a file, at once: a reader sees the old one or the new one, whole.

        Raises:
            SettingsError: the file cannot be written.
        """
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            beside.write_text(self.to_json(), encoding="utf-8")
            beside.replace(path)
        except OSError as error:
            raise SettingsError(f"the ledger {path} cannot be written: {error.strerror}") from None

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Read a ledger file.

        Raises:
            SettingsError: the file cannot be read or is not a ledger.
        """
        try:
            return cls.from_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"the ledger {path} cannot be read: {error}") from None
        except SettingsError as error:
            raise SettingsError(f"{path}: {error}") from None

    def merge(self, other: Ledger) -> Ledger:
        """The ledger of both runs together, whose ids do not overlap; its state is the lesser one."""
        states: tuple[State, ...] = ("failed", "running", "complete")
        return replace(
            self,
            state=min(self.state, other.state, key=states.index),
            run=f"{self.run}+{other.run}",
            messages=self.messages + other.messages,
            by_msg_type=_sum((self.by_msg_type, other.by_msg_type)),
            by_session=_sum((self.by_session, other.by_session)),
            by_session_msg_type={
                session: _sum(
                    (self.by_session_msg_type.get(session, {}), other.by_session_msg_type.get(session, {}))
                )
                for session in self.by_session_msg_type | other.by_session_msg_type
            },
            epochs=self.epochs + other.epochs,
            garbled=_sum((self.garbled, other.garbled)),
            verdicts=_sum((self.verdicts, other.verdicts)),
            orders=self.orders + other.orders,
            fills={
                symbol: self.fills.get(symbol, NO_FILLS) + other.fills.get(symbol, NO_FILLS)
                for symbol in self.fills | other.fills
            },
            busts=self.busts + other.busts,
            corrections=self.corrections + other.corrections,
            conflicts=self.conflicts + other.conflicts,
            repeats=self.repeats + other.repeats,
            repeats_of_fills=self.repeats_of_fills + other.repeats_of_fills,
            faults=_sum((self.faults, other.faults)),
        )


NO_FILLS: Final = Fills(0, Decimal(0), Decimal(0))


def _sum(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total)
