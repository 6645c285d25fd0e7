"""Values to text for people. The last step before the screen: what comes in is exact, what goes out is a string."""

from __future__ import annotations

from collections.abc import Sequence
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


#: Characters that turn text around or join nothing: they would write over what stands beside them.
_UNSEEN: Final = frozenset(
    (
        *range(0x80, 0xA0),
        0x061C,
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
    )
)
_PICTURES: Final = (
    {code: 0x2400 + code for code in range(0x20)}
    | {0x7F: 0x2421}
    | {code: f"\u2039U+{code:04X}\u203a" for code in _UNSEEN}
)


def visible(value: str, *, most: int = 200) -> str:
    """What a counterparty sent, fit for one line: at most `most` characters, and those that are not seen are shown.

    Control characters as their pictures (U+2400 and on), marks that turn text around by their code.
    """
    cut = value if len(value) <= most else f"{value[:most]}\u2026"
    return cut.translate(_PICTURES)


def count(value: int) -> str:
    """A whole number with thousands separators."""
    return f"{value:,}"


def number(value: int, noun: str) -> str:
    """So many of a thing: `1 trade`, `2 trades`."""
    return f"{count(value)} {noun}{'' if value == 1 else 's'}"


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


def change(now: int | Decimal, before: int | Decimal) -> str:
    """How much more or less there is than before, whole percents: `+12%`, `-3%`, `0%`; against nothing: none."""
    if not before:
        return NOTHING if now else "0%"
    percents = round((now - before) * 100 / before)
    return f"{percents:+,}%" if percents else "0%"


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


def meaning(tag: int, value: str | None) -> str:
    """What a value of an enum means: `Partially filled`; the value itself where no version says."""
    if not value:
        return NOTHING
    # Later versions left some values out that older ones had.
    versions = (Dictionary.load(version) for version in ("FIX.5.0SP2", "FIX.4.4", "FIX.4.2"))
    found = next(filter(None, (version.enum_meaning(tag, value) for version in versions)), None)
    return visible(value, most=20) if found is None else found.replace("_", " ").capitalize()


def duration(length: timedelta | None) -> str:
    """A stretch of time as a latency is said, signed: `250 us`, `12 ms`, `3.2 s`, `5 min 10 s`, `2 h 5 min`."""
    if length is None:
        return NOTHING
    sign = "-" if length < timedelta() else ""
    microseconds = abs(length) // timedelta(microseconds=1)
    if microseconds < 1_000:
        return f"{sign}{microseconds} us" if microseconds else "0 ms"
    if microseconds < 1_000_000:
        return f"{sign}{microseconds / 1_000:.3g} ms" if microseconds < 999_500 else f"{sign}1 s"
    seconds = microseconds / 1_000_000
    if seconds < 60:
        return f"{sign}{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{sign}{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours} h {minutes} min" if hours < 48 else f"{sign}{hours // 24} d {hours % 24} h"


def ends(parts: Sequence[str]) -> str:
    """Both ends of a session pair, each of three parts."""
    half = len(parts) // 2
    sides = ("/".join(part for part in side if part) for side in (parts[:half], parts[half:]))
    return visible(" ↔ ".join(sides), most=80)


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


def exact_time(at: datetime | None, where: tzinfo) -> str:
    """Date and time to the microsecond in `where`."""
    return NOTHING if at is None else f"{at.astimezone(where):%Y-%m-%d %H:%M:%S.%f}"


def day_time(at: datetime | None, where: tzinfo) -> str:
    """Date and time to the second in `where`."""
    return NOTHING if at is None else f"{at.astimezone(where):%Y-%m-%d %H:%M:%S}"


def wall_clock_ms(at: datetime, where: tzinfo) -> int:
    """The wall clock of `where` as if it were UTC, ms since 1970: charts know UTC or the browser's zone only."""
    return wall_clock_us(at, where) // 1000


def wall_clock_us(at: datetime, where: tzinfo) -> int:
    """The same in microseconds."""
    return (at.astimezone(where).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )
