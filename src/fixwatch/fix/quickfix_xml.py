"""QuickFIX's XML form of a FIX dictionary, to the facts that `dictionary.Dictionary` is made of.

Scope: what decides how a message is read and checked. Everything refers to fields and components by name in
this form; names are resolved here, so that a name without a definition is an error with its line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

from fixwatch.errors import DictionaryError

#: Components inside components, groups inside groups: deeper is a cycle, or not meant for people.
MAX_DEPTH: Final = 32


@dataclass(slots=True)
class _Node:
    tag: str
    attributes: dict[str, str]
    line: int
    children: list[_Node] = field(default_factory=list)

    def child(self, tag: str) -> _Node | None:
        return next((child for child in self.children if child.tag == tag), None)


def read_facts(path: Path) -> dict[str, Any]:
    """Read a file. Raises DictionaryError: it is missing, is no such dictionary, or contradicts itself."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DictionaryError(f"{path}: {error.strerror}") from None
    return _Reader(path, _parse(path, data)).facts()


def _parse(path: Path, data: bytes) -> _Node:
    parser = expat.ParserCreate()
    top = _Node("", {}, 0)
    open_nodes = [top]

    def start(tag: str, attributes: dict[str, str]) -> None:
        node = _Node(tag, attributes, parser.CurrentLineNumber)
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _tag: open_nodes.pop()
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise DictionaryError(f"{path}:{error.lineno}: {expat.ErrorString(error.code)}") from None
    return top


class _Reader:
    def __init__(self, path: Path, top: _Node) -> None:
        self._path = path
        root = top.children[0]
        if root.tag != "fix":
            raise self._error(root, f"the root is <{root.tag}>, not <fix>")
        self._root = root
        self._tags: dict[str, int] = {}
        self._components: dict[str, _Node] = {}

    def _error(self, node: _Node, words: str) -> DictionaryError:
        return DictionaryError(f"{self._path}:{node.line}: {words}")

    def _attribute(self, node: _Node, name: str) -> str:
        value = node.attributes.get(name)
        if not value:
            raise self._error(node, f"<{node.tag}> has no {name}")
        return value

    def _unique(self, node: _Node, key: str, known: Any, what: str) -> str:
        if key in known:
            raise self._error(node, f"{what} {key} is defined twice")
        return key

    def facts(self) -> dict[str, Any]:
        fields = self._fields()
        for node in self._section("components", needed=False):
            name = self._attribute(node, "name")
            self._components[self._unique(node, name, self._components, "component")] = node
        for node in self._components.values():
            self._refuse_cycles(node, ())
        messages: dict[str, Any] = {}
        for node in self._section("messages"):
            msg_type = self._unique(node, self._attribute(node, "msgtype"), messages, "message")
            messages[msg_type] = [self._attribute(node, "name"), self._items(node)]
        return {
            "version": self._version(),
            "fields": fields,
            "header": self._frame_part("header"),
            "trailer": self._frame_part("trailer"),
            "components": {name: self._items(node) for name, node in self._components.items()},
            "messages": messages,
        }

    def _version(self) -> str:
        root = self._root
        service_pack = root.attributes.get("servicepack", "0")
        return (
            f"{root.attributes.get('type', 'FIX')}.{self._attribute(root, 'major')}"
            f".{self._attribute(root, 'minor')}{f'SP{service_pack}' if service_pack not in ('', '0') else ''}"
        )

    def _section(self, name: str, *, needed: bool = True) -> list[_Node]:
        section = self._root.child(name)
        if section is None or not section.children:
            if needed:
                raise self._error(self._root, f"there is no <{name}>, or nothing in it")
            return []
        return section.children

    def _frame_part(self, name: str) -> list[Any]:
        section = self._root.child(name)
        return [] if section is None else self._items(section)

    def _fields(self) -> list[list[Any]]:
        fields: list[list[Any]] = []
        seen: set[str] = set()
        for node in self._section("fields"):
            name = self._unique(node, self._attribute(node, "name"), self._tags, "field")
            number = self._attribute(node, "number")
            if not (number.isascii() and number.isdigit() and 0 < int(number) < 2**31):
                raise self._error(node, f"field {name} has number {number!r}, not a tag")
            seen.add(self._unique(node, str(int(number)), seen, "tag"))
            entry: list[Any] = [int(number), name, self._attribute(node, "type").upper()]
            enums = {
                self._attribute(value, "enum"): value.attributes.get("description", "")
                for value in node.children
                if value.tag == "value"
            }
            fields.append([*entry, enums] if enums else entry)
            self._tags[name] = int(number)
        return fields

    def _items(self, parent: _Node, depth: int = 0) -> list[Any]:
        if depth > MAX_DEPTH:
            raise self._error(parent, "groups are nested too deep")
        kinds: dict[str, Callable[[_Node, int], Any]] = {
            "field": self._field_item,
            "group": self._group_item,
            "component": self._component_item,
        }
        items = []
        for node in parent.children:
            if node.tag not in kinds:
                raise self._error(node, f"<{node.tag}> has no place in <{parent.tag}>")
            items.append(kinds[node.tag](node, depth))
        return items

    def _field_item(self, node: _Node, _depth: int) -> int:
        return -self._tag(node) if _required(node) else self._tag(node)

    def _group_item(self, node: _Node, depth: int) -> list[Any]:
        members = self._items(node, depth + 1)
        if not members:
            raise self._error(node, f"group {node.attributes['name']} has no fields")
        return ["g", self._tag(node), int(_required(node)), members]

    def _component_item(self, node: _Node, _depth: int) -> list[Any]:
        return ["c", self._component_name(node), int(_required(node))]

    def _tag(self, node: _Node) -> int:
        name = self._attribute(node, "name")
        if name not in self._tags:
            raise self._error(node, f"field {name} is not defined in <fields>")
        return self._tags[name]

    def _component_name(self, node: _Node) -> str:
        name = self._attribute(node, "name")
        if name not in self._components:
            raise self._error(node, f"component {name} is not defined in <components>")
        return name

    def _refuse_cycles(self, node: _Node, above: tuple[str, ...]) -> None:
        for child in node.children:
            if child.tag == "group":
                self._refuse_cycles(child, above)
            elif child.tag == "component":
                name = self._component_name(child)
                if name in above or len(above) == MAX_DEPTH:
                    raise self._error(child, f"component {name} contains itself")
                self._refuse_cycles(self._components[name], (*above, name))


def _required(node: _Node) -> bool:
    return node.attributes.get("required", "N").upper() == "Y"
