"""What makes an order wrong (`defects.txt`), and that nothing else does, in any order of arrival."""

from __future__ import annotations

from random import Random
from typing import Final

import pytest

from tests.unit.ingest.matrices.book import told
from tests.unit.ingest.matrices.messages import build
from tests.unit.ingest.matrices.scenarios import Scenario, read
from tests.unit.ingest.matrices.test_matrices import arrived, divided

DEFECTS: Final = (
    "quantities_disagree",
    "cum_qty_went_back",
    "avg_px_disagrees",
    "fill_after_end",
    "overfilled",
)
_LIVES: Final = read("defects.txt")


@pytest.mark.parametrize("life", _LIVES, ids=lambda one: one.name)
def test_an_order_has_the_defects_that_its_life_says(life: Scenario) -> None:
    expected, _, _ = life.name.partition(".")
    sent = build(life)
    for seed in range(6):
        rng = Random(f"{life.name} {seed}")
        (row,) = told(arrived(batch) for batch in divided(rng, rng.sample(sent, len(sent)))).orders()
        assert row["defects"] == (None if expected == "none" else expected)


def test_every_defect_has_a_life() -> None:
    assert {life.name.partition(".")[0] for life in _LIVES} == {"none", *DEFECTS}
