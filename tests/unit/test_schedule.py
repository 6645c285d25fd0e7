"""Trading days and hours, on days when the clocks change too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.schedule import DAY, Schedule, TradingDay, parse_span, parse_time

ZONES = ["UTC", "America/New_York", "Europe/London", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe"]
NEW_YORK = ZoneInfo("America/New_York")
MOMENTS = st.integers(0, 80 * 365 * DAY)


def us(text: str, zone: str = "UTC") -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def days(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def schedule(*spans: str, zone: str = "UTC") -> Schedule:
    return Schedule(ZoneInfo(zone), [span for text in spans for span in parse_span(text)])


def test_a_day_that_begins_in_the_evening_is_named_by_the_date_on_which_it_ends() -> None:
    rule = TradingDay(NEW_YORK, time(17))
    assert rule.of(us("2026-01-04 16:59:59", "America/New_York")) == days("2026-01-04")
    assert rule.of(us("2026-01-04 17:00:00", "America/New_York")) == days("2026-01-05")


def test_a_day_that_begins_in_the_morning_is_named_by_the_date_on_which_it_begins() -> None:
    rule = TradingDay(NEW_YORK, time(6))
    assert rule.of(us("2026-01-05 05:59:59", "America/New_York")) == days("2026-01-04")
    assert rule.of(us("2026-01-05 06:00:00", "America/New_York")) == days("2026-01-05")


def test_days_are_23_and_25_hours_long_when_the_clocks_change() -> None:
    rule = TradingDay(NEW_YORK, time(17))
    for day, hours in (("2026-03-08", 23), ("2026-03-09", 24), ("2026-11-01", 25)):
        begin, end, named = rule.window(us(f"{day} 12:00", "America/New_York"))
        assert (end - begin, named) == (hours * 3_600_000_000, days(day))


def test_a_begin_that_the_clocks_skip_or_repeat_happens_once() -> None:
    rule = TradingDay(NEW_YORK, time(1, 30))
    # 01:30 comes twice on 2026-11-01: the day begins with the first, at 05:30 UTC.
    assert rule.of(us("2026-11-01 05:29")) == days("2026-10-31")
    assert rule.of(us("2026-11-01 05:30")) == days("2026-11-01")
    assert rule.of(us("2026-11-01 06:10")) == days("2026-11-01")
    # 02:30 never comes on 2026-03-08: clocks go from 02:00 to 03:00, at 07:00 UTC.
    rule = TradingDay(NEW_YORK, time(2, 30))
    assert rule.window(us("2026-03-08 12:00"))[0] == us("2026-03-08 07:30")


@settings(max_examples=500, deadline=None)
@given(MOMENTS, st.sampled_from(ZONES), st.times().map(lambda t: t.replace(microsecond=0)))
def test_days_follow_each_other_without_holes(at: int, zone: str, begins: time) -> None:
    rule = TradingDay(ZoneInfo(zone), begins)
    begin, end, day = rule.window(at)
    assert begin <= at < end
    # Pacific/Apia left a date out: its day has no moment.
    assert rule.of(end) - day in ((1, 2) if zone == "Pacific/Apia" else (1,))
    assert rule.of(begin) == day
    assert abs(day - at // DAY) <= 2


@pytest.mark.parametrize("at", [-62_135_596_800_000_000, 253_402_300_799_999_999, -(2**62), 2**62])
def test_moments_that_no_clock_of_a_market_shows_have_utc_days(at: int) -> None:
    assert TradingDay(NEW_YORK, time(17)).of(at) == at // DAY
    assert not schedule("00:00-00:00").is_open(at)


def test_hours_of_a_working_week() -> None:
    hours = schedule("mon-fri 08:00-16:30")
    assert hours.is_open(us("2026-01-02 08:00"))  # a Friday
    assert not hours.is_open(us("2026-01-02 07:59:59"))
    assert not hours.is_open(us("2026-01-02 16:30"))
    assert not hours.is_open(us("2026-01-03 12:00"))
    assert hours.is_open(us("2026-01-05 16:29:59"))


def test_hours_over_night_end_on_the_next_day() -> None:
    hours = schedule("sun-thu 17:00-16:00", zone="America/Chicago")
    assert hours.is_open(us("2026-01-04 17:00", "America/Chicago"))  # a Sunday
    assert hours.is_open(us("2026-01-05 15:59", "America/Chicago"))
    assert not hours.is_open(us("2026-01-05 16:30", "America/Chicago"))
    assert hours.is_open(us("2026-01-09 15:59", "America/Chicago"))
    assert not hours.is_open(us("2026-01-09 17:00", "America/Chicago"))


def test_a_week_from_sunday_evening_to_friday_night_is_one_span() -> None:
    hours = schedule("sun 17:00 - fri 16:00", zone="America/New_York")
    begin, end = us("2026-01-01"), us("2026-01-15")
    assert hours.spans(begin, end) == [
        (begin, us("2026-01-02 21:00")),
        (us("2026-01-04 22:00"), us("2026-01-09 21:00")),
        (us("2026-01-11 22:00"), end),
    ]


def test_equal_begin_and_end_is_the_whole_day_without_a_break_at_midnight() -> None:
    begin, end = us("2026-03-01"), us("2026-04-01")
    assert schedule("00:00-00:00", zone="Europe/London").spans(begin, end) == [(begin, end)]
    assert schedule("17:00-17:00", zone="America/New_York").spans(begin, end) == [(begin, end)]
    assert schedule("sun 17:00 - sun 17:00").spans(begin, end) == [(begin, end)]


def test_hours_are_local_on_both_sides_of_a_change_of_clocks() -> None:
    hours = schedule("mon-sun 09:30-16:00", zone="America/New_York")
    assert hours.spans(us("2026-03-07"), us("2026-03-10")) == [
        (us("2026-03-07 14:30"), us("2026-03-07 21:00")),
        (us("2026-03-08 13:30"), us("2026-03-08 20:00")),
        (us("2026-03-09 13:30"), us("2026-03-09 20:00")),
    ]
    night = schedule("sat 22:00-04:00", zone="America/New_York")
    assert night.spans(us("2026-03-07"), us("2026-03-09")) == [
        (us("2026-03-08 03:00"), us("2026-03-08 08:00"))
    ]


@settings(max_examples=300, deadline=None)
@given(
    MOMENTS,
    st.sampled_from(ZONES),
    st.lists(
        st.sampled_from(
            [
                "mon-fri 08:00-16:30",
                "sun 17:00 - fri 16:00",
                "17:00-16:00",
                "wed,sat 23:00-23:00",
                "fri 16:00 - sun 17:00",
            ]
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_a_moment_is_open_where_a_span_is_around_it(at: int, zone: str, spans: list[str]) -> None:
    hours = schedule(*spans, zone=zone)
    around = hours.spans(at - 30 * DAY, at + 30 * DAY)
    assert hours.is_open(at) == any(begin <= at < end for begin, end in around)
    begin, end, is_open = hours.window(at)
    assert begin <= at < end
    assert hours.is_open(begin) == hours.is_open(end - 1) == is_open
    assert all(before[1] < after[0] for before, after in pairwise(around))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("noon", "is no span"),
        ("8:00-16:00", "is no span"),
        ("08:00-25:00", "'25:00' is no time of day"),
        ("xyz 08:00-16:00", "'xyz' is no day of the week"),
        ("mo 08:00-16:00", "'mo' is no day of the week"),
        ("mon-fri 08:00 - sat 16:00", "begins on one"),
    ],
)
def test_what_is_wrong_with_a_span_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_span(text)


def test_times_have_seconds_where_they_are_wanted() -> None:
    assert parse_time("17:00") == time(17)
    assert parse_time("23:59:59") == time(23, 59, 59)
