"""A Dictionary flattened: arrays of numbers that the kernel checks messages against (`_dictionary.h`).

Every reference between the arrays is made here, so what the kernel follows is inside of them by construction.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from fixwatch.errors import DictionaryError
from fixwatch.fix.dictionary import LARGEST_TAG, LONGEST_MSG_TYPE, Dictionary, Member


class FieldType(IntEnum):
    """How a value is checked. The numbers are those of the kernel."""

    STRING = 0
    CHAR = 1
    INT = 2
    DECIMAL = 3
    BOOLEAN = 4
    TIMESTAMP = 5
    DATE = 6
    TIME = 7
    SEQ_NUM = 8
    LOCAL_DATE = 9
    MONTH_YEAR = 10
    DAY_OF_MONTH = 11
    TZ_TIMESTAMP = 12
    TZ_TIME = 13
    LOCAL_TIME = 14


#: Types that are not here are text, which any bytes are.
_TYPES: Final = {
    "CHAR": FieldType.CHAR,
    "INT": FieldType.INT,
    "LENGTH": FieldType.INT,
    "NUMINGROUP": FieldType.INT,
    "SEQNUM": FieldType.SEQ_NUM,
    "TAGNUM": FieldType.INT,
    "FLOAT": FieldType.DECIMAL,
    "PRICE": FieldType.DECIMAL,
    "PRICEOFFSET": FieldType.DECIMAL,
    "QTY": FieldType.DECIMAL,
    "AMT": FieldType.DECIMAL,
    "PERCENTAGE": FieldType.DECIMAL,
    "BOOLEAN": FieldType.BOOLEAN,
    "UTCTIMESTAMP": FieldType.TIMESTAMP,
    "TIME": FieldType.TIMESTAMP,
    "UTCDATE": FieldType.DATE,
    "UTCDATEONLY": FieldType.DATE,
    "UTCTIMEONLY": FieldType.TIME,
    "LOCALMKTDATE": FieldType.LOCAL_DATE,
    "DATE": FieldType.LOCAL_DATE,
    "MONTHYEAR": FieldType.MONTH_YEAR,
    "DAYOFMONTH": FieldType.DAY_OF_MONTH,
    "TZTIMESTAMP": FieldType.TZ_TIMESTAMP,
    "TZTIMEONLY": FieldType.TZ_TIME,
    "LOCALMKTTIME": FieldType.LOCAL_TIME,
}
_MULTIPLE: Final = frozenset(("MULTIPLEVALUESTRING", "MULTIPLESTRINGVALUE", "MULTIPLECHARVALUE"))
#: Up to FIX 4.1 a `char` could be longer than one character.
_CHAR_IS_TEXT: Final = frozenset(("FIX.4.0", "FIX.4.1"))

#: Fields that are of the header or the trailer in every version, also where that version does not have them.
_HEADER_TAGS: Final = (
    *(8, 9, 35, 34, 43, 49, 50, 52, 56, 57, 90, 97, 115, 116, 122, 128, 129, 142, 143, 144, 145, 212, 213),
    *(347, 369, 370, 627, 1128, 1129),
)
_TRAILER_TAGS: Final = (10, 89, 93)
#: The frame checks answer for these.
_FRAME_TAGS: Final = frozenset((8, 9, 10, 35))

_MOST_FIELDS: Final = 0xFFFF
#: Numbers of a `fw_context`.
CONTEXT_NUMBERS: Final = 8
_LONGEST_VALUE: Final = 0xFFFF


@dataclass(slots=True)
class Tables:
    """The arrays of `fw_dictionary`, and the entries of its two hashes, which the kernel builds."""

    number_of: array[int]
    section_of: bytearray
    type: bytearray
    multiple: bytearray
    enum_of: array[int]
    single: array[int]
    long_values: list[tuple[int, bytes]]
    words: int
    bitsets: array[int] = field(default_factory=lambda: array("Q"))
    #: CONTEXT_NUMBERS numbers a context, in the order of `fw_context`.
    contexts: array[int] = field(default_factory=lambda: array("I"))
    group_field: array[int] = field(default_factory=lambda: array("H"))
    group_context: array[int] = field(default_factory=lambda: array("I"))
    required_tag: array[int] = field(default_factory=lambda: array("i"))
    order_field: array[int] = field(default_factory=lambda: array("H"))
    order_place: array[int] = field(default_factory=lambda: array("H"))
    messages: list[tuple[bytes, int]] = field(default_factory=list)
    header: int = 0
    trailer: int = 0


def flatten(dictionary: Dictionary) -> Tables:
    """The kernel's tables of a dictionary. Raises DictionaryError for one past the tables' limits."""
    return _Flattener(dictionary).tables


class _Flattener:
    def __init__(self, dictionary: Dictionary) -> None:
        self._numbers = {tag: number for number, tag in enumerate(sorted(dictionary.fields), 1)}
        if len(self._numbers) > _MOST_FIELDS or max(self._numbers) > LARGEST_TAG:
            raise DictionaryError(
                f"{dictionary.version}: more than {_MOST_FIELDS} fields, or a tag past {LARGEST_TAG}."
            )
        self.tables = self._fields(dictionary)
        # By identity: a component's members are one object in every message, and hashing them would cost
        # more than all the rest.
        self._contexts: dict[int, int] = {}
        self._kept: list[tuple[Member, ...]] = []
        tables = self.tables
        tables.header = self._context(dictionary.header)
        tables.trailer = self._context(dictionary.trailer)
        for msg_type in dictionary.msg_types:
            definition = dictionary.message(msg_type)
            key = msg_type.encode()
            if len(key) > LONGEST_MSG_TYPE:
                raise DictionaryError(
                    f"{dictionary.version}: MsgType {msg_type} is longer than {LONGEST_MSG_TYPE} bytes."
                )
            if definition is not None:
                tables.messages.append((key, self._context(definition.members)))

    def _fields(self, dictionary: Dictionary) -> Tables:
        count = len(self._numbers) + 1
        tags = max(*self._numbers, *_HEADER_TAGS, *_TRAILER_TAGS) + 1
        tables = Tables(
            number_of=array("H", bytes(2 * tags)),
            section_of=bytearray(tags),
            type=bytearray(count),
            multiple=bytearray(count),
            enum_of=array("H", bytes(2 * count)),
            single=array("Q", bytes(8 * 4)),
            long_values=[],
            words=count // 64 + 1,
        )
        for tag, number in self._numbers.items():
            definition = dictionary.fields[tag]
            tables.number_of[tag] = number
            tables.type[number] = _TYPES.get(definition.type, FieldType.STRING)
            if definition.type == "CHAR" and dictionary.version in _CHAR_IS_TEXT:
                tables.type[number] = FieldType.STRING
            tables.multiple[number] = definition.type in _MULTIPLE
            if definition.enums:
                tables.enum_of[number] = len(tables.single) // 4
                self._values(tables, definition.enums)
        for section, known, members in (
            (1, _HEADER_TAGS, dictionary.header),
            (2, _TRAILER_TAGS, dictionary.trailer),
        ):
            for tag in (*known, *(member.tag for member in members)):
                tables.section_of[tag] = section
        return tables

    @staticmethod
    def _values(tables: Tables, values: Iterable[str]) -> None:
        number = len(tables.single) // 4
        bits = 0
        for value in values:
            encoded = value.encode()
            if len(encoded) == 1:
                bits |= 1 << encoded[0]
            elif len(encoded) > _LONGEST_VALUE:
                raise DictionaryError(f"A value of a field is longer than {_LONGEST_VALUE} bytes.")
            else:
                tables.long_values.append((number, encoded))
        tables.single.extend(bits >> shift & (2**64 - 1) for shift in (0, 64, 128, 192))

    def _context(self, members: tuple[Member, ...], *, group: bool = False) -> int:
        if id(members) in self._contexts:
            return self._contexts[id(members)]
        inner = {
            self._numbers[member.tag]: self._context(member.group, group=True)
            for member in members
            if member.group
        }
        tables = self.tables
        number = len(tables.contexts) // CONTEXT_NUMBERS
        bits = 0
        for member in members:
            bits |= 1 << self._numbers[member.tag]
        needed = sorted({member.tag for member in members if member.required} - _FRAME_TAGS)
        places = (
            sorted((self._numbers[member.tag], n) for n, member in enumerate(members, 1)) if group else []
        )
        tables.contexts.extend(
            (
                len(tables.bitsets) // tables.words,
                self._numbers[members[0].tag] if group else 0,
                len(tables.group_field),
                len(inner),
                len(tables.required_tag),
                len(needed),
                len(tables.order_field),
                len(places),
            )
        )
        tables.bitsets.extend(bits >> 64 * word & (2**64 - 1) for word in range(tables.words))
        tables.group_field.extend(sorted(inner))
        tables.group_context.extend(inner[field_number] for field_number in sorted(inner))
        tables.required_tag.extend(needed)
        tables.order_field.extend(field_number for field_number, _ in places)
        tables.order_place.extend(place for _, place in places)
        self._contexts[id(members)] = number
        self._kept.append(members)
        return number
