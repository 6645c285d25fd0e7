"""The real parts: one embedded Postgres and one embedded broker for the whole run, a fresh database a test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fixwatch.demo.broker import EmbeddedBroker
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.store.migrate import migrate
from fixwatch.store.reader import Reader
from tests.integration.ingested import MESSAGES, Ingested, new_database, new_topic, wait_until

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A running Postgres.

    Not below pytest's own directory: as root, Postgres runs as another user, to whom a second pytest closes it.
    """
    with (
        tempfile.TemporaryDirectory(prefix="fixwatch-") as directory,
        EmbeddedPostgres(Path(directory) / "data") as server,
    ):
        yield server


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> str:
    """A database with nothing in it."""
    return new_database(postgres)


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    """A migrated database with nothing in it."""
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        migrate(connection)
        connection.execute("SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date - 1, 4)")
    return empty_database_url


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to that database, each statement of its own."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def reader(database_url: str) -> Iterator[Reader]:
    """A reader of that database."""
    found = Reader(database_url)
    yield found
    found.close()


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """The bootstrap servers of a running broker: the embedded one, or Apache Kafka with `--broker=apache`."""
    if request.config.getoption("--broker") == "apache":
        yield request.getfixturevalue("apache_kafka").bootstrap_servers
        return
    with EmbeddedBroker() as running:
        yield running.bootstrap_servers


@pytest.fixture
def topic() -> str:
    """A topic name that no other test uses."""
    return f"fix-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def start(database_url: str, broker: str, topic: str, tmp_path: Path) -> Iterator[Start]:
    """Start an ingester of the test's topic; what is left running is killed at the end."""
    running: list[subprocess.Popen[bytes]] = []

    def spawn(**environment: str) -> subprocess.Popen[bytes]:
        own = {
            "FIXWATCH_DATABASE_URL": database_url,
            "FIXWATCH_KAFKA_BOOTSTRAP_SERVERS": broker,
            "FIXWATCH_KAFKA_TOPIC": topic,
            "FIXWATCH_KAFKA_GROUP_ID": f"group-{topic}",
        }
        with (tmp_path / f"ingest{len(running)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "fixwatch", "ingest"], env=os.environ | own | environment, stderr=log
            )
        running.append(process)
        return process

    yield spawn
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def flow(postgres: EmbeddedPostgres, broker: str) -> Ingested:
    """A simulated flow that a real ingester has stored. Not to be changed: see `ingested`."""
    made = new_topic(postgres, broker)
    sent = made.send(MESSAGES, seed=7)
    with made.ingesting(FIXWATCH_BATCH_ROWS="150"):
        wait_until(lambda: made.stored() == sent)
    return made


@pytest.fixture
def ingested(postgres: EmbeddedPostgres, flow: Ingested) -> Ingested:
    """A copy of the flow's database, to be changed; its topic stays as it is."""
    template = flow.database_url.split("/")[3].split("?")[0]
    return replace(flow, database_url=new_database(postgres, template), is_shared=True)
