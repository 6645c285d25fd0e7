"""One message on the screen: what it is, what is wrong with it, its fields, its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from fixwatch.dashboard import decoded, links, markup, wording
from fixwatch.dashboard.decoded import Decoded
from fixwatch.dashboard.live import time_zone, time_zone_name
from fixwatch.dashboard.status import Level
from fixwatch.fix.defects import Verdict
from fixwatch.store.message_views import StoredMessage

#: How bad a verdict is, and its word.
VERDICTS: Final = {
    Verdict.VALID.label: (Level.OK, "Valid"),
    Verdict.REJECTED.label: (Level.NOTICE, "Rejected"),
    Verdict.GARBLED.label: (Level.TROUBLE, "Garbled"),
}


def draw(message: Decoded, stored: StoredMessage | None = None, *, raw_height: int = 110) -> None:
    """The whole message; `stored`: its place in the log."""
    heading(message, kept_back=stored is not None and stored.quarantined)
    if stored is not None:
        place(stored)
    fields(message.rows)
    as_it_came(message.raw, len(message.raw) if stored is None else stored.raw_bytes, raw_height)


def heading(message: Decoded, *, kept_back: bool = False) -> None:
    """What the message is, what it is worth, and what is wrong with it."""
    st.html(markup.title(message.name or "No MsgType(35)", message.version or "unknown version"))
    labels = [VERDICTS.get(message.verdict, (Level.EMPTY, message.verdict))]
    if kept_back:
        labels.append((Level.NOTICE, "Kept back: orders, trades and sessions do not count it"))
    st.html(markup.tags(labels))
    if message.defects:
        st.html(markup.bullet_list(map(decoded.explained, message.defects)))


def fields(rows: Sequence[markup.FieldRow]) -> None:
    """The fields as a table."""
    if not rows:
        st.caption("No field could be read.")
        return
    st.html(markup.field_table(rows))
    if len(rows) >= decoded.MOST_FIELDS:
        st.caption(f"The first {decoded.MOST_FIELDS} fields.")


def as_it_came(raw: bytes, raw_bytes: int, height: int = 110) -> None:
    """The bytes as text."""
    st.code(decoded.readable(raw) or "(empty)", language=None, wrap_lines=True, height=height)
    note = "SOH is shown as |" if raw else "no bytes at all"
    if len(raw) < raw_bytes:
        note = f"the first {wording.size(len(raw))}, {note}"
    st.caption(f"{wording.size(raw_bytes)}; {note}.")


def link(stored: StoredMessage) -> None:
    """A link to the page of messages, with this one."""
    links.link(
        "messages",
        "Its place in the log",
        icon=":material/mail:",
        **{
            "from": "The log",
            "topic": stored.topic,
            "partition": str(stored.partition),
            "offset": str(stored.kafka_offset),
        },
    )


def place(stored: StoredMessage) -> None:
    """Where it stands in the topic, and when it came."""
    where = time_zone()
    st.html(
        markup.facts(
            (
                ("Topic", stored.topic),
                ("Partition", str(stored.partition)),
                ("Offset", str(stored.kafka_offset)),
                (f"Kafka timestamp ({time_zone_name()})", wording.exact_time(stored.kafka_time, where)),
                (f"Stored ({time_zone_name()})", wording.exact_time(stored.ingested_at, where)),
            )
        )
    )
