"""Messages that are nearly right, from a seed: what random bytes never are, and counterparties always.

A message is made out of a dictionary, of any tags and values, or taken from the seeds (among them what the
coverage-guided targets found); then it is damaged: fields dropped, doubled, swapped, given another tag or value,
bytes changed, lengths and counts made to lie. Most are framed anew, or nothing behind the frame's checks would
be reached.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from fixwatch.fix.columns import Column, Kind
from fixwatch.fix.data_fields import DATA_LENGTH_TAG
from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.dictionary import APPL_VER_IDS, VERSIONS, Dictionary, Member
from fixwatch.fix.encoder import checksum

BEGINS = (b"FIX.4.0", b"FIX.4.1", b"FIX.4.2", b"FIX.4.3", b"FIX.4.4", b"FIX.4.4", b"FIXT.1.1", b"FIXT.1.1")
STRANGE_BEGINS = (b"FIX.9.9", b"FIX.5.0", b"FIXT.1.2", b"FIX", b"FI", b"", b"FIXA35=B")
MSG_TYPES = (b"0", b"A", b"D", b"8", b"B", b"E", b"AE", b"X", b"n", b"i", b"?", b"", b"8\x00", b"TOOLONGTYPE")
HEADER = b"34=2\x0149=A\x0152=20260102-09:30:00\x0156=B\x01"
TAGS = (
    *(
        11,
        17,
        18,
        34,
        35,
        38,
        40,
        43,
        44,
        49,
        52,
        54,
        55,
        56,
        58,
        60,
        64,
        78,
        79,
        93,
        95,
        97,
        126,
        150,
        200,
        201,
    ),
    *(
        205,
        212,
        336,
        354,
        386,
        432,
        447,
        448,
        452,
        453,
        523,
        552,
        554,
        627,
        628,
        802,
        803,
        925,
        999,
        1079,
        1128,
    ),
    *(1132, 1137, 1405, 2372, 4999, 5000, 9001, 40004, 43110, 65535, 65536, 0, -1),
)
#: These break the frame, so that nothing else is looked at.
BREAKING_TAGS = (8, 9, 10, 89, 96, 213, 355, 2371, 40005)
STRANGE_TAGS = (b"2147483647", b"2147483648", b"99999999999999999999", b"007", b"+5", b"", b"5a", b"-", b" 5")
WORDS = (
    *(b"", b"0", b"1", b"2", b"9", b"Y", b"N", b"A", b"Z", b"DD", b"IBM", b"1 2", b"1  2", b" ", b"-1", b"-", b"+1"),
    *(b"100", b"00023.23", b"23.", b".5", b"-0", b".", b"1e5", b"12.345", b"0.0000000000000000001", b"1" * 40),
    *(b"123456789012345678901", b"99999999999999999999", b"9223372036854775807", b"-9223372036854775808"),
    *(b"9223372036854775808", b"20260102", b"20260230", b"20240229", b"00000101", b"202612", b"202612w5", b"202613"),
    *(b"20260102-09:30:00", b"20260102-09:30:00.123456789012", b"20161231-23:59:60", b"20260102-24:00:00"),
    b"99991231-23:59:60",
    *(b"09:30:00", b"09:30:00.5", b"09:30Z", b"09:30+01", b"20260102-09:30-05:30", b"09:30:60.1+14:59", b"31", b"32"),
    *("Zürich".encode(), b"Z\xfcrich", b"a=b", b"\x00", b"a\x00b", b"\xed\xa0\x80", b"\xf0\x9f\x92\xb6", b"\xe2\x82"),
    *(b"x" * 255, b"x" * 256, b"\xe9" * 128, b"8=FIX.4.4", b"10=000", b"554=secret"),
)  # fmt: skip
BY_TYPE = {
    "CHAR": b"1",
    "BOOLEAN": b"Y",
    "UTCTIMESTAMP": b"20260102-09:30:00.123",
    "TIME": b"20260102-09:30:00",
    "LOCALMKTDATE": b"20260102",
    "DATE": b"20260102",
    "UTCDATEONLY": b"20260102",
    "UTCDATE": b"20260102",
    "UTCTIMEONLY": b"09:30:00",
    "MONTHYEAR": b"202612",
    "DAYOFMONTH": b"3",
    "TZTIMESTAMP": b"20260102-09:30Z",
    "TZTIMEONLY": b"09:30+05:30",
    "STRING": b"text",
    "DATA": b"a\x01b=",
    "XMLDATA": b"8=FIX.4.2\x0110=0\x01",
}
#: Columns of the kinds that no declared one has, and tags that no table is for.
CHOSEN = (
    Column(779, "last_update_time", Kind.TIMESTAMP),
    Column(1079, "maturity_time", Kind.TZ_TIME),
    Column(1132, "tz_transact_time", Kind.TZ_TIMESTAMP),
    Column(1405, "other_time", Kind.TIME),
    Column(5000, "mine", Kind.TIME),
    Column(9001, "zoned", Kind.TZ_TIMESTAMP),
    Column(999, "undefined", Kind.TEXT),
    Column(65536, "far", Kind.TZ_TIME),
)
#: Instead of one byte of a value: as likely a right value as a wrong one.
SIMILAR = (b"0", b"1", b"9", b"12", b"", b".", b"-", b" ", b"A", b"Y", b"\x00", b"\xe9")
BYTES = b"\x01\x01==0123456789|^\x00\xff\xc3-+. :AZw\n"


def framed(begin: bytes, body: bytes) -> bytes:
    """A message with a true BodyLength(9) and CheckSum(10)."""
    message = b"8=%b\x019=%d\x01%b" % (begin, len(body), body)
    return message + b"10=%03d\x01" % checksum(message)


class Generator:
    """Everything that is drawn comes from `seed`: the same seed and seed messages give the same messages."""

    def __init__(self, seed: int, seeds: Sequence[bytes] = ()) -> None:
        self.pick = random.Random(seed)
        self._seeds = list(seeds)
        #: How often a part of the message in hand is not as its dictionary says.
        self._lie = 0.0

    def options(self) -> DecodeOptions:
        """How a batch is decoded."""
        return DecodeOptions(
            profile=self.pick.choice(("strict", "tolerant")),
            frame=self.pick.choice(("strict", "lenient")),
            group_order=self.pick.choice(("strict", "tolerant")),
            columns=self.pick.choice(((), CHOSEN)),
            default_appl_ver_id=self.pick.choice((None, None, *APPL_VER_IDS.values())),
        )

    def batch(self, most: int = 40) -> list[bytes]:
        """1 to `most` messages: of every kind, and families whose members differ in a few values."""
        messages: list[bytes] = []
        while len(messages) < most:
            message = self.message()
            messages.append(message)
            if self.pick.random() < 0.3:
                messages += [self._sibling(message) for _ in range(self.pick.randint(1, 6))]
            if self.pick.random() < 0.02:
                break
        return messages[:most]

    def message(self) -> bytes:
        """One message."""
        chance = self.pick.random()
        if chance < 0.45:
            message = self.proper()
        elif chance < 0.65 or not self._seeds:
            message = self._free()
        else:
            message = self.pick.choice(self._seeds)
        if self.pick.random() < 0.5:
            message = self._damaged(message)
        return message or b"8"

    def proper(self) -> bytes:
        """A message as a dictionary defines it, with nothing or few things wrong."""
        self._lie = self.pick.choice((0.0, 0.05))
        version = self.pick.choice(VERSIONS)
        dictionary = Dictionary.load(version)
        definition = dictionary.message(self.pick.choice(dictionary.msg_types))
        assert definition is not None
        header, begin = HEADER, version.encode()
        if version.startswith("FIX.5"):
            begin = b"FIXT.1.1"
            header += b"1128=%d\x01" % {"FIX.5.0": 7, "FIX.5.0SP1": 8, "FIX.5.0SP2": 9}[version]
        share = self.pick.choice((0, 6, 12)) / (6 + len(definition.members))
        body = self._filled(dictionary, definition.members, share, level=0)
        return framed(begin, b"35=%b\x01%b%b" % (definition.msg_type.encode(), header, body))

    def _filled(self, dictionary: Dictionary, members: Sequence[Member], share: float, level: int) -> bytes:
        parts = []
        for place, member in enumerate(members):
            if not (member.required or place == 0 or self.pick.random() < share):
                continue
            if not member.group:
                parts.append(self._field(dictionary, member.tag))
                continue
            count = self.pick.choice((0, 1, 1, 2, 3)) if level < 4 else 0
            said = count if self.pick.random() >= self._lie else self.pick.choice((count + 1, -1, 10**9))
            parts.append(b"%d=%d\x01" % (member.tag, said))
            parts += [self._filled(dictionary, member.group, share, level + 1) for _ in range(count)]
            if self.pick.random() < self._lie:
                parts.append(b"%d=own\x01" % self.pick.choice((9009, 4999)))
        if self.pick.random() < self._lie:
            self.pick.shuffle(parts)
        return b"".join(parts)

    def _field(self, dictionary: Dictionary, tag: int) -> bytes:
        field = dictionary.fields[tag]
        if tag in DATA_LENGTH_TAG:
            data = self.pick.choice((b"abc", b"a\x01b=", b"\x01", b"8=FIX.4.2\x0110=0\x01"))
            return b"%d=%d\x01%d=%b\x01" % (DATA_LENGTH_TAG[tag], len(data), tag, data)
        if field.enums and self.pick.random() >= self._lie:
            value = self.pick.choice(list(field.enums)).encode()
        elif self.pick.random() >= self._lie:
            value = BY_TYPE.get(field.type, b"12")
        else:
            value = self.pick.choice(WORDS)
        return b"%d=%b\x01" % (tag, value)

    def _free(self) -> bytes:
        """Any tags and values behind a right beginning."""
        body = b"35=%b\x01" % self.pick.choice(MSG_TYPES)
        if self.pick.random() < 0.5:
            body += HEADER
        body += b"".join(self._any_field() for _ in range(self.pick.randint(0, 25)))
        begins = BEGINS if self.pick.random() < 0.95 else STRANGE_BEGINS
        return framed(self.pick.choice(begins), body)

    def _any_field(self) -> bytes:
        chance = self.pick.random()
        if chance < 0.005:
            return b"%b=%b\x01" % (self.pick.choice(STRANGE_TAGS), self.pick.choice(WORDS))
        if chance < 0.01:
            return b"%d=%b\x01" % (self.pick.choice(BREAKING_TAGS), self.pick.choice(WORDS))
        if chance < 0.08:
            data, length = self.pick.choice(list(DATA_LENGTH_TAG.items()))
            value = self.pick.choice((b"a\x01b", b"", b"\x0110=", *WORDS))
            lie = self.pick.random() < 0.1
            said = self.pick.choice((len(value) + 1, 0, -1, 10**19)) if lie else len(value)
            return b"%d=%d\x01%d=%b\x01" % (length, said, data, value)
        tag = self.pick.choice(TAGS) if chance < 0.6 else self.pick.randint(1, 1200)
        return b"%d=%b\x01" % (tag, self.pick.choice(WORDS))

    def _sibling(self, message: bytes) -> bytes:
        """The same tags in the same order, some values others: what a decoder may take for one layout."""
        fields = message.split(b"\x01")
        for _ in range(self.pick.randint(1, 3)):
            place = self.pick.randrange(len(fields))
            tag, sign, value = fields[place].partition(b"=")
            if value and self.pick.random() < 0.5:
                at = self.pick.randrange(len(value))
                fields[place] = tag + sign + value[:at] + self.pick.choice(SIMILAR) + value[at + 1 :]
            elif sign:
                fields[place] = tag + sign + self.pick.choice(WORDS)
        changed = b"\x01".join(fields)
        return self._framed_again(changed) if self.pick.random() < 0.9 else changed or b"8"

    def _damaged(self, message: bytes) -> bytes:
        for _ in range(self.pick.randint(1, 3)):
            message = (
                self._changed_field(message) if self.pick.random() < 0.75 else self._changed_bytes(message)
            )
        if self.pick.random() < 0.85:
            message = self._framed_again(message)
        if self.pick.random() < 0.05:
            message = message[: self.pick.randint(1, max(1, len(message)))]
        return message

    def _framed_again(self, message: bytes) -> bytes:
        if message.count(b"\x01") < 3:
            return message
        begin, _, body = message.split(b"\x01", 2)
        return framed(begin.removeprefix(b"8="), body.rpartition(b"10=")[0])

    def _changed_field(self, message: bytes) -> bytes:
        fields = message.split(b"\x01")
        place, other = (self.pick.randrange(len(fields)) for _ in range(2))
        match self.pick.randrange(6):
            case 0:
                fields[place], fields[other] = fields[other], fields[place]
            case 1:
                fields.insert(other, fields[place])
            case 2:
                del fields[place]
            case 3:
                _, sign, value = fields[place].partition(b"=")
                fields[place] = b"%d%b%b" % (self.pick.choice(TAGS), sign, value)
            case 4:
                tag, sign, _ = fields[place].partition(b"=")
                fields[place] = tag + sign + self.pick.choice(WORDS)
            case _:
                fields.insert(other, self._any_field()[:-1])
        return b"\x01".join(fields)

    def _changed_bytes(self, message: bytes) -> bytes:
        changed = bytearray(message or b"8")
        place = self.pick.randrange(len(changed))
        match self.pick.randrange(5):
            case 0:
                changed[place] = self.pick.choice(BYTES)
            case 1:
                del changed[place : place + self.pick.randint(1, 9)]
            case 2:
                changed.insert(place, self.pick.choice(BYTES))
            case 3:
                changed[place:place] = changed[place // 2 : place]
            case _:
                changed[place] ^= 1 << self.pick.randrange(8)
        return bytes(changed)
