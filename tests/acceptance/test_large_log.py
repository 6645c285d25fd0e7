"""A log that is larger than the memory a conversion may take."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from fixwatch.bench.corpus import corpus

COPIES = 20
#: Without bounds the columns alone would need 2 GB; 5 GB of log took 482 MB.
MEMORY_MB = 1000
#: ru_maxrss is in kilobytes, on macOS in bytes.
MAXRSS_IN_MB = 1024 * 1024 if sys.platform == "darwin" else 1024


@pytest.mark.slow
@pytest.mark.parametrize("end", [b"\n", b""], ids=["lines", "one line"])
def test_a_conversion_takes_the_same_memory_however_long_the_log_is(tmp_path: Path, end: bytes) -> None:
    messages = corpus(100_000)
    log, target = tmp_path / "big.log", tmp_path / "big.parquet"
    with log.open("wb") as file:
        for _ in range(COPIES):
            file.writelines(message + end for message in messages)
    assert log.stat().st_size > 500_000_000
    command = [sys.executable, "-m", "fixwatch", "decode", str(log), "--format", "parquet", "-o", str(target)]
    with subprocess.Popen(command) as conversion:
        _, status, usage = os.wait4(conversion.pid, 0)
        conversion.returncode = os.waitstatus_to_exitcode(status)
    assert conversion.returncode == 0
    assert usage.ru_maxrss / MAXRSS_IN_MB < MEMORY_MB
    assert pq.ParquetFile(target).metadata.num_rows == COPIES * len(messages)
    log.unlink()
