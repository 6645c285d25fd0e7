"""Fills summed up by minute, for `trade_minutes`. Pure, and exact to the last digit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.ingest import _trades
from fixwatch.ingest.trade_reports import int32s

_GROUPED: Final = ("symbol", "account", "currency", "side")
_READ: Final = ("transact_time", "sent", *_GROUPED, "session_id", "last_qty", "last_px")

#: Columns as `trade_minutes`; sums are text, for they may have more digits than a decimal of Arrow.
MINUTES: Final = pa.schema(
    [
        ("minute", pa.timestamp("us", "UTC")),
        *((name, pa.string()) for name in _GROUPED),
        ("session_id", pa.int32()),
        ("trades", pa.int64()),
        ("qty", pa.string()),
        ("priced_qty", pa.string()),
        ("notional", pa.string()),
    ]
)

#: Digits of a product of two decimals of 38, summed up a billion times, and some more.
_EXACT: Final = Context(prec=100)
_SUM_BYTES: Final = 16


def minutes(fills: pa.RecordBatch) -> pa.RecordBatch:
    """What fills (columns as `trades.FILLS`) add to the minutes of TransactTime(60), or else of sending."""
    columns = [fills.column(name) for name in _READ]
    firsts, moments, counts, sums, left_rows, left_groups = _trades.minutes(columns, fills.num_rows)
    at = int32s(firsts)
    numbers = list(_numbers(sums))
    qty, priced_qty, notional = (
        [_EXACT.scaleb(number, -18) for number in numbers[start::3]] for start in range(3)
    )
    left = fills.select(["last_qty", "last_px"]).take(int32s(left_rows))
    for group, one in zip(int32s(left_groups).to_pylist(), left.to_pylist(), strict=True):
        qty[group] = _EXACT.add(qty[group], one["last_qty"])
        if one["last_px"] is not None:
            priced_qty[group] = _EXACT.add(priced_qty[group], one["last_qty"])
            product = _EXACT.multiply(one["last_qty"], one["last_px"])
            notional[group] = _EXACT.add(notional[group], product)
    return pa.RecordBatch.from_arrays(
        [
            pa.Array.from_buffers(MINUTES.field("minute").type, len(at), [None, pa.py_buffer(moments)]),
            *(pc.fill_null(fills.column(name).take(at), "") for name in _GROUPED),
            fills.column("session_id").take(at),
            pa.Array.from_buffers(pa.int64(), len(at), [None, pa.py_buffer(counts)]),
            *(pa.array(list(map(_text, found)), pa.string()) for found in (qty, priced_qty, notional)),
        ],
        schema=MINUTES,
    )


def _text(number: Decimal) -> str:
    """With no more digits than it needs, as columns of decimals have it."""
    return f"{number:f}".rstrip("0").rstrip(".") if number else "0"


def _numbers(sums: bytearray) -> Iterator[Decimal]:
    for begin in range(0, len(sums), _SUM_BYTES):
        yield Decimal(int.from_bytes(sums[begin : begin + _SUM_BYTES], "little", signed=True))
