"""Buckets of latencies: what the C puts in them is what they hold."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.histogram import bounds, quantile
from fixwatch.ingest._rollups import bucket

INT64 = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.builds(lambda power, off: (1 << power) + off, st.integers(0, 62), st.integers(-1, 1)),
)


@settings(max_examples=2000, deadline=None)
@given(INT64)
def test_a_latency_is_within_the_bounds_of_its_bucket(microseconds: int) -> None:
    least, greatest = bounds(bucket(microseconds))
    assert least <= microseconds <= greatest


@settings(max_examples=2000, deadline=None)
@given(INT64)
def test_a_bucket_is_no_wider_than_a_sixteenth_of_its_values(microseconds: int) -> None:
    least, greatest = bounds(bucket(microseconds))
    assert (greatest - least) * 16 <= min(abs(least), abs(greatest))


def test_buckets_follow_each_other_without_holes() -> None:
    for number in range(-959, 959):
        assert bounds(number)[1] + 1 == bounds(number + 1)[0]


def test_the_sign_is_kept() -> None:
    assert [bucket(value) for value in (-(2**63), -5, 0, 5, 2**63 - 1)] == [-960, -5, 0, 5, 959]


def test_a_quantile_is_what_that_share_does_not_exceed() -> None:
    counts = {bucket(-1_000): 1, bucket(0): 1, bucket(10): 7, bucket(100_000): 1}
    assert quantile(counts, 0.0) == bounds(bucket(-1_000))[1]
    assert quantile(counts, 0.5) == 10
    assert quantile(counts, 0.9) == 10
    assert quantile(counts, 1.0) == bounds(bucket(100_000))[1]
    assert quantile({}, 0.5) is None
