"""The charts: small frames in, Altair out. Units on the axes, colours that colour-blind people can tell apart.

A chart's specification is the same at every refresh, only its data change, so the browser moves the marks and
does not draw anew. Vega computes in floats: here, at the last step, decimals become floats to be drawn, and
their exact text travels beside them for the tooltip.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

import altair as alt
import polars as pl

from fixwatch.dashboard import wording
from fixwatch.dashboard.theme import BLUE, GREY, ORANGE
from fixwatch.store.figures import IngestStep, SymbolVolume, TradeStep, Window

Chart = alt.Chart
Layers = alt.LayerChart | alt.FacetChart

HEIGHT: Final = 240
#: Pixels a symbol's bar, and what the axis needs.
_BAR, _AXIS = 22, 46
_DIRECTIONS: Final = ["Buy", "Sell", "Other"]
_COLOURS: Final = [BLUE, ORANGE, GREY]
#: 1.5k, 20M, 3B: people in markets say billion where SI says giga.
SHORT_NUMBER: Final = "replace(format(datum.value, '~s'), 'G', 'B')"
_TITLE_PADDING: Final = 8


def trades_over_time(
    steps: Sequence[TradeStep], window: Window, step_minutes: int, where: tzinfo, zone: str
) -> Chart:
    """Bars of trades a step of `step_minutes`, stacked by direction, over the whole window."""
    width = step_minutes * 60_000
    first, end = (wording.wall_clock_ms(at, where) // width * width for at in (window.since, window.until))
    # Every step is there, so that the axis covers the window without being told where it begins.
    counts = {(at, "Buy"): 0 for at in range(first, max(end, first + 1), width)}
    for step in steps:
        key = (wording.wall_clock_ms(step.minute, where), wording.direction(step.side))
        counts[key] = counts.get(key, 0) + step.trades
    frame = pl.DataFrame(
        [
            {"from": float(at), "to": float(at + width), "direction": direction, "trades": trades}
            for (at, direction), trades in sorted(counts.items())
        ],
        schema={"from": pl.Float64, "to": pl.Float64, "direction": pl.String, "trades": pl.Int64},
    )
    unit = "minute" if step_minutes == 1 else f"{step_minutes} minutes"
    chart: Chart = (
        alt.Chart(frame)
        .mark_bar(orient="vertical", binSpacing=1)
        .encode(
            x=time_axis("from", zone),
            x2="to:T",
            y=alt.Y("trades:Q", title=f"Trades per {unit}", stack="zero", axis=figure_axis()),
            color=alt.Color(
                "direction:N",
                title=None,
                scale=alt.Scale(domain=_DIRECTIONS, range=_COLOURS),
                legend=alt.Legend(orient="top", direction="horizontal", offset=4),
            ),
            tooltip=[
                alt.Tooltip("from:T", title=f"From ({zone})", format="%H:%M", formatType="utc"),
                alt.Tooltip("direction:N", title="Side"),
                alt.Tooltip("trades:Q", title="Trades", format=","),
            ],
        )
        .properties(height=HEIGHT)
    )
    return chart


def by_symbol(volumes: Sequence[SymbolVolume], figure: str, title: str, *, bars: int) -> Chart:
    """Bars of `notional` or `qty` by symbol, in the order given; as high as `bars` symbols, so it stays put."""
    frame = pl.DataFrame(
        [
            {
                "symbol": wording.visible(volume.symbol or wording.NOTHING),
                "figure": float(getattr(volume, figure)),
                "exact": wording.amount(getattr(volume, figure)),
                "trades": volume.trades,
            }
            for volume in volumes
        ],
        schema={"symbol": pl.String, "figure": pl.Float64, "exact": pl.String, "trades": pl.Int64},
    )
    chart: Chart = (
        alt.Chart(frame)
        .mark_bar(color=BLUE if figure == "notional" else ORANGE, size=_BAR - 8)
        .encode(
            x=alt.X("figure:Q", title=title, axis=figure_axis()),
            y=alt.Y("symbol:N", title=None, sort=None, axis=alt.Axis(labelLimit=120, labelBaseline="middle")),
            tooltip=[
                alt.Tooltip("symbol:N", title="Symbol"),
                alt.Tooltip("exact:N", title=title),
                alt.Tooltip("trades:Q", title="Trades", format=","),
            ],
        )
        .properties(height=max(1, bars) * _BAR + _AXIS)
    )
    return chart


def messages_per_second(steps: Sequence[IngestStep], step_seconds: int, where: tzinfo, zone: str) -> Chart:
    """The rate of storing over the last minutes."""
    frame = _ingest_frame(steps, where).with_columns(rate=pl.col("messages") / step_seconds)
    chart: Chart = (
        alt.Chart(frame)
        .mark_area(
            color=BLUE, opacity=0.25, line={"color": BLUE, "strokeWidth": 1.5}, interpolate="step-after"
        )
        .encode(
            x=time_axis("at", zone),
            y=alt.Y("rate:Q", title="Messages stored per second", axis=figure_axis()),
            tooltip=[
                alt.Tooltip("at:T", title=f"Time ({zone})", format="%H:%M:%S", formatType="utc"),
                alt.Tooltip("rate:Q", title="Messages/s", format=",.0f"),
            ],
        )
        .properties(height=HEIGHT)
    )
    return chart


def lag(steps: Sequence[IngestStep], where: tzinfo, zone: str) -> Chart:
    """Records that were in the topic behind what was stored, the worst of each step."""
    chart: Chart = (
        alt.Chart(_ingest_frame(steps, where))
        # A pause leaves a gap in the line and its place on the axis.
        .mark_line(
            color=ORANGE, strokeWidth=1.5, interpolate="step-after", invalid="break-paths-show-path-domains"
        )
        .encode(
            x=time_axis("at", zone),
            y=alt.Y(
                "lag:Q",
                title="Records not stored yet",
                axis=figure_axis(),
                # An idle line lies on the floor, whatever its last few records were.
                scale=alt.Scale(zero=True, nice=True),
            ),
            tooltip=[
                alt.Tooltip("at:T", title=f"Time ({zone})", format="%H:%M:%S", formatType="utc"),
                alt.Tooltip("lag:Q", title="Records behind", format=","),
            ],
        )
        .properties(height=HEIGHT)
    )
    return chart


def _ingest_frame(steps: Sequence[IngestStep], where: tzinfo) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"at": float(wording.wall_clock_ms(step.at, where)), "messages": step.messages, "lag": step.lag}
            for step in steps
        ],
        schema={"at": pl.Float64, "messages": pl.Int64, "lag": pl.Int64},
    )


def time_axis(field: str, zone: str) -> alt.X:
    """The axis of times: wall-clock times of the viewer's zone, `zone` in its title."""
    # The data are wall-clock times of the viewer's zone dressed up as UTC.
    axis = alt.Axis(format="%H:%M", tickCount=8, grid=False, labelOverlap=True, titlePadding=_TITLE_PADDING)
    return alt.X(f"{field}:T", title=f"Time ({zone})", scale=alt.Scale(type="utc"), axis=axis)


def figure_axis() -> alt.Axis:
    """The axis of a figure, its numbers shortened."""
    return alt.Axis(tickCount=4, tickMinStep=1, labelExpr=SHORT_NUMBER, titlePadding=_TITLE_PADDING)
