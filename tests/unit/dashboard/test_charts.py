from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fixwatch.dashboard import charts, wording
from fixwatch.store.figures import IngestStep, SymbolVolume, TradeStep, Window

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = Window(NOON - timedelta(hours=1), NOON, live=True)


def _rows(chart: charts.Chart) -> list[dict[str, Any]]:
    (rows,) = chart.to_dict()["datasets"].values()
    return list(rows)


def _without_data(chart: charts.Chart) -> dict[str, Any]:
    spec = chart.to_dict()
    spec.pop("datasets")
    spec.pop("data")
    return spec


def test_trades_over_time_covers_the_window_and_adds_up_by_direction() -> None:
    steps = [
        TradeStep(NOON - timedelta(minutes=5), "1", 3, Decimal(300)),
        TradeStep(NOON - timedelta(minutes=5), "2", 2, Decimal(200)),
        TradeStep(NOON - timedelta(minutes=5), "5", 4, Decimal(400)),
    ]
    rows = _rows(charts.trades_over_time(steps, HOUR, 1, UTC, "UTC"))
    assert len({row["from"] for row in rows}) == 60
    assert {row["direction"]: row["trades"] for row in rows if row["trades"]} == {"Buy": 3, "Sell": 6}


def test_times_are_drawn_in_the_viewers_zone() -> None:
    tokyo = wording.zone("Asia/Tokyo")
    steps = [TradeStep(NOON - timedelta(minutes=5), "1", 3, Decimal(300))]
    chart = charts.trades_over_time(steps, HOUR, 1, tokyo, "Asia/Tokyo")
    (row,) = [row for row in _rows(chart) if row["trades"]]
    assert datetime.fromtimestamp(row["from"] / 1000, UTC) == datetime(2026, 1, 1, 20, 55, tzinfo=UTC)
    assert chart.to_dict()["encoding"]["x"]["title"] == "Time (Asia/Tokyo)"


def test_a_refresh_changes_only_the_data() -> None:
    later = Window(HOUR.since + timedelta(minutes=7), HOUR.until + timedelta(minutes=7), live=True)
    before = charts.trades_over_time([], HOUR, 1, UTC, "UTC")
    after = charts.trades_over_time([TradeStep(later.since, "1", 9, Decimal(9))], later, 1, UTC, "UTC")
    assert _without_data(before) == _without_data(after)


def test_exact_figures_travel_beside_what_is_drawn() -> None:
    volume = SymbolVolume("BTC-USD", 2, Decimal("0.1"), Decimal("12345678901234567890.01"))
    (row,) = _rows(charts.by_symbol([volume], "notional", "Notional", bars=6))
    assert row["exact"] == "12,345,678,901,234,567,890.01"


@pytest.mark.parametrize("chart", [charts.messages_per_second, charts.lag])
def test_ingestion_charts_have_units_and_rates_are_per_second(chart: Any) -> None:
    steps = [IngestStep(NOON, 500, 7), IngestStep(NOON + timedelta(seconds=5), 0, None)]
    args = (steps, 5, UTC, "UTC") if chart is charts.messages_per_second else (steps, UTC, "UTC")
    drawn = chart(*args)
    encoding = drawn.to_dict()["encoding"]
    assert encoding["x"]["title"] == "Time (UTC)"
    assert encoding["y"]["title"] in ("Messages stored per second", "Records not stored yet")
    if chart is charts.messages_per_second:
        assert [row["rate"] for row in _rows(drawn)] == [100.0, 0.0]
    else:
        assert [row["lag"] for row in _rows(drawn)] == [7, None]


def test_empty_answers_are_charts_too() -> None:
    assert charts.by_symbol([], "qty", "Quantity", bars=6).to_dict()
    assert charts.lag([], UTC, "UTC").to_dict()
