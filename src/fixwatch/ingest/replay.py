"""The log once more, as the batches that it was stored in.

A stream's messages come in the order of their offsets. Between streams the batches come in the order of their
times, and what was stored in one batch is one batch again: folds find what they found at first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from heapq import merge
from itertools import groupby
from operator import attrgetter, itemgetter

from fixwatch.ingest.batch import Batch
from fixwatch.store.log_pages import Log, LogRow

_Run = tuple[datetime, int, list[LogRow]]


def replay(log: Log, begins: Mapping[int, int], ends: Mapping[int, int]) -> Iterator[Batch]:
    """The batches of all streams from `begins` (0 where a stream is not named) up to `ends`, by stream.

    The batches' partitions are the stream ids. Memory: a page of every stream and the batch in hand.
    """
    streams = [
        _runs(log, stream_id, begins.get(stream_id, 0), end) for stream_id, end in sorted(ends.items())
    ]
    for ingested_at, runs in groupby(merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
        batch = Batch([], [], [], [], ingested_at)
        for _, stream_id, rows in runs:
            batch.values.extend(row.raw for row in rows)  # type: ignore[attr-defined]
            batch.partitions.extend([stream_id] * len(rows))  # type: ignore[attr-defined]
            batch.offsets.extend(row.kafka_offset for row in rows)  # type: ignore[attr-defined]
            batch.timestamps.extend(row.timestamp for row in rows)  # type: ignore[attr-defined]
        yield batch


def _runs(log: Log, stream_id: int, begin: int, end: int) -> Iterator[_Run]:
    """What the stream has of each batch."""
    for ingested_at, rows in groupby(log.read(stream_id, begin, end), key=attrgetter("ingested_at")):
        yield ingested_at, stream_id, list(rows)
