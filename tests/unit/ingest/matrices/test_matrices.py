"""Every order state change matrix: the state after each message, in any order of arrival, from drop copy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from itertools import permutations
from random import Random
from typing import Any, Final

import pytest

from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE
from tests.unit.ingest.matrices.book import Book, Row, told
from tests.unit.ingest.matrices.expected import State, from_drop_copy, states
from tests.unit.ingest.matrices.messages import Sent, build, poss_dup, poss_resend
from tests.unit.ingest.matrices.scenarios import EVERY, FIX44, Scenario

#: What is said of an order twice counts as a repeat, and is seen when it comes; all else may not change by it.
COUNTERS: Final = {"messages", "repeats", "last_seen", "events"}
#: 4.3 knows no order that is canceled because it is not the best.
_SPOKEN: Final = [one for one in FIX44 if not one.name.startswith("E.1.e")]
_SHUFFLES: Final = 4

every = pytest.mark.parametrize("scenario", EVERY, ids=lambda one: one.name)


def arrived(messages: Sequence[Sent]) -> list[tuple[bytes, Any]]:
    return [(message.raw, message.kafka_time) for message in messages]


def state_of(row: Row) -> State:
    return State(**{field.name: row[field.name] for field in fields(State)})


def said(row: Row, *, without: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in without}


def divided(rng: Random, messages: Sequence[Sent]) -> list[list[Sent]]:
    """Batches of any sizes."""
    batches: list[list[Sent]] = [[]]
    for message in messages:
        if batches[-1] and rng.random() < 0.5:
            batches.append([])
        batches[-1].append(message)
    return batches


def again(rng: Random, message: Sent, seq: int) -> Sent:
    """The message as a session sends it again, or as the topic has it twice."""
    later = timedelta(seconds=rng.randrange(1, 90_000))
    return rng.choice([message, poss_dup(message, later), poss_resend(message, seq, later)])


@pytest.mark.parametrize("version", ["", "FIX.4.3", "FIX.5.0SP2"])
def test_the_messages_are_valid(version: str) -> None:
    scenarios = [one.in_version(version) for one in _SPOKEN] if version else EVERY
    for scenario in scenarios:
        sent = build(scenario)
        sent += [poss_dup(one, timedelta(1)) for one in sent] + [
            poss_resend(one, 99, timedelta(1)) for one in sent
        ]
        decoded = decode([one.raw for one in sent], DecodeOptions(profile="strict"))
        defects = [(BY_CODE[one["reason"]].label, one["ref_tag"]) for one in decoded.defects.to_pylist()]
        assert (scenario.name, defects) == (scenario.name, [])


@every
def test_the_state_after_each_message(scenario: Scenario) -> None:
    sent = build(scenario)
    for upto, expected in enumerate(states(scenario), start=1):
        rows = told([arrived(sent[:upto])]).orders()
        at = scenario.steps[upto - 1].time
        assert (at, [state_of(row) for row in rows]) == (at, list(expected.values()))


@every
def test_the_state_after_each_message_that_comes_alone(scenario: Scenario) -> None:
    book = Book()
    for message, step, expected in zip(build(scenario), scenario.steps, states(scenario), strict=True):
        book.take(arrived([message]))
        assert (step.time, [state_of(row) for row in book.orders()]) == (step.time, list(expected.values()))


@pytest.mark.parametrize("version", ["FIX.4.3", "FIX.5.0SP2"])
def test_the_state_in_the_versions_that_have_the_same_matrices(version: str) -> None:
    for scenario in _SPOKEN:
        rows = told([arrived(build(scenario.in_version(version)))]).orders()
        end = (scenario.name, list(states(scenario)[-1].values()))
        assert (scenario.name, [state_of(row) for row in rows]) == end


@every
def test_no_order_of_arrival_and_no_division_makes_a_difference(scenario: Scenario) -> None:
    sent = build(scenario)
    in_order = told([arrived(sent)])
    for seed in range(_SHUFFLES):
        rng = Random(f"{scenario.name} {seed}")
        batches = [arrived(batch) for batch in divided(rng, rng.sample(sent, len(sent)))]
        book = told(batches)
        assert [said(row, without={"order_key"}) for row in book.orders()] == [
            said(row, without={"order_key"}) for row in in_order.orders()
        ]
        assert +book.latencies == +in_order.latencies


@pytest.mark.parametrize("name", ["B.1.e", "E.1.c", "J.1.b@", "D9", "fix40-cancel"])
def test_not_one_of_all_orders_of_arrival_makes_a_difference(name: str) -> None:
    for scenario in EVERY:
        if scenario.name.startswith(name) and len(scenario.steps) <= 6:
            sent = build(scenario)
            in_order = [said(row, without={"order_key"}) for row in told([arrived(sent)]).orders()]
            for shuffled in permutations(sent):
                rows = told(arrived([one]) for one in shuffled).orders()
                assert [said(row, without={"order_key"}) for row in rows] == in_order


@every
def test_repeats_make_no_difference(scenario: Scenario) -> None:
    sent = build(scenario)
    without = {"order_key", *COUNTERS}
    in_order = told([arrived(sent)])
    for seed in range(_SHUFFLES):
        rng = Random(f"{scenario.name} {seed}")
        repeats = [again(rng, one, 1000 + at) for at, one in enumerate(rng.choices(sent, k=len(sent)))]
        every_one = rng.sample([*sent, *repeats], 2 * len(sent))
        book = told(arrived(batch) for batch in divided(rng, every_one))
        assert [said(row, without=without) for row in book.orders()] == [
            said(row, without=without) for row in in_order.orders()
        ]
        assert +book.latencies == +in_order.latencies
        counted = sum(row["messages"] - row["repeats"] for row in book.orders())
        assert counted == sum(row["messages"] - row["repeats"] for row in in_order.orders())


@every
def test_drop_copy_alone_tells_the_same(scenario: Scenario) -> None:
    sent = [message for message in build(scenario) if message.from_broker]
    if not sent:
        return
    expected = [state for state in from_drop_copy(scenario).values() if state.messages]
    for seed in range(_SHUFFLES):
        rng = Random(f"{scenario.name} {seed}")
        rows = told(arrived(batch) for batch in divided(rng, rng.sample(sent, len(sent)))).orders()
        assert [state_of(row) for row in rows] == expected
