"""Is everything all right? One line from what the database says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from fixwatch.dashboard import wording
from fixwatch.dashboard.desk import MOST_STUCK, Desk
from fixwatch.store.conduct import Conduct
from fixwatch.store.figures import RECENT_MINUTES, Health


class Level(Enum):
    """How bad it is: the word for the style, and a sign that needs no colour."""

    OK = ("ok", "✓")
    NOTICE = ("notice", "▲")
    TROUBLE = ("trouble", "✕")
    EMPTY = ("empty", "○")

    def __init__(self, style: str, sign: str) -> None:
        self.style = style
        self.sign = sign


@dataclass(frozen=True, slots=True)
class Status:
    """The line: a headline, and what there is to say besides."""

    level: Level
    headline: str
    details: tuple[str, ...] = ()


_WRONG: Final = {
    Conduct.SILENT: "silent",
    Conduct.NOT_LOGGED_ON: "not logged on, but open",
    Conduct.OUT_OF_HOURS: "logged on, but closed",
}
_INGESTING: Final = "ingesting"


def assess(health: Health, desk: Desk | None = None) -> Status:
    """The status line of a moment: the worst thing decides the level, everything that is not well is named.

    `desk`: what is to be said of orders and of how sessions behave.
    """
    running = [ingester for ingester in health.ingesters if ingester.partitions]
    if health.rates.last_batch is None and not health.lag.stored:
        if running:
            return Status(Level.EMPTY, "Ingesting, no messages yet")
        return Status(Level.EMPTY, "No messages yet", ("No ingester is running.",))
    troubles = [] if health.ingesters else ["No ingester is running: nothing new is stored."]
    notices = []
    if health.ingesters and not running:
        notices.append(f"No ingester has a partition ({health.ingesters[0].state}).")
    rate = health.rates.messages_per_second
    if health.is_behind:
        notices.append(f"Ingestion is {wording.count(health.lag.records)} records behind.")
    notices += [f"An ingester is {found.state}." for found in running if found.state != _INGESTING]
    if health.stands_still:
        age, waiting = wording.ago(health.rates.last_batch_age), wording.number(health.lag.records, "record")
        notices.append(f"Nothing was stored for {age}, and {waiting} wait.")
    if health.is_slow:
        notices.append(f"Messages take {wording.milliseconds(health.rates.latency_p95_ms)} to be stored.")
    if health.recent.quarantined:
        notices.append(
            f"{wording.number(health.recent.quarantined, 'message')} quarantined in the last {RECENT_MINUTES} min."
        )
    if health.session_counts.with_missing:
        missing = wording.number(health.session_counts.with_missing, "session direction")
        notices.append(f"Sequence numbers missing on {missing}.")
    if desk is not None:
        notices += _of_desk(desk)
    if troubles:
        return Status(Level.TROUBLE, "Not storing", (*troubles, *notices))
    if notices:
        return Status(Level.NOTICE, "Running, with something to look at", tuple(notices))
    return Status(Level.OK, "All well", (f"{wording.rate(rate)} messages/s",))


def _of_desk(desk: Desk) -> list[str]:
    said = []
    if desk.stuck:
        more = " or more" if desk.stuck == MOST_STUCK else ""
        said.append(f"{wording.number(desk.stuck, 'order')}{more} stuck.")
    for wrong, words in _WRONG.items():
        if count := desk.sessions.get(wrong):
            said.append(f"{wording.number(count, 'session direction')} {words}.")
    return said
