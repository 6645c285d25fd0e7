from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from fixwatch.dashboard import wording


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Decimal("1234567.5"), 2, "1,234,567.50"),
        (Decimal("1.08415"), 2, "1.08415"),
        (Decimal("100.000000000000000000"), 0, "100"),
        (
            Decimal("12345678901234567890.123456789012345678"),
            0,
            "12,345,678,901,234,567,890.123456789012345678",
        ),
        (Decimal("-37.63"), 2, "-37.63"),
        (Decimal("1E+3"), 0, "1,000"),
        (Decimal("0"), 2, "0.00"),
        (None, 2, wording.NOTHING),
    ],
)
def test_amount_keeps_every_digit_but_trailing_zeros(value: Decimal | None, places: int, text: str) -> None:
    assert wording.amount(value, least_places=places) == text


@pytest.mark.parametrize(("value", "text"), [(0.0, "0.0"), (3.27, "3.3"), (9.96, "10"), (61234.6, "61,235")])
def test_rate_has_a_place_only_when_it_is_small(value: float, text: str) -> None:
    assert wording.rate(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (59, "59 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172800, "2 d")],
)
def test_ago_names_the_largest_unit(seconds: int, text: str) -> None:
    assert wording.ago(timedelta(seconds=seconds)) == text


def test_moment_shows_the_date_only_of_another_day_of_the_viewers_zone() -> None:
    tokyo = wording.zone("Asia/Tokyo")
    at = datetime(2026, 3, 1, 20, 30, 5, 123_999, tzinfo=UTC)
    assert wording.moment(at, UTC, datetime(2026, 3, 1, 23, tzinfo=UTC)) == "20:30:05.123"
    assert wording.moment(at, tokyo, datetime(2026, 3, 1, 1, tzinfo=UTC)) == "2026-03-02 05:30:05.123"
    assert wording.moment(None, UTC, at) == wording.NOTHING


def test_unknown_zone_is_utc() -> None:
    assert wording.zone("Mars/Olympus") is UTC
    assert wording.zone("../../etc/passwd") is UTC
    assert wording.zone(None) is UTC


def test_wall_clock_is_that_of_the_zone() -> None:
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    hour = 3_600_000
    assert wording.wall_clock_ms(at, wording.zone("Asia/Tokyo")) - wording.wall_clock_ms(at, UTC) == 9 * hour


def test_side_and_msg_type_have_their_meanings() -> None:
    assert [wording.side(code) for code in ("1", "5", "Z", "", None)] == [
        "Buy",
        "Sell short",
        "Z",
        wording.NOTHING,
        wording.NOTHING,
    ]
    assert [wording.direction(code) for code in ("1", "5", "8", "")] == ["Buy", "Sell", "Other", "Other"]
    assert [wording.msg_type(code) for code in ("8", "A", "zz", None)] == [
        "8 ExecutionReport",
        "A Logon",
        "zz",
        wording.NOTHING,
    ]


def test_defect_reads_as_words() -> None:
    assert wording.defect("value_out_of_range:54") == "Value out of range (tag 54)"
    assert wording.defect("not_fix") == "Not FIX"


@pytest.mark.parametrize(
    ("octets", "text"), [(0, "0 bytes"), (1023, "1,023 bytes"), (10 * 1024**2, "10.0 MiB")]
)
def test_size_names_the_largest_unit(octets: int, text: str) -> None:
    assert wording.size(octets) == text


def test_what_is_not_seen_is_shown_and_what_is_long_is_cut() -> None:
    assert wording.visible("a\0b\u202ec\x7f") == "a\u2400b\u2039U+202E\u203ac\u2421"
    assert wording.visible("x" * 10_000, most=5) == "xxxxx\u2026"
    assert wording.visible("caf\u00e9 \u20ac 5") == "caf\u00e9 \u20ac 5"


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "0 ms"),
        (250, "250 us"),
        (12_000, "12 ms"),
        (-3_500, "-3.5 ms"),
        (999_600, "1 s"),
        (3_200_000, "3.2 s"),
        (310_000_000, "5 min 10 s"),
        (7_500_000_000, "2 h 5 min"),
        (180_000_000_000, "2 d 2 h"),
    ],
)
def test_a_latency_is_signed_and_in_its_unit(microseconds: int, text: str) -> None:
    assert wording.duration(timedelta(microseconds=microseconds)) == text


def test_meanings_of_older_versions_are_known() -> None:
    assert wording.meaning(39, "1") == "Partially filled"
    assert wording.meaning(150, "2") == "Fill"
    assert wording.meaning(150, "F").startswith("Trade")
    assert wording.meaning(39, "\u202e") == "\u2039U+202E\u203a"
    assert wording.meaning(39, None) == wording.NOTHING


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (112, 100, "+12%"),
        (97, 100, "-3%"),
        (1_000_001, 1_000_000, "0%"),
        (Decimal("5e30"), Decimal("1e30"), "+400%"),
        (20_000, 10, "+199,900%"),
        (0, 7, "-100%"),
        (0, 0, "0%"),
        (7, 0, wording.NOTHING),
    ],
)
def test_change_is_said_in_whole_percents_and_not_against_nothing(
    now: int | Decimal, before: int | Decimal, said: str
) -> None:
    assert wording.change(now, before) == said
