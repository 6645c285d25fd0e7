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

_PLACE: Final = ("stream_id", "kafka_offset", "ingested_at")

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

#: What the fold reads of a frame that has more columns.
_READ: Final = (
    *_KEPT,
    "session_id",
    "exec_id",
    "msg_type",
    "exec_trans_type",
    "exec_ref_id",
    "exec_type",
    "ord_status",
)

_TRANS: Final = pl.col("exec_trans_type")
_HAS_REF: Final = pl.col("exec_ref_id").is_not_null()
_BUST: Final = ((pl.col("exec_type") == "H") | (_TRANS == "1")) & _HAS_REF
_CORRECTION: Final = ((pl.col("exec_type") == "G") | (_TRANS == "2")) & _HAS_REF
_OLD_FILL: Final = (
    (_TRANS == "0") & pl.coalesce("exec_type", "ord_status").is_in(["1", "2"]) & (pl.col("last_qty") > 0)
)
_NEW_FILL: Final = (pl.col("exec_type") == "F") & (_TRANS.is_null() | (_TRANS == "0"))

#: Expressions are made once: for a small batch, making them costs more than running them.
_REPORT: Final = (
    (pl.col("msg_type") == "8") & pl.col("session_id").is_not_null() & pl.col("exec_id").is_not_null()
)
_WHAT: Final = (
    pl.when(_BUST)
    .then(pl.lit("bust"))
    .when(_CORRECTION)
    .then(pl.lit("correction"))
    .when((_OLD_FILL | _NEW_FILL) & pl.col("last_qty").is_not_null())
    .then(pl.lit("fill"))
    .alias("what")
)
_IS: Final = {what: pl.col("what") == what for what in ("fill", "bust", "correction")}
_FIRST_OF_KEY: Final = pl.struct(KEY).is_first_distinct()
_DIFFERS: Final = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_right")) for name in CONTENT)
_REPEATS: Final = (
    pl.len().cast(pl.Int32).alias("repeats"),
    _DIFFERS.sum().cast(pl.Int32).alias("conflicts"),
)
_CORRECTED: Final = ("_by", "transact_time", "last_qty", "last_px")
_IN_ORDER: Final = tuple(pl.col(name).filter(_IS["correction"]) for name in ("transact_time", "_by"))
#: Of each trade: where the first of its changes stands, its bust, and its last correction.
_CHANGES: Final = (
    pl.col(_PLACE).first(),
    pl.col("_by").filter(_IS["bust"]).min().alias("bust_exec_id"),
    *(
        pl.col(name).filter(_IS["correction"]).sort_by(_IN_ORDER, maintain_order=True).last().alias(corrected)
        for name, corrected in zip(
            _CORRECTED, ("correct_exec_id", "corrected_at", "corrected_qty", "corrected_px"), strict=True
        )
    ),
)
_OF_TRADE: Final = {"exec_id": "_by", "exec_ref_id": "exec_id"}
_NO_REPEATS: Final = pl.col("repeats", "conflicts").fill_null(0)
_NONE: Final = pl.DataFrame(ROWS.empty_table())


def fold(frame: pl.DataFrame) -> pl.DataFrame:
    """What a batch says of each trade: a row a (session_id, exec_id), columns as `ROWS`.

    The frame is in log order and holds only what is folded, with `session_id`, `order_key`, `ingested_at`.
    """
    reports = frame.select(_READ).filter(_REPORT).with_columns(_WHAT).drop_nulls("what")
    if not reports.height:
        return _NONE
    fills = _fills(reports.filter(_IS["fill"]))
    changes = reports.filter(~_IS["fill"])
    found = fills if not changes.height else _changed(fills, changes.rename(_OF_TRADE))
    return pl.concat([_NONE, found], how="diagonal").with_columns(_NO_REPEATS).sort(KEY)


def _fills(reports: pl.DataFrame) -> pl.DataFrame:
    """The first report of each fill, and how many of the same ExecID came after it."""
    is_first = reports.select(_FIRST_OF_KEY).to_series()
    first = reports.select(*KEY, *_KEPT).filter(is_first)
    if first.height == reports.height:
        return first
    again = reports.select(*KEY, *CONTENT).filter(~is_first)
    repeats = again.join(first, on=KEY).group_by(KEY).agg(_REPEATS)
    return first.join(repeats, on=KEY, how="left", maintain_order="left")


def _changed(fills: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """The fills with what busts and corrections say of them; also of fills that have not come yet."""
    changed = changes.group_by(KEY, maintain_order=True).agg(_CHANGES)
    # A trade that has not come yet is known by its key alone, and by where its bust or correction stands.
    unseen = changed.join(fills, on=KEY, how="anti")
    return pl.concat([fills.join(changed.drop(_PLACE), on=KEY, how="left"), unseen], how="diagonal")
