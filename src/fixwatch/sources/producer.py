"""Records to the topic: a thin face over librdkafka's producer that loses no count of what was delivered."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from fixwatch.errors import BrokerError
from fixwatch.kafka.client import client_config, kafka_logger
from fixwatch.settings import Settings
from fixwatch.telemetry import logger

_log = logger("produce")

#: Seconds to wait for room in the client's queue before its callbacks are served again.
_ROOM_WAIT: Final = 0.1
#: Seconds that `flush` gives the broker to confirm what is on its way.
FLUSH_LIMIT: Final = 30.0

#: librdkafka's word for a partition that its partitioner chooses.
_BY_KEY: Final = -1

_TUNING: Final[dict[str, Any]] = {
    # A record is confirmed when all replicas have it, is stored once in spite of retries, and in order.
    "acks": "all",
    "enable.idempotence": True,
    # As the Java client places keys, so that other producers of the same sessions agree with us.
    "partitioner": "murmur2_random",
    # Long enough to fill batches at speed, too short to be seen by a person.
    "linger.ms": 5,
    "batch.num.messages": 10_000,
    "batch.size": 1_000_000,
    # On the loopback interface compressing costs more than it saves; FIXWATCH_KAFKA_CONFIG can say otherwise.
    "compression.type": "none",
    # Bounds our memory: past it, `send` waits.
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 128 * 1024,
    # Deliveries are counted by what is left in the queue; a call for each would halve the speed.
    "delivery.report.only.error": True,
    # A broker that is away is told of once, by `_on_error`, not at every attempt to reach it.
    "log_level": 2,
    # What is too large is for the broker to say, whose limit may have been raised.
    "message.max.bytes": 64 * 1024 * 1024,
}


class RecordProducer:
    """Sends records to one topic.

    Args:
        settings: where to.
        stop: once it is set, `send` waits no longer than `FLUSH_LIMIT` for a broker that takes nothing.

    Attributes:
        sent: records handed over.
        failed: records that the broker refused or that it did not confirm in time; each is logged by kind.
    """

    def __init__(self, settings: Settings, stop: threading.Event | None = None) -> None:
        self._stop = stop or threading.Event()
        self._topic = settings.kafka_topic
        self.sent = 0
        self.failed = 0
        self._last_error = ""
        self._reasons: dict[str, int] = {}
        self._producer = Producer(
            {
                **_TUNING,
                **client_config(settings),
                "on_delivery": self._on_failure,
                "error_cb": self._on_error,
            },
            logger=kafka_logger(),
        )

    def send(self, key: bytes | None, value: bytes, partition: int = _BY_KEY) -> None:
        """Hand a record over; waits while the queue is full. The key says which partition, if nobody else does.

        Raises:
            BrokerError: the client cannot send it (too large), or we are stopping and the queue stays full.
        """
        stopping_since: float | None = None
        while True:
            try:
                self._producer.produce(self._topic, value, key, partition)
            except BufferError:
                self._poll(_ROOM_WAIT)
                if self._stop.is_set():
                    stopping_since = stopping_since or time.monotonic()
                    if time.monotonic() - stopping_since > FLUSH_LIMIT:
                        raise BrokerError("the broker takes nothing; what waited for it is lost") from None
                continue
            except KafkaException as error:
                raise BrokerError(f"a record of {len(value):,} bytes cannot be sent: {error}") from error
            self.sent += 1
            return

    def serve(self) -> None:
        """Let the client report failures and errors; to be called now and then.

        Raises:
            BrokerError: the client has given up, as when a broker came back without what it had.
        """
        self._poll(0)

    @property
    def delivered(self) -> int:
        """Records that the broker has confirmed."""
        return self.sent - self.failed - len(self._producer)

    def flush(self, limit: float = FLUSH_LIMIT) -> None:
        """Wait until everything sent is confirmed.

        Raises:
            BrokerError: something was refused, or not confirmed within `limit` seconds.
        """
        try:
            waiting = self._producer.flush(limit)
            if waiting:
                self._producer.purge()
                self._producer.flush(1)
        except KafkaException as error:
            raise _given_up(error) from error
        if self.failed:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in self._reasons.items())
            raise BrokerError(f"{self.failed:,} of {self.sent:,} records were not delivered: {reasons}")

    def _poll(self, seconds: float) -> None:
        try:
            self._producer.poll(seconds)
        except KafkaException as error:
            raise _given_up(error) from error

    def _on_failure(self, error: KafkaError | None, _: Message) -> None:
        if error is None:
            return
        self.failed += 1
        reason = error.str()
        if reason not in self._reasons:
            _log.error("delivery_failed", reason=reason, topic=self._topic)
        self._reasons[reason] = self._reasons.get(reason, 0) + 1

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._TRANSPORT or error.fatal():
            # One connection of several, tried again by itself; or what `_given_up` is about to say.
            return
        if error.str() != self._last_error:
            self._last_error = error.str()
            _log.warning("broker_error", reason=error.str(), in_queue=len(self._producer))


def _given_up(error: KafkaException) -> BrokerError:
    cause = error.args[0] if error.args else None
    said = cause.str() if isinstance(cause, KafkaError) else str(error)
    return BrokerError(f"the broker cannot be sent to any more, what was on its way may be lost: {said}")
