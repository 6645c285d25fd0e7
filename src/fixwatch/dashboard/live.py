"""Live parts: each refreshes by itself, at the pace that the viewer picked, and nothing else on the page moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Final, TypeVar

import streamlit as st

from fixwatch.dashboard import query, times, wording
from fixwatch.errors import DatabaseError

Answer = TypeVar("Answer")

_INTERVALS: Final = {"1 s": 1.0, "2 s": 2.0, "5 s": 5.0, "15 s": 15.0}
_DEFAULT_INTERVAL: Final = "2 s"
_UTC: Final = "UTC"


def controls() -> None:
    """Draw the viewer's controls: live or paused, how often, and the time zone of every time shown.

    The zone is part of a link. It is UTC where nobody chose another, as FIX's times are, so that a link means the
    same times to everybody.
    """
    st.toggle("Live", value=True, key="live", help="Off: everything on the screen stands still.")
    with st.popover("View", icon=":material/tune:", help="Refresh interval and time zone"):
        st.segmented_control(
            "Refresh every", list(_INTERVALS), default=_DEFAULT_INTERVAL, key="interval", required=True
        )
        st.selectbox(
            "Times in",
            _zones(),
            key="zone",
            bind="query-params",
            help="The zone of every time on the screen, and of every time that is typed. Links carry it.",
        )
        st.caption("Light or dark: the menu at the top right, Settings.")
    query.taken("zone", [time_zone_name()])


def time_zone() -> tzinfo:
    """The zone that the viewer chose."""
    return wording.zone(st.session_state.get("zone", _UTC))


def time_zone_name() -> str:
    """The name of that zone, for headings."""
    return str(st.session_state.get("zone", _UTC))


def live(
    read: Callable[[], Answer], draw: Callable[[Answer], None], away: Callable[[str], None] | None = None
) -> None:
    """Draw what `read` answers, again and again, and `away` the reason while the database does not answer."""

    @st.fragment(run_every=_refresh_interval())
    def refresh() -> None:
        try:
            draw(read())
        except DatabaseError as error:
            (away or _nothing)(str(error))

    refresh()


def _nothing(_: str) -> None:
    # The status line of every page says why.
    st.caption("Nothing to show while the database does not answer. This comes back by itself.")


def _refresh_interval() -> float | None:
    if not st.session_state.get("live", True):
        return None
    return _INTERVALS[st.session_state.get("interval") or _DEFAULT_INTERVAL]


def _zones() -> list[str]:
    """All named zones, the browser's own one behind UTC."""
    utc, *others = times.zone_names()
    browser = st.context.timezone
    own = [browser] if browser in others else []
    return [utc, *own, *(name for name in others if name not in own)]
