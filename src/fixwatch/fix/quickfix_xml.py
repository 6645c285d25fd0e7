"""QuickFIX's XML form of a FIX dictionary, to the facts that `dictionary.Dictionary` is made of.

Scope: what decides how a message is read and checked. Everything refers to fields and components by name in
this form; names are resolved here, so that a name without a definition is an error with its line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fixwatch.fix.expansion import Endless, refuse_endless
from fixwatch.fix.xml_nodes import Node


def read_facts(root: Node) -> dict[str, Any]:
    """The facts of a `<fix>`. Raises DictionaryError with file and line where it contradicts itself."""
    return _Reader(root).facts()


class _Reader:
    def __init__(self, root: Node) -> None:
        self._root = root
        self._tags: dict[str, int] = {}
        self._components: dict[str, Node] = {}

    def _unique(self, node: Node, key: str, known: Any, what: str) -> str:
        if key in known:
            raise node.error(f"{what} {key} is defined twice")
        return key

    def facts(self) -> dict[str, Any]:
        fields = self._fields()
        for node in self._section("components", needed=False):
            name = node.attribute("name")
            self._components[self._unique(node, name, self._components, "component")] = node
        messages: dict[str, Any] = {}
        for node in self._section("messages"):
            msg_type = self._unique(node, node.msg_type("msgtype"), messages, "message")
            messages[msg_type] = [node.attribute("name"), self._items(node)]
        components = {name: self._items(node) for name, node in self._components.items()}
        self._refuse_endless(components, messages)
        return {
            "version": self._version(),
            "fields": fields,
            "header": self._frame_part("header"),
            "trailer": self._frame_part("trailer"),
            "components": components,
            "messages": messages,
        }

    def _version(self) -> str:
        root = self._root
        service_pack = root.attributes.get("servicepack", "0")
        return (
            f"{root.attributes.get('type', 'FIX')}.{root.attribute('major')}"
            f".{root.attribute('minor')}{f'SP{service_pack}' if service_pack not in ('', '0') else ''}"
        )

    def _section(self, name: str, *, needed: bool = True) -> list[Node]:
        section = self._root.child(name)
        if section is None or not section.children:
            if needed:
                raise self._root.error(f"there is no <{name}>, or nothing in it")
            return []
        return section.children

    def _frame_part(self, name: str) -> list[Any]:
        section = self._root.child(name)
        return [] if section is None else self._items(section)

    def _fields(self) -> list[list[Any]]:
        fields: list[list[Any]] = []
        seen: set[str] = set()
        for node in self._section("fields"):
            name = self._unique(node, node.attribute("name"), self._tags, "field")
            tag = node.tag_number("number", f"field {name}")
            seen.add(self._unique(node, str(tag), seen, "tag"))
            entry: list[Any] = [tag, name, node.attribute("type").upper()]
            enums = {
                value.attribute("enum"): value.attributes.get("description", "")
                for value in node.children
                if value.tag == "value"
            }
            fields.append([*entry, enums] if enums else entry)
            self._tags[name] = tag
        return fields

    def _items(self, parent: Node) -> list[Any]:
        kinds: dict[str, Callable[[Node], Any]] = {
            "field": self._field_item,
            "group": self._group_item,
            "component": self._component_item,
        }
        items = []
        for node in parent.children:
            if node.tag not in kinds:
                raise node.error(f"<{node.tag}> has no place in <{parent.tag}>")
            items.append(kinds[node.tag](node))
        return items

    def _field_item(self, node: Node) -> int:
        return -self._tag(node) if _required(node) else self._tag(node)

    def _group_item(self, node: Node) -> list[Any]:
        members = self._items(node)
        if not members:
            raise node.error(f"group {node.attribute('name')} has no fields")
        return ["g", self._tag(node), int(_required(node)), members]

    def _component_item(self, node: Node) -> list[Any]:
        return ["c", self._component_name(node), int(_required(node))]

    def _tag(self, node: Node) -> int:
        name = node.attribute("name")
        if name not in self._tags:
            raise node.error(f"field {name} is not defined in <fields>")
        return self._tags[name]

    def _component_name(self, node: Node) -> str:
        name = node.attribute("name")
        if name not in self._components:
            raise node.error(f"component {name} is not defined in <components>")
        return name

    def _refuse_endless(self, components: dict[str, Any], messages: dict[str, Any]) -> None:
        try:
            refuse_endless(components, (items for _, items in messages.values()))
        except Endless as endless:
            node = self._components.get(endless.name, self._root)
            raise node.error(
                f"component {endless.name} {endless}" if endless.name else str(endless)
            ) from None


def _required(node: Node) -> bool:
    return node.attributes.get("required", "N").upper() == "Y"
