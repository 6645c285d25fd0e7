"""What is lost between two counterparties is asked for and comes after all, or is skipped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import pytest

from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.defects import Verdict
from fixwatch.sources.simulator.carrier import Record
from fixwatch.sources.simulator.ledger import Ledger
from fixwatch.sources.simulator.said import OrderState
from tests.unit.sources.second_opinion import Fields, split

Run = tuple[list[Record], Ledger, list[OrderState]]


@pytest.fixture(scope="module")
def lossy_run(simulate: Callable[..., Run]) -> Run:
    """A run that loses a tenth of its messages, and asks for them."""
    return simulate(10_000, faults="resent=0.05")


@pytest.fixture(scope="module")
def messages(lossy_run: Run) -> list[Fields]:
    return [split(value) for _, value in lossy_run[0]]


def test_a_lossy_run_is_valid_by_its_dictionary(lossy_run: Run) -> None:
    verdicts = decode([value for _, value in lossy_run[0]], DecodeOptions(profile="strict")).verdicts
    assert set(verdicts.to_pylist()) == {int(Verdict.VALID)}


def test_the_other_side_asks_for_what_is_missing(messages: list[Fields]) -> None:
    reached: defaultdict[tuple[str, str], int] = defaultdict(int)
    missing: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    asked = 0
    for fields in messages:
        direction = fields[49], fields[56]
        if fields.get(43) != "Y":
            missing[direction] |= set(range(reached[direction] + 1, int(fields[34])))
            reached[direction] = int(fields[34])
        if fields[35] == "2":
            asked += 1
            assert set(range(int(fields[7]), int(fields[16]) + 1)) <= missing[direction[::-1]]
    assert asked > 100


def test_what_is_sent_again_fills_the_gap_with_its_number_and_first_time(messages: list[Fields]) -> None:
    sent_before: defaultdict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    again = 0
    for fields in messages:
        direction, number = (fields[49], fields[56]), int(fields[34])
        if fields.get(43) == "Y" and fields[35] != "4":
            again += 1
            assert fields[122] < fields[52]
            assert number not in sent_before[direction]
            before, after = (sent_before[direction].get(number + step) for step in (-1, 1))
            assert (before or "") <= fields[122] <= (after or "9")
        sent_before[direction][number] = fields.get(122, fields[52])
    assert again > 100


def test_messages_of_the_session_level_are_skipped_by_gap_fills(messages: list[Fields]) -> None:
    again = {fields[35] for fields in messages if fields.get(43) == "Y"}
    assert again >= {"4", "8", "D"}
    assert not again & {"0", "1", "2"}
    fills = [fields for fields in messages if fields[35] == "4"]
    assert {(fields[43], fields[123]) for fields in fills} == {("Y", "Y")}
    assert any(int(fields[36]) > int(fields[34]) + 1 for fields in fills)


def test_gaps_are_closed_but_for_those_that_the_end_cuts_off(lossy_run: Run) -> None:
    ledger = lossy_run[1]
    missed = sum(last + 1 - first for epoch in ledger.epochs for first, last in epoch.missed)
    missing = sum(last + 1 - first for epoch in ledger.epochs for first, last in epoch.missing)
    assert missed == ledger.faults["resent"] > 500
    assert missing < missed / 20


def test_rows_of_several_messages_are_lost(lossy_run: Run) -> None:
    assert any(last - first > 1 for epoch in lossy_run[1].epochs for first, last in epoch.missed)
