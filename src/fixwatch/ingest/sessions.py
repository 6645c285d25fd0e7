"""Sessions: which directions of which sessions a batch is of, and what happened on each. Pure."""

from __future__ import annotations

from typing import Final

import polars as pl
import pyarrow as pa

ROWS: Final = pa.schema(
    [
        ("session_id", pa.int32()),
        ("begin_string", pa.string()),
        ("heart_bt_int", pa.int64()),
        ("logged_on", pa.bool_()),
        ("resets", pa.int64()),
        ("first_seq_num", pa.int64()),
        ("last_seq_num", pa.int64()),
        ("messages", pa.int64()),
        ("poss_dups", pa.int64()),
        ("gaps", pa.int64()),
        ("missing", pa.int64()),
        ("rejects", pa.int64()),
        ("first_seen", pa.timestamp("us", "UTC")),
        ("last_seen", pa.timestamp("us", "UTC")),
    ]
)


#: What the fold reads of rows.
READ: Final = [
    *("session_id", "msg_type", "msg_seq_num", "poss_dup", "begin_string", "heart_bt_int", "reset_seq_num"),
    *("gap_fill", "new_seq_no", "kafka_time"),
]

# Expressions are made once: for a small batch, making them costs more than running them.
_NAMED: Final = pl.col("session_id").is_not_null()
_DUP: Final = pl.col("poss_dup").fill_null(value=False)
_LOGON_RESET: Final = (pl.col("msg_type") == "A") & pl.col("reset_seq_num").fill_null(value=False)
_SEQUENCE_RESET: Final = pl.col("msg_type") == "4"
_HARD_RESET: Final = _SEQUENCE_RESET & ~pl.col("gap_fill").fill_null(value=False)
_STEPS: Final = (
    # A gap fill is sent again in answer to a resend request: it is a repeat itself, and moves the count.
    ((~_DUP & pl.col("msg_seq_num").is_not_null()) | _SEQUENCE_RESET).alias("counted"),
    ((_LOGON_RESET & ~_DUP) | _HARD_RESET).alias("reset"),
    # A reset begins at its own number: a Logon with the flag is 1, a SequenceReset's own does not count.
    pl.when(_HARD_RESET).then(pl.col("new_seq_no") - 1).otherwise(pl.col("msg_seq_num")).alias("at"),
    pl.max_horizontal(
        pl.when(_SEQUENCE_RESET).then(pl.col("new_seq_no") - 1),
        pl.when(~_HARD_RESET).then(pl.col("msg_seq_num")),
    ).alias("reached"),
)
_EPOCH: Final = pl.col("reset").cast(pl.Int64).cum_sum().over("session_id").alias("epoch")
_BEFORE: Final = pl.col("reached").cum_max().shift(1).over("session_id", "epoch").alias("before")
_JUMP: Final = (
    pl.when(_SEQUENCE_RESET & _DUP)
    .then(0)
    .otherwise((pl.col("at") - pl.col("before") - 1).clip(lower_bound=0))
    .fill_null(0)
    .alias("jump")
)
_NUMBERS: Final = (
    pl.col("reset").sum().cast(pl.Int64).alias("resets"),
    pl.col("at").filter((pl.col("epoch") == 0) & ~_DUP).first().alias("first_seq_num"),
    pl.col("reached").filter(pl.col("epoch") == pl.col("epoch").max()).max().alias("last_seq_num"),
    (pl.col("jump") > 0).sum().cast(pl.Int64).alias("gaps"),
    pl.col("jump").sum().alias("missing"),
)
_FIGURES: Final = (
    pl.col("begin_string").last(),
    pl.col("heart_bt_int").filter(pl.col("msg_type") == "A").last(),
    (pl.col("msg_type") == "A").filter(pl.col("msg_type").is_in(["A", "5"])).last().alias("logged_on"),
    pl.len().cast(pl.Int64).alias("messages"),
    _DUP.sum().cast(pl.Int64).alias("poss_dups"),
    pl.col("msg_type").is_in(["3", "j"]).sum().cast(pl.Int64).alias("rejects"),
    pl.col("kafka_time").min().alias("first_seen"),
    pl.col("kafka_time").max().alias("last_seen"),
)
_NO_NUMBERS: Final = pl.col("resets", "gaps", "missing").fill_null(0)


def fold(frame: pl.DataFrame) -> pl.DataFrame:
    """What a batch says of each session: a row a session, columns as `ROWS`.

    The frame is in log order and holds only what is folded. Sequence numbers (FIX 4.4 volume 2, "Sequence
    numbers"): a message is in a gap's wake when its MsgSeqNum(34) is past the highest one before it, plus one.
    A Logon with ResetSeqNumFlag(141)=Y and a SequenceReset(4) in reset mode begin a new count; one in gap-fill
    mode fills up to NewSeqNo(36). Repeats (PossDupFlag(43)=Y) are of numbers that were counted before.
    """
    rows = frame.filter(_NAMED).with_columns(_STEPS)
    counted = rows.filter(pl.col("counted")).with_columns(_EPOCH).with_columns(_BEFORE).with_columns(_JUMP)
    numbers = counted.group_by("session_id").agg(_NUMBERS)
    return (
        rows.group_by("session_id")
        .agg(_FIGURES)
        .join(numbers, on="session_id", how="left")
        .with_columns(_NO_NUMBERS)
        .select(ROWS.names)
        .sort("session_id")
    )
