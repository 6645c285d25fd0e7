"""The rows that speak of orders: those of a batch, one for each order of a list, and the legs of multilegs. Pure.

NewOrderList(E) brings many orders in its group NoOrders(73), each with a ClOrdID(11) of its own: each becomes a
row as a NewOrderSingle would be. NewOrderMultileg(AB) is one order; its legs, NoLegs(555), are kept with it as JSON.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.fix.columns import DECIMAL_SCALE, MAX_ID_BYTES
from fixwatch.ingest import _chains, _orders
from fixwatch.ingest.group_entries import group_entries
from fixwatch.ingest.rows import ROWS

_LIST, _MULTILEG = "E", "AB"
_GROUPED: Final = pa.array([_LIST, _MULTILEG])
_NO_ORDERS, _CL_ORD_ID, _NO_LEGS, _LEG_SYMBOL = 73, 11, 555, 600

#: Legs that are kept of an order.
_MOST_LEGS: Final = 100
#: What an entry of a list says of its order: the column of each tag.
_TEXTS: Final = {
    1: "account",
    11: "cl_ord_id",
    15: "currency",
    40: "ord_type",
    54: "side",
    55: "symbol",
    59: "time_in_force",
}
_NUMBERS: Final = {38: "order_qty", 44: "price", 99: "stop_px"}
#: What is kept of a leg, by FIX's names.
_LEG_FIELDS: Final = {
    600: "LegSymbol",
    602: "LegSecurityID",
    610: "LegMaturityMonthYear",
    612: "LegStrikePrice",
    623: "LegRatioQty",
    624: "LegSide",
    566: "LegPrice",
    556: "LegCurrency",
}

#: The columns of `ROWS` that orders are made of, and `legs`.
ORDER_ROWS: Final = pa.schema(
    [
        *(field for field in ROWS if field.name in {*_chains.READ, *_orders.READ}),
        pa.field("legs", pa.string()),
    ]
)


def order_rows(rows: pa.RecordBatch) -> pa.RecordBatch:
    """The rows (columns as `ROWS`) that speak of orders: those of the batch, then those of its lists' orders.

    Columns as `ORDER_ROWS`: what `Chains` and `fold` read.
    """
    columns = [rows.column(field.name) for field in ORDER_ROWS if field.name != "legs"]
    grouped = pc.and_(rows.column("folded"), pc.is_in(rows.column("msg_type"), value_set=_GROUPED))
    if not grouped.true_count:
        return pa.RecordBatch.from_arrays([*columns, pa.nulls(rows.num_rows, pa.string())], schema=ORDER_ROWS)
    legs: list[str | None] = [None] * rows.num_rows
    listed: list[dict[str, Any]] = []
    for row in pc.indices_nonzero(grouped).to_pylist():
        raw = rows.column("raw")[row].as_py()
        if rows.column("msg_type")[row].as_py() == _MULTILEG:
            legs[row] = _legs(raw)
        else:
            of_list = {
                field.name: rows.column(field.name)[row].as_py()
                for field in ORDER_ROWS
                if field.name != "legs"
            }
            listed.extend(of_list | _terms(entry) for entry in group_entries(raw, _NO_ORDERS, _CL_ORD_ID))
    own = pa.RecordBatch.from_arrays([*columns, pa.array(legs, pa.string())], schema=ORDER_ROWS)
    more = pa.RecordBatch.from_pylist(listed, ORDER_ROWS)
    return pa.Table.from_batches([own, more]).combine_chunks().to_batches()[0]


def _terms(entry: dict[int, bytes]) -> dict[str, Any]:
    """An entry of a list as a NewOrderSingle's columns."""
    texts = {name: _text(entry.get(tag)) for tag, name in _TEXTS.items()}
    return {"msg_type": "D", **texts, **{name: _number(entry.get(tag)) for tag, name in _NUMBERS.items()}}


def _legs(raw: bytes) -> str | None:
    entries = group_entries(raw, _NO_LEGS, _LEG_SYMBOL, _MOST_LEGS)
    legs = [
        {name: _text(entry[tag]) for tag, name in _LEG_FIELDS.items() if tag in entry} for entry in entries
    ]
    return json.dumps(legs, separators=(",", ":")) if legs else None


def _text(value: bytes | None) -> str | None:
    """A field as the decoder's columns have it; None where it has no place there."""
    if value is None or not 0 < len(value) <= MAX_ID_BYTES:
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return text.replace("\0", "\ufffd")


def _number(value: bytes | None) -> Decimal | None:
    if value is None or value.strip(b"-.0123456789") or len(value) > 38:
        return None
    try:
        number = Decimal(value.decode())
        fits = abs(number) < 10**20 and -int(number.as_tuple().exponent) <= DECIMAL_SCALE
    except (InvalidOperation, ValueError):
        return None
    return number if fits else None
