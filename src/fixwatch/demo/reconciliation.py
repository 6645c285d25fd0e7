"""The simulator's ledger beside what Postgres holds, line by line. Pure; `found.py` asks Postgres."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fixwatch.demo.lines import Line
from fixwatch.demo.order_lines import order_lines
from fixwatch.demo.session_lines import FoundEpoch, numbers, session_lines
from fixwatch.sources.simulator.ledger import NO_FILLS, Fills, Ledger
from fixwatch.sources.simulator.said import OrderState


@dataclass(frozen=True, slots=True)
class Found:
    """What Postgres holds of the runs that are reconciled; see `reconciliation.sql`.

    Attributes:
        messages: records in the log.
        stored: records up to the stored offsets.
        verdicts: records by the decoder's verdict.
        quarantined: records kept back from the folds.
        by_msg_type: messages that are not garbled, by MsgType(35).
        by_session: the same by `SENDER->TARGET`.
        defects: messages by what is wrong with them: `checksum_wrong`, `body_length_wrong` and `incomplete`
            of garbled ones, the primary defect of rejected ones.
        fills: trades that stand, by Symbol(55).
        busts, corrections: trades that were busted, that were corrected.
        unseen: busts and corrections of a trade that is not there.
        repeats_of_fills, conflicts: reports of a known ExecID(17) with the same content, with other content.
        epochs: sequence numbers and events of directions, from a reset to the next.
        logged_on: sessions that are logged on.
        repeats, same_again: messages whose number had come; those of them without PossDupFlag(43)=Y.
        poss_resends: messages with PossResend(97)=Y.
        non_ascii: messages with Latin-1 text in them.
        unanswered: cancel and replace requests without an answer, by MsgType(35).
        orders: by OrderID(37), or ClOrdID(11) where there is none.
    """

    messages: int = 0
    stored: int = 0
    verdicts: Mapping[str, int] = field(default_factory=dict)
    quarantined: int = 0
    by_msg_type: Mapping[str, int] = field(default_factory=dict)
    by_session: Mapping[str, int] = field(default_factory=dict)
    defects: Mapping[str, int] = field(default_factory=dict)
    fills: Mapping[str, Fills] = field(default_factory=dict)
    busts: int = 0
    corrections: int = 0
    unseen: int = 0
    repeats_of_fills: int = 0
    conflicts: int = 0
    epochs: Sequence[FoundEpoch] = ()
    logged_on: int = 0
    repeats: int = 0
    same_again: int = 0
    poss_resends: int = 0
    non_ascii: int = 0
    unanswered: Mapping[str, int] = field(default_factory=dict)
    orders: Mapping[str, OrderState] = field(default_factory=dict)


def reconcile(expected: Ledger, orders: Iterable[OrderState], found: Found) -> list[Line]:
    """Every figure of the ledger and its orders beside that of Postgres; also those that only one of them knows."""
    return [
        *_messages(expected, found),
        *_counts("MsgType(35)", expected.by_msg_type, found.by_msg_type),
        *_counts("Session", expected.by_session, found.by_session),
        *_fills(expected, found),
        *_trades(expected, found),
        *order_lines(orders, found.orders),
        *session_lines(expected.epochs, found.epochs),
        Line("Sessions", "logged on", 0, found.logged_on),
        *_faults(expected, found),
    ]


def _messages(expected: Ledger, found: Found) -> Iterator[Line]:
    yield Line("Messages", "sent, and in the log", expected.messages, found.messages)
    yield Line("Messages", "up to the stored offsets", expected.messages, found.stored)
    yield from _counts("Messages", expected.verdicts, found.verdicts)
    yield Line("Messages", "quarantined", expected.verdicts.get("garbled", 0), found.quarantined)


def _counts(section: str, expected: Mapping[str, int], found: Mapping[str, int]) -> Iterator[Line]:
    for name in sorted(expected.keys() | found.keys()):
        yield Line(section, name or "unknown", expected.get(name, 0), found.get(name, 0))


def _fills(expected: Ledger, found: Found) -> Iterator[Line]:
    for symbol in sorted(expected.fills.keys() | found.fills.keys()):
        sent, held = expected.fills.get(symbol, NO_FILLS), found.fills.get(symbol, NO_FILLS)
        name = symbol or "unknown"
        yield Line("Fills", f"{name} count", sent.count, held.count)
        yield Line("Fills", f"{name} quantity", sent.quantity, held.quantity)
        yield Line("Fills", f"{name} notional", sent.notional, held.notional)


def _trades(expected: Ledger, found: Found) -> Iterator[Line]:
    yield Line("Trades", "busts", expected.busts, found.busts)
    yield Line("Trades", "corrections", expected.corrections, found.corrections)
    yield Line("Trades", "busts, corrections of no trade", 0, found.unseen)
    yield Line("Trades", "repeats of fills", expected.repeats_of_fills, found.repeats_of_fills)
    yield Line("Trades", "conflicts", expected.conflicts, found.conflicts)


def _faults(expected: Ledger, found: Found) -> Iterator[Line]:
    """What was injected beside what the log shows of it."""

    def injected(*kinds: str) -> int:
        return sum(expected.faults.get(kind, 0) for kind in kinds)

    def of(kinds: str, sent: int, held: int, note: str, *, at_least: bool = False) -> Line:
        return Line("Faults", kinds, sent, held, at_least, note)

    garbled = injected("bad_checksum", "wrong_body_length", "truncated")
    began = {(epoch.session, epoch.began_at) for epoch in expected.epochs}
    missed = sum(numbers(epoch.missed) for epoch in found.epochs if (epoch.session, epoch.began_at) in began)
    waiting = Counter(order.waiting_for for order in found.orders.values())

    known = found.defects.get
    yield of("bad_checksum", injected("bad_checksum"), known("checksum_wrong", 0), "checksum_wrong")
    yield of(
        "wrong_body_length", injected("wrong_body_length"), known("body_length_wrong", 0), "body_length_wrong"
    )
    yield of(
        "truncated, not_fix",
        injected("truncated", "not_fix"),
        known("incomplete", 0),
        "garbled, no CheckSum(10)",
    )
    yield of("missing_tag", injected("missing_tag"), known("required_tag_missing", 0), "required_tag_missing")
    yield of("bad_enum", injected("bad_enum"), known("value_out_of_range", 0), "value_out_of_range")
    yield of("non_ascii", injected("non_ascii"), found.non_ascii, "Latin-1 in Text(58)")
    yield of(
        "poss_dup", injected("poss_dup"), found.repeats - found.same_again, "MsgSeqNum(34) twice, marked"
    )
    yield of("repeat", injected("repeat"), found.same_again, "MsgSeqNum(34) twice, not marked")
    yield of(
        "poss_resend",
        injected("poss_resend"),
        found.poss_resends,
        "PossResend(97)=Y; or more: on conflicts, too",
        at_least=True,
    )
    yield of("conflict", injected("conflict"), found.conflicts, "ExecID(17) with other content")
    # A garbled message uses a number up as well, and nobody can trust what it says its number is.
    yield of("gap, resent", injected("gap", "resent"), missed - garbled, "MsgSeqNum(34) missed, less garbled")
    more = "or more: orders cut off by the end, by a garbled answer"
    yield of(
        "never_acknowledged",
        injected("never_acknowledged"),
        waiting["new"],
        f"waits for new; {more}",
        at_least=True,
    )
    for kind, msg_type in (("cancel_unanswered", "F"), ("replace_unanswered", "G")):
        note = f"{msg_type} without an answer; {more}"
        yield of(kind, injected(kind), found.unanswered.get(msg_type, 0), note, at_least=True)
