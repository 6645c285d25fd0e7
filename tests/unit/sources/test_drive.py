from __future__ import annotations

import threading
from pathlib import Path
from random import Random
from typing import cast

import pytest

from fixwatch.errors import BrokerError, SettingsError
from fixwatch.sources.producer import RecordProducer
from fixwatch.sources.simulator.clock import SimulatedClock
from fixwatch.sources.simulator.drive import Drive, Plan
from fixwatch.sources.simulator.ledger import Ledger
from fixwatch.sources.simulator.order_file import read_orders
from fixwatch.sources.simulator.shuffle import Shuffle
from fixwatch.sources.simulator.simulation import Simulation, run_token

START = 1_772_811_000_000_000


class Topic:
    """Stands in for the producer; sets `stop` after `stop_after` records, refuses at the flush on demand."""

    def __init__(self, stop: threading.Event, stop_after: int | None = None, refuses: bool = False) -> None:
        self.values: list[bytes] = []
        self.failed = 0
        self._stop = stop
        self._stop_after = stop_after
        self._refuses = refuses

    @property
    def sent(self) -> int:
        return len(self.values)

    delivered = sent

    def send(self, key: bytes | None, value: bytes, partition: int = -1) -> None:
        self.values.append(value)
        if self.sent == self._stop_after:
            self._stop.set()

    def serve(self) -> None:
        pass

    def flush(self, limit: float = 30) -> None:
        if self._refuses:
            raise BrokerError("1 of 2 records were not delivered")


def drive(
    plan: Plan,
    ledger: Path | None = None,
    stop_after: int | None = None,
    refuses: bool = False,
    shuffle: Shuffle | None = None,
) -> tuple[Ledger, Topic]:
    stop = threading.Event()
    topic = Topic(stop, stop_after, refuses)
    simulation = Simulation(1, SimulatedClock(START), run_token(START))
    driven = Drive(simulation, cast("RecordProducer", topic), plan, ledger, stop, shuffle)
    return driven.run(), topic


def test_a_number_of_messages_is_kept_to_the_message(tmp_path: Path) -> None:
    ledger, topic = drive(Plan(messages=1_234), tmp_path / "ledger.json")
    assert topic.sent == ledger.messages == 1_234
    assert Ledger.read(tmp_path / "ledger.json") == ledger
    assert ledger.state == "complete"


def test_orders_are_beside_the_ledger(tmp_path: Path) -> None:
    ledger, _ = drive(Plan(messages=3_000), tmp_path / "ledger.json")
    orders = list(read_orders(tmp_path / "ledger.orders.tsv"))
    assert len(orders) == len(set(orders)) == ledger.orders > 300


def test_a_shuffled_run_sends_the_same_records_and_has_the_same_ledger() -> None:
    ordered, topic = drive(Plan(messages=3_000))
    ledger, shuffled = drive(Plan(messages=3_000), shuffle=Shuffle(Random(1), partitions=4, window=100))
    assert ledger == ordered
    assert shuffled.values != topic.values
    assert sorted(shuffled.values) == sorted(topic.values)


def test_a_time_is_kept() -> None:
    ledger, topic = drive(Plan(rate=2_000, seconds=0.2))
    assert 32 <= topic.sent == ledger.messages <= 32 + 2_000 * 0.2


def test_a_stop_logs_out_and_completes_the_ledger(tmp_path: Path) -> None:
    ledger, topic = drive(Plan(), tmp_path / "ledger.json", stop_after=700)
    assert ledger.state == "complete"
    assert topic.sent == ledger.messages >= 716
    assert all(b"\x0135=5\x01" in value for value in topic.values[-16:])
    assert ledger.by_msg_type["5"] == ledger.by_msg_type["A"] == 16


def test_what_was_not_delivered_fails_the_run_and_its_ledger(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="not delivered"):
        drive(Plan(messages=100), tmp_path / "ledger.json", refuses=True)
    assert Ledger.read(tmp_path / "ledger.json").state == "failed"


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        ({"rate": -1}, "--rate"),
        ({"rate": float("inf")}, "--rate"),
        ({"rate": float("nan")}, "--rate"),
        ({"seconds": 0}, "--seconds"),
        ({"messages": 31}, "--messages"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(plan: dict[str, float], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        Plan(**plan)  # type: ignore[arg-type]
