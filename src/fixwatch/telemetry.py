"""Log lines: one event each, with a fixed `action` field, for people or as JSON; always on standard error."""

from __future__ import annotations

import logging
import sys
import time
from typing import Final

import structlog

from fixwatch.settings import LogFormat

#: The clients' own loggers say little that we do not say ourselves, at their levels below warning.
_CLIENTS: Final = ("confluent_kafka", "librdkafka", "psycopg", "psycopg.pool")


def configure_logging(log_format: LogFormat = LogFormat.CONSOLE) -> None:
    """Send every log line, ours and the libraries', to standard error in one form."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), event_key="action")
    )
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("action"),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in _CLIENTS:
        logging.getLogger(name).setLevel(logging.WARNING)


def logger(room: str) -> structlog.typing.FilteringBoundLogger:
    """The logger of one room: `logger("ingest").info("batch_stored", messages=10)`."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(f"fixwatch.{room}")
    return bound


class Seldom:
    """Lets the same thing through once in so many seconds, however often it is said."""

    def __init__(self, seconds: float = 5.0) -> None:
        self._seconds = seconds
        self._said: dict[str, float] = {}

    def due(self, what: str) -> bool:
        """If `what` may be said now."""
        now = time.monotonic()
        if now - self._said.get(what, float("-inf")) < self._seconds:
            return False
        if len(self._said) >= _MOST_KINDS:
            self._said.clear()
        self._said[what] = now
        return True


#: How many different things `Seldom` remembers.
_MOST_KINDS: Final = 256
