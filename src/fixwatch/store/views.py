"""Sessions and their names as the read side answers them. Times are aware datetimes in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionName:
    """The six parts of a direction of a session; None where the session could not be read."""

    sender_comp_id: str | None
    sender_sub_id: str | None
    sender_location_id: str | None
    target_comp_id: str | None
    target_sub_id: str | None
    target_location_id: str | None

    @property
    def sender(self) -> str:
        """SenderCompID(49), with SenderSubID(50) and SenderLocationID(142) where there are any."""
        return _end(self.sender_comp_id, self.sender_sub_id, self.sender_location_id)

    @property
    def target(self) -> str:
        """TargetCompID(56), with TargetSubID(57) and TargetLocationID(143) where there are any."""
        return _end(self.target_comp_id, self.target_sub_id, self.target_location_id)

    @property
    def label(self) -> str:
        """`SENDER → TARGET`; empty where the session could not be read."""
        return f"{self.sender} → {self.target}" if self.sender_comp_id is not None else ""


def _end(comp_id: str | None, sub_id: str | None, location_id: str | None) -> str:
    return "/".join(part for part in (comp_id, sub_id, location_id) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(SessionName):
    """One direction of a session. `recent_*`: of the last minutes.

    `first_seen`, `last_seen` are by the topic's clock, `state_sent` (when it logged on or off) and `last_sent` by its
    own. `began_at` to `repeated` are of its sequence numbers since the last reset, None and 0 where there are none:
    `began_by` is `logon_reset`, `logon` or `sequence_reset`, None where nobody saw a reset; `gaps` holes that ever
    were, of `skipped` numbers, of which `resent` came as PossDup, `filled` were passed over by gap fills and
    `missing` are still missing; `repeated`: messages with a number that had come, without PossDupFlag(43)=Y.
    """

    session_id: int
    begin_string: str | None
    heart_bt_int: int | None
    logged_on: bool | None
    state_sent: datetime | None
    messages: int
    application_messages: int
    poss_dups: int
    logons: int
    logouts: int
    resets: int
    rejects: int
    business_rejects: int
    dont_know_trades: int
    resend_requests: int
    test_requests: int
    first_seen: datetime | None
    last_seen: datetime | None
    last_sent: datetime | None
    began_at: datetime | None
    began_by: str | None
    first_number: int | None
    last_number: int | None
    gaps: int
    skipped: int
    resent: int
    filled: int
    missing: int
    repeated: int
    recent_messages: int
    recent_quarantined: int
    at: datetime
