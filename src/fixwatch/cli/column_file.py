"""`fixwatch decode --format parquet`: a log to a file of columns, with its progress on a terminal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from fixwatch.errors import SettingsError
from fixwatch.fix.decoder import DecodeOptions
from fixwatch.logs.batches import log_schema
from fixwatch.logs.conversion import ColumnFile, Converted, convert, refuse_existing
from fixwatch.sources.log_file import open_log


def write_columns(
    file: str, output: str | None, kind: ColumnFile, options: DecodeOptions, *, force: bool
) -> None:
    """Convert the log `file` to `output` and say on standard output what became of it."""
    if output is None:
        raise SettingsError(f"--format {kind} needs a file to write: add --output FILE.{kind}.")
    target = Path(output)
    if not force:
        refuse_existing(target)
    with _termination_as_interrupt(), open_log(file) as stream, _progress(file, stream) as on_progress:
        done = convert(
            stream, target, kind, options, log_schema(options), force=force, on_progress=on_progress
        )
    counts = ", ".join(f"{count:,} {label}" for label, count in done.verdicts.items())
    skipped = f"; skipped {done.skipped:,} lines without 8=FIX" if done.skipped else ""
    sys.stdout.write(f"{output}: {done.messages:,} messages ({counts}){skipped}\n")


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM, so that what was half written is removed then too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress(file: str, stream: BinaryIO) -> Iterator[Callable[[Converted], None]]:
    """A bar on standard error if that is a terminal: bytes of the file as it is on disk, messages, time left."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    shown = Progress(
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.fields[messages]:,} messages"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    size = Path(file).stat().st_size if stream.seekable() else None
    with shown:
        task = shown.add_task("", total=size, messages=0)

        def update(done: Converted) -> None:
            shown.update(task, completed=None if size is None else stream.tell(), messages=done.messages)

        yield update
