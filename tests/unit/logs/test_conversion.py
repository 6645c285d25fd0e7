from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pyarrow.parquet as pq
import pytest

from fixwatch import DecodeOptions, read_log
from fixwatch.errors import LogError
from fixwatch.fix.encoder import encode
from fixwatch.logs import blocks, conversion
from fixwatch.logs.batches import log_schema
from fixwatch.logs.conversion import Converted, convert

MESSAGE = encode([(35, "0"), (34, 2), (49, "A"), (52, "20260102-09:30:00"), (56, "B")])


def converted(target: Path, log: bytes | BinaryIO, kind: str = "parquet", force: bool = False) -> Converted:
    stream = io.BytesIO(log) if isinstance(log, bytes) else log
    return convert(stream, target, kind, DecodeOptions(), log_schema(DecodeOptions()), force=force)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "read"), [("parquet", pl.read_parquet), ("arrow", pl.read_ipc)])
def test_the_file_holds_what_read_log_gives(
    tmp_path: Path, kind: str, read: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "GROUP_ROWS", 64)
    log = tmp_path / "fix.log"
    log.write_bytes((MESSAGE + b"\nwords\n" + MESSAGE[:-3] + b"\n") * 500)
    done = converted(tmp_path / "out", log.read_bytes(), kind)
    assert done == Converted(1000, 500, {"valid": 500, "rejected": 0, "garbled": 500})
    assert read(tmp_path / "out").equals(read_log(log))  # type: ignore[operator]


def test_groups_of_rows_are_written_as_they_fill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "GROUP_ROWS", 100)
    monkeypatch.setattr(blocks.blocks, "__defaults__", ("skip", 4 * len(MESSAGE)))
    converted(tmp_path / "out", (MESSAGE + b"\n") * 1000)
    metadata = pq.ParquetFile(tmp_path / "out").metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    assert all(100 <= group.num_rows < 110 for group in groups[:-1])
    assert groups[0].column(0).compression == "ZSTD"


def test_a_file_that_is_there_is_replaced_by_force_alone(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"precious")
    with pytest.raises(
        LogError, match=r"out is there already; name another file, or replace it with --force"
    ):
        converted(target, MESSAGE)
    assert target.read_bytes() == b"precious"
    converted(target, MESSAGE, force=True)
    assert pl.read_parquet(target).height == 1


class Broken(io.BytesIO):
    """A file whose disk fails after the first read."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError(5, "Input/output error")
        return super().read(100_000)


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (b"words\n\nmore", "no FIX message in the log: it holds 2 lines without 8=FIX"),
        (b"", "no FIX message in the log: it holds nothing"),
        (Broken((MESSAGE + b"\n") * 10_000), "cannot be read to its end: Input/output error"),
    ],
)
def test_nothing_is_left_of_what_fails(tmp_path: Path, log: bytes | BinaryIO, words: str) -> None:
    old = tmp_path / "old"
    old.write_bytes(b"precious")
    with pytest.raises(LogError, match=words):
        converted(old, log, force=True)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("old", b"precious")]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"none/out cannot be written: No such file"):
        converted(tmp_path / "none" / "out", MESSAGE)
