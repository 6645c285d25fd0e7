"""Which broker the tests run on: the embedded one, or Apache Kafka (`--broker=apache`, see `make test-kafka`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.kafka.jars import KafkaUnavailable, skip_without

if TYPE_CHECKING:
    from tests.kafka.apache_kafka import ApacheKafka


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--broker",
        choices=["embedded", "apache"],
        default="embedded",
        help="the broker of the tests that need one; apache: run only these, on Apache Kafka",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--broker") == "apache":
        kept = [item for item in items if {"broker", "apache_kafka"} & set(getattr(item, "fixturenames", ()))]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


@pytest.fixture(scope="session")
def apache_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    """A running Apache Kafka. Where it cannot run its tests are skipped, or fail if FIXWATCH_REQUIRE_KAFKA=1."""
    # Here, because the tests of the library need nothing of Kafka.
    from tests.kafka.apache_kafka import ApacheKafka

    try:
        kafka = ApacheKafka(tmp_path_factory.mktemp("kafka"))
    except KafkaUnavailable as missing:
        skip_without(missing)
    with kafka:
        yield kafka
