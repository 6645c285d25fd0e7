"""Which incarnation of the topic the broker has, known at every moment without waiting for it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from fixwatch.errors import BrokerError
from fixwatch.kafka.client import quiet_logger
from fixwatch.kafka.offsets import Topic, described, said

#: Seconds between two questions of their own.
ASK_EVERY: Final = 1.0
#: Seconds that the broker is given for an answer.
_ANSWER_LIMIT: Final = 5.0


class TopicWatch:
    """Asks the broker for a topic, again and again, over one connection of its own. For one thread.

    Attributes:
        topic: the topic as of the last answer; None where there is none of this name, or no answer came yet.
        silence: why there is no answer, None while answers come.
    """

    def __init__(self, config: Mapping[str, Any], name: str) -> None:
        self._name = name
        self._heard = ""
        own: dict[str, Any] = {**config, "error_cb": self._hear}
        self._admin = AdminClient(own, logger=quiet_logger())
        self._asked: Future[Any] | None = None
        self._asked_at = float("-inf")
        # When the question was asked that the last answer is to.
        self._known_at = float("-inf")
        self.topic: Topic | None = None
        self.silence: str | None = None

    @property
    def known(self) -> bool:
        """If any answer has come."""
        return self._known_at > float("-inf")

    def look(self) -> None:
        """Take the answer that has come, and ask again where it is time to. Never waits."""
        self._admin.poll(0)
        if self._asked is None or self._asked.done():
            self.ask(ASK_EVERY)

    def ask(self, newer_than: float = 0.0) -> None:
        """Ask now, unless a question was asked within the last `newer_than` seconds."""
        if self._asked is not None and self._asked.done():
            self._take(self._asked)
        if time.monotonic() - max(self._asked_at, self._known_at) >= newer_than:
            asked = self._admin.describe_topics(TopicCollection([self._name]), request_timeout=_ANSWER_LIMIT)
            self._asked, self._asked_at = asked[self._name], time.monotonic()

    def as_of(self, moment: float) -> Topic | None:
        """The topic as the broker had it at `moment` (of the monotonic clock) or later; waits for the answer.

        Raises:
            BrokerError: the broker does not answer, or refuses us.
        """
        while self._known_at < moment:
            if self._asked is None or self._asked_at < moment:
                self.ask()
            assert self._asked is not None  # noqa: S101  (`ask` asks)
            self._take(self._asked)
            if self.silence is not None:
                raise BrokerError(self.silence)
        return self.topic

    def _take(self, asked: Future[Any]) -> None:
        at, self._asked = self._asked_at, None
        try:
            self.topic = described(self._name, asked, _ANSWER_LIMIT + 1)
        except (KafkaException, TimeoutError) as error:
            self.silence = said(error) + (f" ({self._heard})" if self._heard else "")
            if not self.known:
                self.silence += "; TLS and passwords are for FIXWATCH_KAFKA_CONFIG to say"
        else:
            self._known_at, self.silence, self._heard = at, None, ""

    def _hear(self, error: KafkaError) -> None:
        # What only says that the others have failed too says nothing.
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._heard = error.str()
