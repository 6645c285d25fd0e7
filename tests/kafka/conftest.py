"""The real parts of the integration tests, with Apache Kafka for the broker whatever the options say."""

from __future__ import annotations

import pytest

from tests.integration.conftest import database_url, empty_database_url, postgres, start, topic
from tests.kafka.apache_kafka import ApacheKafka

__all__ = ["broker", "database_url", "empty_database_url", "postgres", "start", "topic"]


@pytest.fixture
def broker(apache_kafka: ApacheKafka) -> str:
    """The bootstrap servers of Apache Kafka's listener that lets anyone in."""
    return apache_kafka.bootstrap_servers
