"""A topic full of simulated flow, on an embedded broker, and the ledger of what is in it."""

from __future__ import annotations

from typing import NamedTuple

from confluent_kafka import Producer

from fixwatch.errors import BrokerError
from fixwatch.kafka.client import quiet_logger
from fixwatch.kafka.offsets import Topic, describe_topic
from fixwatch.kafka.topic import ensure_topic
from fixwatch.sources.simulator.clock import SimulatedClock, wall_clock
from fixwatch.sources.simulator.faults import Faults
from fixwatch.sources.simulator.ledger import Ledger
from fixwatch.sources.simulator.said import OrderState
from fixwatch.sources.simulator.simulation import Simulation, run_token

#: What `fix-trades` is for the demo.
TOPIC = "fix-trades"
PARTITIONS = 4
#: Messages after which the orders that are over are let go of.
_SETTLED_AFTER = 10_000


class Preloaded(NamedTuple):
    """A topic that is full, and what is in it."""

    topic: Topic
    ledger: Ledger
    orders: list[OrderState]


def preload(bootstrap_servers: str, messages: int, seed: int) -> Preloaded:
    """Make the topic and send `messages` of the simulator's flow to it, with the default faults.

    Raises:
        BrokerError: the broker did not take all of it.
    """
    config = {"bootstrap.servers": bootstrap_servers}
    ensure_topic(config, TOPIC, PARTITIONS)
    start = wall_clock()
    simulation = Simulation(seed, SimulatedClock(start), run_token(start), Faults.parse("default"))
    producer = Producer({**config, "linger.ms": 20, "batch.size": 1_000_000}, logger=quiet_logger())
    orders: list[OrderState] = []
    for number, record in enumerate(simulation.records(messages)):
        if not number % _SETTLED_AFTER:
            orders += simulation.take_orders()
        while True:
            try:
                producer.produce(TOPIC, record.value, record.key)
            except BufferError:
                producer.poll(0.1)
            else:
                break
    left = producer.flush(60)
    topic = describe_topic(config, TOPIC)
    if left or topic is None:
        raise BrokerError(f"The embedded broker did not take {left:,} of {messages:,} messages.")
    ledger = simulation.ledger("complete")
    return Preloaded(topic, ledger, orders + simulation.take_orders())
