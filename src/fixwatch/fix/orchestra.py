"""FIX Orchestra's repository (FIX Orchestra technical standard 1.0 and 1.1) to the facts of `dictionary.Dictionary`.

Scope: what decides how a tag=value message is read and checked; workflow, scenarios' conditions, semantics and
documentation are passed over. Everything refers by id, and by scenario where that is not `base`. Where a field
or a message has several scenarios, nothing says which one a message on the wire is of: a value passes that one
of them allows, a field is required that all of them require.
"""

from __future__ import annotations

import re
from typing import Any, Final

from fixwatch.fix.expansion import Endless, refuse_endless
from fixwatch.fix.xml_nodes import Node

#: Elements that say nothing about a message's fields, at any place.
SKIPPED: Final = frozenset(
    ("annotation", "appinfo", "appInfo", "documentation", "extension", "metadata", "actors", "concepts")
)

_BASE: Final = "base"
_VERSION: Final = re.compile(r"FIXT?\.[0-9]\.[0-9](?:SP[0-9])?")
#: FIX Latest goes over the wire as the application version that it continues.
_LATEST: Final = "FIX.5.0SP2"
_NO_NAME: Final = re.compile(r"[^A-Z0-9]")
#: Datatypes of FIX; others say by baseType which of these they are like.
_DATATYPES: Final = frozenset(
    (
        *(
            "INT",
            "LENGTH",
            "TAGNUM",
            "SEQNUM",
            "NUMINGROUP",
            "DAYOFMONTH",
            "FLOAT",
            "QTY",
            "PRICE",
            "PRICEOFFSET",
        ),
        *(
            "AMT",
            "PERCENTAGE",
            "CHAR",
            "BOOLEAN",
            "STRING",
            "MULTIPLECHARVALUE",
            "MULTIPLESTRINGVALUE",
            "COUNTRY",
        ),
        *("CURRENCY", "EXCHANGE", "MONTHYEAR", "UTCTIMESTAMP", "UTCTIMEONLY", "UTCDATEONLY", "LOCALMKTDATE"),
        *("TZTIMEONLY", "TZTIMESTAMP", "DATA", "XMLDATA", "LANGUAGE", "MULTIPLEVALUESTRING", "UTCDATE"),
    )
)

_Key = tuple[str, str]


def read_facts(root: Node) -> dict[str, Any]:
    """The facts of a repository. Raises DictionaryError with file and line where it contradicts itself."""
    return _Reader(root).facts()


