"""Sessions: which directions of which sessions a batch is of, and what happened on each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl
import pyarrow as pa

from fixwatch.ingest.batch import SEPARATOR
from fixwatch.store.identities import Ends

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


def ends_of(frame: pl.DataFrame) -> list[Ends]:
    """The distinct directions in a frame, sorted; rows whose CompIDs could not be read name none."""
    found = []
    for direction in frame["direction"].drop_nulls().unique().sort():
        a, b, c, d, e, f = direction.split(SEPARATOR)
        found.append((a, b, c, d, e, f))
    return found


def with_session_ids(frame: pl.DataFrame, ids: Mapping[Ends, tuple[int, int]]) -> pl.DataFrame:
    """Add `session_id` and `pair_id` (int32, null where the direction is not in `ids`)."""
    known = pl.DataFrame(
        [(SEPARATOR.join(ends), *found) for ends, found in ids.items()],
        schema={"direction": pl.String, "session_id": pl.Int32, "pair_id": pl.Int32},
        orient="row",
    )
    return frame.join(known, on="direction", how="left", maintain_order="left")


def fold(frame: pl.DataFrame) -> pl.DataFrame:
    """What a batch says of each session: a row a session, columns as `ROWS`.

    The frame is in log order and holds only what is folded. Sequence numbers (FIX 4.4 volume 2, "Sequence
    numbers"): a message is in a gap's wake when its MsgSeqNum(34) is past the highest one before it, plus one.
    A Logon with ResetSeqNumFlag(141)=Y and a SequenceReset(4) in reset mode begin a new count; one in gap-fill
    mode fills up to NewSeqNo(36). Repeats (PossDupFlag(43)=Y) are of numbers that were counted before.
    """
    dup = pl.col("poss_dup").fill_null(value=False)
    logon_reset = (pl.col("msg_type") == "A") & pl.col("reset_seq_num").fill_null(value=False)
    hard_reset = (pl.col("msg_type") == "4") & ~pl.col("gap_fill").fill_null(value=False)
    moves_to = pl.when(pl.col("msg_type") == "4").then(pl.col("new_seq_no") - 1)
    rows = frame.filter(pl.col("session_id").is_not_null()).with_columns(
        # A gap fill is sent again in answer to a resend request: it is a repeat itself, and moves the count.
        counted=(~dup & pl.col("msg_seq_num").is_not_null()) | (pl.col("msg_type") == "4"),
        reset=(logon_reset & ~dup) | hard_reset,
        # A reset begins at its own number: a Logon with the flag is 1, a SequenceReset's own does not count.
        at=pl.when(hard_reset).then(pl.col("new_seq_no") - 1).otherwise(pl.col("msg_seq_num")),
        reached=pl.max_horizontal(moves_to, pl.when(~hard_reset).then(pl.col("msg_seq_num"))),
    )
    counted = rows.filter(pl.col("counted")).with_columns(
        epoch=pl.col("reset").cast(pl.Int64).cum_sum().over("session_id")
    )
    counted = counted.with_columns(
        before=pl.col("reached").cum_max().shift(1).over("session_id", "epoch"),
    ).with_columns(
        jump=pl.when((pl.col("msg_type") == "4") & dup)
        .then(0)
        .otherwise((pl.col("at") - pl.col("before") - 1).clip(lower_bound=0))
        .fill_null(0)
    )
    numbers = counted.group_by("session_id").agg(
        resets=pl.col("reset").sum().cast(pl.Int64),
        first_seq_num=pl.col("at").filter((pl.col("epoch") == 0) & ~dup).first(),
        last_seq_num=pl.col("reached").filter(pl.col("epoch") == pl.col("epoch").max()).max(),
        gaps=(pl.col("jump") > 0).sum().cast(pl.Int64),
        missing=pl.col("jump").sum(),
    )
    return (
        rows.group_by("session_id")
        .agg(
            begin_string=pl.col("begin_string").last(),
            heart_bt_int=pl.col("heart_bt_int").filter(pl.col("msg_type") == "A").last(),
            logged_on=(pl.col("msg_type") == "A").filter(pl.col("msg_type").is_in(["A", "5"])).last(),
            messages=pl.len().cast(pl.Int64),
            poss_dups=dup.sum().cast(pl.Int64),
            rejects=pl.col("msg_type").is_in(["3", "j"]).sum().cast(pl.Int64),
            first_seen=pl.col("kafka_time").min(),
            last_seen=pl.col("kafka_time").max(),
        )
        .join(numbers, on="session_id", how="left")
        .with_columns(pl.col("resets", "gaps", "missing").fill_null(0))
        .select(ROWS.names)
        .sort("session_id")
    )
