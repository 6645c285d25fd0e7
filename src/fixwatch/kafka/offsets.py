"""Where the partitions of a topic end, and which incarnation of the topic it is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from fixwatch.errors import BrokerError
from fixwatch.kafka.client import quiet_logger

#: How many records behind the broker's own answer the end is looked for. Brokers that count the last batch as
#: one record (Tansu does) answer too little, never too much.
_BACK: Final = 1
#: What a broker says of a partition that was made a moment ago, or is changing its leader; and how soon it is
#: asked again, s.
_NOT_YET: Final = (
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
)
_ASK_AGAIN: Final = 0.05
#: How the client says that it reaches no broker, whatever it was waiting for.
_NOBODY: Final = (KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the broker has it now: its id (KIP-516, base64) and how many partitions it has."""

    name: str
    topic_id: str
    partitions: int


def describe_topic(config: Mapping[str, Any], name: str, timeout: float = 10) -> Topic | None:
    """The topic, None if the broker has none of this name. `config` is librdkafka's, `timeout` in seconds.

    Raises:
        BrokerError: the broker does not answer, or refuses us.
    """
    admin = AdminClient(dict(config), logger=quiet_logger())
    try:
        asked = admin.describe_topics(TopicCollection([name]), request_timeout=timeout)[name]
        return described(name, asked, timeout + 1)
    except (KafkaException, TimeoutError) as error:
        raise BrokerError(f"The broker does not describe topic {name}: {said(error)}") from error


def described(name: str, asked: Future[Any], timeout: float) -> Topic | None:
    """The topic in an answer to DescribeTopics, waited for `timeout` seconds; None if there is none.

    Raises:
        KafkaException, TimeoutError: there is no such answer.
    """
    try:
        found = asked.result(timeout)
    except KafkaException as error:
        if _code(error) in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):
            return None
        raise
    topic_id = str(found.topic_id) if found.topic_id is not None else "-"
    return Topic(name, topic_id, len(found.partitions))


def end_offsets(config: Mapping[str, Any], topic: Topic, timeout: float = 10) -> dict[int, int]:
    """The offset behind the last record of each partition, by partition; `timeout` in seconds.

    The broker is asked, and then the last records are read until it says that a partition has no more: where
    the answer is too little (see `_BACK`), that says the truth.

    Raises:
        BrokerError: the broker does not answer in time, or refuses us.
    """
    consumer = Consumer(
        {
            **config,
            # Required by the client; offsets are never committed under it.
            "group.id": "fixwatch-offsets",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        },
        logger=quiet_logger(),
    )
    deadline = time.monotonic() + timeout
    ends: dict[int, int] = {}
    try:
        starts = []
        for partition in range(topic.partitions):
            place = TopicPartition(topic.name, partition)
            low, high = _watermarks(consumer, place, deadline)
            place.offset = max(low, high - _BACK) if high > low else OFFSET_BEGINNING
            starts.append(place)
        consumer.assign(starts)
        while len(ends) < topic.partitions:
            for record in consumer.consume(1000, 0.1):
                failure, of, offset = record.error(), record.partition(), record.offset()
                if failure is None or of is None or offset is None:
                    continue
                if failure.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(failure)
                ends[of] = offset
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"The broker does not say within {timeout:g} s where topic {topic.name} ends."
                )
    except KafkaException as error:
        raise BrokerError(f"The broker does not say where topic {topic.name} ends: {said(error)}") from error
    finally:
        consumer.close()
    return ends


def _watermarks(consumer: Consumer, place: TopicPartition, deadline: float) -> tuple[int, int]:
    while True:
        try:
            first, end = consumer.get_watermark_offsets(
                place, timeout=max(deadline - time.monotonic(), _ASK_AGAIN)
            )
        except KafkaException as error:
            if _code(error) not in _NOT_YET or time.monotonic() > deadline:
                raise
            time.sleep(_ASK_AGAIN)
        else:
            return first, end


def _code(error: Exception) -> int | None:
    cause = error.args[0] if error.args else None
    return cause.code() if isinstance(cause, KafkaError) else None


def said(error: Exception) -> str:
    """What the client says, for people."""
    cause = error.args[0] if error.args else None
    if not isinstance(cause, KafkaError):
        return str(error) or "no answer in time"
    return "no broker answers" if cause.code() in _NOBODY else cause.str()