class _Reader:
    def __init__(self, root: Node) -> None:
        self._root = root
        self._scenario_names = {
            node.attribute("id"): node.attribute("name") for node in self._section("scenarios")
        }
        self._datatypes = {node.attribute("name"): node for node in self._section("datatypes")}
        self._code_sets = {
            (node.attribute("name"), self._scenario(node)): node for node in self._section("codeSets")
        }
        self._components = self._by_id("components")
        self._groups = self._by_id("groups")
        self._tags: set[int] = set()

    def facts(self) -> dict[str, Any]:
        fields = self._fields()
        components = {_name("component", key): self._items(node) for key, node in self._components.items()}
        groups = {_name("group", key): [self._group(node)] for key, node in self._groups.items()}
        messages = self._messages()
        if not messages:
            raise self._root.error("there is no <messages>, or nothing in it")
        nodes = {
            _name(kind, key): node
            for kind, known in (("component", self._components), ("group", self._groups))
            for key, node in known.items()
        }
        components |= groups
        try:
            refuse_endless(components, (items for _, items in messages.values()))
        except Endless as endless:
            node = nodes.get(endless.name, self._root)
            raise node.error(f"{node.attributes.get('name', node.tag)} {endless}") from None
        version = self._version()
        own_header = not version.startswith("FIX.5")
        return {
            "version": version,
            "fields": fields,
            "header": self._frame_part("StandardHeader") if own_header else [],
            "trailer": self._frame_part("StandardTrailer") if own_header else [],
            "components": components,
            "messages": messages,
        }

    def _scenario(self, node: Node, attribute: str = "scenario") -> str:
        """The scenario that an element is of, or with another attribute that it refers to, by name."""
        if "inheritsScenarioId" in node.attributes:
            raise node.error("inherits from another scenario, which is not read: write it out in full")
        number = node.attributes.get(f"{attribute}Id", "")
        return node.attributes.get(attribute) or self._scenario_names.get(number, number) or _BASE

    def _section(self, name: str) -> list[Node]:
        section = self._root.child(name)
        return [] if section is None else section.children

    def _by_id(self, section: str) -> dict[_Key, Node]:
        found: dict[_Key, Node] = {}
        seen: set[_Key] = set()
        for node in self._section(section):
            key = (node.attribute("id"), self._scenario(node))
            self._once(node, key, seen, node.tag)
            found[key] = node
        return found

    @staticmethod
    def _once(node: Node, key: _Key, seen: set[_Key], what: str) -> None:
        if key in seen:
            raise node.error(f"{what} {key[0]} is defined twice")
        seen.add(key)

    def _version(self) -> str:
        for name in ("version", "name"):
            text = self._root.attributes.get(name, "")
            if text.startswith("FIX.Latest"):
                return _LATEST
            if found := _VERSION.match(text):
                return found[0]
        raise self._root.error(
            "neither version nor name of the repository begins with a FIX version such as FIX.4.4"
        )

    def _fields(self) -> list[list[Any]]:
        fields: dict[int, list[Any]] = {}
        names: dict[str, int] = {}
        seen: set[_Key] = set()
        for node in self._section("fields"):
            name = node.attribute("name")
            tag = node.tag_number("id", f"field {name}")
            if names.setdefault(name, tag) != tag:
                raise node.error(f"field {name} is defined twice")
            kind, codes = self._type(node)
            self._once(node, (str(tag), self._scenario(node)), seen, "tag")
            if tag not in fields:
                fields[tag] = [tag, name, kind, codes]
            elif fields[tag][1] != name:
                raise node.error(f"tag {tag} is defined twice")
            elif codes and fields[tag][3]:
                fields[tag][3] |= codes
            else:
                fields[tag][3] = {}  # one of the scenarios allows any value
        if not fields:
            raise self._root.error("there is no <fields>, or nothing in it")
        self._tags = set(fields)
        for node in self._section("fields"):
            if "lengthId" in node.attributes:
                self._tag(node, "lengthId")
        return [field if field[3] else field[:3] for field in fields.values()]

    def _type(self, field: Node) -> tuple[str, dict[str, str]]:
        """A field's datatype and, where it is closed, its list of values with their names."""
        name = field.attributes.get("codeSet") or field.attribute("type")
        key = (name, self._scenario(field, "codeSetScenario"))
        code_set = self._code_sets.get(key) or self._code_sets.get((name, self._scenario(field)))
        if code_set is None:
            if "codeSet" in field.attributes:
                raise field.error(f"code set {name} is not defined")
            return self._datatype(field, name), {}
        codes = {node.attribute("value"): node.attribute("name") for node in code_set.children}
        # A union allows other values besides the codes.
        is_open = "unionDataType" in field.attributes or "unionDataType" in code_set.attributes
        return self._datatype(code_set, code_set.attribute("type")), {} if is_open else codes

    def _datatype(self, node: Node, name: str) -> str:
        seen = set()
        while (plain := _NO_NAME.sub("", name.upper())) not in _DATATYPES:
            definition = self._datatypes.get(name)
            if definition is None or name in seen:
                raise node.error(f"datatype {name} is not defined")
            seen.add(name)
            if "baseType" not in definition.attributes:
                return "STRING"
            name = definition.attributes["baseType"]
        return plain

    def _messages(self) -> dict[str, list[Any]]:
        messages: dict[str, list[Any]] = {}
        seen: set[_Key] = set()
        for node in self._section("messages"):
            msg_type, name = node.msg_type("msgType"), node.attribute("name")
            structure = node.child("structure")
            items = [] if structure is None else self._items(structure)
            self._once(node, (msg_type, self._scenario(node)), seen, "message")
            if msg_type not in messages:
                messages[msg_type] = [name, items]
            else:
                messages[msg_type][1] = _either(messages[msg_type][1], items)
        return messages

    def _frame_part(self, name: str) -> list[Any]:
        node = self._root.child("components")
        for child in () if node is None else node.children:
            if child.attributes.get("name") == name and self._scenario(child) == _BASE:
                return self._items(child)
        return []

    def _items(self, parent: Node) -> list[Any]:
        items: list[Any] = []
        for node in parent.children:
            if node.tag == "numInGroup":
                continue
            if node.tag not in ("fieldRef", "componentRef", "groupRef"):
                raise node.error(f"<{node.tag}> has no place in <{parent.tag}>")
            presence = node.attributes.get("presence", "optional")
            if presence == "forbidden":
                continue
            required = presence == "required"
            if node.tag == "fieldRef":
                tag = self._tag(node, "id")
                items.append(-tag if required else tag)
            elif (key := self._reference(node)) is not None:
                items.append(["c", key, int(required)])
        return items

    def _group(self, node: Node) -> list[Any]:
        counter = node.child("numInGroup")
        if counter is None:
            raise node.error(f"group {node.attributes.get('name', '')} has no numInGroup")
        members = self._items(node)
        if not members:
            raise node.error(f"group {node.attributes.get('name', '')} has no fields")
        return ["g", self._tag(counter, "id"), 1, members]

    def _tag(self, node: Node, attribute: str) -> int:
        tag = node.tag_number(attribute, f"<{node.tag}>")
        if tag not in self._tags:
            raise node.error(f"field {tag} is not defined in <fields>")
        return tag

    def _reference(self, node: Node) -> str | None:
        """The name in the facts of the component or group that a reference means; None for header and trailer."""
        kind, known = ("group", self._groups) if node.tag == "groupRef" else ("component", self._components)
        key = (node.attribute("id"), self._scenario(node))
        if key not in known:
            raise node.error(
                f"{kind} {key[0]} is not defined" + ("" if key[1] == _BASE else f" for {key[1]}")
            )
        if known[key].attributes.get("name") in ("StandardHeader", "StandardTrailer"):
            return None
        return _name(kind, key)


def _name(kind: str, key: _Key) -> str:
    return f"{kind} {key[0]} {key[1]}"


def _either(one: list[Any], other: list[Any]) -> list[Any]:
    """The items of both, required where both require them."""
    flags = [{_identity(item): _is_required(item) for item in items} for items in (one, other)]
    merged: list[Any] = []
    for identity in dict.fromkeys([*flags[0], *flags[1]]):
        required = all(known.get(identity, False) for known in flags)
        if isinstance(identity, int):
            merged.append(-identity if required else identity)
        else:
            merged.append(["c", identity, int(required)])
    return merged


def _identity(item: Any) -> int | str:
    return abs(item) if isinstance(item, int) else item[1]


def _is_required(item: Any) -> bool:
    return item < 0 if isinstance(item, int) else bool(item[2])
