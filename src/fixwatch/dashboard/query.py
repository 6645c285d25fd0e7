"""Filters live in the query string, so that a link shows what its sender saw.

Streamlit's bound widgets read and write it. What a link asks for and cannot be had they leave out without a word:
here that is noticed, and said.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import streamlit as st

from fixwatch.dashboard import wording

#: Where the session keeps what the link asked for and nobody has looked at yet, and what was left out of it.
_ASKED: Final = "query_asked"
_LEFT_OUT: Final = "query_left_out"
_PAGE: Final = "query_page"
#: Values of one parameter that are named when they are left out.
_MOST_NAMED: Final = 5


def begin(page: str) -> None:
    """Look at the link of a page that is opened. Called at the start of every run."""
    if st.session_state.get(_PAGE) == page:
        return
    st.session_state[_PAGE] = page
    st.session_state[_ASKED] = {name: st.query_params.get_all(name) for name in st.query_params}
    st.session_state[_LEFT_OUT] = []


def taken(name: str, values: Iterable[str]) -> None:
    """Say which values of a parameter were taken; those that the link had besides were left out."""
    asked: dict[str, list[str]] = st.session_state.get(_ASKED, {})
    kept = set(values)
    for value in asked.pop(name, ()):
        if value and value not in kept:
            leave_out(name, value)


def leave_out(name: str, value: str) -> None:
    """A value of the link that cannot be."""
    left_out = st.session_state.setdefault(_LEFT_OUT, [])
    if (name, value) not in left_out and len(left_out) < _MOST_NAMED:
        left_out.append((name, value))


def left_out() -> str | None:
    """What was left out of the link, for people; None: nothing."""
    names = [
        f"{wording.visible(name, most=30)} = {wording.visible(value, most=60)}"
        for name, value in st.session_state.get(_LEFT_OUT, ())
    ]
    return (
        f"Left out of this link's filters, because there is no such value: {', '.join(names)}"
        if names
        else None
    )


def asked(name: str) -> str:
    """A parameter that no widget is bound to; empty where the link has none."""
    return st.query_params.get(name, "")
