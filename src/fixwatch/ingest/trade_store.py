"""What a batch says of trades, into Postgres, inside the batch's transaction.

1. *Fills*: few are merged in one statement; of many, those that are new are found and go by COPY, which costs half
   as much.
2. *Changes* (busts, corrections) are added to those that are known.
3. *Settle*: of the trades that changes of this batch name, or fills of this batch that changes had named before, all
   that has to do with them is read, and what it comes to is written.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.ingest.trade_changes import settle
from fixwatch.ingest.trade_minutes import minutes
from fixwatch.ingest.trades import FILLS, KEY, MOST_CONTENTS, Trades
from fixwatch.store.copy import arrays, encode
from fixwatch.store.trade_tables import TradeTables

#: Up to here one statement that merges is faster than a look, a COPY and a count.
_FEW: Final = 100

_COPIED: Final = [name for name in FILLS.names if name != "contents"]
_IDS: Final = pa.schema([("session_id", pa.int32()), ("is_capture", pa.bool_()), ("id", pa.string())])
_OUTCOMES: Final = pa.schema(
    [
        *(FILLS.field(name) for name in KEY),
        ("bust_exec_id", pa.string()),
        ("correct_exec_id", pa.string()),
        ("corrected_at", pa.timestamp("us", "UTC")),
        ("corrected_qty", pa.decimal128(38, 18)),
        ("corrected_px", pa.decimal128(38, 18)),
        ("changed_at", pa.timestamp("us", "UTC")),
    ]
)

_Id = tuple[int, bool, str]


def store_trades(tables: TradeTables, trades: Trades, ingested_at: datetime) -> None:
    """Store what a batch says of trades. The sessions that they are of are locked.

    `ingested_at`: the batch's time, in UTC.
    """
    named = _store_fills(tables, trades.fills, ingested_at) if trades.fills.num_rows else set()
    changes = trades.changes
    if changes.num_rows:
        tables.add_changes(arrays(changes), ingested_at)
        for name in ("ref_id", "exec_id"):
            named |= _ids(changes, name)
    if named:
        outcomes = settle(tables.related(arrays(_table(sorted(named)))))
        tables.settle(arrays(pa.RecordBatch.from_pylist([asdict(one) for one in outcomes], _OUTCOMES)))


def _store_fills(tables: TradeTables, fills: pa.RecordBatch, ingested_at: datetime) -> set[_Id]:
    """Store fills, and return the ids of those that changes name."""
    if fills.num_rows <= _FEW:
        return _merge(tables, fills, ingested_at)
    found = tables.look_up(arrays(fills.select(KEY)))
    stored = pa.array([at for at, is_stored in found if is_stored], pa.int32())
    named = _ids(
        fills.take(pa.array([at for at, is_stored in found if not is_stored], pa.int32())), "exec_id"
    )
    is_new = pc.invert(pc.is_in(pa.array(range(fills.num_rows), pa.int32()), value_set=stored))
    # Those of several contents are few.
    is_new = pc.and_(is_new, pc.is_null(fills.column("contents")))
    new, others = (
        (fills, None) if pc.all(is_new).as_py() else (fills.filter(is_new), fills.filter(pc.invert(is_new)))
    )
    if new.num_rows:
        at = pa.repeat(pa.scalar(ingested_at, pa.timestamp("us", "UTC")), new.num_rows)
        rows = new.select(_COPIED).append_column("ingested_at", at)
        tables.append(encode("trades", rows), arrays(minutes(new)))
    if others is not None:
        named |= _merge(tables, others, ingested_at)
    return named


def _merge(tables: TradeTables, fills: pa.RecordBatch, ingested_at: datetime) -> set[_Id]:
    named = tables.merge(arrays(fills), ingested_at, MOST_CONTENTS)
    return _ids(fills.take(pa.array(named, pa.int32())), "exec_id") if named else set()


def _ids(rows: pa.RecordBatch, name: str) -> set[_Id]:
    columns = (rows.column(column).to_pylist() for column in ("session_id", "side_no", name))
    return {(session_id, side_no != 0, id_) for session_id, side_no, id_ in zip(*columns, strict=True)}


def _table(ids: list[_Id]) -> pa.RecordBatch:
    columns = zip(*ids, strict=True)
    return pa.RecordBatch.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, _IDS, strict=True)], schema=_IDS
    )
