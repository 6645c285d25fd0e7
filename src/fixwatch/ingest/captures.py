"""TradeCaptureReports(AE): a report a side. Pure.

FIX 4.4 volume 5, "Trade Capture Reporting". A report is of a fill, or cancels, reverses or replaces an earlier one
that it names by TradeReportRefID(572): TradeReportTransType(487) says so, TradeReportType(856) or ExecType(150). What
is alleged, declined or disputed, and what only adds to a report, is no trade. Each side is an entry of NoSides(552)
that begins with Side(54), and has an order, an account and, where it says so, a quantity (SideLastQty(1009)) of its
own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.fix.columns import DECIMAL_PRECISION, DECIMAL_SCALE, MAX_ID_BYTES
from fixwatch.fix.message import to_text
from fixwatch.ingest.group_entries import group_entries
from fixwatch.ingest.trade_reports import ALL_SIDES, REPORTS, reports_of

_NO_SIDES: Final = 552
_SIDE: Final = 54
_SIDE_LAST_QTY: Final = 1009
#: FIX knows one side or two; allocations to many parties come as more.
_MOST_SIDES: Final = 100

#: The columns that a side has of its own, and the tags to take them from, the first that is there.
_OF_SIDE: Final = {
    "side": (_SIDE,),
    "order_id": (37,),
    "cl_ord_id": (11,),
    "account": (1,),
    "currency": (1154, 15),
}
_NUMBER: Final = re.compile(rb"-?(\d*)\.?(\d*)")

#: Values of TradeReportType(856) of trades as they are: submitted, accepted, "no/was", cancelled, broken.
_SUBMITTED: Final = (None, 0, 2)
_NO_WAS: Final = 5
_CANCELLED: Final = (6, 7)
#: Values of TradeReportTransType(487): cancel, reverse, cancel because of a back-out; replace; new.
_CANCEL: Final = (1, 4, 5)
_REPLACE: Final = 2
_NEW: Final = (None, 0)

Entry = dict[int, bytes]


@dataclass(frozen=True, slots=True)
class Captured:
    """Reports of fills and of changes, and if each change is a bust (booleans)."""

    fills: pa.RecordBatch
    changes: pa.RecordBatch
    is_bust: pa.Array


def captured(rows: pa.RecordBatch, numbers: pa.Array) -> Captured:
    """What the TradeCaptureReports in the rows of these numbers (int32) say of trades."""
    fills, changes = _Sides(), _Sides()
    busts: list[bool] = []
    asked = [rows.column(name).take(numbers).to_pylist() for name in _SAYS]
    for number, kind, raw in zip(
        numbers.to_pylist(), map(_kind, *asked), rows.column("raw").take(numbers).to_pylist(), strict=True
    ):
        if kind == "fill":
            fills.add(number, group_entries(raw, _NO_SIDES, _SIDE, _MOST_SIDES) or [{}])
        elif kind == "correction":
            found = group_entries(raw, _NO_SIDES, _SIDE, _MOST_SIDES)
            busts.extend([False] * changes.add(number, found))
        elif kind == "bust":
            busts.extend([True] * changes.add(number, []))
    return Captured(fills.reports(rows), changes.reports(rows), pa.array(busts, pa.bool_()))


_SAYS: Final = ("trade_report_trans_type", "trade_report_type", "exec_type")


def _kind(trans: int | None, report: int | None, exec_type: str | None) -> str | None:
    if report not in (*_SUBMITTED, _NO_WAS, *_CANCELLED):
        return None
    if trans in _CANCEL or report in _CANCELLED or exec_type == "H":
        return "bust"
    if trans == _REPLACE or report == _NO_WAS or exec_type == "G":
        return "correction"
    if trans in _NEW and exec_type in (None, "F", "1", "2"):
        return "fill"
    return None


class _Sides:
    """Sides of reports as they are met: a row each."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._side_nos: list[int] = []
        self._entries: list[Entry] = []

    def add(self, number: int, entries: list[Entry]) -> int:
        """The sides of the report in row `number`; without any, it is of all. Returns how many rows these are."""
        self._numbers.extend([number] * max(len(entries), 1))
        self._side_nos.extend(range(1, len(entries) + 1) if entries else [ALL_SIDES])
        self._entries.extend(entries or [{}])
        return max(len(entries), 1)

    def reports(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """As `REPORTS`; what a side does not say is what its report says."""
        at = pa.array(self._numbers, pa.int32())
        other = {
            "side_no": pa.array(self._side_nos, pa.int32()),
            "exec_id": rows.column("trade_report_id").take(at),
            "ref_id": rows.column("trade_report_ref_id").take(at),
            "last_qty": self._or_root(rows, at, "last_qty", map(_quantity, self._entries)),
        }
        for name, tags in _OF_SIDE.items():
            other[name] = self._or_root(rows, at, name, (_text(entry, tags) for entry in self._entries))
        return reports_of(rows, at, other)

    def _or_root(self, rows: pa.RecordBatch, at: pa.Array, name: str, values: Iterator[Any]) -> pa.Array:
        own = pa.array(list(values), REPORTS.field(name).type)
        return pc.coalesce(own, rows.column(name).take(at)) if own.null_count else own


def _text(entry: Entry, tags: tuple[int, ...]) -> str | None:
    """A value as the decoder would read it (`columns.Kind.ID`)."""
    for tag in tags:
        value = entry.get(tag)
        if value and len(value) <= MAX_ID_BYTES:
            return to_text(value).replace("\x00", "\ufffd")
    return None


def _quantity(entry: Entry) -> Decimal | None:
    value = entry.get(_SIDE_LAST_QTY, b"")
    match = _NUMBER.fullmatch(value)
    if not match or not (match[1] or match[2]):
        return None
    fits = len(match[1].lstrip(b"0")) <= DECIMAL_PRECISION - DECIMAL_SCALE
    return Decimal(value.decode()) if fits and len(match[2].rstrip(b"0")) <= DECIMAL_SCALE else None
