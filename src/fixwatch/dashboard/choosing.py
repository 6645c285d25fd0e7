"""Filters of several values, out of those of late or any that somebody types."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fixwatch.dashboard import paging


def several(
    column: st.delta_generator.DeltaGenerator,
    label: str,
    known: Sequence[str],
    *,
    key: str,
    of_list: str,
    empty: str = "",
) -> list[str]:
    """Draw one, a part of the link as `key`; the list `of_list` begins at its newest page when it changes."""
    chosen: list[str] = column.multiselect(
        label,
        known,
        key=key,
        bind="query-params",
        accept_new_options=True,
        on_change=paging.to_newest,
        args=(of_list,),
        placeholder=empty or f"All {label.casefold()}s",
        help="Those of late; type any other.",
    )
    return chosen
