"""How clients reach the brokers, and where librdkafka's own lines go instead of straight to the terminal."""

from __future__ import annotations

import logging
import re
from typing import Any, Final

from fixwatch.settings import Settings
from fixwatch.telemetry import Seldom

#: What differs between two lines of librdkafka that say the same: times, counts, ports.
_NUMBERS: Final = re.compile(r"\d+")


def client_config(settings: Settings) -> dict[str, Any]:
    """librdkafka's settings common to every client of ours; what the user gives wins."""
    return {"bootstrap.servers": settings.kafka_bootstrap_servers, **settings.kafka_config}


def kafka_logger() -> logging.Logger:
    """For clients that live long: librdkafka's warnings are log lines like ours, none of them in a flood."""
    kafka = logging.getLogger("librdkafka")
    if not kafka.filters:
        seldom = Seldom()
        kafka.addFilter(lambda record: seldom.due(_NUMBERS.sub("", record.getMessage())))
    return kafka


def quiet_logger() -> logging.Logger:
    """For a client that asks once: what it has to say comes back as the answer or as an exception."""
    quiet = logging.getLogger("librdkafka.once")
    quiet.propagate = False
    if not quiet.handlers:
        quiet.addHandler(logging.NullHandler())
    return quiet
