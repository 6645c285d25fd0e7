"""Trading days of whole batches: as the rules say it of each row."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.ingest._trading_days import TradingDays
from fixwatch.schedule import DAY, TradingDay

RULES = {
    1: TradingDay(ZoneInfo("America/New_York"), time(17)),
    2: TradingDay(ZoneInfo("Asia/Tokyo"), time(6)),
    # Shares a slot with the first.
    1025: TradingDay(ZoneInfo("Europe/London"), time(0)),
    3: TradingDay(ZoneInfo("UTC"), time(0)),
}
ROWS = st.tuples(
    st.one_of(st.integers(1_700_000_000_000_000, 1_700_600_000_000_000), st.integers(-(2**56), 2**56)),
    st.sampled_from([None, 1, 2, 3, 4, 1025, -1]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ROWS), st.integers(0, 3), st.booleans())
def test_every_row_has_the_day_that_the_rule_of_its_session_says(
    rows: list[tuple[int, int | None]], skipped: int, told: bool
) -> None:
    days = TradingDays()
    if told:
        for pair_id, rule in RULES.items():
            days.tell(pair_id, rule)
    sent = pa.array([at for at, _ in rows], pa.int64()).cast(pa.timestamp("us", "UTC"))
    pairs = pa.array([pair for _, pair in rows], pa.int32())
    found = days.of(sent.slice(skipped), pairs.slice(skipped))
    assert found.type == pa.int32()
    assert found.to_pylist() == [
        RULES[pair].of(at) if told and pair in RULES else at // DAY for at, pair in rows[skipped:]
    ]


def test_moments_and_pairs_are_as_many() -> None:
    with pytest.raises(ValueError, match="as many"):
        TradingDays().of(pa.array([1], pa.int64()), pa.array([], pa.int32()))
