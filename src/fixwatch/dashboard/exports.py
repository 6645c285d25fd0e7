"""A filtered set of trades as a file: CSV that spreadsheets cannot be harmed by, or Parquet. In bounded memory."""

from __future__ import annotations

import csv
import logging
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from fixwatch.errors import DatabaseError
from fixwatch.store.trade_views import Trade

#: More is for a query in Postgres: the browser's file would be larger than 200 MB.
MOST_ROWS: Final = 1_000_000
#: What spreadsheets take for a formula, or strip to get at one (OWASP, CSV injection).
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_AMOUNT: Final = pa.decimal128(38, 18)
_PLACES: Final = Decimal("1e-18")
_CHUNK: Final = 5_000
_LOG: Final = logging.getLogger(__name__)


class Form(StrEnum):
    """The form of the file, by the ending of its name."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: pa.DataType
    value: Callable[[Trade], Any]


_COLUMNS: Final = (
    _Column("time", pa.timestamp("us", "UTC"), lambda trade: trade.traded_at),
    _Column("stored_at", pa.timestamp("us", "UTC"), lambda trade: trade.ingested_at),
    _Column("trading_day", pa.date32(), lambda trade: trade.trading_day),
    _Column("symbol", pa.string(), lambda trade: trade.symbol),
    _Column("side", pa.string(), lambda trade: trade.side),
    _Column("qty", _AMOUNT, lambda trade: trade.qty),
    _Column("px", _AMOUNT, lambda trade: trade.px),
    _Column("notional", _AMOUNT, lambda trade: trade.notional),
    _Column("currency", pa.string(), lambda trade: trade.currency),
    _Column("status", pa.string(), lambda trade: trade.status),
    _Column("conflicts", pa.int32(), lambda trade: trade.conflicts),
    _Column("last_qty", _AMOUNT, lambda trade: trade.last_qty),
    _Column("last_px", _AMOUNT, lambda trade: trade.last_px),
    _Column("account", pa.string(), lambda trade: trade.account),
    _Column("last_mkt", pa.string(), lambda trade: trade.last_mkt),
    _Column("sender", pa.string(), lambda trade: trade.sender),
    _Column("target", pa.string(), lambda trade: trade.target),
    _Column("exec_id", pa.string(), lambda trade: trade.exec_id),
    _Column("side_no", pa.int32(), lambda trade: trade.side_no),
    _Column("order_id", pa.string(), lambda trade: trade.order_id),
    _Column("cl_ord_id", pa.string(), lambda trade: trade.cl_ord_id),
    _Column("kafka_offset", pa.int64(), lambda trade: trade.kafka_offset),
)
_SCHEMA: Final = pa.schema([(column.name, column.type) for column in _COLUMNS])


class Export:
    """A file that is being written in a thread of its own. It is gone when nobody holds it any more.

    `rows` have been written; `finished`, and then `error` says what went wrong, None: nothing.
    """

    def __init__(self, trades: Callable[[], Iterable[Trade]], form: Form) -> None:
        self.form = form
        self.rows = 0
        self.finished = False
        self.error: str | None = None
        self.begun_at = datetime.now(UTC)
        directory = Path(tempfile.mkdtemp(prefix="fixwatch-export-"))
        weakref.finalize(self, shutil.rmtree, directory, ignore_errors=True)
        self.path = directory / f"trades.{form.value}"
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(trades,), name="export", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """A name for the file, with the moment in which it was begun."""
        return f"fixwatch-trades-{self.begun_at:%Y%m%d-%H%M%S}.{self.form.value}"

    def stop(self) -> None:
        """Write no more."""
        self._stopped.set()

    def wait(self, seconds: float) -> None:
        """Wait until it has finished, at most so long."""
        self._thread.join(seconds)

    def _run(self, trades: Callable[[], Iterable[Trade]]) -> None:
        try:
            write = write_csv if self.form is Form.CSV else write_parquet
            write(self.path, self._counted(trades()))
        except DatabaseError as error:
            self.error = str(error)
        except Exception:  # noqa: BLE001
            # A thread's traceback reaches nobody; the viewer has to know that there is no file.
            _LOG.exception("an export failed")
            self.error = "The file could not be written; the dashboard's log says why."
        finally:
            self.finished = True

    def _counted(self, trades: Iterable[Trade]) -> Iterator[Trade]:
        for trade in trades:
            if self._stopped.is_set() or self.rows >= MOST_ROWS:
                return
            self.rows += 1
            yield trade


def write_csv(path: Path, trades: Iterable[Trade]) -> None:
    """CSV with a line of names, in UTF-8 with a mark that spreadsheets know it by."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        _write_rows(file, trades)


def _write_rows(file: TextIO, trades: Iterable[Trade]) -> None:
    writer = csv.writer(file)
    writer.writerow([column.name for column in _COLUMNS])
    for trade in trades:
        writer.writerow([_cell(column.value(trade)) for column in _COLUMNS])


def write_parquet(path: Path, trades: Iterable[Trade]) -> None:
    """Parquet with typed columns; amounts have 18 places, and what has more digits than fit is null."""
    with pq.ParquetWriter(path, _SCHEMA, compression="zstd") as writer:
        for chunk in _chunks(trades):
            columns = [
                pa.array([_typed(column.value(trade)) for trade in chunk], column.type) for column in _COLUMNS
            ]
            writer.write_batch(pa.record_batch(columns, schema=_SCHEMA))


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return defused(value)
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.astimezone(UTC).isoformat()
        case _:
            return str(value)


def defused(text: str) -> str:
    """A text that no spreadsheet runs: one that would be a formula begins with an apostrophe. NUL is shown."""
    text = text.replace("\0", "\u2400")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULAS) else text


def _typed(value: Any) -> Any:
    if not isinstance(value, Decimal):
        return value
    if abs(value) >= Decimal(10) ** 20:
        return None
    return value.quantize(_PLACES) if value.as_tuple().exponent != 0 else value


def _chunks(trades: Iterable[Trade]) -> Iterator[Sequence[Trade]]:
    chunk: list[Trade] = []
    for trade in trades:
        chunk.append(trade)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
