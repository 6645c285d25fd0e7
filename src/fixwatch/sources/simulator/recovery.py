"""How lost messages come after all: the other side asks for them, and they are sent again or skipped.

FIX 4.4 volume 2, "Message recovery": ResendRequest(2) names the numbers, application messages and Reject(3) are sent
again with PossDupFlag(43)=Y and OrigSendingTime(122), and in the place of those of the session level, or of what is
too old to be of use, stands SequenceReset(4) with GapFillFlag(123)=Y.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from fixwatch.sources.simulator.said import Known, Report, Request
from fixwatch.sources.simulator.sessions import ADMIN, Direction
from fixwatch.sources.simulator.turns import Life

if TYPE_CHECKING:
    from fixwatch.sources.simulator.carrier import Carrier

#: Of the session level, what is sent again: a Reject(3) tells something that nobody else does.
_SKIPPED: Final = ADMIN - {"3"}
#: Share of requests that are answered with a gap fill alone, orders and all.
_ALL_TOO_OLD: Final = 0.15
_PATIENCE_TURNS: Final = 30
_ANSWER_TURNS: Final = 6
#: Turns after which what a quiet line may yet lose is not waited for.
_QUIET_TURNS: Final = 600


@dataclass(slots=True)
class Lost:
    """A message that has not reached the topic, and will be asked for: what it takes to send it again."""

    seq_num: int
    msg_type: str
    sent: int
    time: str
    body: str
    known: Known | None
    what: Request | Report | None


def recover(carrier: Carrier, direction: Direction, row: list[Lost], rng: Random) -> Life:
    """Ask for a row of lost messages, once another message shows that their numbers are missing."""
    waited = 1 + int(rng.random() * _PATIENCE_TURNS)
    yield waited
    while direction.losing or direction.reached < row[-1].seq_num:
        waited += _PATIENCE_TURNS
        if waited > _QUIET_TURNS:
            direction.losing = 0
        yield _PATIENCE_TURNS
    carrier.send(direction.other, "2", f"7={row[0].seq_num}\x0116={row[-1].seq_num}\x01")
    yield 1 + int(rng.random() * _ANSWER_TURNS)
    skipped = ADMIN | {lost.msg_type for lost in row} if rng.random() < _ALL_TOO_OLD else _SKIPPED
    skips: list[Lost] = []
    for lost in row:
        if lost.msg_type in skipped:
            skips.append(lost)
            continue
        if skips:
            carrier.fill_gap(direction, skips)
            skips = []
            yield 1
        carrier.send_again(direction, lost)
        yield 1
    if skips:
        carrier.fill_gap(direction, skips)
