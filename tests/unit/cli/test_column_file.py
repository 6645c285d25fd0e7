from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import sleep

import polars as pl
import pytest

from fixwatch.cli.column_file import write_columns
from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.encoder import encode

MESSAGE = encode([(35, "0"), (34, 2), (49, "A"), (52, "20260102-09:30:00"), (56, "B")])


class Terminal(io.StringIO):
    """Standard error with or without a person in front of it."""

    def __init__(self, person: bool) -> None:
        super().__init__()
        self._person = person

    def isatty(self) -> bool:
        return self._person


@pytest.mark.parametrize("person", [True, False])
def test_progress_is_shown_to_people_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], person: bool
) -> None:
    terminal = Terminal(person)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    log, target = tmp_path / "fix.log", tmp_path / "out.parquet"
    log.write_bytes((MESSAGE + b"\n") * 1234)
    write_columns(str(log), str(target), "parquet", DecodeOptions(), force=False)
    assert ("1,234 messages" in terminal.getvalue()) == person
    assert terminal.getvalue() == "" or person
    assert capsys.readouterr().out == f"{target}: 1,234 messages (1,234 valid, 0 rejected, 0 garbled)\n"


def test_a_pipe_is_converted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write((MESSAGE + b"\n") * 100)
    with os.fdopen(reading) as piped:
        monkeypatch.setattr(sys, "stdin", piped)
        monkeypatch.setattr(sys, "stderr", Terminal(True))
        write_columns("-", str(tmp_path / "out"), "parquet", DecodeOptions(), force=False)
    assert pl.read_parquet(tmp_path / "out").height == 100


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_conversion_that_is_stopped_leaves_nothing(tmp_path: Path, number: int) -> None:
    fifo, target = tmp_path / "fix.log", tmp_path / "out" / "x.parquet"
    target.parent.mkdir()
    os.mkfifo(fifo)
    command = [
        sys.executable,
        "-m",
        "fixwatch",
        "decode",
        str(fifo),
        "--format",
        "parquet",
        "-o",
        str(target),
    ]
    # Open for both, so that it does not wait for a conversion that has failed.
    with subprocess.Popen(command) as conversion, os.fdopen(os.open(fifo, os.O_RDWR), "wb", 0) as pipe:
        pipe.write(MESSAGE + b"\n")
        while not list(target.parent.iterdir()) and conversion.poll() is None:
            sleep(0.01)  # it has opened the log; now it opens its file
        conversion.send_signal(number)
        assert conversion.wait(30) == 130
    assert list(target.parent.iterdir()) == []
