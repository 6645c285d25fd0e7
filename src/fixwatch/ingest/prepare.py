"""A batch made ready: decoded, named, folded, encoded. Everything that needs no transaction of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl
import pyarrow as pa

from fixwatch.decoding import decode_options
from fixwatch.fix.columns import SCHEMA, STORED
from fixwatch.fix.defects import Verdict
from fixwatch.ingest import orders, rollups, sessions, trades
from fixwatch.ingest.batch import Batch, DecodedBatch, decode_batch
from fixwatch.ingest.extra import extra
from fixwatch.settings import Profile, Settings
from fixwatch.store.copy import Arrays, CopyData, arrays, encode
from fixwatch.store.identities import Ends, Identities
from fixwatch.store.writer import Fold

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


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one transaction stores: the log's rows, the folds' rows, and the batch's figures.

    Orders and trades are not encoded yet: whether they are appended or merged is for the transaction to say.
    `new_orders` are the order keys that nobody had before this batch.
    """

    batch: Batch
    messages: CopyData
    orders: pl.DataFrame
    new_orders: pl.Series
    trades: pl.DataFrame
    folds: dict[Fold, Arrays]
    figures: dict[str, Any]


class Preparer:
    """Makes batches ready, one after the other."""

    def __init__(self, identities: Identities, settings: Settings) -> None:
        self._identities = identities
        self._strict = settings.profile is Profile.STRICT
        self._options = decode_options(settings)
        self._sessions: dict[Ends, tuple[int, int]] = {}

    def prepare(self, batch: Batch, stream_ids: Mapping[int, int], *, readable: bool = True) -> Prepared:
        """Make a batch ready; `stream_ids` maps its partitions to streams.

        `readable=False` is for records whose values Postgres refuses: only their bytes are kept.
        Raises psycopg.OperationalError when Postgres is gone.
        """
        began = time.monotonic()
        decoded = decode_batch(batch, stream_ids, self._options, strict=self._strict, readable=readable)
        ingested_at = batch.ingested_at or datetime.now(UTC)
        frame = self._name_sessions(decoded.frame).with_columns(
            pl.lit(ingested_at, pl.Datetime("us", "UTC")).alias("ingested_at")
        )
        frame, new_orders = self._find_orders(frame)
        folded = frame.filter(~pl.col("quarantined"))
        folds: dict[Fold, tuple[pl.DataFrame, pa.Schema]] = {
            "sessions": (sessions.fold(folded), sessions.ROWS),
            "message_minutes": (rollups.message_minutes(frame), rollups.MESSAGE_MINUTES),
            "defect_minutes": (rollups.defect_minutes(frame, decoded.defects), rollups.DEFECT_MINUTES),
        }
        return Prepared(
            batch,
            encode("messages", _log_rows(decoded, frame)),
            orders.fold(folded),
            new_orders,
            trades.fold(folded),
            {fold: arrays(record_batch(*rows)) for fold, rows in folds.items()},
            {
                "ingested_at": ingested_at,
                "messages": len(batch),
                "bytes": frame["bytes"].sum(),
                "rejected": (frame["verdict"] == int(Verdict.REJECTED)).sum(),
                "garbled": (frame["verdict"] == int(Verdict.GARBLED)).sum(),
                "quarantined": frame["quarantined"].sum(),
                "first_kafka_time": frame["kafka_time"].min(),
                "last_kafka_time": frame["kafka_time"].max(),
                "decode_ms": round((time.monotonic() - began) * 1000),
            },
        )

    def _name_sessions(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Give rows their session; a message that is kept back does not found a session of its own."""
        folded = sessions.ends_of(frame.filter(~pl.col("quarantined")))
        if founded := [ends for ends in folded if ends not in self._sessions]:
            self._identities.register_sessions(founded)
        if unknown := [ends for ends in sessions.ends_of(frame) if ends not in self._sessions]:
            self._sessions.update(self._identities.known_sessions(unknown))
        return sessions.with_session_ids(frame, self._sessions)

    def _find_orders(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
        """Give rows their order's key; ids that are seen for the first time are registered.

        Returns the keys of the orders that nobody has heard of before, too.
        """
        chains = orders.Chains(frame)
        while True:
            known = self._identities.known_orders(chains.ids) if chains.ids.num_rows else []
            fresh, order_key, new = chains.assign(known, self._identities.take_order_keys)
            # Where another ingester was faster with an id, what it says counts: look again.
            if not fresh.num_rows or self._identities.register_orders(fresh):
                return frame.with_columns(order_key), pl.Series(new, dtype=pl.Int64)


def record_batch(rows: pl.DataFrame, schema: pa.Schema) -> pa.RecordBatch:
    """The rows in Arrow's types for `schema`."""
    batches = rows.to_arrow().cast(schema).combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema)


def _log_rows(decoded: DecodedBatch, frame: pl.DataFrame) -> pa.RecordBatch:
    place = record_batch(frame.select(_PLACE.names), _PLACE)
    columns = decoded.decoded.columns
    rows = {
        **dict(zip(_PLACE.names, place.columns, strict=True)),
        "verdict": _VERDICTS.take(decoded.decoded.verdicts),
        "defects": decoded.defect_lists,
        **{column.name: columns.column(column.name) for column in STORED},
        "raw": decoded.raw,
    }
    if chosen := columns.schema.names[len(SCHEMA) :]:
        rows["extra"] = extra(columns.select(chosen))
    return pa.RecordBatch.from_arrays(list(rows.values()), list(rows))
