"""Charts of the system page: how large batches are, and how long they take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo

import altair as alt
import polars as pl

from fixwatch.dashboard import wording
from fixwatch.dashboard.charts import Chart, figure_axis, time_axis
from fixwatch.dashboard.theme import BLUE, GREY, ORANGE
from fixwatch.store.system_views import BatchStep

_HEIGHT = 200


def batch_sizes(steps: Sequence[BatchStep], where: tzinfo, zone: str) -> Chart:
    """Messages a batch: the mean of each step, and its largest."""
    rows = []
    for step in steps:
        at = float(wording.wall_clock_ms(step.at, where))
        mean = step.messages / step.batches if step.batches else None
        rows += [(at, "Mean", mean), (at, "Largest", None if step.largest is None else float(step.largest))]
    return _lines(rows, ["Mean", "Largest"], "Messages a batch", ",.0f", zone)


def batch_times(steps: Sequence[BatchStep], where: tzinfo, zone: str) -> Chart:
    """Milliseconds a batch: means of decoding and of writing, and the slowest batch of each step."""
    rows = []
    for step in steps:
        at = float(wording.wall_clock_ms(step.at, where))
        slowest = None if step.slowest_ms is None else float(step.slowest_ms)
        rows += [(at, "Decoding", step.decode_ms), (at, "Writing", step.write_ms), (at, "Slowest", slowest)]
    return _lines(rows, ["Decoding", "Writing", "Slowest"], "Milliseconds", ",.1f", zone)


def _lines(
    rows: Iterable[tuple[float, str, float | None]], names: list[str], title: str, form: str, zone: str
) -> Chart:
    frame = pl.DataFrame(
        list(rows), schema={"at": pl.Float64, "figure": pl.String, "value": pl.Float64}, orient="row"
    )
    scale = alt.Scale(domain=names, range=[BLUE, ORANGE, GREY][: len(names)])
    dashes = alt.Scale(domain=names, range=[[1, 0], [6, 3], [2, 2]][: len(names)])
    legend = alt.Legend(orient="top", direction="horizontal", offset=4)
    chart: Chart = (
        alt.Chart(frame)
        .mark_line(strokeWidth=1.5, invalid="break-paths-show-path-domains")
        .encode(
            x=time_axis("at", zone),
            y=alt.Y("value:Q", title=title, axis=figure_axis(), scale=alt.Scale(zero=True, nice=True)),
            color=alt.Color("figure:N", title=None, scale=scale, legend=legend),
            # Told apart without colours as well.
            strokeDash=alt.StrokeDash("figure:N", title=None, scale=dashes, legend=legend),
            tooltip=[
                alt.Tooltip("at:T", title=f"Time ({zone})", format="%H:%M:%S", formatType="utc"),
                alt.Tooltip("figure:N", title="Figure"),
                alt.Tooltip("value:Q", title=title, format=form),
            ],
        )
        .properties(height=_HEIGHT)
    )
    return chart
