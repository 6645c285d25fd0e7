"""Actions of the quarantine on the screen: how far the last one is, and tables of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import streamlit as st

from fixwatch.dashboard import acting, markup, reading, tables, wording
from fixwatch.dashboard.live import time_zone, time_zone_name
from fixwatch.dashboard.status import Level, Status
from fixwatch.store.quarantine_reader import MOST_COUNTED
from fixwatch.store.quarantine_views import Action, Progress, Waiting

KINDS: Final = {"reingest": "Re-ingest", "dismiss": "Dismiss", "reopen": "Reopen"}
OUTCOMES: Final = {
    "folded": "✓ Folded: kept back no longer",
    "still_kept_back": "▲ Still kept back",
    "dismissed": "○ Dismissed",
    "reopened": "● Reopened",
    "not_kept_back": "Was not kept back any more",
    "not_in_log": "Was not in the log any more",
}
_WAITS: Final = "… Waits for an ingester"
#: Pixels of a row, and rows of the actions of one message.
_ROW, _FEW = 34, 5


def progress() -> None:
    """Draw what became of what this viewer asked for last, and what waits of anybody's."""
    asked = acting.last()
    waiting = reading.reader().quarantine.waiting()
    if asked is None:
        if waiting.actions:
            st.html(markup.note(_waiting(waiting)))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="asked"):
        with st.container(width="stretch"):
            st.html(markup.status_line(_said(asked, waiting)))
        st.button("Seen", icon=":material/check:", on_click=acting.forget, help="Take this line away.")


def _said(asked: acting.Asked, waiting: Waiting) -> Status:
    what = f"{KINDS[asked.kind]} {wording.number(asked.messages, 'message')}"
    if asked.request_id is None:
        return Status(Level.TROUBLE, f"{what}: not asked for", (asked.refusal,))
    found = reading.reader().quarantine.progress(asked.request_id)
    if found.done < found.asked:
        so_far = f"{wording.count(found.done)} of {wording.count(found.asked)} carried out"
        return Status(Level.NOTICE, f"{what}: asked for", (so_far, _waiting(waiting)))
    is_good = found.done == found.folded + found.dismissed + found.reopened
    return Status(Level.OK if is_good else Level.NOTICE, f"{what}: done", (_outcomes(found),))


def _outcomes(found: Progress) -> str:
    counts = {
        "kept back no longer": found.folded,
        "still kept back": found.still_kept_back,
        "dismissed": found.dismissed,
        "reopened": found.reopened,
        "not kept back any more before": found.not_kept_back,
        "not in the log any more": found.not_in_log,
    }
    return ", ".join(f"{wording.count(count)} {words}" for words, count in counts.items() if count)


def _waiting(waiting: Waiting) -> str:
    if not waiting.ingesters:
        return "No ingester is running: what is asked for waits until one is. Start one: fixwatch ingest"
    more = "+" if waiting.actions == MOST_COUNTED else ""
    age = wording.ago(waiting.at - waiting.since) if waiting.since else wording.NOTHING
    return f"{wording.count(waiting.actions)}{more} asked for and not carried out yet, the oldest {age} ago."


def table(actions: Sequence[Action], *, key: str, height: int, empty: str, places: bool = True) -> None:
    """Draw actions as rows; `places`: with the message that each is of."""
    where, now = time_zone(), datetime.now(time_zone())
    columns = {
        f"Asked ({time_zone_name()})": [wording.moment(each.requested_at, where, now) for each in actions],
        "Who": [wording.visible(each.requested_by, most=60) for each in actions],
        "Action": [KINDS.get(each.kind, each.kind) for each in actions],
        "What came of it": [
            _WAITS if each.outcome is None else OUTCOMES.get(each.outcome, each.outcome) for each in actions
        ],
        "Note": [wording.visible(each.note) for each in actions],
        "Defects before": [_defects(each.defects_before) for each in actions],
        "Defects after": [_defects(each.defects_after) for each in actions],
        "Done": [wording.moment(each.done_at, where, now) for each in actions],
        "By": [wording.visible(each.done_by or "") for each in actions],
    }
    if places:
        columns["Partition"] = [str(each.partition) for each in actions]
        columns["Offset"] = [str(each.kafka_offset) for each in actions]
        columns["Topic"] = [wording.visible(each.topic) for each in actions]
    tables.draw(
        columns,
        key=key,
        height=height,
        empty=empty,
        column_config={
            name: st.column_config.TextColumn(alignment="right") for name in ("Partition", "Offset")
        },
        alt="Actions of the quarantine, the newest first",
    )


def of_message(stream_id: int, kafka_offset: int) -> None:
    """Draw the actions of one message, where it has any."""
    found = reading.reader().quarantine.of_message(stream_id, kafka_offset)
    if not found:
        return
    st.subheader("What was done about it")
    rows = min(len(found), _FEW)
    table(found, key="message_actions", height=_ROW * (1 + rows) + 4, empty="", places=False)


def _defects(stored: list[str] | None) -> str:
    return wording.NOTHING if stored is None else ", ".join(map(wording.defect, stored)) or "none"
