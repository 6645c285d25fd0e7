"""Times as people type them, and the zones that they may be in. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from typing import Final
from zoneinfo import available_timezones

_AGO: Final = re.compile(r"-\s*(\d{1,6})\s*(s|m|min|h|d)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days"}
#: Names of files beside the zones, and zones that are offsets with their sign turned around.
_NOT_FOR_PEOPLE: Final = ("Etc/", "SystemV/", "posix", "right", "Factory", "localtime")
#: What Postgres and a calendar both hold.
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
#: How to type a time.
EXAMPLES: Final = "14:30, 14:30:05.250, 2026-01-31, 2026-01-31 14:30, -15m, -2h, -1d"


@cache
def zone_names() -> tuple[str, ...]:
    """The named zones, UTC first."""
    named = sorted(
        name for name in available_timezones() if "/" in name and not name.startswith(_NOT_FOR_PEOPLE)
    )
    return ("UTC", *named)


def parse(text: str, where: tzinfo, now: datetime) -> datetime | None:
    """The moment that somebody means, in UTC; None for nothing.

    A time of day is of the day of `now` in `where`, a date is its first moment there, `-15m` is before `now`. With
    an offset (`+01:00`, `Z`) a time is of that offset.

    Raises ValueError, with words for people, for what is no time.
    """
    text = text.strip()
    if not text:
        return None
    moment = _moment(text, where, now)
    if moment is None or not _EARLIEST <= moment <= _LATEST:
        raise ValueError(f"not a time; write {EXAMPLES}")
    return moment.astimezone(UTC)


def _moment(text: str, where: tzinfo, now: datetime) -> datetime | None:
    if found := _AGO.fullmatch(text.casefold()):
        try:
            return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
        except OverflowError:
            return None
    if text.casefold() == "now":
        return now
    try:
        return _localized(datetime.combine(now.astimezone(where).date(), time.fromisoformat(text)), where)
    except ValueError:
        pass
    try:
        return _localized(datetime.combine(date.fromisoformat(text), time()), where)
    except ValueError:
        pass
    try:
        return _localized(datetime.fromisoformat(text), where)
    except (ValueError, OverflowError):
        return None


def _localized(moment: datetime, where: tzinfo) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=where)
