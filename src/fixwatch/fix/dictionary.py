"""What a FIX version defines: fields, their types and values, messages, components, repeating groups.

The standard versions come with the package as compact facts (`dictionaries/`, made by
`scripts/compile_dictionaries.py`); a counterparty's own dictionary is read from a file in QuickFIX's XML form or
FIX Orchestra's by `Dictionary.load_file`. Loading is lazy: a version is read when it is first asked for, a message's
components are resolved when that message is.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Final

from fixwatch.errors import DictionaryError

#: Every version that comes with the package, the session layer of FIX 5.0 included.
VERSIONS: Final = (
    "FIX.4.0",
    "FIX.4.1",
    "FIX.4.2",
    "FIX.4.3",
    "FIX.4.4",
    "FIX.5.0",
    "FIX.5.0SP1",
    "FIX.5.0SP2",
    "FIXT.1.1",
)

#: ApplVerID(1128) and DefaultApplVerID(1137) to the version they stand for.
APPL_VER_IDS: Final[Mapping[str, str]] = {
    "2": "FIX.4.0",
    "3": "FIX.4.1",
    "4": "FIX.4.2",
    "5": "FIX.4.3",
    "6": "FIX.4.4",
    "7": "FIX.5.0",
    "8": "FIX.5.0SP1",
    "9": "FIX.5.0SP2",
}

#: MsgTypes of the session layer, which FIXT.1.1 defines whatever the application version is.
ADMIN_MSG_TYPES: Final = frozenset("012345A")

#: What the kernel's tables hold; no version and no counterparty comes near.
LARGEST_TAG: Final = 1_000_000
LONGEST_MSG_TYPE: Final = 8

_MSG_TYPE: Final = 35


@dataclass(frozen=True, slots=True)
class FieldDef:
    """A field: tag, name, type as the dictionary spells it (`PRICE`), and its values' meanings."""

    tag: int
    name: str
    type: str
    enums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Member:
    """A place in a message, header, trailer or group: a field or, with `group`, a repeating group.

    A group's `tag` is that of its NumInGroup field; its first member is the delimiter of its instances. What
    is inside an optional component or group is not required, also where that is there: QuickFIX reads it so.
    """

    tag: int
    required: bool
    group: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageDef:
    """A message's body: MsgType(35), name, members in order, components resolved."""

    msg_type: str
    name: str
    members: tuple[Member, ...]


class Dictionary:
    """One version's definitions. Build it with `load` or `load_file`; do not change it.

    `facts` hold a member of a message as a tag (negative: required), as `["g", tag, required, [members]]` for
    a group, or as `["c", name, required]` for a component.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts
        self.version: str = facts["version"]
        self.fields: Mapping[int, FieldDef] = {
            entry[0]: FieldDef(entry[0], entry[1], entry[2], entry[3] if len(entry) > 3 else {})
            for entry in facts["fields"]
        }
        self._messages: dict[str, MessageDef] = {}
        self._component_members: dict[tuple[str, bool], tuple[Member, ...]] = {}

    def __repr__(self) -> str:
        return f"<Dictionary {self.version}>"

    @staticmethod
    def load(version: str) -> Dictionary:
        """The standard dictionary of `version`: a name of `VERSIONS`, or an ApplVerID(1128) such as `9`.

        Raises DictionaryError for a version that does not come with the package.
        """
        return _load(version_name(version))

    @staticmethod
    def load_file(path: str | Path) -> Dictionary:
        """A dictionary in QuickFIX's XML form or in that of FIX Orchestra, whichever the file is.

        Raises DictionaryError that names the file and the line.
        """
        return Dictionary(read_facts(Path(path)))

    @cached_property
    def header(self) -> tuple[Member, ...]:
        """The standard header's members; empty for FIX 5.0 and later, whose header is FIXT.1.1's."""
        return tuple(self._members(self._facts["header"], True, in_group=False))

    @cached_property
    def trailer(self) -> tuple[Member, ...]:
        """The standard trailer's members; empty for FIX 5.0 and later."""
        return tuple(self._members(self._facts["trailer"], True, in_group=False))

    @property
    def msg_types(self) -> tuple[str, ...]:
        """Every MsgType(35) that has a definition."""
        return tuple(self._facts["messages"])

    @cached_property
    def _tags(self) -> dict[str, int]:
        return {definition.name: tag for tag, definition in self.fields.items()}

    def field(self, key: int | str) -> FieldDef | None:
        """A field by tag or by name; None where the version has no such field."""
        tag = self._tags.get(key, 0) if isinstance(key, str) else key
        return self.fields.get(tag)

    def enum_meaning(self, tag: int, value: str) -> str | None:
        """What a value of a field with a list of values stands for, such as `BUY` for 54=1."""
        if tag == _MSG_TYPE:
            entry = self._facts["messages"].get(value)
            if entry is not None:
                return str(entry[0])
        definition = self.fields.get(tag)
        return None if definition is None else definition.enums.get(value)

    def message(self, msg_type: str) -> MessageDef | None:
        """The definition of a MsgType(35); None where the version has no such message."""
        found = self._messages.get(msg_type)
        if found is None and (entry := self._facts["messages"].get(msg_type)) is not None:
            name, items = entry
            found = MessageDef(msg_type, name, tuple(self._members(items, True, in_group=False)))
            self._messages[msg_type] = found
        return found

    def _members(self, items: list[Any], required: bool, *, in_group: bool) -> Iterator[Member]:
        """Resolve items. A component's fields are required where it is; inside a group they never are."""
        for item in items:
            if isinstance(item, int):
                yield Member(abs(item), item < 0 and required)
            elif item[0] == "c":
                yield from self._component(item[1], bool(item[2]) and required and not in_group)
            else:
                tag, group_required, members = item[1:]
                resolved = tuple(self._members(members, bool(group_required), in_group=True))
                yield Member(tag, bool(group_required) and required, resolved)

    def _component(self, name: str, required: bool) -> tuple[Member, ...]:
        key = (name, required)
        if key not in self._component_members:
            items = self._facts["components"][name]
            self._component_members[key] = tuple(self._members(items, required, in_group=False))
        return self._component_members[key]


def read_facts(path: Path) -> dict[str, Any]:
    """The facts of a dictionary file. Raises DictionaryError that names the file and the line."""
    from fixwatch.fix import orchestra, quickfix_xml
    from fixwatch.fix.xml_nodes import read_tree

    root = read_tree(path, orchestra.SKIPPED)
    if root.tag == "fix":
        return quickfix_xml.read_facts(root)
    if root.tag == "repository":
        return orchestra.read_facts(root)
    raise root.error(f"the root is <{root.tag}>: neither QuickFIX's <fix> nor FIX Orchestra's <repository>")


def version_name(version: str) -> str:
    """`FIX.5.0SP2` for that name or for the ApplVerID `9`. Raises DictionaryError for any other text."""
    name = APPL_VER_IDS.get(version, version)
    if name not in VERSIONS:
        raise DictionaryError(f"There is no dictionary of {version!r}; there are {', '.join(VERSIONS)}.")
    return name


@cache
def _load(version: str) -> Dictionary:
    name = file_name(version)
    packed = resources.files("fixwatch.fix").joinpath("dictionaries", name).read_bytes()
    return Dictionary(json.loads(zlib.decompress(packed)))


def file_name(version: str) -> str:
    """The file in `dictionaries/` that holds a version: JSON, compressed by zlib."""
    return version.replace(".", "") + ".json.zlib"
