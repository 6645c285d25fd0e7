"""What viewers may ask for, and who they are: the one place where a screen leads to a row in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import streamlit as st

from fixwatch.dashboard import wording
from fixwatch.errors import DatabaseError
from fixwatch.settings import load
from fixwatch.store import alerts, quarantine
from fixwatch.store.message_views import MessagePlace
from fixwatch.store.operating import MOST_NAME
from fixwatch.store.quarantine import Kind

#: Where the session keeps who types a name, and what was asked for last.
_NAME: Final = "acting_name"
_ASKED: Final = "acting_asked"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a viewer asked for last: the request, or why there is none."""

    kind: Kind
    messages: int
    request_id: UUID | None = None
    refusal: str = ""


def signed_in() -> str | None:
    """The e-mail address of the viewer, where Streamlit's login is set up and was used."""
    user = st.user.to_dict()
    return str(user.get("email") or user.get("name") or "") or None if user.get("is_logged_in") else None


def name() -> str:
    """Who acts: the viewer who is signed in, or the name that was typed; empty where there is none yet."""
    return signed_in() or str(st.session_state.get(_NAME) or "").strip()


def name_field() -> None:
    """Draw who acts, or a field to say so once: it is kept with every action."""
    who = signed_in()
    if who is not None:
        st.caption(f"Signed in as {wording.visible(who, most=60)}")
        return
    st.text_input(
        "Your name",
        key=_NAME,
        max_chars=MOST_NAME,
        persist_state="session",
        placeholder="Your name, kept with what you do",
        label_visibility="collapsed",
        width=270,
    )


def ask(kind: Kind, places: Sequence[MessagePlace], note: str = "") -> bool:
    """Ask for an action as this viewer; `last` says what became of it. False: it was refused."""
    try:
        request_id = quarantine.ask(_url(), kind, places, requested_by=name(), note=note)
    except (ValueError, DatabaseError) as error:
        st.session_state[_ASKED] = Asked(kind, len(places), refusal=str(error))
        return False
    st.session_state[_ASKED] = Asked(kind, len(places), request_id)
    return True


def acknowledge(alert_ids: Sequence[int], note: str) -> str | None:
    """Acknowledge alerts as this viewer; why it was refused, None where it was not."""
    try:
        alerts.acknowledge(_url(), alert_ids, by=name(), note=note)
    except (ValueError, DatabaseError) as error:
        return str(error)
    return None


def _url() -> str:
    settings = load()
    return settings.operator_database_url.get_secret_value() or settings.database_url.get_secret_value()


def last() -> Asked | None:
    """What this viewer asked for last."""
    return st.session_state.get(_ASKED)


def forget() -> None:
    """The viewer has seen what became of it."""
    st.session_state.pop(_ASKED, None)
