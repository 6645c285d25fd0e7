"""Messages: the decoder for people. One that is pasted or looked up, or two beside each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import streamlit as st

from fixwatch.dashboard import (
    actions,
    compared,
    decoded,
    markup,
    message_view,
    pasted,
    places,
    query,
    reading,
    wording,
)
from fixwatch.dashboard.decoded import Decoded
from fixwatch.errors import DatabaseError
from fixwatch.store.message_views import StoredMessage

_PASTE, _LOG = "Paste", "The log"
_EXAMPLE: Final = "8=FIX.4.4|9=61|35=0|34=2|49=BUY|52=20260102-09:30:00|56=BROKER|112=T|10=000|"


@dataclass(frozen=True, slots=True)
class _Found:
    """What one side of the page came to: a message, or why there is none."""

    message: Decoded | None = None
    stored: StoredMessage | None = None
    refusal: str = ""


def page() -> None:
    """Draw the page."""
    both = st.toggle(
        "Compare two messages",
        key="compare",
        bind="query-params",
        help="The fields of both beside each other.",
    )
    query.taken("compare", ["true", "True", "1", "TRUE"] if both else ["false", "False", "0", "FALSE"])
    if not both:
        _one()
        return
    left, right = st.columns(2, gap="medium")
    with left:
        first = _source("", "First message")
    with right:
        second = _source("2", "Second message")
    _both(first(), second())


def _one() -> None:
    found = _source("", "Message")()
    if found.refusal:
        st.html(markup.note(found.refusal))
    elif found.message is not None:
        with st.container(border=True):
            message_view.draw(found.message, found.stored)
            if found.stored is not None:
                _actions(found.stored)


def _actions(stored: StoredMessage) -> None:
    try:
        actions.of_message(stored.stream_id, stored.kafka_offset)
    except DatabaseError as error:
        st.caption(str(error))


def _both(left: _Found, right: _Found) -> None:
    for side, found in (("First message", left), ("Second message", right)):
        if found.refusal:
            st.html(markup.note(f"{side}: {found.refusal}"))
    if left.message is None or right.message is None:
        return
    pairs = compared.pairs(left.message.rows, right.message.rows)
    differ = compared.differences(pairs)
    with st.container(border=True):
        for column, message in zip(st.columns(2, gap="medium"), (left.message, right.message), strict=True):
            with column:
                message_view.heading(message)
        number = (
            "No field differs"
            if not differ
            else "1 field differs"
            if differ == 1
            else f"{differ} fields differ"
        )
        st.caption(f"{number}.")
        only = differ > 0 and st.toggle("Only what differs", key="only_differences")
        st.html(markup.pair_table([pair for pair in pairs if not (only and pair.is_same)]))


def _source(side: str, label: str) -> Callable[[], _Found]:
    """Draw what one message comes from; what it gives is read when both are drawn."""
    source = st.segmented_control(
        f"{label} from",
        [_PASTE, _LOG],
        default=_PASTE,
        required=True,
        key=f"from{side}",
        bind="query-params",
    )
    query.taken(f"from{side}", [source or _PASTE])
    return _look_up(side) if source == _LOG else _paste(side, label)


def _paste(side: str, label: str) -> Callable[[], _Found]:
    text = st.text_area(
        label,
        key=f"paste{side}",
        height=130,
        persist_state="session",
        placeholder=_EXAMPLE,
        help="Any delimiter: SOH, |, ^A, ^, a line a field. A log's prefix in front is passed over. "
        f"At most {wording.size(pasted.MOST_BYTES)}. Ctrl+Enter decodes.",
    )
    st.button("Decode", key=f"decode{side}", icon=":material/manage_search:")
    found = pasted.read(text or "")
    number = 1
    if len(found.messages) > 1:
        number = st.number_input(
            f"Which of the {wording.count(len(found.messages))} messages",
            min_value=1,
            max_value=len(found.messages),
            key=f"number{side}",
        )
    if not found.messages:
        return partial(_Found, refusal=found.refusal)
    return partial(_read, found.messages[min(number, len(found.messages)) - 1])


def _read(raw: bytes) -> _Found:
    return _Found(decoded.read(raw, reading.options()))


def _look_up(side: str) -> Callable[[], _Found]:
    try:
        topics = list(dict.fromkeys(stream.topic for stream in reading.streams()))
    except DatabaseError:
        topics = []
    topic_at, partition_at, offset_at = st.columns([2, 1, 1.4], gap="small")
    topic = topic_at.selectbox(
        "Topic",
        topics,
        index=None,
        key=f"topic{side}",
        bind="query-params",
        accept_new_options=True,
        placeholder=topics[0] if topics else "fix-trades",
    )
    partition = partition_at.text_input(
        "Partition", key=f"partition{side}", bind="query-params", placeholder="0"
    )
    offset = offset_at.text_input("Offset", key=f"offset{side}", bind="query-params", placeholder="12345")
    return partial(_stored, topic or (topics[0] if topics else ""), partition or "", offset or "")


def _stored(topic: str, partition: str, offset: str) -> _Found:
    try:
        place = places.parse(topic, partition, offset)
        if place is None:
            return _Found()
        stored = places.find(place)
    except ValueError as error:
        return _Found(refusal=str(error))
    except DatabaseError as error:
        return _Found(refusal=f"{error} Pasted messages are decoded all the same.")
    message = decoded.stored(stored.raw, stored.verdict, stored.defects, reading.options())
    return _Found(message, stored)
