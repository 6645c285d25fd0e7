"""Real-time FIX trade ingestion and monitoring.

The library part, imported when it is first used: `decode` (a batch of messages to Arrow columns), `encode`
(fields to a message), `Message` (one message as a tree, for people), `read_log` and `scan_log` (a FIX log to
Polars frames), `Dictionary` (a FIX version's definitions, or a counterparty's own), `Column` and `Kind` (columns for
tags of your own).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fixwatch.fix.columns import Column, Kind
    from fixwatch.fix.decoder import Decoded, DecodeOptions, decode
    from fixwatch.fix.dictionary import Dictionary
    from fixwatch.fix.encoder import encode
    from fixwatch.fix.message import Message
    from fixwatch.logs.frames import read_log, scan_log

__all__ = [
    "Column",
    "DecodeOptions",
    "Decoded",
    "Dictionary",
    "Kind",
    "Message",
    "__version__",
    "decode",
    "encode",
    "read_log",
    "scan_log",
]

__version__: Final = "0.1.0"

_HOMES: Final = {
    "Column": "fixwatch.fix.columns",
    "DecodeOptions": "fixwatch.fix.decoder",
    "Decoded": "fixwatch.fix.decoder",
    "Dictionary": "fixwatch.fix.dictionary",
    "Kind": "fixwatch.fix.columns",
    "Message": "fixwatch.fix.message",
    "decode": "fixwatch.fix.decoder",
    "encode": "fixwatch.fix.encoder",
    "read_log": "fixwatch.logs.frames",
    "scan_log": "fixwatch.logs.frames",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value
