"""What the simulator sent is what the ingester makes of it, in every line, with faults, in any order of arrival."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest
from confluent_kafka import Producer

from fixwatch.demo.found import find
from fixwatch.demo.lines import Line
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.demo.reconciliation import reconcile
from fixwatch.kafka.offsets import describe_topic
from fixwatch.sources.simulator.carrier import Record
from fixwatch.sources.simulator.clock import SimulatedClock, wall_clock
from fixwatch.sources.simulator.faults import DEFAULT_SHARES, Faults
from fixwatch.sources.simulator.sessions import Only
from fixwatch.sources.simulator.shuffle import Shuffle
from fixwatch.sources.simulator.simulation import Simulation, run_token
from tests.integration.ingested import Ingested, new_topic, wait_until

#: Four times the default ones, so that some of each befall a run that is not long.
FAULTS = Faults({fault: share * 4 for fault, share in DEFAULT_SHARES.items()})


def send(made: Ingested, records: Iterable[tuple[Record, int]]) -> None:
    producer = Producer({"bootstrap.servers": made.bootstrap_servers})
    for number, (record, partition) in enumerate(records):
        producer.produce(made.topic, record.value, record.key, partition)
        if not number % 1_000:
            producer.poll(0)
    assert producer.flush(30) == 0


def run(
    made: Ingested, messages: int, seed: int, *, shuffled: bool, only: Only | None = None
) -> tuple[list[Line], Any]:
    """Send a run, ingest it, and hold the ledger against Postgres."""
    start = wall_clock()
    simulation = Simulation(seed, SimulatedClock(start), run_token(start), FAULTS, only)
    records = list(simulation.records(messages))
    ledger = simulation.ledger("complete")
    if shuffled:
        shuffle = Shuffle(random.Random(seed), partitions=4)
        send(made, [*shuffle.through(records), *shuffle.rest()])
    else:
        send(made, [(record, -1) for record in records])
    with made.ingesting(FIXWATCH_BATCH_ROWS="1500"):
        wait_until(lambda: made.stored() == messages)
    topic = describe_topic({"bootstrap.servers": made.bootstrap_servers}, made.topic)
    assert topic is not None
    found = find(made.database_url, [topic.topic_id], [ledger.run])
    return reconcile(ledger, simulation.take_orders(), found), ledger


@pytest.mark.parametrize(
    ("shuffled", "only"),
    [(False, None), (True, None), (True, Only.BROKER_TO_CLIENT)],
    ids=["in order", "in any order", "a drop copy in any order"],
)
def test_postgres_holds_what_was_sent(
    postgres: EmbeddedPostgres, broker: str, shuffled: bool, only: Only | None
) -> None:
    lines, ledger = run(new_topic(postgres, broker), 12_000, seed=11, shuffled=shuffled, only=only)
    assert [line for line in lines if not line.agrees] == []
    assert len(lines) > 100
    assert ledger.orders > 1_000
