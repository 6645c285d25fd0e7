"""Pages of a list, by the key of the last row: which one is on the screen, and the buttons to the others."""

from __future__ import annotations

from typing import Any

import streamlit as st


def place(name: str) -> Any:
    """The key that the page of the list `name` is before; None: it is the newest."""
    return st.session_state.get(_key(name))


def to_newest(name: str) -> None:
    """Go to the newest page, as when a filter changes."""
    st.session_state.pop(_key(name), None)


def buttons(name: str, older: Any) -> None:
    """Draw them in a row that is there; `older`: the key that the next page is before, None where there is none."""
    if place(name) is not None:
        st.button("Newest", icon=":material/vertical_align_top:", on_click=to_newest, args=(name,))
    st.button(
        "Older",
        icon=":material/arrow_downward:",
        disabled=older is None,
        on_click=_to_older,
        args=(name, older),
    )


def _to_older(name: str, older: Any) -> None:
    st.session_state[_key(name)] = older


def _key(name: str) -> str:
    return f"{name}_before"
