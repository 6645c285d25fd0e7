"""How the oracle reads bytes: fields, frame, values. See oracle.py."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fixwatch.fix.columns import MAX_ID_BYTES, Kind
from fixwatch.fix.data_fields import DATA_LENGTH_TAG

Defect = tuple[str, int | None]
TIME = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,12})?"
NUMBER = r"-?(\d+\.?\d*|\.\d+)"


@dataclass
class Token:
    tag: int | None
    at: int
    value: bytes
    depth: int = 0


def matches(pattern: str, value: bytes) -> bool:
    return re.fullmatch(pattern, value.decode("latin-1"), re.ASCII) is not None


def date(value: bytes) -> dt.date | None:
    try:
        return dt.date(int(value[:4]), int(value[4:6]), int(value[6:])) if matches(r"\d{8}", value) else None
    except ValueError:
        return None


def is_timestamp(value: bytes) -> bool:
    return date(value[:8]) is not None and value[8:9] == b"-" and matches(TIME, value[9:])


def timestamp(value: bytes) -> dt.datetime | None:
    day, text = date(value[:8]), value[9:].decode("latin-1")
    if day is None or not is_timestamp(value):
        return None
    hour, minute, second, micros = int(text[:2]), int(text[3:5]), int(text[6:8]), f"{text[9:15]:0<6}"
    offset = dt.timedelta(hours=hour, minutes=minute, seconds=second, microseconds=int(micros))
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC) + offset


def zoned_time(value: bytes) -> dt.timedelta | str:
    """TZTimeOnly as the time since midnight, of UTC; else the reason why there is none."""
    found = re.fullmatch(
        r"(?P<hm>([01]\d|2[0-3]):[0-5]\d)(?P<s>:([0-5]\d|60)(\.\d{1,12})?)?"
        r"(?P<zone>Z|[+-](0\d|1[0-4])(:[0-5]\d)?)?",
        value.decode("latin-1"),
        re.ASCII,
    )
    if found is None:
        return "incorrect_data_format"
    if found["zone"] is None:
        return "value_does_not_fit"
    passed = timestamp(b"20000101-" + (found["hm"] + (found["s"] or ":00")).encode())
    assert passed is not None
    hours, _, minutes = found["zone"].removeprefix("Z").partition(":")
    east = dt.timedelta(hours=int(hours or 0), minutes=int(hours[:1] + (minutes or "0")) if hours else 0)
    return passed - dt.datetime(2000, 1, 1, tzinfo=dt.UTC) - east


def time_of_day(passed: dt.timedelta) -> dt.time:
    return (dt.datetime(2000, 1, 1, tzinfo=dt.UTC) + passed).time()


def zoned(kind: Kind, value: bytes) -> tuple[Any, str | None]:
    """A time with an offset in UTC."""
    day = date(value[:8]) if kind is Kind.TZ_TIMESTAMP else dt.date(2000, 1, 1)
    if day is None or (kind is Kind.TZ_TIMESTAMP and value[8:9] != b"-"):
        return None, "incorrect_data_format"
    passed = zoned_time(value[9:] if kind is Kind.TZ_TIMESTAMP else value)
    if isinstance(passed, str):
        return None, passed
    if kind is Kind.TZ_TIME:
        return time_of_day(passed), None
    try:
        return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC) + passed, None
    except OverflowError:
        return None, "value_does_not_fit"


def text_of(value: bytes) -> str:
    try:
        return value.decode().replace("\0", "\ufffd")
    except UnicodeDecodeError:
        return value.decode("latin-1").replace("\0", "\ufffd")


def typed(kind: Kind, value: bytes) -> tuple[Any, str | None]:
    """A column's value, or the reason why there is none."""
    if kind is Kind.TEXT:
        return text_of(value), None
    if kind is Kind.ID:
        shown = text_of(value)
        return (None, "id_too_long") if len(shown.encode()) > MAX_ID_BYTES else (shown, None)
    if kind in (Kind.TZ_TIME, Kind.TZ_TIMESTAMP):
        return zoned(kind, value)
    if kind is Kind.TIME:
        passed = zoned_time(value + b"Z") if matches(TIME, value) else ""
        return (None, "incorrect_data_format") if isinstance(passed, str) else (time_of_day(passed), None)
    if kind is Kind.INT and matches(r"-?\d+", value):
        fits = -(2**63) <= int(value) < 2**63
        return (int(value), None) if fits else (None, "value_does_not_fit")
    if kind is Kind.DECIMAL and matches(NUMBER, value):
        whole, _, fraction = value.decode().lstrip("-").partition(".")
        fits = len(whole.lstrip("0")) <= 20 and len(fraction.rstrip("0")) <= 18
        return (Decimal(value.decode()), None) if fits else (None, "value_does_not_fit")
    if kind is Kind.TIMESTAMP and value.startswith(b"99991231-23:59:60") and is_timestamp(value):
        return None, "value_does_not_fit"
    converted = {Kind.TIMESTAMP: timestamp, Kind.DATE: date}.get(kind, lambda _: None)(value)
    if kind is Kind.BOOLEAN and value in (b"Y", b"N"):
        converted = value == b"Y"
    return converted, None if converted is not None else "incorrect_data_format"


