"""A part of the demo that runs as a process of its own, with its output in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from fixwatch.errors import DemoError

#: Seconds before a part that died is started again: at first, and at most; doubled each time.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
#: A part that has run for this long, s, is not one that dies at every start.
_SETTLED: Final = 60.0
#: How much of a log is looked at for its last lines, bytes.
_TAIL_BYTES: Final = 16 * 1024


def fixwatch_command(*arguments: str) -> list[str]:
    """`fixwatch ARGUMENTS`, by the Python and the fixwatch that we are."""
    return [sys.executable, "-m", "fixwatch", *arguments]


class Part:
    """A command as a process.

    Args:
        name: what people call it; its log is `name.log` in `log_dir`.
        command: the program and its arguments; see `fixwatch_command`.
        environment: variables that it gets besides ours.
        log_dir: where its output goes.
        restarted: if it is started again when it dies.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log_dir: Path,
        *,
        restarted: bool = False,
    ) -> None:
        self.name = name
        self.log = log_dir / f"{name}.log"
        self.restarted = restarted
        self._command = list(command)
        self._environment = {**os.environ, **environment, "PYTHONUNBUFFERED": "1"}
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause = _FIRST_PAUSE
        self._due: float | None = None
        #: If it ended when nobody had asked it to, and has not been started again.
        self.died = False

    @property
    def pid(self) -> int | None:
        """Its process, None if it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def exit_status(self) -> int | None:
        """How it ended, None as long as it runs or if it never did. Negative: the signal that killed it."""
        return None if self._process is None else self._process.poll()

    @property
    def running_for(self) -> float:
        """Seconds since its last start."""
        return time.monotonic() - self._started_at

    def start(self) -> None:
        """Start it.

        Raises:
            DemoError: its log cannot be written.
        """
        try:
            with self.log.open("ab") as output:
                # A session of its own: Ctrl-C is for the demo, which stops its parts in order.
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=self._environment,
                    start_new_session=True,
                )
        except OSError as error:
            raise DemoError(f"{self.name} does not start: {error}") from error
        self._started_at = time.monotonic()
        self._due = None
        self.died = False

    def watch(self) -> str | None:
        """Call it every second or so: what happened, if anything did: it died, or was started again."""
        if self._process is None:
            return None
        if self._due is not None:
            if time.monotonic() < self._due:
                return None
            self.start()
            return f"{self.name} was started again"
        status = self._process.poll()
        if status is None:
            return None
        self.died = True
        said = self.how_it_ended()
        if not self.restarted:
            self._process = None
            return said
        if self.running_for > _SETTLED:
            self._pause = _FIRST_PAUSE
        self._due = time.monotonic() + self._pause
        said += f"; it is started again in {self._pause:g} s"
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        return said

    def how_it_ended(self) -> str:
        """The end of the process in words, with its log and the last line in it."""
        status = self.exit_status
        how = f"ended with status {status}"
        if status is not None and status < 0:
            how = f"was killed by {signal.Signals(-status).name}"
        last = self.last_lines(1)
        return f"{self.name} {how} (log: {self.log})" + (f": {last[0]}" if last else "")

    def stop(self, limit: float) -> int | None:
        """Ask it to stop, kill it after `limit` seconds; its exit status, None if it was not started."""
        process, self._process, self._due = self._process, None, None
        if process is None:
            return None
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(limit)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return process.returncode

    def wait(self, limit: float) -> int:
        """Wait for its end.

        Raises:
            DemoError: it did not end in `limit` seconds, or not with status 0; its last lines say why.
        """
        if self._process is None:
            raise DemoError(f"{self.name} was not started.")
        try:
            status = self._process.wait(limit)
        except subprocess.TimeoutExpired:
            self.stop(1)
            raise DemoError(f"{self.name} did not end in {limit:g} s (log: {self.log}).") from None
        if status != 0:
            lines = "".join(f"\n  {line}" for line in self.last_lines(5))
            raise DemoError(f"{self.name} ended with status {status} (log: {self.log}):{lines}")
        self._process = None
        return status

    def last_lines(self, count: int) -> list[str]:
        """The last lines of its log that are not blank, oldest first; at most 300 characters each."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
                text = log.read().decode(errors="replace")
        except OSError:
            return []
        return [line.strip()[:300] for line in text.splitlines() if line.strip()][-count:]
