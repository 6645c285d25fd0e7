"""Tables whose rows open a page: a column of buttons, and where each leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from fixwatch.dashboard import links, wording

#: A button's label, at most so long.
_LONGEST: Final = 28
_WANTED: Final = "opening_wanted"


def labels(key: str, texts: Sequence[str | None], targets: Sequence[str]) -> list[str]:
    """The labels of a column of buttons. Where each leads is kept: rows may have changed when one is pressed."""
    shown = [wording.visible(text or wording.NOTHING, most=_LONGEST) for text in texts]
    st.session_state[f"{key}_leads"] = list(zip(shown, targets, strict=True))
    return shown


def column(key: str, page: str, parameter: str, help: str) -> Any:  # noqa: A002
    """The column's configuration: a button goes to `page`, which gets what it leads to as `parameter`."""
    return st.column_config.ButtonColumn(
        type="tertiary",
        alignment="left",
        help=help,
        key=f"{key}_pressed",
        on_click=_note,
        args=(key, page, parameter),
    )


def follow() -> None:
    """Go where a button that was pressed leads. Called where a part is drawn, before anything of it is."""
    wanted = st.session_state.pop(_WANTED, None)
    if wanted is not None:
        page, parameter, target = wanted
        links.go(page, **{parameter: target})


def _note(key: str, page: str, parameter: str) -> None:
    pressed = st.session_state.get(f"{key}_pressed")
    leads: list[tuple[str, str]] = st.session_state.get(f"{key}_leads", [])
    if pressed is None:
        return
    row, label = pressed["row"], pressed["label"]
    if row < len(leads) and leads[row][0] == label:
        st.session_state[_WANTED] = (page, parameter, leads[row][1])
        return
    # The table moved on under the finger: the label says which row was meant, if it says one.
    meant = {target for text, target in leads if text == label}
    if len(meant) == 1:
        st.session_state[_WANTED] = (page, parameter, meant.pop())
