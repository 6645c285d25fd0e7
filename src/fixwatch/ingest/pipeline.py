"""The loop that takes the topic to Postgres. One batch is one transaction:

1. *Poll* the next records of the partitions that the group gave us, from the offsets stored in Postgres.
2. *Decode* and check all of them at once; blank the secrets.
3. *Name the sessions*: directions seen for the first time get their ids (in a transaction of their own: an id
   without figures harms nobody).
4. Begin. *Move the offsets on*, each only from the value that we read at assignment. Where somebody else moved
   one, we are fenced: roll back, forget the batch, start again from what the database says.
5. *Find the orders* that the messages are of.
6. *Append* every record to the log, good or bad, and *upsert the folds* of the good ones.
7. Commit: rows, folds and offsets become visible together, or not at all.
8. Tell Kafka the offsets, for lag tools only.

When Postgres is gone, wait until it is back and start again from step 1 at the stored offsets. When it refuses
a row, halve the batch until the row stands alone, and store that one with its bytes and nothing else.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import polars as pl
import psycopg
import pyarrow as pa

from fixwatch import __version__
from fixwatch.errors import Fenced
from fixwatch.fix.columns import STORED
from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.defects import Verdict
from fixwatch.ingest import orders, rollups, sessions, trades
from fixwatch.ingest.batch import Batch, DecodedBatch, decode_batch
from fixwatch.ingest.consumer import TopicConsumer
from fixwatch.settings import Profile, Settings
from fixwatch.store.connection import wait_to_connect
from fixwatch.store.migrate import migrate
from fixwatch.store.writer import Advance, Stream, Transaction, Writer
from fixwatch.telemetry import logger

_log = logger("ingest")

#: Seconds between two signs of life in `ingesters`; readers call an ingester dead after five.
REPORT_EVERY: Final = 1.0

#: Seconds between two rounds of making the log's partitions and sweeping old figures.
_HOUSEKEEPING_EVERY: Final = 3_600.0

_VERDICTS: Final = pa.array([verdict.label for verdict in Verdict])


class Ingester:
    """One ingesting process: a consumer, a connection, and the loop between them."""

    def __init__(self, settings: Settings, stop: threading.Event) -> None:
        self._settings = settings
        self._stop = stop
        self._options = DecodeOptions(
            profile=settings.profile, frame=settings.frame, max_message_bytes=settings.max_message_bytes
        )
        self._ingester_id = f"{socket.gethostname()}:{os.getpid()}"
        self._consumer = TopicConsumer(settings, locate=self._locate, on_lost=self._lose)
        self._streams: dict[int, Stream] = {}
        self._sessions: dict[sessions.Ends, tuple[int, int]] = {}
        self._reported_at = self._tidied_at = float("-inf")
        self._writer: Writer

    def run(self) -> None:
        """Ingest until `stop` is set; the batch in hand is finished first.

        Raises:
            DatabaseError: the database's schema is not ours, or `stop` was set before Postgres was there.
            BrokerError: the Kafka client is beyond repair.
        """
        self._writer = self._connect()
        self._consumer.subscribe()
        try:
            while not self._stop.is_set():
                self._one_round()
        finally:
            self._consumer.close()
            self._leave()

    def _one_round(self) -> None:
        try:
            self._report()
            batch = self._consumer.poll(self._settings.batch_rows, self._settings.batch_wait_ms / 1000)
            if len(batch):
                self._store(batch)
        except Fenced as error:
            _log.warning("batch_fenced", reason=str(error))
            self._sessions.clear()
            self._consumer.seek_to_stored()
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            _log.warning("database_lost", reason=str(error).strip())
            self._writer.close()
            self._writer = self._connect()
            self._consumer.seek_to_stored()
            _log.info("database_back")

    def _connect(self) -> Writer:
        connection = wait_to_connect(
            self._settings.database_url.get_secret_value(),
            application_name="fixwatch ingest",
            on_wait=lambda reason: _log.warning("waiting_for_database", reason=reason),
            give_up=self._stop.is_set,
            autocommit=True,
        )
        for migration in migrate(connection):
            _log.info("migrated", number=migration.number, name=migration.name)
        writer = Writer(connection)
        writer.make_partitions()
        self._reported_at = self._tidied_at = float("-inf")
        return writer

    def _locate(self, topic_id: str, partitions: list[int]) -> Mapping[int, int]:
        self._streams = self._writer.streams(self._settings.kafka_topic, topic_id, partitions)
        return {partition: stream.next_offset for partition, stream in self._streams.items()}

    def _lose(self) -> None:
        self._streams = {}

    def _report(self) -> None:
        now = time.monotonic()
        if now - self._reported_at >= REPORT_EVERY:
            state = "ingesting" if self._streams else "waiting for partitions"
            self._writer.report(self._ingester_id, state, None, __version__, len(self._streams))
            self._reported_at = now
        if now - self._tidied_at >= _HOUSEKEEPING_EVERY:
            self._writer.make_partitions()
            self._writer.sweep()
            self._tidied_at = now

    def _leave(self) -> None:
        try:
            self._writer.forget(self._ingester_id)
        except psycopg.Error as error:
            _log.info("ingester_not_forgotten", reason=str(error).strip())
        self._writer.close()

    def _store(self, batch: Batch) -> None:
        batch = self._not_yet_stored(batch)
        if not len(batch):
            return
        try:
            self._write(batch, readable=True)
        except psycopg.DataError as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                self._store(batch.part(0, middle))
                self._store(batch.part(middle, len(batch)))
            else:
                _log.warning(
                    "record_refused",
                    partition=batch.partitions[0],
                    offset=batch.offsets[0],
                    reason=str(error).strip(),
                )
                self._write(batch, readable=False)

    def _not_yet_stored(self, batch: Batch) -> Batch:
        """Without records below the stored offsets, which Kafka may send again after a seek."""
        floor = {partition: stream.next_offset for partition, stream in self._streams.items()}
        kept = [
            row
            for row, (partition, offset) in enumerate(zip(batch.partitions, batch.offsets, strict=True))
            if offset >= floor.get(partition, offset + 1)
        ]
        return batch if len(kept) == len(batch) else batch.rows(kept)

    def _write(self, batch: Batch, *, readable: bool) -> None:
        began = time.monotonic()
        stream_ids = {partition: stream.stream_id for partition, stream in self._streams.items()}
        decoded = decode_batch(
            batch,
            stream_ids,
            self._options,
            strict=self._settings.profile is Profile.STRICT,
            readable=readable,
        )
        ingested_at = datetime.now(UTC)
        frame = self._name_sessions(decoded.frame).with_columns(
            pl.lit(ingested_at, pl.Datetime("us", "UTC")).alias("ingested_at")
        )
        decoded_in = time.monotonic() - began
        moves = self._moves(batch)
        with self._writer.transaction() as transaction:
            transaction.advance(list(moves.values()))
            frame = _find_orders(frame, transaction)
            transaction.append_messages(_log_rows(decoded, frame))
            folded = frame.filter(~pl.col("quarantined"))
            for fold, rows, schema in (
                ("sessions", sessions.fold(folded), sessions.ROWS),
                ("orders", orders.fold(folded), orders.ROWS),
                ("trades", trades.fold(folded), trades.ROWS),
                ("message_minutes", rollups.message_minutes(frame), rollups.MESSAGE_MINUTES),
                ("defect_minutes", rollups.defect_minutes(frame, decoded.defects), rollups.DEFECT_MINUTES),
            ):
                transaction.upsert(fold, _record_batch(rows, schema))
            transaction.record_batch(
                {
                    "ingested_at": ingested_at,
                    "ingester_id": self._ingester_id,
                    "messages": len(batch),
                    "bytes": int(frame["bytes"].sum()),
                    "rejected": (frame["verdict"] == int(Verdict.REJECTED)).sum(),
                    "garbled": (frame["verdict"] == int(Verdict.GARBLED)).sum(),
                    "quarantined": frame["quarantined"].sum(),
                    "lag": sum(max(move.high_watermark - move.next_offset, 0) for move in moves.values()),
                    "first_kafka_time": frame["kafka_time"].min(),
                    "last_kafka_time": frame["kafka_time"].max(),
                    "decode_ms": round(decoded_in * 1000),
                    "write_ms": round((time.monotonic() - began - decoded_in) * 1000),
                }
            )
        for partition, move in moves.items():
            self._streams[partition] = Stream(move.stream_id, move.next_offset)
        self._consumer.commit({partition: move.next_offset for partition, move in moves.items()})

    def _name_sessions(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Give rows their session; a message that is kept back does not found a session of its own."""
        folded = [ends for ends in sessions.ends_of(frame.filter(~pl.col("quarantined"))) if ends not in self._sessions]
        if folded:
            self._writer.register_sessions(folded)
        others = [ends for ends in sessions.ends_of(frame) if ends not in self._sessions]
        known = self._writer.known_sessions(others) if others else {}
        self._sessions.update({ends: known[ends] for ends in others if ends in known})
        return sessions.with_session_ids(frame, self._sessions)

    def _moves(self, batch: Batch) -> dict[int, Advance]:
        ends = dict(zip(batch.partitions, batch.offsets, strict=True))
        highs = self._consumer.high_watermarks(list(ends))
        return {
            partition: Advance(
                stream_id=self._streams[partition].stream_id,
                expected=self._streams[partition].next_offset,
                next_offset=last + 1,
                high_watermark=max(highs[partition], last + 1),
            )
            for partition, last in ends.items()
        }


