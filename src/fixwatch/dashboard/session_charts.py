"""The chart of a session's page: what it sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

import altair as alt
import polars as pl

from fixwatch.dashboard import wording
from fixwatch.dashboard.charts import Layers, figure_axis, time_axis
from fixwatch.dashboard.theme import BLUE, GREY, ORANGE
from fixwatch.store.system_views import MessageStep

_NAMES: Final = ["Application", "Session layer", "With defects"]


def messages(steps: Sequence[MessageStep], step_minutes: int, where: tzinfo, zone: str) -> Layers:
    """Bars of messages a step, those of the application and of the session layer; a line of those with defects."""
    width = step_minutes * 60_000
    rows = []
    for step in steps:
        at = float(wording.wall_clock_ms(step.at, where))
        rows += [
            (at, at + width, "Application", step.application_messages),
            (at, at + width, "Session layer", step.session_messages),
            (at, at + width, "With defects", step.defective),
        ]
    frame = pl.DataFrame(
        rows,
        schema={"from": pl.Float64, "to": pl.Float64, "what": pl.String, "messages": pl.Int64},
        orient="row",
    )
    colour = alt.Color(
        "what:N",
        title=None,
        scale=alt.Scale(domain=_NAMES, range=[BLUE, GREY, ORANGE]),
        legend=alt.Legend(orient="top", direction="horizontal", offset=4),
    )
    tooltip = [
        alt.Tooltip("from:T", title=f"From ({zone})", format="%H:%M", formatType="utc"),
        alt.Tooltip("what:N", title="Kind"),
        alt.Tooltip("messages:Q", title="Messages", format=","),
    ]
    unit = "minute" if step_minutes == 1 else f"{step_minutes} minutes"
    base = alt.Chart(frame).encode(x=time_axis("from", zone), color=colour, tooltip=tooltip)
    bars = (
        base.transform_filter(alt.datum.what != "With defects")
        .mark_bar(orient="vertical", binSpacing=1)
        .encode(
            x2="to:T",
            y=alt.Y("messages:Q", title=f"Messages per {unit}", stack="zero", axis=figure_axis()),
        )
    )
    line = (
        base.transform_filter(alt.datum.what == "With defects")
        .mark_line(interpolate="step-after", strokeWidth=2, strokeDash=[5, 2])
        .encode(y=alt.Y("messages:Q"))
    )
    chart: Layers = alt.layer(bars, line).properties(height=200)
    return chart
