"""What the kernel must answer, said as plainly as Python can: slow, one message at a time, no cleverness.

It goes about it the other way: it makes QuickFIX's passes one after the other and stops at the first defect,
where the kernel makes one walk and ranks what it finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fixwatch.fix.columns import COLUMNS, Column
from fixwatch.fix.dictionary import ADMIN_MSG_TYPES, APPL_VER_IDS, Dictionary, Member
from tests.oracle_frame import NUMBER, TIME, Defect, Token, date, frame, is_timestamp, matches, tokens, typed

SESSIONS = ("FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4", "FIXT.1.1")
HEADER = {8, 9, 35, 34, 43, 49, 50, 52, 56, 57, 90, 97, 115, 116, 122, 128, 129, 142, 143, 144, 145, 212, 213}
HEADER |= {347, 369, 370, 627, 1128, 1129}
TZ_TIME = r"([01]\d|2[0-3]):[0-5]\d(:([0-5]\d|60)(\.\d{1,12})?)?(Z|[+-](0\d|1[0-4])(:[0-5]\d)?)?"
INTS = ("INT", "LENGTH", "NUMINGROUP", "SEQNUM", "TAGNUM")
DECIMALS = ("FLOAT", "PRICE", "PRICEOFFSET", "QTY", "AMT", "PERCENTAGE")


@dataclass
class Answer:
    verdict: str
    primary: Defect | None
    columns: dict[str, Any]
    defects: list[Defect] = field(default_factory=list)
    frame: list[Defect] = field(default_factory=list)


class Checker:
    """QuickFIX's passes over one message. `first` is the first defect, `beyond` what it does not look at."""

    def __init__(self, found: list[Token], tolerant: bool, ordered: bool, default_version: str) -> None:
        self.found, self.tolerant, self.ordered = found, tolerant, ordered
        self.beyond: list[tuple[int, int, Defect]] = []
        values = {token.tag: token.value.decode("latin-1") for token in reversed(found)}
        self.begin, self.msg_type = values.get(8, ""), values.get(35)
        self.session = Dictionary.load(self.begin) if self.begin in SESSIONS and found[0].tag == 8 else None
        self.body = self.session
        if self.begin == "FIXT.1.1" and self.session and self.msg_type not in ADMIN_MSG_TYPES:
            version = APPL_VER_IDS.get(values[1128]) if 1128 in values else default_version
            self.body = Dictionary.load(version) if version else None
            if (
                self.body
                and self.msg_type in self.session.msg_types
                and self.msg_type not in self.body.msg_types
            ):
                self.body = self.session
        definition = self.body.message(self.msg_type) if self.body and self.msg_type else None
        self.members = definition.members if definition else None
        self.tags = {member.tag for member in self.members or ()}
        self.parts: dict[str, list[Token]] = {"header": [], "body": [], "trailer": []}
        self.counts: dict[int, int] = {}
        self.order: list[int] = []
        self.missing_in_groups: list[int] = []
        self._split()

    def part_of(self, tag: int) -> str:
        if not self.session:
            return "body"
        if tag in HEADER or any(member.tag == tag for member in self.session.header):
            return "header"
        return "trailer" if tag in (10, 89, 93) else "body"

    def _split(self) -> None:
        now, i = "header", 0
        while i < len(self.found):
            token = self.found[i]
            if token.tag is None:
                i += 1
                continue
            part = self.part_of(token.tag)
            if self.session:
                if (part == "header" != now) or (part == "body" and now == "trailer"):
                    self.order.append(token.tag)
                now = now if part == "header" else part
            self.parts[part].append(token)
            members = self.session.header if part == "header" and self.session else self.members or ()
            dictionary = self.session if part == "header" else self.body
            i = self._group(i, members if part != "trailer" else (), dictionary, 1, part)

    def _group(
        self, at: int, members: tuple[Member, ...], d: Dictionary | None, level: int, part: str
    ) -> int:
        """Where the reading goes on behind a field, and behind its group where it counts one."""
        group = next((m.group for m in members if m.tag == self.found[at].tag and m.group), ())
        if not group or d is None:
            return at + 1
        tags, instance, count, i = [member.tag for member in group], set[int](), 0, at + 1
        reached = -1
        while i < len(self.found):
            token = self.found[i]
            if token.tag not in tags:
                rest = i
                while (
                    rest < len(self.found)
                    and (self.found[rest].tag or 0) > 0
                    and d.field(self.found[rest].tag or 0) is None
                ):
                    rest += 1
                if not (
                    self.tolerant
                    and count
                    and rest > i
                    and rest < len(self.found)
                    and self.found[rest].tag in tags
                ):
                    break
                for place in range(i, rest):
                    foreign = self.found[place]
                    foreign.depth = level
                    if (foreign.tag or 0) < 5000:
                        self.beyond.append((place, 0, ("invalid_tag_number", foreign.tag)))
                    if not foreign.value:
                        self.beyond.append((place, 1, ("tag_without_value", foreign.tag)))
                i = rest
                continue
            if count == 0 or token.tag == group[0].tag or token.tag in instance:
                self._missing(group, instance, count)
                instance, count, reached = set(), count + 1, -1
            places = [place for place, tag in enumerate(tags) if tag == token.tag]
            place = next((place for place in places if place > reached), places[-1])
            if self.ordered and (place <= reached or (reached < 0 < place)):
                self.beyond.append((i, 0, ("group_fields_out_of_order", token.tag)))
            reached = max(reached, place)
            instance.add(token.tag or 0)
            token.depth = level
            self.beyond += [(i, 1, defect) for defect in (*self.value(token, d), *self.lax(token, d))]
            i = self._group(i, group, d, level + 1, "")
        self._missing(group, instance, count)
        said = self.found[at].value
        if matches(r"-?\d+", said) and int(said) != count:
            if part == "body":
                self.counts[id(self.found[at])] = count
            else:
                self.beyond.append((at, 6, ("group_count_wrong", self.found[at].tag)))
        return i

    def _missing(self, group: tuple[Member, ...], instance: set[int], count: int) -> None:
        needed = sorted({m.tag for m in group if m.required} - instance) if count else []
        self.missing_in_groups += needed

    def value(self, token: Token, d: Dictionary | None) -> list[Defect]:
        """The first thing wrong with a value."""
        if not token.value:
            return [("tag_without_value", token.tag)]
        known = d.field(token.tag) if d and token.tag else None
        if known is None or d is None:
            return []
        kind, value = known.type, token.value
        formats = {
            "CHAR": len(value) == 1 or d.version in ("FIX.4.0", "FIX.4.1"),
            "BOOLEAN": value in (b"Y", b"N"),
            "UTCTIMEONLY": matches(TIME, value),
            **dict.fromkeys(INTS, matches(r"-?\d+", value)),
            "SEQNUM": matches(r"\d+", value),
            **dict.fromkeys(DECIMALS, matches(NUMBER, value)),
            **dict.fromkeys(("UTCTIMESTAMP", "TIME"), is_timestamp(value)),
            **dict.fromkeys(("UTCDATE", "UTCDATEONLY"), date(value) is not None),
        }
        if not formats.get(kind, True):
            return [("incorrect_data_format", token.tag)]
        text = value.decode("latin-1")
        parts = text.split(" ") if kind.startswith("MULTIPLE") else [text]
        if known.enums and token.tag != 35 and any(part not in known.enums for part in parts):
            return [] if self.lax(token, d) else [("value_out_of_range", token.tag)]
        return []

    def lax(self, token: Token, d: Dictionary | None) -> list[Defect]:
        """The formats that QuickFIX does not check."""
        known = d.field(token.tag) if d and token.tag else None
        value = token.value
        if known is None or not value:
            return []
        day = date(value) is not None
        formats = {
            "LOCALMKTDATE": day,
            "DATE": day,
            "MONTHYEAR": day or matches(r"\d{4}(0[1-9]|1[0-2])(w[1-5])?", value),
            "DAYOFMONTH": matches(r"\d{1,2}", value) and 1 <= int(value) <= 31,
            "TZTIMEONLY": matches(TZ_TIME, value),
            "LOCALMKTTIME": matches(TIME, value),
            "TZTIMESTAMP": date(value[:8]) is not None and value[8:9] == b"-" and matches(TZ_TIME, value[9:]),
        }
        return [] if formats.get(known.type, True) else [("incorrect_data_format", token.tag)]

    def defects(self) -> Iterator[Defect]:
        present = {token.tag for part in self.parts.values() for token in part}
        required: list[int] = []
        if self.session:
            for members in (
                self.session.header,
                self.session.trailer,
                self.members or () if self.body else (),
            ):
                required += sorted({m.tag for m in members if m.required} - present - {8, 9, 10, 35})  # type: ignore[arg-type]
            yield from [("required_tag_missing", tag) for tag in sorted(required) if tag in (49, 56)]
            required = [tag for tag in required if tag not in (49, 56)]
        if self.session is None or self.body is None:
            yield "unsupported_version", 8 if self.session is None else 1128
        yield from [("tag_out_of_order", tag) for tag in self.order]
        if self.body and self.members is None:
            yield "invalid_msg_type", 35
        for tag in (*required, *self.missing_in_groups):
            yield "required_tag_missing", tag
        for part, first in (("header", (8, 9, 35)), ("trailer", (93, 89)), ("body", ())):
            place = {tag: number - 100 for number, tag in enumerate(first)}
            last = 10 if part == "trailer" else None
            key = lambda t: (t.tag == last, t.tag not in place, place.get(t.tag, t.tag))  # noqa: B023, E731
            before = None
            for token in sorted(self.parts[part], key=key):
                yield from self._field(token, part, before)
                before = token.tag
        yield from [defect for _, _, defect in sorted(self.beyond, key=lambda entry: entry[:2])]

    def _field(self, token: Token, part: str, before: int | None) -> Iterator[Defect]:
        tag = token.tag or 0
        d = self.body if part == "body" else self.session
        if (
            before == tag and 0 < tag < 65536
        ):  # from there on the kernel does not look: no FIX version has such tags
            yield "tag_appears_more_than_once", tag
        yield from self.value(token, d)
        place = next(i for i, known in enumerate(self.found) if known is token)
        self.beyond += [(place, 2, defect) for defect in self.lax(token, d)]
        passes = self.tolerant and tag >= 5000
        if tag <= 0 or (d and d.field(tag) is None and not passes):
            yield "invalid_tag_number", tag
        elif part == "body" and d and self.members is not None and d.field(tag) and not passes:
            yield from [] if tag in self.tags else [("tag_not_defined_for_message", tag)]
        if id(token) in self.counts:
            yield "group_count_wrong", tag


