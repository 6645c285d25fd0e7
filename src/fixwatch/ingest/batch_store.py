"""Batches into Postgres, two at a time: while one is written, the next is made ready.

Knows nothing of Kafka but offsets. Two connections: one gives names their numbers, the other writes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import psycopg

from fixwatch.ingest.batch import Batch
from fixwatch.ingest.order_store import store_orders
from fixwatch.ingest.prepare import Prepared, Preparer
from fixwatch.ingest.session_store import store_sessions
from fixwatch.ingest.trade_store import store_trades
from fixwatch.settings import Settings
from fixwatch.store.faults import REFUSALS
from fixwatch.store.identities import Identities
from fixwatch.store.writer import Advance, Gap, GapReason, Stream, Writer
from fixwatch.telemetry import logger

_log = logger("ingest")


#: Tries of one batch that others may be faster than.
_RACES: Final = 10
#: Seconds after which the writing of one batch is looked into.
_STALLED: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Write:
    """A batch on its way to Postgres: how far it moves its partitions, and when that is done."""

    prepared: Prepared
    moves: dict[int, Advance]
    done: Future[None]


class BatchStore:
    """Stores batches of the partitions that it has located. One thread calls it; it has one of its own.

    `on_stall` is called every five seconds while one batch is being written, on the thread that waits for it.
    """

    def __init__(
        self,
        writer: Writer,
        identities: Identities,
        settings: Settings,
        ingester_id: str,
        on_stall: Callable[[], None] = lambda: None,
    ) -> None:
        self._writer = writer
        self._on_stall = on_stall
        self._preparer = Preparer(identities, settings)
        self._topic: Final = settings.kafka_topic
        self._ingester_id = ingester_id
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._in_flight: _Write | None = None
        # Where each partition goes on once what is in flight is stored.
        self._streams: dict[int, Stream] = {}

    def close(self) -> None:
        """Wait for what is in flight, whatever becomes of it."""
        self._thread.shutdown()

    @property
    def partitions(self) -> list[int]:
        """The partitions that batches may be of."""
        return sorted(self._streams)

    @property
    def offsets(self) -> dict[int, int]:
        """Where each partition goes on once what is in flight is stored."""
        return {partition: stream.next_offset for partition, stream in self._streams.items()}

    def locate(self, topic_id: str, partitions: list[int]) -> Mapping[int, int]:
        """Take these partitions on, and none else: where each goes on, as Postgres says.

        Nothing is in flight: `finish` was called, or raised.
        """
        self._streams = self._writer.streams(self._topic, topic_id, partitions)
        return self.offsets

    def skip(self, partition: int, first_kept: int, end: int) -> GapReason | None:
        """Record what the broker no longer has of a partition, whose records are `first_kept` up to `end` now.

        Moves the stream past records that are gone; one whose end is behind what is stored stays where it is.
        Nothing is in flight. Returns why there is a gap, None if there is none.

        Raises: as `finish`.
        """
        stream = self._streams[partition]
        if first_kept <= stream.next_offset <= end:
            return None
        moved = max(first_kept, stream.next_offset)
        reason: GapReason
        if moved == stream.next_offset:
            reason, first, last = "truncated", end, stream.next_offset - 1
        else:
            reason = "deleted" if stream.next_offset else "before_first_start"
            first, last = stream.next_offset, moved - 1
        with self._writer.transaction() as transaction:
            transaction.advance([Advance(stream.stream_id, stream.next_offset, moved, max(end, moved))])
            transaction.record_gap(Gap(stream.stream_id, first, last, reason))
        self._streams[partition] = Stream(stream.stream_id, moved)
        _log.warning("records_missing", partition=partition, first=first, last=last, reason=reason)
        return reason

    def lose(self) -> None:
        """Let go of all partitions."""
        self._streams = {}

    def store(
        self, batch: Batch, high_watermarks: Mapping[int, int], confirm: Callable[[], None] = lambda: None
    ) -> dict[int, int]:
        """Make a batch ready, wait for the one in flight, and send this one on its way.

        Records that are stored already, or of partitions that are not ours, are passed over. `confirm` is called
        when the batch is ready; what it raises keeps it from being stored. Returns, by partition, the next offset
        of what has been stored by then: the batch before.

        Raises: as `finish`, or what `confirm` raises; then nothing of this batch was stored.
        """
        batch = self._not_yet_stored(batch)
        if not len(batch):
            return self.finish()
        moves = self._moves(batch, high_watermarks)
        try:
            prepared = self._preparer.prepare(batch, self._stream_ids())
        except REFUSALS as error:
            confirm()
            stored = self.finish()
            self._isolate(batch, moves, error)
            return stored | self._take_as_stored(moves)
        confirm()
        stored = self.finish()
        self._in_flight = _Write(prepared, moves, self._thread.submit(self._write, prepared, moves))
        self._take_as_stored(moves)
        return stored

    def _take_as_stored(self, moves: Mapping[int, Advance]) -> dict[int, int]:
        for partition, move in moves.items():
            self._streams[partition] = Stream(move.stream_id, move.next_offset)
        return {partition: move.next_offset for partition, move in moves.items()}

    def finish(self) -> dict[int, int]:
        """Wait for the batch in flight, and return the next offset of each of its partitions.

        When it raises, all partitions are let go: `locate` them again.

        Where Postgres refuses a value, the batch is halved until the record stands alone: that one is stored
        without its values.

        Raises:
            Fenced: another process stored some of these offsets: nothing of the batch was stored.
            psycopg.OperationalError: Postgres is gone: the batch was stored in part or not at all.
        """
        if self._in_flight is None:
            return {}
        write, self._in_flight = self._in_flight, None
        try:
            try:
                self._wait_for(write.done)
            except REFUSALS as error:
                self._isolate(write.prepared.batch, write.moves, error)
        except BaseException:
            # Where our partitions go on is for Postgres to say again.
            self.lose()
            raise
        return {partition: move.next_offset for partition, move in write.moves.items()}

    def _wait_for(self, done: Future[None]) -> None:
        while True:
            try:
                return done.result(_STALLED)
            except TimeoutError:
                if done.done():
                    raise
                self._on_stall()

    def _isolate(self, batch: Batch, moves: Mapping[int, Advance], error: psycopg.Error) -> None:
        """Store a batch that Postgres refused, in halves."""
        begins = {partition: move.expected for partition, move in moves.items()}
        middle = len(batch) // 2
        if middle == 0:
            place = {"partition": batch.partitions[0], "offset": batch.offsets[0]}
            _log.warning("record_refused", **place, reason=str(error).strip())
            self._write(self._preparer.prepare(batch, self._stream_ids(), readable=False), moves)
            return
        for half in (batch.part(0, middle), batch.part(middle, len(batch))):
            steps = {
                partition: Advance(
                    moves[partition].stream_id, begins[partition], last + 1, moves[partition].high_watermark
                )
                for partition, last in half.ends().items()
            }
            try:
                self._write(self._preparer.prepare(half, self._stream_ids()), steps)
            except REFUSALS as refused:
                self._isolate(half, steps, refused)
            begins |= {partition: step.next_offset for partition, step in steps.items()}

    def _stream_ids(self) -> dict[int, int]:
        return {partition: stream.stream_id for partition, stream in self._streams.items()}

    def _not_yet_stored(self, batch: Batch) -> Batch:
        """Without records below the stored offsets, which Kafka may send again after a seek."""
        floor = {partition: stream.next_offset for partition, stream in self._streams.items()}
        kept = [
            row
            for row, (partition, offset) in enumerate(zip(batch.partitions, batch.offsets, strict=True))
            if offset >= floor.get(partition, offset + 1)
        ]
        return batch if len(kept) == len(batch) else batch.rows(kept)

    def _moves(self, batch: Batch, high_watermarks: Mapping[int, int]) -> dict[int, Advance]:
        return {
            partition: Advance(
                stream_id=self._streams[partition].stream_id,
                expected=self._streams[partition].next_offset,
                next_offset=last + 1,
                high_watermark=max(high_watermarks.get(partition, 0), last + 1),
            )
            for partition, last in batch.ends().items()
        }

    def _write(self, prepared: Prepared, moves: Mapping[int, Advance]) -> None:
        """Store a batch. Runs on the writing thread, or where nothing else is written."""
        merge_all = False
        for left in reversed(range(_RACES)):
            try:
                self._commit(prepared, moves, merge_all=merge_all)
                return
            except psycopg.errors.UniqueViolation:
                # Another ingester stored one of our orders between our look and our write.
                if not left:
                    raise
            except psycopg.errors.CheckViolation:
                # The log has no partition for this moment: our clock is not Postgres's, or one of them jumped.
                if not left:
                    raise
                self._writer.make_partition(prepared.figures["ingested_at"].date())
            merge_all = True

    def _commit(self, prepared: Prepared, moves: Mapping[int, Advance], *, merge_all: bool) -> None:
        """One transaction: offsets, log, folds, figures.

        Orders that are not stored yet are appended, which costs half of merging them; `merge_all` takes none for new.
        """
        began = time.monotonic()
        with self._writer.transaction() as transaction:
            transaction.advance(list(moves.values()))
            transaction.append(prepared.messages)
            store_orders(
                transaction, prepared.orders, prepared.new_orders, prepared.moved_orders, merge_all=merge_all
            )
            # Sessions come before trades: whoever holds a session's row is the only one who writes its trades.
            store_sessions(transaction.sessions, prepared.sessions)
            for fold, rows in prepared.folds.items():
                transaction.upsert(fold, rows)
            transaction.count_latencies(prepared.skew, some_taken_back=False)
            store_trades(transaction.trades, prepared.trades, prepared.figures["ingested_at"])
            transaction.record_batch(
                prepared.figures
                | {
                    "ingester_id": self._ingester_id,
                    "lag": sum(move.high_watermark - move.next_offset for move in moves.values()),
                    "write_ms": round((time.monotonic() - began) * 1000),
                }
            )
