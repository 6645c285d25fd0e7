"""How commands that run for long are stopped: SIGINT or SIGTERM once, and they end in good order."""

from __future__ import annotations

import signal
import threading
from types import FrameType


def stop_on_signals() -> threading.Event:
    """An event that the first SIGINT (Ctrl-C) or SIGTERM sets; a second one ends the process as usual."""
    stop = threading.Event()

    def handle(_: int, __: FrameType | None) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)
    return stop
