"""One message as a tree, for people: every field with its name and meaning, groups inside groups.

The kernel takes the message apart, so that what is shown here is what was checked there; this module only puts
names to it. Scope: reading. What is wrong with a message is `decoder.decode`'s answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from fixwatch.fix import _kernel
from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.dictionary import ADMIN_MSG_TYPES, APPL_VER_IDS, VERSIONS, Dictionary
from fixwatch.fix.log_lines import to_soh

_MULTIPLE: Final = frozenset(("MULTIPLEVALUESTRING", "MULTIPLESTRINGVALUE", "MULTIPLECHARVALUE"))
_DEFAULTS: Final = DecodeOptions()


@dataclass(slots=True)
class Field:
    """A field of a message.

    `tag` is None for bytes that are no field. `name`, `meaning` and `type` (as the dictionary spells it: `PRICE`)
    are None where the dictionary has none. `groups` holds, for the field that counts a repeating group, the fields
    of each instance.
    """

    tag: int | None
    raw: bytes
    name: str | None = None
    meaning: str | None = None
    groups: list[list[Field]] = field(default_factory=list)
    type: str | None = None

    @property
    def value(self) -> str:
        """The value as text: UTF-8, or Latin-1 where it is not that."""
        return to_text(self.raw)

    def to_dict(self) -> dict[str, Any]:
        """`tag`, `name`, `value`, `meaning` and, where it has instances, `groups`."""
        fields: dict[str, Any] = {
            "tag": self.tag,
            "name": self.name,
            "value": self.value,
            "meaning": self.meaning,
        }
        if self.groups:
            fields["groups"] = [[inner.to_dict() for inner in instance] for instance in self.groups]
        return fields


@dataclass(slots=True)
class Message:
    """A message: its bytes, the version it was read as, its fields at the root in order, and what follows it."""

    raw: bytes
    version: str | None
    fields: list[Field]
    trailing: bytes = b""
    _named_by: tuple[Dictionary, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def parse(cls, raw: bytes, options: DecodeOptions = _DEFAULTS) -> Message:
        """Read a message with fields separated by SOH, or by `|` or `^A` where it has no SOH.

        Names, meanings and groups are those of the dictionaries that `options` decode with. Never fails: what
        cannot be read is a Field without tag.
        """
        raw = bytes(raw) if b"\x01" in raw else to_soh(bytes(raw))
        found, end = _kernel.read_fields(raw, options)
        values = {tag: raw[start : start + length] for tag, start, length, _, _ in reversed(found)}
        session, body = _dictionaries(values, options)
        known = tuple(known for known in (session, body) if known)
        message = cls(raw, body.version if body else None, [], raw[end:], known)
        levels = [message.fields]
        for tag, start, length, depth, first in found:
            del levels[depth + 1 :]
            entry = _named(tag, raw[start : start + length], known)
            if depth == len(levels) or first:
                counter = levels[depth - 1][-1]
                counter.groups.append([])
                levels[depth:] = [counter.groups[-1]]
            levels[depth].append(entry)
        return message

    @property
    def msg_type(self) -> str | None:
        """MsgType(35), None where there is none."""
        found = self.find(35)
        return None if found is None else found.value

    def find(self, tag: int) -> Field | None:
        """The first field of a tag at the root, None where there is none."""
        return next((entry for entry in self.fields if entry.tag == tag), None)

    def name_of(self, tag: int) -> str | None:
        """What the message's dictionary calls a tag, whether the message has it or not."""
        found = (dictionary.field(tag) for dictionary in self._named_by)
        return next((definition.name for definition in found if definition), None)

    def walk(self) -> Iterator[tuple[int, Field]]:
        """Every field in the message's order, with the number of groups that it is inside of."""
        return _walk(self.fields, 0)

    def to_dict(self) -> dict[str, Any]:
        """`version`, `msg_type`, `name` (of the message) and `fields` as `Field.to_dict` gives them."""
        msg_type = self.find(35)
        return {
            "version": self.version,
            "msg_type": self.msg_type,
            "name": msg_type.meaning if msg_type else None,
            "fields": [entry.to_dict() for entry in self.fields],
        }

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False)

    def to_text(self) -> str:
        """A line a field: `54 Side = 1 (BUY)`; instances of groups are numbered and indented."""
        return "\n".join(_lines(self.fields, ""))


def to_text(raw: bytes) -> str:
    """Bytes as text: UTF-8, or Latin-1 where they are not that."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _dictionaries(
    values: dict[int | None, bytes], options: DecodeOptions
) -> tuple[Dictionary | None, Dictionary | None]:
    """The session's and the body's dictionary of a message with these values."""
    begin_string = to_text(values.get(8, b""))
    if begin_string not in VERSIONS or begin_string.startswith("FIX.5"):
        return None, None
    session = options.dictionary_of(begin_string)
    if begin_string != "FIXT.1.1" or to_text(values.get(35, b"")) in ADMIN_MSG_TYPES:
        return session, session
    version = APPL_VER_IDS.get(to_text(values[1128])) if 1128 in values else options.appl_version
    return session, options.dictionary_of(version) if version else None


def _named(tag: int | None, raw: bytes, dictionaries: tuple[Dictionary, ...]) -> Field:
    entry = Field(tag, raw)
    if tag is None:
        return entry
    for dictionary in dictionaries:
        definition = dictionary.field(tag)
        if definition:
            entry.name = definition.name
            entry.type = definition.type
            entry.meaning = entry.meaning or dictionary.enum_meaning(tag, entry.value)
            if entry.meaning is None and definition.type in _MULTIPLE and definition.enums:
                meanings = [definition.enums.get(part) for part in entry.value.split(" ")]
                entry.meaning = " ".join(part for part in meanings if part) or None
    return entry


def _walk(fields: list[Field], depth: int) -> Iterator[tuple[int, Field]]:
    for entry in fields:
        yield depth, entry
        for instance in entry.groups:
            yield from _walk(instance, depth + 1)


def _lines(fields: list[Field], indent: str) -> Iterator[str]:
    for entry in fields:
        label = "?" if entry.tag is None else f"{entry.tag} {entry.name or '?'}"
        meaning = f" ({entry.meaning})" if entry.meaning else ""
        yield f"{indent}{label} = {entry.value}{meaning}"
        for number, instance in enumerate(entry.groups, 1):
            yield f"{indent}  [{number}]"
            yield from _lines(instance, indent + "    ")