def answer(
    raw: bytes,
    *,
    tolerant: bool = True,
    lenient: bool = False,
    ordered: bool = False,
    version: str = "FIX.5.0SP2",
    chosen: Iterable[Column] = (),
) -> Answer:
    """What `decode` must say of one message that is neither empty nor too long."""
    found, wrong, _, _ = tokens(raw)
    framed = frame(raw)
    passing = ("body_length_missing", "body_length_format", "body_length_wrong")
    passing += ("checksum_missing", "checksum_format", "checksum_wrong")
    garbled = any(not (lenient and reason in passing) for reason, _ in framed)
    checker = Checker(found, tolerant, ordered, version)
    defects = list(framed) if garbled else [*framed, *checker.defects()]
    columns = (*COLUMNS, *chosen)
    row: dict[str, Any] = dict.fromkeys(column.name for column in columns)
    by_tag = {column.tag: column for column in columns}
    done: set[int] = set()
    for token in found[:-1] if "cut" in wrong else found:
        column = by_tag.get(token.tag or 0)
        if column and token.value and not token.depth and column.tag not in done:
            done.add(column.tag)
            row[column.name], reason = typed(column.kind, token.value)
            if reason and not garbled and all(tag != column.tag for _, tag in defects):
                defects.append((reason, column.tag))
    verdict = "garbled" if garbled else "rejected" if defects else "valid"
    return Answer(verdict, defects[0] if defects else None, row, defects, framed)
