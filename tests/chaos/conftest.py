"""The parts of the rounds: a Postgres on a volume that can be full, and a broker whose connections can be cut."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixwatch.demo.broker import EmbeddedBroker
from fixwatch.demo.postgres import EmbeddedPostgres
from tests.chaos.ground import Round
from tests.chaos.proxy import Proxy
from tests.chaos.volume import Volume, volume
from tests.kafka.jars import KafkaUnavailable, skip_without

#: How many rounds; and what their faults, times and loads are drawn from.
ROUNDS = int(os.environ.get("FIXWATCH_CHAOS_ROUNDS", "6"))
SEED = int(os.environ.get("FIXWATCH_CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "number" in metafunc.fixturenames:
        ids = [f"seed{SEED}-round{number}" for number in range(ROUNDS)]
        metafunc.parametrize("number", range(ROUNDS), ids=ids)


@pytest.fixture
def chance(number: int) -> random.Random:
    """What the round draws from."""
    return random.Random(f"{SEED}:{number}")


@pytest.fixture(scope="module")
def room() -> Iterator[Volume]:
    """Where Postgres keeps its data."""
    with tempfile.TemporaryDirectory(prefix="fixwatch-chaos-") as directory, volume(Path(directory)) as made:
        yield made


@pytest.fixture(scope="module")
def postgres(room: Volume) -> Iterator[EmbeddedPostgres]:
    """A Postgres that rounds may stop; it runs when a round begins."""
    with EmbeddedPostgres(room.directory / "data") as server:
        yield server


@pytest.fixture(scope="module")
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The way to a broker, which tells clients to come by it."""
    with Proxy() as proxy:
        if request.config.getoption("--broker") == "embedded":
            # It takes a record that is sent again for another one: the load's connections are not cut.
            with EmbeddedBroker(advertised_port=proxy.port) as embedded:
                proxy.target = embedded.port
                yield proxy
            return
        from tests.kafka.apache_kafka import ApacheKafka

        proxy.spares_load = False
        try:
            kafka = ApacheKafka(tmp_path_factory.mktemp("chaos-kafka"), proxy.port)
        except KafkaUnavailable as missing:
            skip_without(missing)
        proxy.target = kafka.port
        with kafka:
            yield proxy


@pytest.fixture
def ground(postgres: EmbeddedPostgres, room: Volume, broker: Proxy, tmp_path: Path) -> Iterator[Round]:
    """A round with nothing in it yet."""
    made = Round(postgres, room, broker, tmp_path)
    yield made
    made.close()
    broker.refusing = False
    room.free()
    made.start_postgres()