def tokens(raw: bytes) -> tuple[list[Token], set[str], int | None, int]:
    """The fields, what went wrong on the way, the first data field whose length lies, where reading stopped."""
    found: list[Token] = []
    wrong: set[str] = set()
    lies, at = None, 0
    lengths: dict[int, bytes] = {}
    while at < len(raw):
        end = raw.find(b"\x01", at)
        end = len(raw) if end < 0 else end
        head = re.match(rb"(-?(?:0|[1-9]\d{0,9}))=", raw[at:])
        tag = int(head[1]) if head and abs(int(head[1])) < 2**31 else None
        if head is None or tag is None:
            wrong |= {"bad"} | ({"truncated"} if end == len(raw) else set())
            found.append(Token(None, at, raw[at:end]))
            at = end + 1
            continue
        start = at + len(head[0])
        end = raw.find(b"\x01", start)
        end = len(raw) if end < 0 else end
        if tag in DATA_LENGTH_TAG and (tag < 5000 or raw.startswith(b"8=FIXT")):
            said = lengths.pop(DATA_LENGTH_TAG[tag], b"x")
            stop = start + int(said) if matches(r"-?\d{1,18}", said) else -1
            if start <= stop < len(raw) and raw[stop] == 1:
                end = stop
            else:
                lies = lies or tag
        found.append(Token(tag, at, raw[start:end]))
        lengths[tag] = raw[start:end]
        if end == len(raw):
            wrong |= {"truncated", "cut"}
        at = end + 1
        if tag == 10:
            break
    return found, wrong, lies, min(at, len(raw))


def frame(raw: bytes) -> list[Defect]:
    found, wrong, lies, end = tokens(raw)
    if not found or found[0].tag != 8 or not found[0].value.startswith(b"FIX"):
        return [("not_fix", None)]
    defects: list[Defect] = [("truncated", None)] if "truncated" in wrong else []
    trailer = found[-1] if found[-1].tag == 10 else None
    third = 2
    if len(found) > 1 and found[1].tag == 9:
        body = found[1].at + 2 + len(found[1].value) + 1
        length = (trailer.at if trailer else len(raw)) - body
        if not matches(r"\d+", found[1].value):
            defects.append(("body_length_format", 9))
        elif int(found[1].value) != length:
            defects.append(("body_length_wrong", 9))
    else:
        defects.append(("body_length_missing", 9))
        third = 1
    if len(found) <= third or found[third].tag != 35:
        defects.append(("msg_type_not_third", 35))
    defects += [("tag_format", None)] if "bad" in wrong else []
    defects += [("data_length_wrong", lies)] if lies else []
    if trailer is None:
        defects.append(("checksum_missing", 10))
    elif not matches(r"\d{3}", trailer.value):
        defects.append(("checksum_format", 10))
    elif int(trailer.value) != sum(raw[: trailer.at]) % 256:
        defects.append(("checksum_wrong", 10))
    return defects + ([("trailing_bytes", None)] if end < len(raw) else [])
