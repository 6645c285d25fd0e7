"""Other decoders that Python can call, where they are installed: none is a dependency of fixwatch.

Each reads the same 15 fields of one message after the other, as its documentation says to, and makes the checks that
it makes. The slow ones read every tenth or twentieth message of the corpus: their rate does not depend on how many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import files
from typing import Any, Final

Read = Callable[[bytes], Sequence[bytes | str | None]]


@dataclass(frozen=True, slots=True)
class Peer:
    """A decoder: its name and what it checks, how it reads a message, and its share of the corpus: 1 in `every`."""

    name: str
    read: Read
    every: int


def peers(tags: Sequence[int]) -> list[Peer]:
    """Those that can be imported, reading `tags`."""
    return [Peer(name, read, every) for name, make, every in _KNOWN for read in _made(make, tags)]


def _made(make: Callable[[Sequence[int]], Read], tags: Sequence[int]) -> Iterator[Read]:
    try:
        yield make(tags)
    except ImportError:
        return


def _refix(tags: Sequence[int]) -> Read:
    tokenize = import_module("refix").Tokenizer().tokenize

    def read(message: bytes) -> list[bytes | str | None]:
        get = tokenize(message).get
        return [get(tag) for tag in tags]

    return read


def _quickfix(tags: Sequence[int]) -> Read:
    quickfix: Any = import_module("quickfix")
    found = next((file for file in files("quickfix") or () if file.name == "FIX44.xml"), None)
    if found is None:
        raise ImportError("quickfix has no FIX44.xml beside it")
    dictionary = quickfix.DataDictionary(str(found.locate()))

    def read(raw: bytes) -> list[bytes | str | None]:
        message = quickfix.Message(raw.decode("latin-1"), dictionary, True)
        dictionary.validate(message)
        return [message.getField(tag) if message.isSetField(tag) else None for tag in tags]

    return read


def _simplefix(tags: Sequence[int]) -> Read:
    parser_of = import_module("simplefix").FixParser

    def read(raw: bytes) -> list[bytes | str | None]:
        parser = parser_of()
        parser.append_buffer(raw)
        message = parser.get_message()
        return [message.get(tag) for tag in tags]

    return read


_KNOWN: Final = (
    ("refix, frame checks", _refix, 1),
    ("quickfix, all checks", _quickfix, 10),
    ("simplefix, no checks", _simplefix, 20),
)
