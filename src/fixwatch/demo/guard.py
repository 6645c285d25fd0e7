"""Ends what a demo leaves when it is killed: `python -m fixwatch.demo.guard DATA_DIR PID`.

The demo holds the other end of the pipe that is its standard input. It closes when the demo ends, however it
ends; that works on every system, and for Postgres too, which is nobody's child.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from fixwatch.demo.instance import clear_up, is_alive
from fixwatch.errors import DemoError

#: What the demo says when it has ended everything itself.
GOODBYE: Final = b"."
#: How long a process may take to end once its files are closed, s.
ENDING_LIMIT: Final = 10


class Guard:
    """The guard of this process's demo: told goodbye, or it clears up."""

    def __init__(self, data_dir: Path) -> None:
        # A session of its own: Ctrl-C in the terminal is not for it.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fixwatch.demo.guard", str(data_dir), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """Everything has been ended."""
        try:
            self._process.communicate(GOODBYE, timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main() -> None:
    """Wait for the end of the demo, and clear up unless it says goodbye."""
    data_dir, pid = Path(sys.argv[1]), int(sys.argv[2])
    if sys.stdin.buffer.read() == GOODBYE:
        return
    # The pipe may be closed a moment before the lock is free.
    deadline = time.monotonic() + ENDING_LIMIT
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    # Otherwise another demo has the directory already, and has cleared up itself.
    with suppress(DemoError):
        clear_up(data_dir)


if __name__ == "__main__":
    main()
