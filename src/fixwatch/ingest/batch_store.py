"""One batch into Postgres: steps 2 to 7 of the pipeline. Knows nothing of Kafka but offsets."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import polars as pl
import psycopg
import pyarrow as pa

from fixwatch.fix.columns import STORED
from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.defects import Verdict
from fixwatch.ingest import orders, rollups, sessions, trades
from fixwatch.ingest.batch import Batch, DecodedBatch, decode_batch
from fixwatch.settings import Profile, Settings
from fixwatch.store.writer import Advance, Ends, Stream, Transaction, Writer
from fixwatch.telemetry import logger

_log = logger("ingest")

_VERDICTS: Final = pa.array([verdict.label for verdict in Verdict])

_PLACE: Final = pa.schema(
    [
        ("stream_id", pa.int32()),
        ("kafka_offset", pa.int64()),
        ("kafka_time", pa.timestamp("us", "UTC")),
        ("ingested_at", pa.timestamp("us", "UTC")),
        ("session_id", pa.int32()),
        ("order_key", pa.int64()),
        ("quarantined", pa.bool_()),
    ]
)


class BatchStore:
    """Stores batches of the partitions that it has located, through one connection."""

    def __init__(self, writer: Writer, settings: Settings, ingester_id: str) -> None:
        self._writer = writer
        self._settings = settings
        self._ingester_id = ingester_id
        self._options = DecodeOptions(
            profile=settings.profile, frame=settings.frame, max_message_bytes=settings.max_message_bytes
        )
        self._streams: dict[int, Stream] = {}
        # Session ids never change once committed, so they need not be asked for twice.
        self._sessions: dict[Ends, tuple[int, int]] = {}

    @property
    def partitions(self) -> list[int]:
        """The partitions that batches may be of."""
        return sorted(self._streams)

    def locate(self, topic_id: str, partitions: list[int]) -> Mapping[int, int]:
        """Take these partitions on, and none else: where each goes on, as Postgres says."""
        self._streams = self._writer.streams(self._settings.kafka_topic, topic_id, partitions)
        return {partition: stream.next_offset for partition, stream in self._streams.items()}

    def lose(self) -> None:
        """Let go of all partitions."""
        self._streams = {}

    def store(self, batch: Batch, high_watermarks: Mapping[int, int]) -> dict[int, int]:
        """Store a batch and return the next offset of each of its partitions.

        Records that are stored already, or of partitions that are not ours, are passed over. Where Postgres
        refuses a value, the batch is halved until the record stands alone: it is stored without its values.

        Raises:
            Fenced: another process stored some of these offsets: nothing of the batch was stored.
            psycopg.OperationalError: Postgres is gone: the batch was stored in part or not at all.
        """
        batch = self._not_yet_stored(batch)
        if not len(batch):
            return {}
        try:
            return self._write(batch, high_watermarks, readable=True)
        except psycopg.DataError as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                first = self.store(batch.part(0, middle), high_watermarks)
                return first | self.store(batch.part(middle, len(batch)), high_watermarks)
            reason = str(error).strip()
            _log.warning(
                "record_refused", partition=batch.partitions[0], offset=batch.offsets[0], reason=reason
            )
            return self._write(batch, high_watermarks, readable=False)

    def _not_yet_stored(self, batch: Batch) -> Batch:
        """Without records below the stored offsets, which Kafka may send again after a seek."""
        floor = {partition: stream.next_offset for partition, stream in self._streams.items()}
        kept = [
            row
            for row, (partition, offset) in enumerate(zip(batch.partitions, batch.offsets, strict=True))
            if offset >= floor.get(partition, offset + 1)
        ]
        return batch if len(kept) == len(batch) else batch.rows(kept)

    def _write(self, batch: Batch, high_watermarks: Mapping[int, int], *, readable: bool) -> dict[int, int]:
        began = time.monotonic()
        decoded = decode_batch(
            batch,
            {partition: stream.stream_id for partition, stream in self._streams.items()},
            self._options,
            strict=self._settings.profile is Profile.STRICT,
            readable=readable,
        )
        ingested_at = datetime.now(UTC)
        frame = self._name_sessions(decoded.frame).with_columns(
            pl.lit(ingested_at, pl.Datetime("us", "UTC")).alias("ingested_at")
        )
        decoded_in = time.monotonic() - began
        moves = self._moves(batch, high_watermarks)
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
                    "bytes": frame["bytes"].sum(),
                    "rejected": (frame["verdict"] == int(Verdict.REJECTED)).sum(),
                    "garbled": (frame["verdict"] == int(Verdict.GARBLED)).sum(),
                    "quarantined": frame["quarantined"].sum(),
                    "lag": sum(move.high_watermark - move.next_offset for move in moves.values()),
                    "first_kafka_time": frame["kafka_time"].min(),
                    "last_kafka_time": frame["kafka_time"].max(),
                    "decode_ms": round(decoded_in * 1000),
                    "write_ms": round((time.monotonic() - began - decoded_in) * 1000),
                }
            )
        for partition, move in moves.items():
            self._streams[partition] = Stream(move.stream_id, move.next_offset)
        return {partition: move.next_offset for partition, move in moves.items()}

    def _name_sessions(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Give rows their session; a message that is kept back does not found a session of its own."""
        folded = sessions.ends_of(frame.filter(~pl.col("quarantined")))
        if founded := [ends for ends in folded if ends not in self._sessions]:
            self._writer.register_sessions(founded)
        if unknown := [ends for ends in sessions.ends_of(frame) if ends not in self._sessions]:
            self._sessions.update(self._writer.known_sessions(unknown))
        return sessions.with_session_ids(frame, self._sessions)

    def _moves(self, batch: Batch, high_watermarks: Mapping[int, int]) -> dict[int, Advance]:
        # Offsets ascend within a partition: the last one wins.
        ends = dict(zip(batch.partitions, batch.offsets, strict=True))
        return {
            partition: Advance(
                stream_id=self._streams[partition].stream_id,
                expected=self._streams[partition].next_offset,
                next_offset=last + 1,
                high_watermark=max(high_watermarks.get(partition, 0), last + 1),
            )
            for partition, last in ends.items()
        }


def _find_orders(frame: pl.DataFrame, transaction: Transaction) -> pl.DataFrame:
    chains = orders.Chains(frame)
    wanted = _record_batch(chains.ids.select(orders.IDS.names), orders.IDS)
    known = pl.DataFrame(
        transaction.known_order_keys(wanted) if wanted.num_rows else [],
        schema=pl.Schema({"pair_id": pl.Int32, "kind": pl.String, "id": pl.String, "order_key": pl.Int64}),
        orient="row",
    )
    fresh, order_key = chains.assign(known, transaction.take_order_keys)
    transaction.upsert("order_ids", _record_batch(fresh, orders.ORDER_IDS))
    return frame.with_columns(order_key)


def _record_batch(rows: pl.DataFrame, schema: pa.Schema) -> pa.RecordBatch:
    batches = rows.to_arrow().cast(schema).combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema)


def _log_rows(decoded: DecodedBatch, frame: pl.DataFrame) -> pa.RecordBatch:
    place = _record_batch(frame.select(_PLACE.names), _PLACE)
    columns = decoded.decoded.columns
    return pa.RecordBatch.from_arrays(
        [
            *place.columns,
            _VERDICTS.take(decoded.decoded.verdicts),
            decoded.defect_lists,
            *(columns.column(column.name) for column in STORED),
            decoded.raw,
        ],
        [*_PLACE.names, "verdict", "defects", *(column.name for column in STORED), "raw"],
    )
