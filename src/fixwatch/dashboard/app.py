"""The frame of every page: navigation, the status line, the viewer's controls. Streamlit runs this file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.navigation.page import Page

from fixwatch import __version__
from fixwatch.dashboard import links, live, markup, query, reading
from fixwatch.dashboard.desk import Desk
from fixwatch.dashboard.pages import (
    alerts,
    blotter,
    messages,
    order,
    orders,
    overview,
    quarantine,
    session,
    sessions,
    system,
)
from fixwatch.dashboard.status import Level, Status, assess
from fixwatch.dashboard.style import STYLE
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
    st.html(STYLE)
    pages = _pages()
    links.register(pages)
    page = st.navigation(list(pages.values()), position="top")
    query.begin(page.url_path)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch"):
            live.live(_how_it_is, _status, _away)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            live.controls()
    remark = st.empty()
    page.run()
    if (left_out := query.left_out()) is not None:
        remark.html(markup.note(left_out))


def _pages() -> dict[str, Page]:
    """The pages by their URL paths, in the order of the navigation."""
    found = (
        st.Page(
            overview.page, title="Overview", icon=":material/monitoring:", url_path="overview", default=True
        ),
        st.Page(blotter.page, title="Blotter", icon=":material/receipt_long:", url_path="blotter"),
        st.Page(orders.page, title="Orders", icon=":material/list_alt:", url_path="orders"),
        st.Page(sessions.page, title="Sessions", icon=":material/swap_horiz:", url_path="sessions"),
        st.Page(messages.page, title="Messages", icon=":material/mail:", url_path="messages"),
        st.Page(quarantine.page, title="Quarantine", icon=":material/rule:", url_path="quarantine"),
        st.Page(alerts.page, title="Alerts", icon=":material/notifications:", url_path="alerts"),
        st.Page(system.page, title="System", icon=":material/dns:", url_path="system"),
        # One thing each, by links only.
        st.Page(order.page, title="Order", url_path="order", visibility="hidden"),
        st.Page(session.page, title="Session", url_path="session", visibility="hidden"),
    )
    return {page.url_path or "overview": page for page in found}


def _how_it_is() -> tuple[Health, Desk]:
    return reading.health(), reading.desk_now()


def _status(answer: tuple[Health, Desk]) -> None:
    st.html(markup.status_line(assess(*answer)))


def _away(reason: str) -> None:
    st.html(markup.status_line(Status(Level.TROUBLE, "No data", (reason, "Trying again by itself."))))


main()
