from __future__ import annotations

from collections import Counter
from random import Random

from fixwatch.sources.simulator.carrier import Record
from fixwatch.sources.simulator.shuffle import Shuffle

RECORDS = [Record(b"key", b"%d" % number) for number in range(5_000)]


def shuffled(seed: int = 1, window: int = 500) -> list[tuple[Record, int]]:
    shuffle = Shuffle(Random(seed), partitions=3, window=window)
    found: list[tuple[Record, int]] = []
    for start in range(0, len(RECORDS), 7):
        found += shuffle.through(RECORDS[start : start + 7])
    return found + list(shuffle.rest())


def test_every_record_goes_once() -> None:
    assert sorted(record for record, _ in shuffled()) == sorted(RECORDS)


def test_records_go_far_from_their_place_and_to_every_partition() -> None:
    moved = [abs(int(record.value) - place) for place, (record, _) in enumerate(shuffled())]
    assert sum(moved) / len(moved) > 100
    partitions = Counter(partition for _, partition in shuffled())
    assert set(partitions) == {0, 1, 2}
    assert min(partitions.values()) > 1_000


def test_no_more_records_wait_than_the_window_holds() -> None:
    shuffle = Shuffle(Random(1), partitions=1, window=10)
    assert list(shuffle.through(RECORDS[:10])) == []
    assert len(list(shuffle.through(RECORDS[10:20]))) == 10
    assert len(list(shuffle.rest())) == 10


def test_the_same_seed_gives_the_same_order() -> None:
    assert shuffled(seed=4) == shuffled(seed=4) != shuffled(seed=5)
