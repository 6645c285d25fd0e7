"""Batches into Postgres, some at a time: while one is written, the next is begun, and one more is made ready.

Knows nothing of Kafka but offsets. One connection gives names their numbers, the others write.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final

import psycopg

from fixwatch.ingest.batch import Batch
from fixwatch.ingest.batch_write import BeforeFailed, write
from fixwatch.ingest.prepare import Prepared, Preparer
from fixwatch.settings import Settings
from fixwatch.store.faults import REFUSALS
from fixwatch.store.identities import Identities
from fixwatch.store.writer import Advance, Gap, GapReason, Stream, Writer
from fixwatch.telemetry import logger

_log = logger("ingest")


#: Seconds after which the writing of one batch is looked into, and again.
_STALLED: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Write:
    """A batch on its way to Postgres: how far it moves its partitions, and when that is done."""

    writer: Writer
    prepared: Prepared
    moves: dict[int, Advance]
    done: Future[None]


class BatchStore:
    """Stores batches of the partitions that it has located. One thread calls it; each writer has one of its own.

    As many large batches are in flight as there are writers, of which each has a connection of its own: the first is
    being written, the next one has begun. They are stored in their order. `on_stall` is called every second
    while one batch is being written, on the thread that waits for it.
    """

    def __init__(
        self,
        writers: Sequence[Writer],
        identities: Identities,
        settings: Settings,
        ingester_id: str,
        on_stall: Callable[[], None] = lambda: None,
    ) -> None:
        self._writer = writers[0]
        self._free = deque(writers)
        self._on_stall = on_stall
        self._preparer = Preparer(identities, settings)
        self._topic: Final = settings.kafka_topic
        self._flood: Final = settings.batch_rows // 4
        self._ingester_id = ingester_id
        self._threads = ThreadPoolExecutor(len(writers), thread_name_prefix="write")
        self._in_flight: deque[_Write] = deque()
        # Where each partition goes on once what is in flight is stored.
        self._streams: dict[int, Stream] = {}

    def close(self) -> None:
        """Wait for what is in flight, whatever becomes of it."""
        self._threads.shutdown()

    @property
    def partitions(self) -> list[int]:
        """The partitions that batches may be of."""
        return sorted(self._streams)

    @property
    def offsets(self) -> dict[int, int]:
        """Where each partition goes on once what is in flight is stored."""
        return {partition: stream.next_offset for partition, stream in self._streams.items()}

    @property
    def stream_ids(self) -> dict[int, int]:
        """The ids of the streams that batches may be of, by partition."""
        return {partition: stream.stream_id for partition, stream in self._streams.items()}

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
        """Make a batch ready, wait until a writer is free, and send this one on its way.

        Records that are stored already, or of partitions that are not ours, are passed over. `confirm` is called
        when the batch is ready; what it raises keeps it from being stored. Returns, by partition, the next offset
        of what has been stored since the last call.

        Raises: as `finish`, or what `confirm` raises; then nothing of this batch was stored.
        """
        batch = self._not_yet_stored(batch)
        if not len(batch):
            return self.finish()
        moves = self._moves(batch, high_watermarks)
        try:
            prepared = self._preparer.prepare(batch, self.stream_ids)
        except REFUSALS as error:
            confirm()
            stored = self.finish()
            self._isolate(batch, moves, error)
            return stored | self._take_as_stored(moves)
        confirm()
        # Of a flood, the next batch is begun while this one is written. What a quieter stream brings would only wait
        # for two batches instead of one; what comes meanwhile makes the next one larger, and so cheaper.
        is_flood = len(batch) >= self._flood
        stored = self._finish(len(self._free) == 0 if is_flood else len(self._in_flight))
        writer = self._free.popleft()
        before = self._in_flight[-1].done if self._in_flight else None
        done = self._threads.submit(write, writer, prepared, moves, self._ingester_id, before)
        self._in_flight.append(_Write(writer, prepared, moves, done))
        self._take_as_stored(moves)
        return stored

    def _take_as_stored(self, moves: Mapping[int, Advance]) -> dict[int, int]:
        for partition, move in moves.items():
            self._streams[partition] = Stream(move.stream_id, move.next_offset)
        return {partition: move.next_offset for partition, move in moves.items()}

    def finish(self) -> dict[int, int]:
        """Wait for all that is in flight, and return the next offset of each of its partitions.

        When it raises, all partitions are let go: `locate` them again.

        Where Postgres refuses a value, the batch is halved until the record stands alone: that one is stored
        without its values.

        Raises:
            Fenced: another process stored some of these offsets: nothing of the batch was stored.
            psycopg.OperationalError: Postgres is gone: the batch was stored in part or not at all.
        """
        return self._finish(len(self._in_flight))

    def _finish(self, batches: int) -> dict[int, int]:
        """Wait for the first `batches` in flight, and for all that are stored by then."""
        stored: dict[int, int] = {}
        try:
            while self._in_flight and (batches > 0 or self._in_flight[0].done.done()):
                first = self._in_flight[0]
                try:
                    self._wait_for(first.done)
                except REFUSALS as error:
                    self._stand_still()
                    self._isolate(first.prepared.batch, first.moves, error)
                except BeforeFailed:
                    # The one before was stored after all, in halves.
                    self._stand_still()
                    self._write(first.prepared, first.moves)
                self._free.append(self._in_flight.popleft().writer)
                stored |= {partition: move.next_offset for partition, move in first.moves.items()}
                batches -= 1
        except BaseException:
            # Where our partitions go on is for Postgres to say again.
            self._stand_still()
            self._free.extend(given_up.writer for given_up in self._in_flight)
            self._in_flight.clear()
            self.lose()
            raise
        return stored

    def _stand_still(self) -> None:
        """Wait until nobody writes any more: what comes after a batch that failed fails too."""
        wait([each.done for each in self._in_flight])

    def _write(self, prepared: Prepared, moves: Mapping[int, Advance]) -> None:
        """Store a batch on this thread; no other one is being written."""
        write(self._writer, prepared, moves, self._ingester_id)

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
            self._write(self._preparer.prepare(batch, self.stream_ids, readable=False), moves)
            return
        for half in (batch.part(0, middle), batch.part(middle, len(batch))):
            steps = {
                partition: Advance(
                    moves[partition].stream_id, begins[partition], last + 1, moves[partition].high_watermark
                )
                for partition, last in half.ends().items()
            }
            try:
                self._write(self._preparer.prepare(half, self.stream_ids), steps)
            except REFUSALS as refused:
                self._isolate(half, steps, refused)
            begins |= {partition: step.next_offset for partition, step in steps.items()}

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
