"""Sums, rates and counts that the read side answers with. Times are aware datetimes in UTC, money is `Decimal`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

#: What counts as recent for the status line and the sessions page.
RECENT_MINUTES: Final = 5
#: Fewer records are a batch on its way, not a delay; and so is what the present rate makes up for in so many seconds.
_LAG_RECORDS: Final = 1_000
_LAG_SECONDS: Final = 5.0
#: How long messages may take from the topic to the database.
_LATENCY_MS: Final = 5_000
#: So long without a batch while records wait is a standstill: a batch takes a second at most.
_STILL: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class IngestRates:
    """The last minute of batches; `last_batch` and the latencies are None where there is none.

    `latency_*`: percentiles over messages of the time from the Kafka timestamp until the batch was about to be
    committed. What is stored of a batch, its first and last timestamp, leaves a span: from `*_least_ms` to `*_ms`.
    """

    at: datetime
    last_batch: datetime | None
    messages: int
    bytes: int
    #: How long the messages took to come, up to 60 s: less while the first minute is not over.
    seconds: float
    latency_p50_ms: int | None
    latency_p95_ms: int | None
    latency_p50_least_ms: int | None = None
    latency_p95_least_ms: int | None = None

    @property
    def messages_per_second(self) -> float:
        """Messages stored a second."""
        return self.messages / self.seconds

    @property
    def last_batch_age(self) -> timedelta | None:
        """How long ago the newest batch was stored."""
        return None if self.last_batch is None else self.at - self.last_batch


@dataclass(frozen=True, slots=True)
class Lag:
    """Over all streams: records of the topic that are not in the log yet, and the records that are."""

    records: int
    stored: int
    streams: int


@dataclass(frozen=True, slots=True)
class MessageTotals:
    """Messages of a window by their Kafka timestamps."""

    messages: int
    bytes: int
    rejected: int
    garbled: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class SessionCounts:
    """Session directions: all, logged on, and those that miss sequence numbers."""

    sessions: int
    logged_on: int
    with_missing: int


@dataclass(frozen=True, slots=True)
class Ingester:
    """An ingester, as it last said: `seen_at`. Of `Health` and `Overview` are those of the last 5 s."""

    ingester_id: str
    started_at: datetime
    seen_at: datetime
    state: str
    detail: str | None
    version: str
    partitions: int


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, `since` included, `until` not. Not `live`: nothing was traded lately, it ends earlier."""

    since: datetime
    until: datetime
    live: bool

    @property
    def minutes(self) -> int:
        """Its length, minutes."""
        return int((self.until - self.since).total_seconds()) // 60


@dataclass(frozen=True, slots=True)
class SymbolVolume:
    """A symbol's trades of a window. `notional`: the sum of quantity x price, in the symbol's currency."""

    symbol: str
    trades: int
    qty: Decimal
    notional: Decimal


@dataclass(frozen=True, slots=True)
class TradeStep:
    """Trades of one step of time and one Side(54)."""

    minute: datetime
    side: str
    trades: int
    qty: Decimal


@dataclass(frozen=True, slots=True)
class IngestStep:
    """Messages stored in one step of time, and the lag behind its batches; None where there was no batch."""

    at: datetime
    messages: int
    lag: int | None


@dataclass(frozen=True, slots=True)
class DefectCount:
    """How often a reason was found for a tag; `ref_tag` 0: no one field is to blame."""

    reason: str
    ref_tag: int
    defects: int


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the front page shows, of one moment."""

    rates: IngestRates
    trades_per_second: float
    lag: Lag
    messages: MessageTotals
    trades: int
    window: Window
    session_counts: SessionCounts
    ingesters: tuple[Ingester, ...]
    symbols: tuple[SymbolVolume, ...]
    trade_steps: tuple[TradeStep, ...]
    trade_step_minutes: int
    ingest_steps: tuple[IngestStep, ...]
    ingest_step_seconds: int
    defects: tuple[DefectCount, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """What the status line and alerts are made from."""

    rates: IngestRates
    lag: Lag
    ingesters: tuple[Ingester, ...]
    session_counts: SessionCounts
    recent: MessageTotals

    @property
    def is_behind(self) -> bool:
        """If more records wait than a batch on its way and some seconds of the present rate."""
        return self.lag.records > max(_LAG_RECORDS, _LAG_SECONDS * self.rates.messages_per_second)

    @property
    def is_slow(self) -> bool:
        """If one message in twenty takes too long to be stored."""
        return self.rates.latency_p95_ms is not None and self.rates.latency_p95_ms > _LATENCY_MS

    @property
    def stands_still(self) -> bool:
        """If records wait, an ingester has partitions, and nothing was stored for longer than any batch takes."""
        age = self.rates.last_batch_age
        has_some = any(ingester.partitions for ingester in self.ingesters)
        return has_some and self.lag.records > 0 and age is not None and age > _STILL
