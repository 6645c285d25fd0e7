"""Trading days and hours of trading: local times of a zone, as moments. Pure.

Moments are microseconds since 1970-01-01 UTC. A local time that the clocks skip in spring is the moment at which they
skip it, one that comes twice in autumn is meant the first time (PEP 495, fold 0): so begin and end of a span are
right on these days too, and days follow each other without holes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

DAY: Final = 86_400_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_ORDINAL: Final = date(1970, 1, 1).toordinal()
#: Days since 1970 that local time is looked up for. Beyond (the years 1 and 9999 can be sent) all is UTC.
_LEAST_DAY: Final = date(1900, 1, 1).toordinal() - _FIRST_ORDINAL
_GREATEST_DAY: Final = date(2999, 12, 31).toordinal() - _FIRST_ORDINAL
#: Days of one rule that are remembered: the clocks of counterparties may be anywhere.
_REMEMBERED: Final = 1024

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def moment(day: int, at: time, zone: ZoneInfo) -> int:
    """The moment of a local time on a day (days since 1970-01-01)."""
    local = datetime.combine(date.fromordinal(_FIRST_ORDINAL + day), at, zone)
    return (local - _EPOCH) // timedelta(microseconds=1)


class TradingDay:
    """When a trading day begins: at a local time of a zone.

    A day that begins before noon is named by the date on which it begins; one that begins at noon or later by the
    next date, on which it ends: as markets do whose Monday begins on Sunday evening.
    """

    def __init__(self, zone: ZoneInfo, begins: time) -> None:
        self.zone = zone
        self.begins = begins
        #: If its days are those of UTC.
        self.is_utc = zone.key == "UTC" and begins == time()
        self._named_ahead = int(begins >= time(12))
        self._of_utc_day = lru_cache(_REMEMBERED)(self._look_up)

    def window(self, at: int) -> tuple[int, int, int]:
        """The trading day of a moment: its begin, its end (not included), and its days since 1970-01-01."""
        utc_day = at // DAY
        if not _LEAST_DAY <= utc_day <= _GREATEST_DAY:
            return utc_day * DAY, (utc_day + 1) * DAY, utc_day
        begins, first = self._of_utc_day(utc_day)
        number = bisect_right(begins, at)
        return begins[number - 1], begins[number], first + number - 1

    def of(self, at: int) -> int:
        """The trading day of a moment, days since 1970-01-01."""
        return self.window(at)[2]

    def _look_up(self, utc_day: int) -> tuple[list[int], int]:
        """The begins of the days around a UTC day, and the name of the first of them."""
        begins = [moment(day, self.begins, self.zone) for day in range(utc_day - 2, utc_day + 4)]
        return begins, utc_day - 2 + self._named_ahead


@dataclass(frozen=True, slots=True)
class Span:
    """Hours of every week: from a local time of a weekday (0: Monday) for some days, to a local time."""

    weekday: int
    begins: time
    days: int
    ends: time


_TIME: Final = r"(\d\d):(\d\d)(?::(\d\d))?"
_SPAN: Final = re.compile(
    rf"(?:(?P<days>[a-z]+(?:[-,][a-z]+)*) +)?(?P<begins>{_TIME}) *- *(?:(?P<day>[a-z]+) +)?(?P<ends>{_TIME})"
)


def parse_time(text: str) -> time:
    """A local time, `HH:MM` or `HH:MM:SS`. Raises ValueError with what is wrong."""
    found = re.fullmatch(_TIME, text)
    try:
        if found is None:
            raise ValueError
        hour, minute, second = map(int, found.groups(default="0"))
        return time(hour, minute, second)
    except ValueError:
        raise ValueError(f"{text!r} is no time of day: write HH:MM or HH:MM:SS, 00:00 to 23:59:59") from None


def parse_span(text: str) -> list[Span]:
    """Spans such as `mon-fri 08:00-16:30`, `sun,mon 17:00-16:00`, `17:00-16:00` and `sun 17:00 - fri 16:00`.

    Days stand for the days on which a span begins, all where there are none. One whose end is not later than its
    begin ends on the next day, so equal times are the whole day round. Where the end has a day, it is that one,
    within a week of the begin. Raises ValueError with what is wrong.
    """
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"{text!r} is no span: write 'mon-fri 08:00-16:30' or 'sun 17:00 - fri 16:00'")
    begins, ends = parse_time(found["begins"]), parse_time(found["ends"])
    days = _days(found["days"]) if found["days"] else list(range(7))
    if not found["day"]:
        return [Span(day, begins, int(ends <= begins), ends) for day in days]
    if len(days) != 1:
        raise ValueError(f"{text!r}: a span that ends on a day of the week begins on one")
    length = (_day(found["day"]) - days[0]) % 7
    return [Span(days[0], begins, length or 7 * (ends <= begins), ends)]


def _days(text: str) -> list[int]:
    days = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin = _day(first)
        days += [(begin + n) % 7 for n in range((_day(last or first) - begin) % 7 + 1)]
    return days


def _day(text: str) -> int:
    if len(text) >= 3:
        for number, name in enumerate(
            ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        ):
            if name.startswith(text):
                return number
    raise ValueError(f"{text!r} is no day of the week: write {', '.join(WEEKDAYS)}")


class Schedule:
    """When a session is open: spans of every week, in the local time of a zone."""

    def __init__(self, zone: ZoneInfo, spans: Iterable[Span]) -> None:
        self.zone = zone
        self._weekly = tuple(spans)
        self._of_utc_day = lru_cache(_REMEMBERED)(self._look_up)

    def window(self, at: int) -> tuple[int, int, bool]:
        """The stretch of a moment: its begin, its end (not included), and if it is open.

        A stretch is told no further than a UTC day reaches.
        """
        utc_day = at // DAY
        edges, is_open = self._of_utc_day(utc_day)
        number = bisect_right(edges, at)
        return edges[number - 1], edges[number], is_open ^ (number % 2 == 0)

    def is_open(self, at: int) -> bool:
        """If the session is open at a moment; a span's end is not in it."""
        return self.window(at)[2]

    def spans(self, begin: int, end: int) -> list[tuple[int, int]]:
        """When it is open between two moments: begins and ends, in order, apart from each other."""
        first, last = begin // DAY - 8, end // DAY + 1
        found: list[tuple[int, int]] = []
        for opens, closes in sorted(self._around(max(first, _LEAST_DAY), min(last, _GREATEST_DAY))):
            opens, closes = max(opens, begin), min(closes, end)
            if opens >= closes:
                continue
            if found and opens <= found[-1][1]:
                found[-1] = found[-1][0], max(found[-1][1], closes)
            else:
                found.append((opens, closes))
        return found

    def _around(self, first: int, last: int) -> Iterable[tuple[int, int]]:
        for day in range(first, last + 1):
            weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
            for span in self._weekly:
                if span.weekday == weekday:
                    yield (
                        moment(day, span.begins, self.zone),
                        moment(day + span.days, span.ends, self.zone),
                    )

    def _look_up(self, utc_day: int) -> tuple[list[int], bool]:
        """Where it opens and closes on a UTC day, with the day's own ends, and if it is open first."""
        begin, end = utc_day * DAY, (utc_day + 1) * DAY
        edges = [edge for span in self.spans(begin, end) for edge in span]
        is_open = bool(edges) and edges[0] == begin
        return sorted({begin, *edges, end}), is_open
