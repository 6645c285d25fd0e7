"""One demo a data directory, and nothing left of one that was killed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from fixwatch.demo.instance import Instance, clear_up, is_alive
from fixwatch.errors import DemoError

#: A process that claims the directory, records another as its part, and is killed by the test.
HOLDER = """
import subprocess, sys, time
from pathlib import Path
from fixwatch.demo.instance import Instance
instance = Instance.claim(Path(sys.argv[1]))
part = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
instance.record("ingest", part.pid)
print(part.pid, flush=True)
time.sleep(60)
"""


def test_a_directory_is_claimed_once(tmp_path: Path) -> None:
    first = Instance.claim(tmp_path)
    with pytest.raises(
        DemoError, match=rf"runs already in {re.escape(str(tmp_path))} \(process {os.getpid()}\)"
    ):
        Instance.claim(tmp_path)
    first.release()
    Instance.claim(tmp_path).release()


def test_a_killed_demo_leaves_nothing_and_does_not_lock_others_out(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        part = int(holder.stdout.readline())
        with pytest.raises(DemoError, match=f"process {holder.pid}"):
            clear_up(tmp_path)
        assert is_alive(part)
        holder.kill()
    Instance.claim(tmp_path).release()
    assert not is_alive(part)


def test_a_number_that_another_process_has_by_now_is_left_alone(tmp_path: Path) -> None:
    innocent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        started = psutil.Process(innocent.pid).create_time() - 3600
        state = {"pid": 2**22 + 1, "processes": {"ingest": [innocent.pid, started]}}
        (tmp_path / "demo.json").write_text(json.dumps(state))
        Instance.claim(tmp_path).release()
        time.sleep(0.05)
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_a_damaged_state_file_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text('{"pid": 1, "proc')
    Instance.claim(tmp_path).release()


def test_a_data_directory_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoError, match=re.escape(str(tmp_path / "file"))):
        Instance.claim(tmp_path / "file")
