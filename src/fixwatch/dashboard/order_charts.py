"""The life of an order, drawn: its messages both ways, its states, what is filled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import Any, Final

import altair as alt
import polars as pl

from fixwatch.dashboard import wording
from fixwatch.dashboard.charts import SHORT_NUMBER, Layers
from fixwatch.dashboard.lives import Event, Kind
from fixwatch.dashboard.theme import BLUE, GREEN, GREY, ORANGE, RED

_KINDS: Final = {
    Kind.REQUEST: (BLUE, "triangle-right"),
    Kind.ANSWER: (GREY, "circle"),
    Kind.FILL: (GREEN, "diamond"),
    Kind.REFUSAL: (RED, "cross"),
    Kind.REPEAT: (ORANGE, "square"),
}
#: Messages whose words are written beside their marks; more would be written over each other.
_MOST_WORDS: Final = 12
_LANE: Final = 46
#: Pixels left of every chart: its axis may need less, but their marks must stand below each other.
_LEFT: Final = 190


def life(
    events: Sequence[Event], order_qty: Decimal | None, where: tzinfo, zone: str, *, by_time: bool
) -> list[tuple[str, Layers]]:
    """Messages, states and quantity, to stand below each other over one axis: time, or one message after the other.

    Each with its name. They are charts of their own because those that are one chart keep a width of their own,
    whatever the screen's is.
    """
    frame = _frame(events, where, by_time=by_time)
    ways = list(dict.fromkeys(event.way for event in events))
    has_state = any(event.state for event in events)
    across = _Across(frame, zone, by_time=by_time)
    charts = [
        ("messages", _messages(frame, ways, across, is_last=not has_state, words=len(events) <= _MOST_WORDS))
    ]
    if has_state:
        charts.append(("states", _states(frame, across)))
        charts.append(("quantity", _quantity(frame, order_qty, across)))
    return charts


class _Across:
    """The axis that the charts share: the same stretch and the same margin in each of them."""

    def __init__(self, frame: pl.DataFrame, zone: str, *, by_time: bool) -> None:
        self.zone = zone
        self._by_time = by_time
        columns = frame.select(pl.min_horizontal("x", "x2"), right=pl.max_horizontal("x", "x2"))
        least, most = float(columns["x"].min()), float(columns["right"].max())  # type: ignore[arg-type]
        room = max(most - least, 1.0) * 0.06
        self._domain = [least - room, most + room]

    def axis(self, *, is_last: bool) -> alt.X:
        """It, with its title under the last chart only."""
        if self._by_time:
            axis = alt.Axis(format="%H:%M:%S.%L", tickCount=6, labelOverlap=True) if is_last else None
            scale = alt.Scale(type="utc", domain=self._domain)
            return alt.X("x:T", title=f"Sent ({self.zone})" if is_last else None, scale=scale, axis=axis)
        axis = alt.Axis(format="d", tickMinStep=1, grid=False) if is_last else None
        scale = alt.Scale(zero=False, nice=False, domain=self._domain)
        name = "Message, in the order of sending" if is_last else None
        return alt.X("x:Q", title=name, scale=scale, axis=axis)


def _frame(events: Sequence[Event], where: tzinfo, *, by_time: bool) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for number, event in enumerate(events, 1):
        following = events[number] if number < len(events) else None
        at = wording.wall_clock_us(event.at, where) / 1000
        begin, end = (at, None if following is None else wording.wall_clock_us(following.at, where) / 1000)
        rows.append(
            {
                "x": begin if by_time else float(number),
                "x2": (end if end is not None else begin) if by_time else number + 1.0,
                "number": number,
                "at": at,
                "clock": wording.exact_time(event.at, where)[11:],
                "since": wording.duration(event.since_previous),
                "way": wording.visible(event.way, most=60),
                "kind": event.kind.value,
                "words": event.words,
                "state": event.state or "",
                "cum_qty": None if event.cum_qty is None else float(event.cum_qty),
                "cum_qty_exact": wording.amount(event.cum_qty),
            }
        )
    return pl.DataFrame(
        rows,
        schema={
            **dict.fromkeys(("x", "x2"), pl.Float64),
            "number": pl.Int64,
            "at": pl.Float64,
            **dict.fromkeys(("clock", "since", "way", "kind", "words", "state"), pl.String),
            "cum_qty": pl.Float64,
            "cum_qty_exact": pl.String,
        },
    )


def _left(**more: Any) -> alt.Axis:
    return alt.Axis(labelLimit=_LEFT - 10, minExtent=_LEFT, maxExtent=_LEFT, **more)


def _tooltip(zone: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("words:N", title="What"),
        alt.Tooltip("clock:N", title=f"Sent ({zone})"),
        alt.Tooltip("since:N", title="After the one before"),
        alt.Tooltip("way:N", title="From, to"),
        alt.Tooltip("state:N", title="State then"),
        alt.Tooltip("cum_qty_exact:N", title="CumQty then"),
    ]


def _messages(frame: pl.DataFrame, ways: list[str], across: _Across, *, is_last: bool, words: bool) -> Layers:
    names = [kind.value for kind in _KINDS]
    legend = alt.Legend(orient="top", direction="horizontal", offset=26)
    base = alt.Chart(frame).encode(
        x=across.axis(is_last=is_last),
        y=alt.Y(
            "way:N",
            title=None,
            sort=[wording.visible(way, most=60) for way in ways],
            axis=_left(grid=True, domain=False, ticks=False),
        ),
    )
    marks = base.mark_point(size=130, filled=True, opacity=1).encode(
        color=alt.Color(
            "kind:N",
            title=None,
            scale=alt.Scale(domain=names, range=[colour for colour, _ in _KINDS.values()]),
            legend=legend,
        ),
        shape=alt.Shape(
            "kind:N",
            title=None,
            scale=alt.Scale(domain=names, range=[shape for _, shape in _KINDS.values()]),
            legend=legend,
        ),
        tooltip=_tooltip(across.zone),
    )
    if not words:
        return alt.layer(marks).properties(height=max(2, len(ways)) * _LANE)
    above = base.mark_text(dx=2, dy=-10, angle=350, align="left", fontSize=11).encode(text="words:N")
    return alt.layer(marks, above).properties(height=max(2, len(ways)) * (_LANE + 16))


def _states(frame: pl.DataFrame, across: _Across) -> Layers:
    known = frame.filter(pl.col("state") != "")
    # One bar a stretch of one state.
    stretches = (
        known.with_columns(run=pl.col("state").rle_id())
        .group_by("run", maintain_order=True)
        .agg(pl.col("x").first(), pl.col("x2").last(), pl.col("state").first())
        .with_columns(lane=pl.lit("State"))
    )
    base = alt.Chart(stretches).encode(
        x=across.axis(is_last=False), y=alt.Y("lane:N", title=None, axis=_left(domain=False, ticks=False))
    )
    bars = base.mark_bar(color=BLUE, opacity=0.22, height=22, stroke=BLUE, strokeWidth=1).encode(
        x2="x2", tooltip=[alt.Tooltip("state:N", title="State")]
    )
    names = base.mark_text(align="left", dx=5, fontSize=11).encode(text="state:N")
    return alt.layer(bars, names).properties(height=44)


def _quantity(frame: pl.DataFrame, order_qty: Decimal | None, across: _Across) -> Layers:
    known = frame.filter(pl.col("cum_qty").is_not_null())
    base = alt.Chart(known).encode(
        x=across.axis(is_last=True),
        y=alt.Y(
            "cum_qty:Q",
            title=None,
            axis=_left(tickCount=4, tickMinStep=1, labelExpr=f"'CumQty ' + {SHORT_NUMBER}"),
            scale=alt.Scale(zero=True),
        ),
        tooltip=_tooltip(across.zone),
    )
    layers = [
        base.mark_line(interpolate="step-after", color=GREEN, strokeWidth=1.5),
        base.mark_point(shape="diamond", color=GREEN, filled=True, size=70).transform_filter(
            alt.datum.kind == Kind.FILL.value
        ),
    ]
    if order_qty is not None and order_qty < Decimal(10) ** 15:
        whole = pl.DataFrame({"qty": [float(order_qty)], "words": [f"OrderQty {wording.amount(order_qty)}"]})
        rule = alt.Chart(whole).encode(y=alt.Y("qty:Q"))
        asked = [alt.Tooltip("words:N", title="Asked for")]
        layers.append(rule.mark_rule(strokeDash=[4, 3], color=GREY).encode(tooltip=asked))
    return alt.layer(*layers).properties(height=110)
