from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.dashboard import times, wording

NOW = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
TOKYO = wording.zone("Asia/Tokyo")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("14:30", datetime(2026, 3, 1, 14, 30, tzinfo=UTC)),
        ("14:30:05.250", datetime(2026, 3, 1, 14, 30, 5, 250_000, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31 14:30", datetime(2026, 1, 31, 14, 30, tzinfo=UTC)),
        ("2026-01-31T14:30:00Z", datetime(2026, 1, 31, 14, 30, tzinfo=UTC)),
        ("2026-01-31T14:30:00+01:00", datetime(2026, 1, 31, 13, 30, tzinfo=UTC)),
        (" -15m ", NOW - timedelta(minutes=15)),
        ("-2H", NOW - timedelta(hours=2)),
        ("-1d", NOW - timedelta(days=1)),
        ("now", NOW),
        ("", None),
    ],
)
def test_a_time_is_read_as_people_type_it(text: str, moment: datetime | None) -> None:
    assert times.parse(text, UTC, NOW) == moment


def test_a_time_of_day_is_of_the_viewers_day() -> None:
    assert times.parse("09:00", TOKYO, NOW) == datetime(2026, 3, 2, 0, tzinfo=UTC)
    assert times.parse("2026-03-02", TOKYO, NOW) == datetime(2026, 3, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["yesterday", "25:00", "2026-02-30", "-5", "0001-01-01", "9999-12-31", "-999999d", "1", "'; DROP TABLE"],
)
def test_what_is_no_time_is_said_with_how_to_type_one(text: str) -> None:
    with pytest.raises(ValueError, match="not a time; write 14:30"):
        times.parse(text, UTC, NOW)


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_time_or_is_refused(text: str) -> None:
    try:
        moment = times.parse(text, TOKYO, NOW)
    except ValueError:
        return
    assert moment is None or moment.tzinfo is UTC


def test_zones_are_named_and_utc_is_first() -> None:
    names = times.zone_names()
    assert names[0] == "UTC"
    assert {"Europe/Zurich", "America/New_York", "Asia/Tokyo"} <= set(names)
    assert len(set(names)) == len(names)
