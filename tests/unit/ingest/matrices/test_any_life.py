"""What the matrices prove, of any life of an order: 150 examples each, in every run of the tests."""

from __future__ import annotations

from random import Random
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.fix.decoder import DecodeOptions, decode
from tests.unit.ingest.matrices.any_life import lives
from tests.unit.ingest.matrices.book import told
from tests.unit.ingest.matrices.expected import from_drop_copy, states
from tests.unit.ingest.matrices.messages import build
from tests.unit.ingest.matrices.scenarios import Scenario
from tests.unit.ingest.matrices.test_matrices import COUNTERS, again, arrived, divided, said, state_of

_EXAMPLES: Final = settings(max_examples=150, deadline=None, derandomize=True)


@_EXAMPLES
@given(lives())
def test_the_messages_are_valid(life: Scenario) -> None:
    decoded = decode([one.raw for one in build(life)], DecodeOptions(profile="strict"))
    assert decoded.defects.to_pylist() == []


@_EXAMPLES
@given(lives(), st.randoms(use_true_random=False))
def test_the_state_is_what_was_said_last_however_it_comes(life: Scenario, rng: Random) -> None:
    sent = build(life)
    upto = rng.randint(1, len(sent))
    mixed = rng.sample(sent[:upto], upto)
    (row,) = told(arrived(batch) for batch in divided(rng, mixed)).orders()
    assert state_of(row) == states(life)[upto - 1]["A0"]


@_EXAMPLES
@given(lives(), st.randoms(use_true_random=False))
def test_repeats_make_no_difference(life: Scenario, rng: Random) -> None:
    sent = build(life)
    repeats = [again(rng, one, 1000 + at) for at, one in enumerate(rng.choices(sent, k=len(sent)))]
    mixed = rng.sample([*sent, *repeats], 2 * len(sent))
    once, twice = told([arrived(sent)]), told(arrived(batch) for batch in divided(rng, mixed))
    without = {"order_key", *COUNTERS}
    assert [said(row, without=without) for row in twice.orders()] == [
        said(row, without=without) for row in once.orders()
    ]
    assert +twice.latencies == +once.latencies


@_EXAMPLES
@given(lives(), st.randoms(use_true_random=False))
def test_drop_copy_alone_tells_the_same(life: Scenario, rng: Random) -> None:
    sent = [message for message in build(life) if message.from_broker]
    rows = told(arrived(batch) for batch in divided(rng, rng.sample(sent, len(sent)))).orders()
    assert [state_of(row) for row in rows] == [
        state for state in from_drop_copy(life).values() if state.messages
    ]
