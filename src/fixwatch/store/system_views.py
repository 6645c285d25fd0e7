"""The system itself, as the read side answers it. Times are aware datetimes in UTC, sizes are bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fixwatch.store.figures import Ingester


@dataclass(frozen=True, slots=True)
class KnownIngester(Ingester):
    """An ingester of the last day; `alive`: it renewed its row within the last 5 s."""

    alive: bool


@dataclass(frozen=True, slots=True)
class Stream:
    """One partition of one incarnation of a topic; not `current`: the topic was deleted and made again."""

    stream_id: int
    topic: str
    topic_id: str
    partition: int
    next_offset: int
    high_watermark: int
    updated_at: datetime
    current: bool

    @property
    def lag(self) -> int:
        """Records in the topic that are not stored, as its ingester saw it a second ago, or its last batch."""
        return max(0, self.high_watermark - self.next_offset) if self.current else 0


@dataclass(frozen=True, slots=True)
class BatchStep:
    """Batches of one step of time; the figures are None where there was none. `*_ms` are means of a batch."""

    at: datetime
    batches: int
    messages: int
    largest: int | None
    decode_ms: float | None
    write_ms: float | None
    slowest_ms: int | None


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """Batches of the last minute; None where there was none. `ms`: decoding and writing together."""

    at: datetime
    batches: int
    messages: int
    messages_p50: int | None
    messages_most: int | None
    ms_p50: int | None
    ms_p95: int | None


@dataclass(frozen=True, slots=True)
class OffsetGap:
    """Offsets, both ends included, that are not in the log and never will be, and why."""

    topic: str
    partition: int
    first_offset: int
    last_offset: int
    reason: str
    noticed_at: datetime


@dataclass(frozen=True, slots=True)
class RebuildDue:
    """Why `fixwatch rebuild` has to be run once."""

    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """What retention dropped of the log; `until` None: nothing."""

    partitions: int
    messages: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Database:
    """The database and its server; `migration`: the number of the schema's last one."""

    name: str
    bytes: int
    server_version: str
    started_at: datetime
    migration: int


@dataclass(frozen=True, slots=True)
class LogPartition:
    """A day of the log. `rows_about`: as the server last estimated."""

    name: str
    since: datetime
    until: datetime
    rows_about: int
    table_bytes: int
    index_bytes: int


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table beside the log, with its size."""

    name: str
    rows_about: int
    table_bytes: int
    index_bytes: int


@dataclass(frozen=True, slots=True)
class System:
    """What changes from second to second."""

    ingesters: tuple[KnownIngester, ...]
    streams: tuple[Stream, ...]
    batch_steps: tuple[BatchStep, ...]
    batch_step_seconds: int
    batches: BatchFigures
    gaps: tuple[OffsetGap, ...]
    rebuilds_due: tuple[RebuildDue, ...]
    dropped: Dropped


@dataclass(frozen=True, slots=True)
class Storage:
    """What changes slowly, and costs the server a look at its files."""

    database: Database
    log_partitions: tuple[LogPartition, ...]
    tables: tuple[TableSize, ...]


@dataclass(frozen=True, slots=True)
class MessageStep:
    """Messages of one direction of a session in one step of time; `defective` are of both kinds."""

    at: datetime
    session_messages: int
    application_messages: int
    defective: int
