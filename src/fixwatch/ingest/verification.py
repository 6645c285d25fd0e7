"""The proof: the log against the topic, and every fold against the log.

The folds: all of them are recomputed from the log's bytes, and compared. The stored ones are copied in one snapshot,
with the offsets that they stand for; the log is folded up to these offsets, and the copies are compared with that.
So ingesters may go on, and nothing is held for longer than the copying takes. Nothing is written but temporary
tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Final

import psycopg

from fixwatch.errors import BrokerError
from fixwatch.ingest.log_places import check_places
from fixwatch.ingest.progress import Counter, Progress
from fixwatch.ingest.recomputation import Recomputation
from fixwatch.ingest.topic_check import TopicCheck
from fixwatch.kafka.client import client_config
from fixwatch.kafka.offsets import describe_topic
from fixwatch.settings import Settings
from fixwatch.store.comparison import Compared, Comparison
from fixwatch.store.connection import connect
from fixwatch.store.folds import FOLDS, IDENTITIES
from fixwatch.store.log_lock import hold_log
from fixwatch.store.log_pages import Log
from fixwatch.store.shadow import Shadow, known_sessions

#: What the connections say in pg_stat_activity.
_APPLICATION: Final = "fixwatch verify"
#: Bytes of the log that are read at a time, where one stream is.
_PAGE_BYTES: Final = 16 * 1024 * 1024


def verify(
    settings: Settings, *, with_topic: bool, examples: int, on_progress: Progress
) -> Iterator[Compared]:
    """Compare the topic with the log (unless it is not there to be asked), and the log with every fold.

    One `Compared` a partition of the topic, a stream, and a table; `examples`: at most so many differing rows of
    each are told.

    Raises:
        BrokerError: the topic is not there, or the broker does not answer.
        DatabaseError: Postgres is not there, its schema is not ours, or the log is held by somebody else.
    """
    url = settings.database_url.get_secret_value()
    with hold_log(url, application_name=_APPLICATION, shared=True) as reading:
        if with_topic:
            yield from _against_topic(settings, reading, examples, on_progress)
        log = Log(reading, _PAGE_BYTES)
        for stream in log.streams():
            yield check_places(log, stream, examples)
        yield from _folds_against_log(settings, reading, examples, on_progress)


def _against_topic(
    settings: Settings, reading: psycopg.Connection, examples: int, on_progress: Progress
) -> Iterator[Compared]:
    topic = describe_topic(client_config(settings), settings.kafka_topic)
    if topic is None:
        raise BrokerError(
            f"There is no topic {settings.kafka_topic}: where it is gone, verify the rest with --no-topic."
        )
    log = Log(reading, _PAGE_BYTES)
    streams = [
        stream for stream in log.streams() if (stream.topic, stream.topic_id) == (topic.name, topic.topic_id)
    ]
    counter = Counter("topic", sum(stream.next_offset for stream in streams), on_progress)
    with closing(TopicCheck(settings, topic, log, examples)) as check:
        for stream in streams:
            yield check.compare(stream, counter.add)


def _folds_against_log(
    settings: Settings, reading: psycopg.Connection, examples: int, on_progress: Progress
) -> Iterator[Compared]:
    with ExitStack() as stack:
        folding, naming = (_connection(settings, stack) for _ in range(2))
        shadow, names = Shadow(folding), Shadow(naming)
        with _connection(settings, stack) as snapshot:
            ends = _take_copies(snapshot, shadow, names)
        recomputation = stack.enter_context(closing(Recomputation(shadow, naming, reading, settings)))
        counter = Counter("folds", sum(ends.values()), on_progress)
        recomputation.fold(ends, counter.add)
        comparison = Comparison(shadow)
        yield replace(comparison.log(examples), rows=counter.done)
        for fold in FOLDS:
            yield comparison.table(fold, examples)
        yield Comparison(names).table("order_ids", examples)


def _take_copies(snapshot: psycopg.Connection, shadow: Shadow, names: Shadow) -> dict[int, int]:
    """Copy the folds and the names as one snapshot sees them; the offsets that they stand for, by stream."""
    snapshot.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    snapshot.read_only = True
    with snapshot.transaction():
        ends = Log(snapshot, _PAGE_BYTES).ends()
        for fold in FOLDS:
            shadow.take_copy(snapshot, fold)
        shadow.add_sessions(known_sessions(snapshot))
        for table in IDENTITIES:
            names.take_copy(snapshot, table)
    for table in IDENTITIES:
        names.fill(table)
    return ends


def _connection(settings: Settings, stack: ExitStack) -> psycopg.Connection:
    url = settings.database_url.get_secret_value()
    return stack.enter_context(connect(url, application_name=_APPLICATION, autocommit=True))
