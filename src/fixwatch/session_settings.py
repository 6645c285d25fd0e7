"""What is set for sessions: trading days, schedules and limits, from the TOML file that FIXWATCH_SESSIONS names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from fnmatch import translate
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fixwatch.errors import SettingsError
from fixwatch.schedule import Schedule, Span, TradingDay, parse_span, parse_time

T = TypeVar("T")
D = TypeVar("D")

#: The ends of a session that an entry may name, in the order of `Ends`.
_ENDS: Final = (
    *("sender_comp_id", "sender_sub_id", "sender_location_id"),
    *("target_comp_id", "target_sub_id", "target_location_id"),
)
_UTC: Final = TradingDay(ZoneInfo("UTC"), time())


@dataclass(frozen=True, slots=True)
class SessionRules:
    """What is set for both directions of a session.

    `schedule` None: it may be open at any time. `silence_seconds` None: what its heartbeats say.
    """

    trading_day: TradingDay = _UTC
    schedule: Schedule | None = None
    silence_seconds: float | None = None
    #: Seconds without an answer to D, F or G after which an order is stuck.
    stuck_seconds: float = 30
    #: Seconds that an order may be pending.
    pending_seconds: float = 300


DEFAULT: Final = SessionRules()


@dataclass(frozen=True, slots=True)
class _Entry:
    patterns: tuple[re.Pattern[str], ...]
    rules: SessionRules

    def is_of(self, ends: tuple[str, ...]) -> bool:
        """If it is of a session between two ends, whichever of them sends."""
        return self._matches(ends) or self._matches(ends[3:] + ends[:3])

    def _matches(self, ends: tuple[str, ...]) -> bool:
        return all(pattern.match(end) for pattern, end in zip(self.patterns, ends, strict=True))


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """The rules of all sessions: those of the first entry that matches, whichever way around."""

    entries: tuple[_Entry, ...] = ()

    def rules(self, ends: tuple[str, ...]) -> SessionRules:
        """The rules of a session: CompID, SubID, LocationID of the sender, then of the target, empty for none."""
        return next((entry.rules for entry in self.entries if entry.is_of(ends)), DEFAULT)


def load(path: str) -> SessionSettings:
    """Read the file; none (an empty path) has no entries. It is read once in a process.

    Raises SettingsError: it cannot be read, or says something that it may not; with the entry and the reason.
    """
    return _load(path) if path else SessionSettings()


@cache
def _load(path: str) -> SessionSettings:
    try:
        return parse(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"FIXWATCH_SESSIONS: {path} cannot be read: {error}") from None
    except ValueError as error:
        raise SettingsError(f"FIXWATCH_SESSIONS: {path}: {error}") from None


def parse(text: str) -> SessionSettings:
    """The settings that a TOML text says: see docs/settings.md. Raises ValueError with what is wrong."""
    document = tomllib.loads(text)
    if unknown := document.keys() - {"session"}:
        raise ValueError(f"{_names(unknown)}: not known; entries are [[session]] tables")
    entries = document.get("session", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("session: entries are tables: write [[session]]")
    return SessionSettings(tuple(_entry(number, entry) for number, entry in enumerate(entries, start=1)))


def _entry(number: int, given: Mapping[str, Any]) -> _Entry:
    read = _Read(f"entry {number}" + (f" ({given['name']})" if "name" in given else ""), given)
    if unknown := given.keys() - {"name", *_ENDS, *_RULES}:
        raise ValueError(
            f"{read.where}: {_names(unknown)}: not known; known are {', '.join(_RULES)} and the ends"
        )
    read("name", _text, "")
    patterns = tuple(re.compile(translate(read(end, _text, "*"))) for end in _ENDS)
    zone = read("time_zone", _zone, ZoneInfo("UTC"))
    spans = read("schedule", _spans, None)
    return _Entry(
        patterns,
        SessionRules(
            trading_day=TradingDay(zone, read("day_begins", _time, time())),
            schedule=None if spans is None else Schedule(zone, spans),
            silence_seconds=read("silence_seconds", _seconds, DEFAULT.silence_seconds),
            stuck_seconds=read("stuck_seconds", _seconds, DEFAULT.stuck_seconds),
            pending_seconds=read("pending_seconds", _seconds, DEFAULT.pending_seconds),
        ),
    )


_RULES: Final = ("time_zone", "day_begins", "schedule", "silence_seconds", "stuck_seconds", "pending_seconds")


@dataclass(frozen=True, slots=True)
class _Read:
    """Reads the values of one entry; what is wrong with one says which entry and which value."""

    where: str
    given: Mapping[str, Any] = field(repr=False)

    def __call__(self, name: str, parse: Callable[[Any], T], default: D) -> T | D:
        try:
            return parse(self.given[name]) if name in self.given else default
        except ValueError as error:
            raise ValueError(f"{self.where}: {name}: {error}") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _time(value: Any) -> time:
    # TOML has local times of its own.
    return value if isinstance(value, time) else parse_time(_text(value))


def _zone(value: Any) -> ZoneInfo:
    name = _text(value)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is no time zone: write a name such as America/New_York") from None


def _spans(value: Any) -> list[Span]:
    texts = value if isinstance(value, list) else [value]
    if not texts:
        raise ValueError("is empty; leave it out where the session may be open at any time")
    return [span for text in texts for span in parse_span(_text(text))]


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 31_536_000:
        raise ValueError(f"{value!r} is no number of seconds: more than 0, a year at most")
    return float(value)


def _names(names: set[str]) -> str:
    return ", ".join(sorted(names))