def _find_orders(frame: pl.DataFrame, transaction: Transaction) -> pl.DataFrame:
    chains = orders.Chains(frame)
    known = {
        orders.OrderId(pair_id, kind, name): key
        for pair_id, kind, name, key in transaction.known_order_keys(chains.ids)
    }
    fresh, order_key = chains.assign(known, transaction.take_order_keys)
    transaction.register_order_ids([(*order_id, key) for order_id, key in sorted(fresh.items())])
    return frame.with_columns(order_key.alias("order_key"))


def _record_batch(rows: pl.DataFrame, schema: pa.Schema) -> pa.RecordBatch:
    table = rows.to_arrow().cast(schema).combine_chunks()
    batches = table.to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema)


def _log_rows(decoded: DecodedBatch, frame: pl.DataFrame) -> pa.RecordBatch:
    place = _record_batch(
        frame.select("stream_id", "kafka_offset", "kafka_time", "ingested_at", "session_id", "order_key", "quarantined"),
        pa.schema(
            [
                ("stream_id", pa.int32()),
                ("kafka_offset", pa.int64()),
                ("kafka_time", pa.timestamp("us", "UTC")),
                ("ingested_at", pa.timestamp("us", "UTC")),
                ("session_id", pa.int32()),
                ("order_key", pa.int64()),
                ("quarantined", pa.bool_()),
            ]
        ),
    )
    columns = decoded.decoded.columns
    return pa.RecordBatch.from_arrays(
        [
            *place.columns,
            _VERDICTS.take(decoded.decoded.verdicts),
            decoded.defect_lists,
            *(columns.column(column.name) for column in STORED),
            decoded.raw,
        ],
        [*place.schema.names, "verdict", "defects", *(column.name for column in STORED), "raw"],
    )
