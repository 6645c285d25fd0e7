"""What is worth an alert: rules over one moment of the database. Pure.

What a rule finds is bounded: one alert for the system, a session direction or a session pair, however many messages
or orders are behind it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from fixwatch.session_settings import SessionSettings
from fixwatch.store.alerts import Firing
from fixwatch.store.conduct import Conduct, conduct, ends_of
from fixwatch.store.figures import RECENT_MINUTES, Health
from fixwatch.store.order_views import Order
from fixwatch.store.system_views import OffsetGap
from fixwatch.store.views import Session

#: A gap in the log stays for ever; it fires for so long after it was noticed.
_GAP_FIRES: Final = timedelta(days=1)


class Rule(Enum):
    """Its name in the database, how bad it is, what it says, and how many seconds it is to last before it fires."""

    NO_INGESTER = ("no_ingester", "critical", "No ingester is running", 5.0)
    NOT_STORING = ("not_storing", "critical", "Ingester waits", 5.0)
    NO_PARTITIONS = ("no_partitions", "critical", "No ingester has a partition", 30.0)
    STANDSTILL = ("standstill", "critical", "Nothing is stored", 0.0)
    LAG = ("lag", "warning", "Ingestion is behind", 10.0)
    SLOW = ("slow", "warning", "Storing is slow", 10.0)
    RECORDS_GONE = ("records_gone", "critical", "Records are gone", 0.0)
    QUARANTINED = ("quarantined", "warning", "Messages in quarantine", 0.0)
    SILENT = ("silent", "critical", "Session is silent", 5.0)
    NOT_LOGGED_ON = ("not_logged_on", "critical", "Session is not logged on", 30.0)
    OUT_OF_HOURS = ("out_of_hours", "warning", "Session is logged on out of hours", 30.0)
    NUMBERS_MISSING = ("numbers_missing", "warning", "Sequence numbers are missing", 30.0)
    STUCK = ("stuck", "warning", "Orders are stuck", 0.0)

    def __init__(self, label: str, severity: str, title: str, seconds: float) -> None:
        self.label = label
        self.severity = severity
        self.title = title
        self.seconds = seconds


BY_LABEL: Final = {rule.label: rule for rule in Rule}


@dataclass(frozen=True, slots=True)
class Moment:
    """What the database says at one moment. `stuck`: orders that wait for longer than they may, at most so many."""

    health: Health
    sessions: Sequence[Session]
    stuck: Sequence[Order]
    gaps: Sequence[OffsetGap]


def broken(moment: Moment, rules: SessionSettings) -> list[Firing]:
    """Every rule that is broken, each subject of it once. `rules` are what is set for sessions."""
    return [
        Firing(rule.label, subject, rule.severity, about, why)
        for check in _CHECKS
        for rule, subject, about, why in check(moment, rules)
    ]


_Found = Iterator[tuple[Rule, str, str, str]]


def _ingesters(moment: Moment, _: SessionSettings) -> _Found:
    ingesters = moment.health.ingesters
    if not ingesters:
        last = moment.health.rates.last_batch
        since = "" if last is None else f" The last batch was stored at {last:%Y-%m-%d %H:%M:%S} UTC."
        yield Rule.NO_INGESTER, "", "ingestion", f"Nothing new is stored.{since}"
        return
    for ingester in ingesters:
        # What a person should know of has a detail; the names of what waits are in `ingest/condition.py`.
        if ingester.detail is not None:
            yield (
                Rule.NOT_STORING,
                ingester.ingester_id,
                ingester.ingester_id,
                f"{ingester.state}: {ingester.detail}",
            )
    if not any(ingester.partitions for ingester in ingesters):
        yield Rule.NO_PARTITIONS, "", "ingestion", f"It says: {ingesters[0].state}."


def _delays(moment: Moment, _: SessionSettings) -> _Found:
    health = moment.health
    records = f"{health.lag.records:,} records are in the topic and not stored"
    if health.stands_still and health.rates.last_batch is not None:
        last = f"the last batch was stored at {health.rates.last_batch:%H:%M:%S} UTC"
        yield Rule.STANDSTILL, "", "ingestion", f"{records}; {last}."
    elif health.is_behind:
        yield Rule.LAG, "", "ingestion", f"{records}."
    if health.is_slow and health.rates.latency_p95_ms is not None:
        seconds = f"{health.rates.latency_p95_ms / 1000:.1f} s"
        yield Rule.SLOW, "", "ingestion", f"One message in twenty takes {seconds} or more to be stored."


def _gaps(moment: Moment, _: SessionSettings) -> _Found:
    for gap in moment.gaps:
        if moment.health.rates.at - gap.noticed_at > _GAP_FIRES:
            continue
        where = f"{gap.topic}[{gap.partition}]"
        offsets = f"Offsets {gap.first_offset:,} to {gap.last_offset:,}"
        why = f"{offsets} will never be in the log: {gap.reason.replace('_', ' ')}."
        yield Rule.RECORDS_GONE, f"{where}@{gap.first_offset}"[-200:], where, why


def _quarantine(moment: Moment, _: SessionSettings) -> _Found:
    named = 0
    for session in moment.sessions:
        if session.recent_quarantined:
            named += session.recent_quarantined
            yield (
                Rule.QUARANTINED,
                str(session.session_id),
                session.label,
                _kept_back(session.recent_quarantined),
            )
    # Who sent them could not be read, or is no session.
    if (others := moment.health.recent.quarantined - named) > 0:
        yield Rule.QUARANTINED, "", "unknown sender", _kept_back(others)


def _kept_back(messages: int) -> str:
    return f"{messages:,} kept back in the last {RECENT_MINUTES} min."


_CONDUCT: Final = {
    Conduct.SILENT: (Rule.SILENT, "Logged on, and silent for longer than its heartbeat allows."),
    Conduct.NOT_LOGGED_ON: (Rule.NOT_LOGGED_ON, "Its schedule says that it is open."),
    Conduct.OUT_OF_HOURS: (Rule.OUT_OF_HOURS, "Its schedule says that it is closed."),
}


def _sessions(moment: Moment, rules: SessionSettings) -> _Found:
    for session in moment.sessions:
        if (wrong := conduct(session, rules.rules(ends_of(session)))) is not None:
            rule, why = _CONDUCT[wrong]
            if wrong is Conduct.SILENT and session.last_seen is not None:
                why += f" It was last seen at {session.last_seen:%H:%M:%S} UTC."
            yield rule, str(session.session_id), session.label, why
        if session.missing:
            yield (
                Rule.NUMBERS_MISSING,
                str(session.session_id),
                session.label,
                f"{session.missing:,} skipped, and neither sent again nor filled.",
            )


def _stuck(moment: Moment, _: SessionSettings) -> _Found:
    by_pair: defaultdict[int, list[Order]] = defaultdict(list)
    for order in moment.stuck:
        by_pair[order.pair_id].append(order)
    for pair_id, orders in sorted(by_pair.items()):
        kinds = Counter((order.waiting_for or "").replace("_", " ") for order in orders)
        waits = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
        oldest = min(
            (order.waiting_since for order in orders if order.waiting_since is not None), default=None
        )
        since = "" if oldest is None else f" The first since {oldest:%H:%M:%S} UTC."
        ends = orders[0].ends
        about = f"{_end(ends[:3])} ↔ {_end(ends[3:])}"
        yield Rule.STUCK, str(pair_id), about, f"Without an answer: {waits}.{since}"


def _end(parts: Sequence[str]) -> str:
    return "/".join(part for part in parts if part)


_CHECKS: Final[tuple[Callable[[Moment, SessionSettings], _Found], ...]] = (
    _ingesters,
    _delays,
    _gaps,
    _quarantine,
    _sessions,
    _stuck,
)
