"""A log to one file of columns: Parquet, or an Arrow IPC file.

The file is written under another name beside its place and renamed when it is whole: whoever finds it there
can use it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from fixwatch.errors import LogError
from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.defects import Verdict
from fixwatch.logs.batches import decode_block
from fixwatch.logs.blocks import blocks

#: Rows of a row group: readers skip by group, and one is held in memory while the one before it is written.
GROUP_ROWS: Final = 128 * 1024

ColumnFile = Literal["parquet", "arrow"]


@dataclass(slots=True)
class Converted:
    """What became of a log so far: messages, messages by verdict (its label), lines without a message."""

    messages: int = 0
    skipped: int = 0
    verdicts: dict[str, int] = field(default_factory=lambda: {verdict.label: 0 for verdict in Verdict})


def convert(
    stream: BinaryIO,
    target: Path,
    kind: ColumnFile,
    options: DecodeOptions,
    schema: pa.Schema,
    *,
    force: bool = False,
    on_progress: Callable[[Converted], None] = lambda _: None,
) -> Converted:
    """Write the decoded log to `target`, compressed by zstd, in memory that does not grow with the log.

    `schema` has the columns (`batches.log_schema`), one of which is `verdict`. `force` replaces a file that is
    there. `on_progress` is called after every block. Raises LogError: the target is there or cannot be written,
    the log cannot be read, or holds no message; no file is left then.
    """
    done = Converted()
    with _replacing(target, force) as file, _writer(file, kind, schema) as write:
        for block in blocks(stream):
            batch = decode_block(block, options, schema)
            write(batch)
            done.messages += len(batch)
            done.skipped = block.strays
            for count in batch.column("verdict").value_counts().to_pylist():
                done.verdicts[count["values"]] += count["counts"]
            on_progress(done)
        if not done.messages:
            held = f"{done.skipped:,} lines without 8=FIX" if done.skipped else "nothing"
            raise LogError(f"There is no FIX message in the log: it holds {held}.")
    return done


def refuse_existing(target: Path) -> None:
    """Raise LogError where a file is there that must not be replaced."""
    if target.exists():
        raise LogError(f"{target} is there already; name another file, or replace it with --force.")


@contextmanager
def _replacing(target: Path, force: bool) -> Iterator[BinaryIO]:
    """A file to write to that becomes `target` in the end, or nothing."""
    if not force:
        refuse_existing(target)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            yield file
        os.replace(temporary, target)
    except OSError as error:
        raise LogError(f"{target} cannot be written: {error.strerror or error}.") from None
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _writer(
    target: BinaryIO, kind: ColumnFile, schema: pa.Schema
) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Takes batches and writes them in groups of rows, one in a thread while the next is collected."""
    group: list[pa.RecordBatch] = []
    writing: Future[None] | None = None

    def flush() -> None:
        nonlocal writing
        if writing is not None:
            writing.result()
        writing = thread.submit(file.write_table, pa.Table.from_batches(group, schema))
        group.clear()

    def write(batch: pa.RecordBatch) -> None:
        group.append(batch)
        if sum(map(len, group)) >= GROUP_ROWS:
            flush()

    with _open(target, kind, schema) as file, ThreadPoolExecutor(1, "column-file") as thread:
        yield write
        flush()
        if writing is not None:
            writing.result()


def _open(target: BinaryIO, kind: ColumnFile, schema: pa.Schema) -> Any:
    if kind == "parquet":
        return pq.ParquetWriter(target, schema, compression="zstd")
    return pa.ipc.new_file(target, schema, options=pa.ipc.IpcWriteOptions(compression="zstd"))
