"""What a desk asks first: which orders are stuck, who rejects, which sessions do not behave. Pure but for reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fixwatch.session_settings import SessionSettings
from fixwatch.store.conduct import Conduct, conduct, ends_of
from fixwatch.store.order_views import OrderList
from fixwatch.store.reader import Reader
from fixwatch.store.rollup_views import MessageRollup, MessagesBy, Step
from fixwatch.store.views import Session

#: More stuck orders than this are not counted.
MOST_STUCK: Final = 200
#: MsgTypes(35) that refuse something: Reject, BusinessMessageReject, OrderCancelReject, DontKnowTrade.
REFUSALS: Final = ("3", "j", "9", "Q")


@dataclass(frozen=True, slots=True)
class Desk:
    """Stuck orders, `MOST_STUCK` standing for that or more; session directions by what is wrong with them."""

    stuck: int
    sessions: dict[Conduct, int]

    @property
    def misbehaving(self) -> int:
        """Session directions with which something is wrong."""
        return sum(self.sessions.values())


def read(reader: Reader, sessions: Iterable[Session], rules: SessionSettings) -> Desk:
    """What there is now. Raises DatabaseError while the database does not answer."""
    stuck = reader.orders.list(OrderList.STUCK, limit=MOST_STUCK)
    wrong: dict[Conduct, int] = {}
    for session in sessions:
        if (found := conduct(session, rules.rules(ends_of(session)))) is not None:
            wrong[found] = wrong.get(found, 0) + 1
    return Desk(len(stuck.orders), wrong)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Messages that refuse something, by MsgType(35); not `complete`: of a part of the stretch, there are more."""

    messages: dict[str, int]
    complete: bool


def refusals(reader: Reader, minutes: int, now: datetime) -> Refusals:
    """Those of the last `minutes`. Raises DatabaseError likewise."""
    until = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    found = reader.rollups.messages(
        Step.DAY, until - timedelta(minutes=minutes), until, by=(MessagesBy.MSG_TYPE,), msg_types=REFUSALS
    )
    return Refusals(summed(found.rows), complete=found.searched_to is None)


def summed(rows: Iterable[MessageRollup]) -> dict[str, int]:
    """Messages by MsgType(35) over all steps."""
    sums = dict.fromkeys(REFUSALS, 0)
    for row in rows:
        if row.msg_type in sums:
            sums[row.msg_type] += row.messages
    return sums
