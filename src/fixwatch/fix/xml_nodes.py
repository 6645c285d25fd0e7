"""XML files as plain trees that know their lines, read from people who may mean harm.

A file that declares entities is refused, whatever they are for (no dictionary needs one, and nested or external
ones are how XML is made to fill a memory or to read other files). Size and depth have limits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.parsers import expat

from fixwatch.errors import DictionaryError
from fixwatch.fix.dictionary import LARGEST_TAG, LONGEST_MSG_TYPE

#: Five times the largest repository that the FIX Trading Community publishes.
MAX_BYTES: Final = 128 * 1024 * 1024
#: Dictionaries go some ten levels deep. What reads the tree calls itself for every level.
MAX_DEPTH: Final = 64


@dataclass(slots=True)
class Node:
    """An element: its name without namespace, its attributes, its line, the elements in it."""

    tag: str
    attributes: dict[str, str]
    path: Path
    line: int
    children: list[Node] = field(default_factory=list)

    def child(self, tag: str) -> Node | None:
        """The first element of that name in it."""
        return next((child for child in self.children if child.tag == tag), None)

    def error(self, words: str) -> DictionaryError:
        """What is wrong here, to be raised."""
        return DictionaryError(f"{self.path}:{self.line}: {words}")

    def attribute(self, name: str) -> str:
        """An attribute that must be there and not empty; raises DictionaryError."""
        value = self.attributes.get(name)
        if not value:
            raise self.error(f"<{self.tag}> has no {name}")
        return value

    def tag_number(self, name: str, what: str) -> int:
        """An attribute that is a FIX tag; raises DictionaryError."""
        text = self.attribute(name)
        if not (text.isascii() and text.isdigit() and len(text) <= 10 and 0 < int(text) <= LARGEST_TAG):
            raise self.error(f"{what} has {name} {text!r}, not a tag of 1 to {LARGEST_TAG}")
        return int(text)

    def msg_type(self, name: str) -> str:
        """An attribute that is a MsgType(35); raises DictionaryError."""
        text = self.attribute(name)
        if len(text.encode()) > LONGEST_MSG_TYPE:
            raise self.error(
                f"{name} {text!r} is longer than {LONGEST_MSG_TYPE} bytes, which no MsgType(35) is"
            )
        return text


def read_tree(path: Path, skip: frozenset[str] = frozenset()) -> Node:
    """The root of an XML file, without elements named in `skip` and what is in them.

    Raises DictionaryError with file and line: it cannot be read, is no XML, or declares entities.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DictionaryError(f"{path}: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise DictionaryError(f"{path}: larger than {MAX_BYTES >> 20} MB; that is no dictionary")
    return _Builder(path, skip).build(data)


class _Builder:
    def __init__(self, path: Path, skip: frozenset[str]) -> None:
        self._path = path
        self._skip = skip
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        self._top = Node("", {}, path, 0)
        self._open = [self._top]
        self._skipping = 0
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.EntityDeclHandler = self._refuse_entity

    def build(self, data: bytes) -> Node:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            raise DictionaryError(f"{self._path}:{error.lineno}: {expat.ErrorString(error.code)}") from None
        except (LookupError, ValueError) as error:  # an encoding that there is not
            raise DictionaryError(f"{self._path}:{self._parser.CurrentLineNumber}: {error}") from None
        return self._top.children[0]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if self._skipping or tag in self._skip:
            self._skipping += 1
            return
        node = Node(tag, attributes, self._path, self._parser.CurrentLineNumber)
        if len(self._open) > MAX_DEPTH:
            raise node.error(f"elements are nested more than {MAX_DEPTH} deep")
        self._open[-1].children.append(node)
        self._open.append(node)

    def _end(self, _name: str) -> None:
        if self._skipping:
            self._skipping -= 1
        else:
            self._open.pop()

    def _refuse_entity(self, *_declaration: object) -> None:
        raise DictionaryError(
            f"{self._path}:{self._parser.CurrentLineNumber}: declares an entity, which no dictionary needs"
        )
