"""The frame of every page: navigation, the status line, the viewer's controls. Streamlit runs this file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from fixwatch import __version__
from fixwatch.dashboard import live, markup, reading
from fixwatch.dashboard.pages import blotter, overview, quarantine, sessions
from fixwatch.dashboard.status import Level, Status, assess
from fixwatch.store.figures import Health

# Files of ours: an icon by name would be fetched from a host of somebody else.
_ICON: Final = str(Path(__file__).with_name("icon.svg"))
_LOGO: Final = str(Path(__file__).with_name("logo.svg"))


def main() -> None:
    """Draw the page that the URL names."""
    st.set_page_config(
        page_title="fixwatch",
        page_icon=_ICON,
        layout="wide",
        # With an entry of ours the menu stays, and with it the choice of a light or a dark screen.
        menu_items={
            "About": f"fixwatch {__version__}: FIX messages from Kafka, decoded, checked, stored, live."
        },
    )
    st.logo(_LOGO, size="medium")
    st.html(markup.STYLE)
    page = st.navigation(
        [
            st.Page(
                overview.page,
                title="Overview",
                icon=":material/monitoring:",
                url_path="overview",
                default=True,
            ),
            st.Page(blotter.page, title="Blotter", icon=":material/receipt_long:", url_path="blotter"),
            st.Page(sessions.page, title="Sessions", icon=":material/swap_horiz:", url_path="sessions"),
            st.Page(quarantine.page, title="Quarantine", icon=":material/rule:", url_path="quarantine"),
        ],
        position="top",
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch"):
            live.live(reading.health, _status, _away)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            live.controls()
    page.run()


def _status(health: Health) -> None:
    st.html(markup.status_line(assess(health)))


def _away(reason: str) -> None:
    st.html(markup.status_line(Status(Level.TROUBLE, "No data", (reason, "Trying again by itself."))))


main()
