"""The sessions of the ledger beside those of Postgres: numbers that were missed, and what happened. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from fixwatch.demo.lines import Line
from fixwatch.sources.simulator.ledger import Epoch, Range

_EVENTS: Final = {
    "A": "Logon(A)",
    "5": "Logout(5)",
    "1": "TestRequest(1)",
    "2": "ResendRequest(2)",
    "4": "gap fill, SequenceReset(4)",
    "3": "Reject(3)",
    "j": "BusinessMessageReject(j)",
    "Q": "DontKnowTrade(Q)",
}
#: Differences that are named of a line.
_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class FoundEpoch(Epoch):
    """An epoch as Postgres has it.

    `shown` is what readers are told of it where it is the direction's present one: holes, numbers that were missed,
    numbers that are missing.
    """

    shown: tuple[int, int, int] | None = field(default=None)


def session_lines(expected: Iterable[Epoch], found: Sequence[FoundEpoch]) -> Iterator[Line]:
    """Two lines a direction for its numbers, then one for each kind of event; of the ledger's epochs alone."""
    held = {(epoch.session, epoch.began_at): epoch for epoch in found}
    by_session: dict[str, list[tuple[Epoch, FoundEpoch]]] = {}
    for epoch in expected:
        nothing = FoundEpoch(epoch.session, epoch.began_at, 0)
        pair = epoch, held.get((epoch.session, epoch.began_at), nothing)
        by_session.setdefault(epoch.session, []).append(pair)
    for session, pairs in sorted(by_session.items()):
        for name in ("missed", "missing"):
            of = attrgetter(name)
            yield Line(
                "Sessions",
                f"{session} {name}",
                sum(numbers(of(sent)) for sent, _ in pairs),
                sum(numbers(of(has)) for _, has in pairs),
                differences=tuple(text for sent, has in pairs for text in _differ(of(sent), of(has))),
            )
    every = [pair for pairs in by_session.values() for pair in pairs]
    yield Line(
        "Sessions",
        "last MsgSeqNum(34): the same",
        len(every),
        sum(sent.last_number == has.last_number for sent, has in every),
    )
    yield Line(
        "Sessions",
        "shown as it is",
        sum(has.shown is not None for _, has in every),
        sum(
            has.shown == (len(sent.missed), numbers(sent.missed), numbers(sent.missing))
            for sent, has in every
        ),
        note="holes, missed and missing numbers of the last run",
    )
    sums, counts = Counter[str](), Counter[str]()
    wrong: dict[str, list[str]] = {msg_type: [] for msg_type in _EVENTS}
    for sent, has in every:
        sums.update(sent.events)
        counts.update(has.events)
        for msg_type, of_type in wrong.items():
            if (one := sent.events.get(msg_type, 0)) != (other := has.events.get(msg_type, 0)):
                of_type.append(f"{sent.session}: {one} sent, {other} in Postgres")
    for msg_type, called in _EVENTS.items():
        different = tuple(wrong[msg_type][:_EXAMPLES])
        yield Line("Sessions", called, sums[msg_type], counts[msg_type], differences=different)


def numbers(ranges: tuple[Range, ...]) -> int:
    """How many numbers are in the ranges."""
    return sum(last + 1 - first for first, last in ranges)


def _differ(expected: tuple[Range, ...], found: tuple[Range, ...]) -> list[str]:
    lost, more = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    texts = [f"{_text(numbers)} in the ledger" for numbers in lost]
    return (texts + [f"{_text(numbers)} in Postgres" for numbers in more])[:_EXAMPLES]


def _text(numbers: Range) -> str:
    first, last = numbers
    return str(first) if first == last else f"{first}-{last}"
