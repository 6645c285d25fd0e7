"""Links from one page to another, with what the other page shows in the query string."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

#: Where a session keeps its pages, by URL path.
_PAGES: Final = "pages"


def register(pages: dict[str, Any]) -> None:
    """Remember the pages of this run."""
    st.session_state[_PAGES] = pages


def link(page: str, label: str, *, icon: str | None = None, **shown: str) -> None:
    """Draw a link. `label` is ours, never a counterparty's text: Streamlit reads Markdown in it."""
    st.page_link(st.session_state[_PAGES][page], label=label, icon=icon, query_params=_with_zone(shown))


def go(page: str, **shown: str) -> None:
    """Go to a page."""
    st.switch_page(st.session_state[_PAGES][page], query_params=_with_zone(shown))


def _with_zone(shown: dict[str, str]) -> dict[str, str]:
    zone = st.session_state.get("zone", "UTC")
    return shown if zone == "UTC" else {**shown, "zone": zone}
