"""Ctrl-C, SIGTERM and a terminal that is closed: once means an orderly end, twice means without waiting."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Counts the signals that ask the demo to end; install it from the main thread.

    Until `hold` is called a signal raises KeyboardInterrupt, which ends a start that waits for something.
    """

    def __init__(self) -> None:
        self._count = 0
        self._held = False
        self._changed = threading.Event()
        for number in _SIGNALS:
            # What nohup made the process ignore stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)

    def hold(self) -> None:
        """From now on signals are only counted."""
        self._held = True

    def wait(self, seconds: float) -> bool:
        """Sleep, but wake up for the first signal; if there was any."""
        return self._changed.wait(seconds)

    @property
    def hurried(self) -> bool:
        """If there was a second signal: nobody wants to wait."""
        return self._count > 1

    def _handle(self, _: int, __: FrameType | None) -> None:
        if not self._held:
            self._held = True  # what was started is stopped in peace
            raise KeyboardInterrupt
        self._count += 1
        self._changed.set()
