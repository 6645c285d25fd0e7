"""The dead-letter topic: the quarantine for other consumers, sent on from Postgres and not from the way of records.

Exactly once stays the database's: a dead letter is sent at least once, in order within its stream, after the message
was committed. A broker that refuses holds dead letters back, and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from fixwatch.errors import BrokerError
from fixwatch.kafka.client import client_config, kafka_logger
from fixwatch.kafka.topic import ensure_topic
from fixwatch.settings import Settings
from fixwatch.store.connection import Backoff, connect
from fixwatch.store.dead_letters import DeadLetter, DeadLetterQueue
from fixwatch.store.faults import reason
from fixwatch.telemetry import Seldom, logger

_log = logger("dead_letters")

#: Seconds between two looks at a quarantine that has nothing new.
_LOOK_EVERY: Final = 1.0
#: Seconds that the broker is given to confirm what it was sent.
_CONFIRM_LIMIT: Final = 30.0
#: Seconds that the end of an ingester waits for it.
_END_LIMIT: Final = 5.0

_TUNING: Final[dict[str, Any]] = {
    "acks": "all",
    "enable.idempotence": True,
    "message.timeout.ms": int(_CONFIRM_LIMIT * 1000),
    # What is too large is for the broker to say.
    "message.max.bytes": 64 * 1024 * 1024,
}


class DeadLetterFeed(threading.Thread):
    """Feeds the dead-letter topic of the settings; any number of ingesters may have one."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="dead_letters", daemon=True)
        self._settings = settings
        self._topic = settings.dead_letter_topic
        self._ended = threading.Event()
        self._seldom = Seldom()

    def end(self) -> None:
        """End it; what was not confirmed by then comes again."""
        self._ended.set()
        self.join(_END_LIMIT)

    def run(self) -> None:
        """Feed; whatever fails is tried again."""
        backoff = Backoff()
        while not self._ended.is_set():
            try:
                self._feed(backoff)
            except (BrokerError, psycopg.Error) as error:
                said = reason(error) if isinstance(error, psycopg.Error) else str(error)
                if self._seldom.due(said):
                    _log.warning("dead_letters_held_back", topic=self._topic, reason=said)
                self._ended.wait(backoff.next())

    def _feed(self, backoff: Backoff) -> None:
        """Connect to both ends, and feed as long as both take part."""
        config = client_config(self._settings)
        if ensure_topic(config, self._topic, 1, self._ended) is None:
            return
        producer = Producer({**_TUNING, **config}, logger=kafka_logger())
        url = self._settings.database_url.get_secret_value()
        with connect(url, application_name="fixwatch dead letters", autocommit=True) as connection:
            queue = DeadLetterQueue(connection, self._settings.kafka_topic)
            while not self._ended.is_set():
                sent = queue.feed(lambda letters: _send(producer, self._topic, letters))
                backoff.reset()
                if sent:
                    _log.info("dead_letters_sent", topic=self._topic, letters=sent)
                else:
                    self._ended.wait(_LOOK_EVERY)


def _send(producer: Producer, topic: str, letters: Sequence[DeadLetter]) -> None:
    """Send letters in order and wait until all are confirmed.

    Raises:
        BrokerError: one was not; which of them were sent is not known.
    """
    failures: list[str] = []

    def confirmed(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failures.append(error.str())

    try:
        for letter in letters:
            # One key a stream: its letters stay in order, in one partition.
            key = f"{letter.topic}-{letter.partition}"
            producer.produce(topic, letter.raw, key, headers=headers(letter), on_delivery=confirmed)
    except (KafkaException, BufferError) as error:
        failures.append(str(error))
    # All are confirmed or given up by then, so none comes late, between those that are sent again.
    if producer.flush(_CONFIRM_LIMIT + 1) or failures:
        said = failures[0] if failures else "no answer in time"
        raise BrokerError(f"it does not take what is sent: {said}")


def headers(letter: DeadLetter) -> list[tuple[str, str | bytes | None]]:
    """Where a dead letter is from, and why it is one."""
    return [
        ("topic", letter.topic),
        ("partition", str(letter.partition)),
        ("offset", str(letter.offset)),
        ("verdict", letter.verdict),
        ("defects", ",".join(letter.defects)),
        ("ingested_at", letter.ingested_at.isoformat()),
    ]
