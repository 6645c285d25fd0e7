"""The export of the trades of a filter: begun, followed, stopped, fetched."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from fixwatch.dashboard import exports, markup, reading, wording
from fixwatch.dashboard.exports import Export, Form
from fixwatch.store.trade_views import TradeFilter

_EXPORT: Final = "export"
_WANTED: Final = "export_wanted"
_FORMS: Final = {"CSV": Form.CSV, "Parquet": Form.PARQUET}
_TYPES: Final = {Form.CSV: "text/csv", Form.PARQUET: "application/vnd.apache.parquet"}
#: Seconds between two looks at a file that is being written.
_LOOK_S: Final = 0.7


def panel(wanted: TradeFilter) -> None:
    """Draw what it takes to get all trades of a filter as a file, not only those of a page."""
    runs = _runs()

    @st.fragment(run_every=_LOOK_S if runs else None)
    def follow() -> None:
        if _runs() != runs:
            # It was begun or came to its end: from here on it is looked at, or not any more.
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="export_row"):
            _draw(wanted)

    follow()


def _runs() -> bool:
    export: Export | None = st.session_state.get(_EXPORT)
    return export is not None and not export.finished


def _draw(wanted: TradeFilter) -> None:
    export: Export | None = st.session_state.get(_EXPORT)
    if export is None:
        form = st.segmented_control(
            "File",
            list(_FORMS),
            default="CSV",
            required=True,
            key="export_form",
            label_visibility="collapsed",
        )
        st.button(
            "Export all that match",
            icon=":material/download:",
            key="export_begin",
            on_click=_begin,
            args=(wanted, _FORMS[form or "CSV"]),
        )
        return
    if not export.finished:
        st.caption(f"Writing: {wording.number(export.rows, 'trade')} so far")
        st.button("Stop", key="export_stop", on_click=_forget)
        return
    if export.error is not None:
        st.html(markup.note(f"No file: {export.error}"))
    else:
        st.download_button(
            f"Save {export.form.value.upper()}",
            partial(export.path.read_bytes),
            file_name=export.name,
            mime=_TYPES[export.form],
            key="export_save",
            icon=":material/save:",
            type="primary",
            on_click="ignore",
        )
        st.caption(_said(export, of_this=st.session_state.get(_WANTED) == wanted))
    st.button("Done", key="export_done", on_click=_forget)


def _said(export: Export, *, of_this: bool) -> str:
    said = wording.number(export.rows, "trade")
    if export.rows >= exports.MOST_ROWS:
        said = f"The first {said} that were stored: a file holds no more. Narrow the filter"
    return said if of_this else f"{said}, of the filters as they were when it was begun"


def _begin(wanted: TradeFilter, form: Form) -> None:
    st.session_state[_WANTED] = wanted
    st.session_state[_EXPORT] = Export(partial(reading.reader().trades.stream, wanted), form)


def _forget() -> None:
    export: Export | None = st.session_state.pop(_EXPORT, None)
    if export is not None:
        export.stop()
