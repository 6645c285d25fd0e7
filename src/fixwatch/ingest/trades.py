"""Trades: fills, busts and corrections out of ExecutionReports(8). Pure.

Up to FIX 4.2 ExecTransType(20) says what a report does (0 new, 1 cancel, 2 correct) and a fill is a new one
with ExecType(150) 1 or 2 (4.0: with OrdStatus(39) 1 or 2). Since 4.3 ExecType says it: F trade, H trade
cancel, G trade correct. A bust or a correction names the fill by ExecRefID(19).
"""

from __future__ import annotations

from typing import Final

import polars as pl
import pyarrow as pa

_DECIMAL: Final = pa.decimal128(38, 18)

ROWS: Final = pa.schema(
    [
        ("session_id", pa.int32()),
        ("exec_id", pa.string()),
        ("stream_id", pa.int32()),
        ("kafka_offset", pa.int64()),
        ("ingested_at", pa.timestamp("us", "UTC")),
        ("order_key", pa.int64()),
        ("cl_ord_id", pa.string()),
        ("order_id", pa.string()),
        ("account", pa.string()),
        ("symbol", pa.string()),
        ("side", pa.string()),
        ("currency", pa.string()),
        ("last_mkt", pa.string()),
        ("trade_date", pa.date32()),
        ("transact_time", pa.timestamp("us", "UTC")),
        ("last_qty", _DECIMAL),
        ("last_px", _DECIMAL),
        ("bust_exec_id", pa.string()),
        ("correct_exec_id", pa.string()),
        ("corrected_at", pa.timestamp("us", "UTC")),
        ("corrected_qty", _DECIMAL),
        ("corrected_px", _DECIMAL),
        ("repeats", pa.int32()),
        ("conflicts", pa.int32()),
    ]
)

#: What makes two reports of one ExecID the same trade.
CONTENT: Final = ("last_qty", "last_px", "symbol", "side", "order_id")

#: What a trade is known by.
KEY: Final = ("session_id", "exec_id")
KEYS: Final = pa.schema([("session_id", pa.int32()), ("exec_id", pa.string())])

_PLACE_NAMES: Final = ("stream_id", "kafka_offset", "ingested_at")
_PLACE: Final = tuple(pl.col(name).first() for name in _PLACE_NAMES)

_KEPT: Final = (
    "stream_id",
    "kafka_offset",
    "ingested_at",
    "order_key",
    "cl_ord_id",
    "order_id",
    "account",
    "symbol",
    "side",
    "currency",
    "last_mkt",
    "trade_date",
    "transact_time",
    "last_qty",
    "last_px",
)


def fold(frame: pl.DataFrame) -> pl.DataFrame:
    """What a batch says of each trade: a row a (session_id, exec_id), columns as `ROWS`.

    The frame is in log order and holds only what is folded, with `session_id`, `order_key`, `ingested_at`.
    """
    trans = pl.col("exec_trans_type")
    old_fill = (
        (trans == "0") & pl.coalesce("exec_type", "ord_status").is_in(["1", "2"]) & (pl.col("last_qty") > 0)
    )
    new_fill = (pl.col("exec_type") == "F") & (trans.is_null() | (trans == "0"))
    bust = (pl.col("exec_type") == "H") | (trans == "1")
    correction = (pl.col("exec_type") == "G") | (trans == "2")
    reports = frame.filter(
        (pl.col("msg_type") == "8") & pl.col("session_id").is_not_null() & pl.col("exec_id").is_not_null()
    ).with_columns(
        what=pl.when(bust & pl.col("exec_ref_id").is_not_null())
        .then(pl.lit("bust"))
        .when(correction & pl.col("exec_ref_id").is_not_null())
        .then(pl.lit("correction"))
        .when((old_fill | new_fill) & pl.col("last_qty").is_not_null())
        .then(pl.lit("fill"))
    )
    fills = _fills(reports.filter(pl.col("what") == "fill"))
    of_trade = {"exec_id": "_by", "exec_ref_id": "exec_id"}
    busts = (
        reports.filter(pl.col("what") == "bust")
        .rename(of_trade)
        .group_by(KEY, maintain_order=True)
        .agg(_PLACE, bust_exec_id=pl.col("_by").min())
    )
    corrections = (
        reports.filter(pl.col("what") == "correction")
        .rename(of_trade)
        .sort("transact_time", "_by", nulls_last=False, maintain_order=True)
        .group_by(KEY, maintain_order=True)
        .agg(
            _PLACE,
            correct_exec_id=pl.col("_by").last(),
            corrected_at=pl.col("transact_time").last(),
            corrected_qty=pl.col("last_qty").last(),
            corrected_px=pl.col("last_px").last(),
        )
    )
    # A trade that has not come yet is known by its key alone, and by where its bust or correction stands.
    places = pl.concat([changes.select(*KEY, *_PLACE_NAMES) for changes in (busts, corrections)])
    unseen = places.unique(KEY, keep="first", maintain_order=True).join(fills, on=KEY, how="anti")
    return (
        pl.concat([fills, unseen], how="diagonal")
        .join(busts.drop(_PLACE_NAMES), on=KEY, how="left")
        .join(corrections.drop(_PLACE_NAMES), on=KEY, how="left")
        .with_columns(pl.col("repeats", "conflicts").fill_null(0))
        .select(ROWS.names)
        .sort(KEY)
    )


def _fills(reports: pl.DataFrame) -> pl.DataFrame:
    """The first report of each fill, and how many of the same ExecID came after it."""
    first = reports.select(*KEY, *_KEPT).unique(KEY, keep="first", maintain_order=True)
    again = reports.filter(~pl.struct(KEY).is_first_distinct()).select(*KEY, *CONTENT)
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_right")) for name in CONTENT)
    repeats = (
        again.join(first, on=KEY)
        .group_by(KEY)
        .agg(repeats=pl.len().cast(pl.Int32), conflicts=differs.sum().cast(pl.Int32))
    )
    return first.join(repeats, on=KEY, how="left", maintain_order="left")
