"""How clients reach the brokers, and where librdkafka's own lines go instead of straight to the terminal."""

from __future__ import annotations

import logging
from typing import Any

from fixwatch.settings import Settings


def client_config(settings: Settings) -> dict[str, Any]:
    """librdkafka's settings common to every client of ours; what the user gives wins."""
    return {"bootstrap.servers": settings.kafka_bootstrap_servers, **settings.kafka_config}


def kafka_logger() -> logging.Logger:
    """For clients that live long: librdkafka's warnings are log lines like ours."""
    return logging.getLogger("librdkafka")


def quiet_logger() -> logging.Logger:
    """For a client that asks once: what it has to say comes back as the answer or as an exception."""
    quiet = logging.getLogger("librdkafka.once")
    quiet.propagate = False
    if not quiet.handlers:
        quiet.addHandler(logging.NullHandler())
    return quiet
