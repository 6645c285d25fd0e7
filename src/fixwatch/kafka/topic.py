"""The topic to send to: waited for, and made where it is missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from fixwatch.errors import BrokerError
from fixwatch.kafka.client import quiet_logger
from fixwatch.telemetry import logger

_log = logger("topic")

#: Seconds that the broker is given for one answer.
_ANSWER_LIMIT: Final = 10.0
#: Seconds of one try to reach a broker, and between two lines that say that there is none.
_TRY: Final = 1.0
_SAY_EVERY: Final = 5.0


def ensure_topic(
    config: Mapping[str, Any], topic: str, partitions: int, stop: threading.Event | None = None
) -> int | None:
    """Make sure that the topic is there; waits for a broker that is not there yet, and says so.

    Args:
        config: librdkafka's, with `bootstrap.servers`.
        topic: its name.
        partitions: how many it gets if it has to be made; one that is there keeps what it has.
        stop: ends the waiting.

    Returns:
        How many partitions it has; None if `stop` was set first.

    Raises:
        BrokerError: the broker answers, but refuses.
    """
    admin = AdminClient(dict(config), logger=quiet_logger())
    present = _await_broker(admin, str(config["bootstrap.servers"]), topic, stop or threading.Event())
    if present is None or present:
        return present
    new = NewTopic(topic, num_partitions=partitions, replication_factor=_replicas(admin))
    try:
        admin.create_topics([new], operation_timeout=_ANSWER_LIMIT)[topic].result(_ANSWER_LIMIT + 1)
    except (KafkaException, TimeoutError) as error:
        cause = error.args[0] if error.args else None
        if not isinstance(cause, KafkaError) or cause.code() != KafkaError.TOPIC_ALREADY_EXISTS:
            said = cause.str() if isinstance(cause, KafkaError) else "no answer in time"
            raise BrokerError(f"the topic {topic} is missing and cannot be made: {said}") from error
        # Somebody else made it while we asked.
        return len(admin.list_topics(topic, timeout=_ANSWER_LIMIT).topics[topic].partitions)
    _log.info("topic_made", topic=topic, partitions=partitions)
    return partitions


def _await_broker(admin: AdminClient, servers: str, topic: str, stop: threading.Event) -> int | None:
    """How many partitions the topic has, 0 where there is none; None if `stop` was set first."""
    said = -_SAY_EVERY
    while not stop.is_set():
        try:
            # Of all topics: to ask for one by name makes it on brokers that make topics by themselves.
            known = admin.list_topics(timeout=_TRY).topics
        except KafkaException as error:
            if time.monotonic() - said >= _SAY_EVERY:
                said = time.monotonic()
                cause = error.args[0]
                reason = cause.str() if isinstance(cause, KafkaError) else str(error)
                _log.warning("waiting_for_broker", bootstrap_servers=servers, reason=reason)
            stop.wait(_TRY / 4)
            continue
        return len(known[topic].partitions) if topic in known else 0
    return None


def _replicas(admin: AdminClient) -> int:
    """Three copies where there are as many brokers, or one on each."""
    return min(3, max(1, len(admin.list_topics(timeout=_ANSWER_LIMIT).brokers)))
