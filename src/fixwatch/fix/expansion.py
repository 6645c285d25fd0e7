"""How much a dictionary's components stand for, before anything resolves them.

A component may hold components. One that holds itself never ends, and thirty that each hold the next one twice
are a billion fields in a file of a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

#: Components inside components and groups inside groups: deeper is not meant for people.
MAX_DEPTH: Final = 32
#: Fields of all messages and components in full. FIX 5.0 SP2, the largest, has 400,000.
MAX_MEMBERS: Final = 5_000_000


class Endless(Exception):
    """Components that cannot be resolved: `name` is one of them, the message says what it does."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(words)
        self.name = name


def refuse_endless(components: Mapping[str, list[Any]], messages: Iterable[list[Any]]) -> None:
    """Raise Endless where items of facts (see `dictionary.Dictionary`) go on forever, or nearly."""
    sizes = _Sizes(components)
    total = 0
    for name in components:
        total += sizes.component(name)[0]
    for items in messages:
        total += sizes.items("", items)[0]
        if total > MAX_MEMBERS:
            raise Endless("", f"the messages stand for more than {MAX_MEMBERS:,} fields")


class _Sizes:
    """Fields and depth of components, each counted once."""

    def __init__(self, components: Mapping[str, list[Any]]) -> None:
        self._components = components
        self._known: dict[str, tuple[int, int]] = {}
        self._above: list[str] = []

    def component(self, name: str) -> tuple[int, int]:
        if name not in self._known:
            if name in self._above:
                raise Endless(name, "contains itself")
            if len(self._above) > MAX_DEPTH:
                raise Endless(name, "is nested too deep")
            self._above.append(name)
            size, depth = self.items(name, self._components[name])
            self._above.pop()
            if size > MAX_MEMBERS:
                raise Endless(name, f"stands for more than {MAX_MEMBERS:,} fields")
            self._known[name] = size, depth
        return self._known[name]

    def items(self, name: str, items: list[Any]) -> tuple[int, int]:
        size = depth = 0
        for item in items:
            inner, below = 1, 0
            if not isinstance(item, int):
                inner, below = self.component(item[1]) if item[0] == "c" else self.items(name, item[3])
                inner += item[0] == "g"
                below += 1
            size += inner
            depth = max(depth, below)
        if depth > MAX_DEPTH:
            raise Endless(name, "is nested too deep")
        return size, depth
