"""Tables of rows. One without any says why in words, in the place where the rows will be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import streamlit as st

from fixwatch.dashboard import markup

#: Pixels of the words where a table fits its rows.
_LOW: Final = 80


def draw(
    columns: Mapping[str, Sequence[str]],
    *,
    key: str,
    alt: str,
    empty: str,
    height: int | Literal["content"],
    column_config: Mapping[str, Any] | None = None,
    **selection: Any,
) -> None:
    """Draw the columns; `empty`: what to say where they have no rows. The page does not jump when the first comes."""
    if not next(iter(columns.values()), ()):
        with st.container(height=_LOW if height == "content" else height, border=True, key=f"{key}_empty"):
            st.html(markup.nothing(empty))
        return
    st.dataframe(
        dict(columns),
        key=key,
        hide_index=True,
        height=height,
        column_config=dict(column_config or {}),
        alt=alt,
        **selection,
    )
