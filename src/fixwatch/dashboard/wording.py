"""Values to text for people. The last step before the screen: what comes in is exact, what goes out is a string."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fixwatch.fix.dictionary import Dictionary

#: What a value that is not there looks like.
NOTHING: Final = "\u2014"

_SIDE, _MSG_TYPE = 54, 35
_BUYING: Final = frozenset("13")
_SELLING: Final = frozenset("2456")


def count(value: int) -> str:
    """A whole number with thousands separators."""
    return f"{value:,}"


def amount(value: Decimal | None, *, least_places: int = 0) -> str:
    """A decimal with thousands separators and all its digits, but no trailing zeros past `least_places`."""
    if value is None:
        return NOTHING
    whole, _, places = f"{value:,f}".partition(".")
    places = places.rstrip("0").ljust(least_places, "0")
    return f"{whole}.{places}" if places else whole


def rate(per_second: float) -> str:
    """A rate for a headline: whole from ten on, one place below."""
    return f"{per_second:,.0f}" if per_second >= 9.95 else f"{per_second:.1f}"


def milliseconds(value: int | None) -> str:
    """A latency, in ms, or in s from ten seconds on."""
    if value is None:
        return NOTHING
    return f"{value:,} ms" if value < 10_000 else f"{value / 1000:,.1f} s"


def ago(age: timedelta | None) -> str:
    """An age in its largest unit: `3 s`, `5 min`, `2 h`, `4 d`."""
    if age is None:
        return NOTHING
    seconds = max(0, int(age.total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def size(octets: int) -> str:
    """A number of bytes in its largest unit, powers of 1024."""
    value = float(octets)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{octets:,} bytes" if unit == "bytes" else f"{value:,.1f} {unit}"
        value /= 1024
    return f"{value:,.1f} TiB"


def side(code: str | None) -> str:
    """The meaning of a Side(54), the code itself where there is none."""
    if not code:
        return NOTHING
    meaning = Dictionary.load("FIX.5.0SP2").enum_meaning(_SIDE, code)
    return code if meaning is None else meaning.replace("_", " ").capitalize()


def msg_type(code: str | None) -> str:
    """A MsgType(35) with the name of the message: `8 ExecutionReport`."""
    if not code:
        return NOTHING
    session_layer, application = Dictionary.load("FIXT.1.1"), Dictionary.load("FIX.5.0SP2")
    message = session_layer.message(code) or application.message(code)
    return code if message is None else f"{code} {message.name}"


def direction(code: str) -> str:
    """Which way a Side(54) trades: `Buy`, `Sell` or `Other`."""
    return "Buy" if code in _BUYING else "Sell" if code in _SELLING else "Other"


def reason(label: str) -> str:
    """A defect's reason as words: `checksum_wrong` is `Checksum wrong`."""
    words = label.replace("_", " ").capitalize()
    return words.replace(" fix", " FIX").replace("Msg type", "MsgType").replace(" msg type", " MsgType")


def defect(stored: str) -> str:
    """A defect as the log holds it (`reason` or `reason:tag`) as words."""
    label, _, tag = stored.partition(":")
    return f"{reason(label)} (tag {tag})" if tag else reason(label)


def zone(name: str | None) -> tzinfo:
    """The time zone of an IANA name; UTC where the name is none."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def moment(at: datetime | None, where: tzinfo, now: datetime) -> str:
    """A time of day to the millisecond in `where`; with its date when that is not the day of `now`."""
    if at is None:
        return NOTHING
    local = at.astimezone(where)
    clock = f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"
    return clock if local.date() == now.astimezone(where).date() else f"{local:%Y-%m-%d} {clock}"


def wall_clock_ms(at: datetime, where: tzinfo) -> int:
    """The wall clock of `where` as if it were UTC, ms since 1970: charts know UTC or the browser's zone only."""
    local = at.astimezone(where).replace(tzinfo=UTC)
    return int(local.timestamp() * 1000)
