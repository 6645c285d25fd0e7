"""A database that a real ingester has filled from a real topic, and what can be done with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from click.testing import Result
from confluent_kafka import Producer
from psycopg import sql
from typer.testing import CliRunner

from fixwatch.cli import app
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.kafka.topic import ensure_topic
from fixwatch.sources.simulator.clock import SimulatedClock, wall_clock
from fixwatch.sources.simulator.faults import Faults
from fixwatch.sources.simulator.simulation import Simulation, run_token
from tests.unit.ingest.conftest import message

#: Of the simulator's flow, faults and all; and some that it does not send.
MESSAGES = 3_000
ODD = (
    message("A", 1, sender="S", target="T", _98="0", _108="30", _554="s3cret"),
    b"",
    b"\x00\xff garbage",
    b"8=FIX.4.4\x019=5\x01",
    None,
)


@dataclass(frozen=True)
class Ingested:
    """A topic, and a database that it is ingested into."""

    database_url: str
    bootstrap_servers: str
    topic: str
    #: If other tests read the topic too: then nothing more is sent to it.
    is_shared: bool = False

    @property
    def environment(self) -> dict[str, str]:
        return {
            "FIXWATCH_DATABASE_URL": self.database_url,
            "FIXWATCH_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "FIXWATCH_KAFKA_TOPIC": self.topic,
            "FIXWATCH_KAFKA_GROUP_ID": self.database_url.split("/")[3].split("?")[0],
        }

    def run(self, *command: str, **environment: str) -> Result:
        return CliRunner(env=self.environment | environment).invoke(app, command)

    def start(self, command: str, **environment: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "fixwatch", command], env=os.environ | self.environment | environment
        )

    def execute(self, statement: str) -> int:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(statement).rowcount

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(statement).fetchall()

    def stored(self) -> int:
        try:
            return int(self.query("SELECT count(*) FROM messages")[0][0])
        except psycopg.errors.UndefinedTable:
            return 0

    @contextmanager
    def ingesting(self, **environment: str) -> Iterator[None]:
        """A running ingester; SIGTERM at the end, and it has to end well."""
        process = self.start("ingest", **environment)
        try:
            yield
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()

    def send(self, messages: int, seed: int, pause: Callable[[], None] = lambda: None) -> int:
        """Send a simulated flow; `pause` is called between its parts. How many records that was."""
        assert not self.is_shared
        producer = Producer({"bootstrap.servers": self.bootstrap_servers})
        start = wall_clock()
        simulation = Simulation(seed, SimulatedClock(start), run_token(start), Faults.parse("default"))
        for number, record in enumerate(simulation.records(messages), 1):
            producer.produce(self.topic, record.value, key=record.key)
            if number % 50 == 0:
                producer.poll(0)
                pause()
        for value in ODD:
            producer.produce(self.topic, value, key=b"odd")
        assert producer.flush(30) == 0
        return messages + len(ODD)


def wait_until(reached: Callable[[], bool], patience: float = 60) -> None:
    deadline = time.monotonic() + patience
    while not reached():
        assert time.monotonic() < deadline, f"not within {patience:g} s"
        time.sleep(0.05)


def new_database(postgres: EmbeddedPostgres, template: str = "template1") -> str:
    """The URL of a new database: a copy of `template`."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return postgres.url.replace("/fixwatch?", f"/{name}?")


def new_topic(postgres: EmbeddedPostgres, broker: str) -> Ingested:
    """A new topic, and a new database for it."""
    made = Ingested(new_database(postgres), broker, f"fix-{uuid.uuid4().hex[:12]}")
    assert ensure_topic({"bootstrap.servers": broker}, made.topic, 4)
    return made
