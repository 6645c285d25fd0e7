"""Actions of the quarantine as the read side answers them. Times are aware datetimes in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What somebody asked for of one message, and what came of it.

    `kind`: `reingest`, `dismiss` or `reopen`. From `done_at` on None until an ingester (`done_by`) carried it out.
    `outcome`: `folded`, `still_kept_back`, `dismissed`, `reopened`, `not_kept_back` (not any more), `not_in_log`.
    `ended_by`: the action that ended this dismissal.
    """

    action_id: int
    stream_id: int
    kafka_offset: int
    topic: str
    partition: int
    ingested_at: datetime
    kind: str
    requested_by: str
    note: str
    requested_at: datetime
    done_at: datetime | None
    outcome: str | None
    defects_before: list[str] | None
    defects_after: list[str] | None
    done_by: str | None
    ended_by: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far what was asked for at once is: actions, those that are done, and by their outcome."""

    asked: int
    done: int
    folded: int
    still_kept_back: int
    dismissed: int
    reopened: int
    not_kept_back: int
    not_in_log: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Actions that are open (counted up to `QuarantineReader.MOST_COUNTED`), the oldest `since`; ingesters alive."""

    actions: int
    since: datetime | None
    ingesters: int
    at: datetime
