"""One demo a data directory: who has it, which processes it started, and ending those it left behind.

A lock that the system takes back when its holder dies, however it dies, says if a demo runs. A file beside it
says which processes it started, so that whoever gets the lock next can end what a killed demo left.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Final, Self

import psutil

from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.errors import DemoError

#: How long the ending of what a killed demo left is waited for, s: Postgres stops in it.
CLEARING_LIMIT: Final = 90
#: A process is the one that was recorded if it started at the same time, s; numbers are used again.
_SAME_START: Final = 2


class Instance:
    """The right to run the demo in a data directory, held by one process at a time; see `claim`."""

    def __init__(self, data_dir: Path, lock: int) -> None:
        self._data_dir = data_dir
        self._lock = lock
        self._processes: dict[str, tuple[int, float]] = {}

    @classmethod
    def claim(cls, data_dir: Path) -> Self:
        """Take the directory, made if it is not there, and end what a killed demo left in it.

        Raises:
            DemoError: a demo runs in it, or it cannot be written to.
        """
        instance = cls(data_dir, _lock(data_dir))
        instance._write()
        return instance

    def record(self, name: str, pid: int | None) -> None:
        """Note the process that has this part now, None if it has none."""
        self._processes.pop(name, None)
        if pid is not None:
            try:
                self._processes[name] = (pid, psutil.Process(pid).create_time())
            except psutil.Error:
                return  # it is gone already
        self._write()

    def release(self) -> None:
        """Give the directory back; nothing that was started runs any more."""
        _state_file(self._data_dir).unlink(missing_ok=True)
        os.close(self._lock)

    def _write(self) -> None:
        state = _state_file(self._data_dir)
        beside = state.with_suffix(".new")
        beside.write_text(json.dumps({"pid": os.getpid(), "processes": self._processes}))
        beside.replace(state)


def clear_up(data_dir: Path) -> None:
    """End what a killed demo left in the directory, unless a demo runs in it by now.

    Raises:
        DemoError: a demo runs in it.
    """
    os.close(_lock(data_dir))


def is_alive(pid: int) -> bool:
    """If the process runs; one that ended and that nobody has asked for its status does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _lock(data_dir: Path) -> int:
    """The open lock file, locked, with nothing left behind by who had it before."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = os.open(data_dir / "demo.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DemoError(f"The data directory {data_dir} cannot be used: {error.strerror}.") from error
    try:
        _wait_for(lock, data_dir)
        _end_left_behind(data_dir)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _state_file(data_dir: Path) -> Path:
    return data_dir / "demo.json"


def _wait_for(lock: int, data_dir: Path) -> None:
    """Take the lock. A holder whose demo is dead is only ending what that left: wait for it."""
    deadline = time.monotonic() + CLEARING_LIMIT
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _owner(data_dir)
            if pid is not None and is_alive(pid):
                raise DemoError(
                    f"A demo runs already in {data_dir} (process {pid}). "
                    f"Stop it with Ctrl-C or `kill {pid}`, or give another --data-dir."
                ) from None
            if time.monotonic() > deadline:
                raise DemoError(f"The data directory {data_dir} is locked by another process.") from None
            time.sleep(0.1)
        else:
            return


def _owner(data_dir: Path) -> int | None:
    try:
        return int(json.loads(_state_file(data_dir).read_text())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _end_left_behind(data_dir: Path) -> None:
    try:
        processes = json.loads(_state_file(data_dir).read_text())["processes"]
        left = [(int(pid), float(started)) for pid, started in processes.values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        left = []
    killed = []
    for pid, started in left:
        try:
            process = psutil.Process(pid)
            if abs(process.create_time() - started) < _SAME_START:
                # At once, as their demo ended: all of them are made to be killed.
                process.kill()
                killed.append(pid)
        except psutil.Error:
            continue
    while any(is_alive(pid) for pid in killed):
        time.sleep(0.05)
    EmbeddedPostgres(data_dir / "postgres").stop()
    _state_file(data_dir).unlink(missing_ok=True)
