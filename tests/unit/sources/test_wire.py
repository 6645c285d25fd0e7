from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixwatch.fix.encoder import encode
from fixwatch.sources.simulator.simulation import run_token
from fixwatch.sources.simulator.wire import Stamp, decimal_text, frame


@given(st.text(st.characters(codec="latin-1", exclude_characters="\x01"), min_size=1, max_size=2_000))
def test_a_frame_is_what_the_encoder_makes(text: str) -> None:
    made = frame("FIX.4.4", "35=B\x01", f"148={text}\x01")
    assert made == encode([(35, "B"), (148, text.encode("latin-1"))], "FIX.4.4")


@given(st.integers(-(10**24), 10**24), st.integers(0, 12))
def test_decimal_text_is_exact(units: int, decimals: int) -> None:
    text = decimal_text(units, decimals)
    assert Decimal(text) == Decimal(f"{units}E-{decimals}")
    assert "E" not in text
    assert len(text.partition(".")[2]) == decimals


@pytest.mark.parametrize(
    ("day", "days", "settles"),
    [
        ("2026-03-06", 0, "20260306"),
        ("2026-03-06", 1, "20260309"),  # a Friday
        ("2026-03-05", 2, "20260309"),
        ("2026-03-07", 1, "20260309"),  # a Saturday
        ("2026-12-31", 2, "20270104"),
    ],
)
def test_settlement_skips_weekends(day: str, days: int, settles: str) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
    assert Stamp(int(noon.timestamp()) * 1_000_000).settlement(days) == settles


def test_a_stamp_moves_over_midnight() -> None:
    stamp = Stamp(1_772_841_599_999_999)
    assert (stamp.micros, stamp.millis) == ("20260306-23:59:59.999999", "20260306-23:59:59.999")
    assert stamp.settlement(1) == "20260309"
    stamp.set(stamp.now + 1)
    assert (stamp.micros, stamp.today) == ("20260307-00:00:00.000000", "20260307")
    assert stamp.settlement(0) == "20260307"


def test_run_tokens_of_two_starts_differ_and_are_short() -> None:
    start = 1_772_811_000_000_000
    assert run_token(start) != run_token(start + 1_000)
    assert len(run_token(start)) <= 8
