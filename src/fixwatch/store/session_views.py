"""What sessions did, as the read side answers it. Times are aware datetimes in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fixwatch.store.meanings import meaning
from fixwatch.store.views import SessionName

#: By the kind of an event, the tag that `reason` is of.
_REASONS: Final = {"reject": 373, "business_reject": 380, "dont_know_trade": 127}


@dataclass(frozen=True, slots=True)
class EventKey:
    """A place among the events, which are ordered by when they were sent."""

    sent: datetime
    session_id: int
    seq_num: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent(SessionName):
    """Something rare on one direction of a session; `kind` is one of Postgres' enum `session_event_kind`.

    `begin_number`, `end_number`: of a reset, from which number on; of a gap fill, the numbers that it passes over; of
    a resend request, those that are asked for (`end_number` 0: all). `reason` is a SessionRejectReason(373),
    BusinessRejectReason(380) or DKReason(127); `ref_id` a TestReqID(112), BusinessRejectRefID(379) or ExecID(17).
    """

    session_id: int
    sent: datetime
    seq_num: int
    kind: str
    begin_number: int | None
    end_number: int | None
    ref_seq_num: int | None
    ref_tag: int | None
    ref_msg_type: str | None
    reason: str | None
    ref_id: str | None
    text: str | None

    @property
    def key(self) -> EventKey:
        """Its place among the events."""
        return EventKey(self.sent, self.session_id, self.seq_num, self.kind)

    @property
    def reason_meaning(self) -> str | None:
        """What its `reason` means, as `REQUIRED_TAG_MISSING`; the value itself where no version has it."""
        tag = _REASONS.get(self.kind)
        return None if tag is None else meaning(tag, self.reason)


@dataclass(frozen=True, slots=True)
class SessionEpoch:
    """One direction of a session from one reset to the next; `began_at` None: before every reset that was seen.

    `direct_messages` and `direct_numbers`: without PossDupFlag(43)=Y; `seen_numbers`: of all messages.
    """

    session_id: int
    began_at: datetime | None
    began_by: str | None
    first_number: int | None
    direct_messages: int
    direct_numbers: int
    seen_numbers: int


@dataclass(frozen=True, slots=True)
class NumberGap:
    """Sequence numbers that were skipped, both ends included, and what became of them since."""

    first_number: int
    last_number: int
    resent: int
    filled: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnansweredTestRequest(SessionName):
    """A TestRequest(1) that no Heartbeat(0) of the other direction answers; `ref_id` is its TestReqID(112)."""

    session_id: int
    sent: datetime
    seq_num: int
    ref_id: str | None
