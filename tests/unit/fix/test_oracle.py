"""The kernel against the oracle: generated messages, every prefix of them, and messages with bytes changed."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE, Verdict
from fixwatch.fix.dictionary import VERSIONS, Dictionary, Member
from fixwatch.fix.encoder import checksum
from tests.fuzz.generator import CHOSEN
from tests.oracle import answer

PLAIN = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
VALUES: list[bytes] = [
    *(
        b"",
        b"0",
        b"1",
        b"2",
        b"9",
        b"Y",
        b"N",
        b"A",
        b"Z",
        b"DD",
        b"IBM",
        b"1 2",
        b"1  2",
        b" ",
        b"-1",
        b"-",
        b"+1",
    ),
    *(b"100", b"00023.23", b"23.", b".5", b"-0", b".", b"1e5", b"12.345", b"0.0000000000000000001"),
    *(b"123456789012345678901", b"99999999999999999999", b"20260102", b"20260230", b"202612", b"202612w5"),
    *(b"20260102-09:30:00", b"20260102-09:30:00.123456789012", b"20161231-23:59:60", b"20260102-24:00:00"),
    *(b"09:30:00", b"09:30:00.5", b"09:30Z", b"09:30+01", b"20260102-09:30-05:30", b"31", b"32"),
    *("Zürich".encode(), b"Z\xfcrich", b"a=b", b"\x00", b"x" * 256),
]
MOST_USED = (
    8,
    9,
    10,
    11,
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
    89,
    95,
    96,
    97,
)
TAGS = st.one_of(
    st.sampled_from(
        (*MOST_USED, 200, 205, 212, 213, 386, 336, 447, 448, 452, 453, 523, 627, 628, 802, 803, 1128)
    ),
    st.sampled_from((0, -1, 999, 5000, 9001, 40004, 40005, 2147483647)),
    st.integers(1, 1200),
)
BEGIN = st.sampled_from(
    (
        b"FIX.4.0",
        b"FIX.4.1",
        b"FIX.4.2",
        b"FIX.4.3",
        b"FIX.4.4",
        b"FIX.4.4",
        b"FIXT.1.1",
        b"FIXT.1.1",
        b"FIX.9.9",
    )
)
MSG_TYPE = st.sampled_from((b"0", b"A", b"D", b"8", b"B", b"E", b"AE", b"X", b"n", b"i", b"?", b"AB"))


def framed(begin: bytes, body: bytes) -> bytes:
    message = b"8=%b\x019=%d\x01%b" % (begin, len(body), body)
    return message + b"10=%03d\x01" % checksum(message)


@st.composite
def free_messages(draw: st.DrawFn) -> bytes:
    """Any tags with any values behind a right beginning."""
    fields = draw(st.lists(st.tuples(TAGS, st.sampled_from(VALUES)), max_size=25))
    body = b"35=%b\x01" % draw(MSG_TYPE)
    if draw(st.booleans()):
        body += b"34=2\x0149=A\x0152=20260102-09:30:00\x0156=B\x01"
    return framed(draw(BEGIN), body + b"".join(b"%d=%b\x01" % pair for pair in fields))


def plausible(dictionary: Dictionary, tag: int, pick: random.Random) -> bytes:
    """A value that its field may have, nearly always."""
    field = dictionary.fields[tag]
    if field.enums and pick.random() < 0.95:
        return pick.choice(list(field.enums)).encode()
    by_type = {
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
        "STRING": b"text",
    }
    return by_type.get(field.type, b"12") if pick.random() < 0.97 else pick.choice(VALUES)


def fill(dictionary: Dictionary, members: tuple[Member, ...], pick: random.Random, share: float) -> bytes:
    """Members of a message or an instance, each with a value, groups with instances."""
    parts = []
    for place, member in enumerate(members):
        if not (member.required or place == 0 or pick.random() < share):
            continue
        if dictionary.fields[member.tag].type in ("DATA", "LENGTH", "XMLDATA"):
            continue
        if not member.group:
            parts.append(b"%d=%b\x01" % (member.tag, plausible(dictionary, member.tag, pick)))
            continue
        count = pick.choice((0, 1, 1, 2, 3))
        said = count if pick.random() < 0.95 else count + 1
        parts.append(b"%d=%d\x01" % (member.tag, said))
        parts += [fill(dictionary, member.group, pick, share) for _ in range(count)]
        if pick.random() < 0.05:
            parts.append(b"9009=own\x01")
    if pick.random() < 0.05:
        pick.shuffle(parts)
    return b"".join(parts)


@st.composite
def proper_messages(draw: st.DrawFn) -> bytes:
    """Messages out of the dictionaries: what they define, with few things wrong."""
    version = draw(st.sampled_from(VERSIONS))
    dictionary = Dictionary.load(version)
    pick = random.Random(draw(st.integers(0, 2**32)))
    definition = dictionary.message(pick.choice(dictionary.msg_types))
    assert definition is not None
    header = b"34=2\x0149=A\x0152=20260102-09:30:00\x0156=B\x01"
    begin = version.encode()
    if version.startswith("FIX.5"):
        begin = b"FIXT.1.1"
        header += b"1128=%d\x01" % {"FIX.5.0": 7, "FIX.5.0SP1": 8, "FIX.5.0SP2": 9}[version]
    body = fill(dictionary, definition.members, pick, 6 / (6 + len(definition.members)))
    return framed(begin, b"35=%b\x01%b%b" % (definition.msg_type.encode(), header, body))


def assert_agree(messages: list[bytes], options: DecodeOptions) -> None:
    decoded = decode(messages, options)
    decoded.columns.validate(full=True)
    rows: list[dict[str, Any]] = decoded.columns.to_pylist()
    first: dict[int, tuple[str, int | None]] = {}
    for defect in decoded.defects.to_pylist():
        first.setdefault(defect["row"], (BY_CODE[defect["reason"]].label, defect["ref_tag"]))
    for row, raw in enumerate(messages):
        if not raw:
            continue
        wanted = answer(
            raw,
            tolerant=options.profile == "tolerant",
            lenient=options.frame == "lenient",
            ordered=options.group_order == "strict",
            chosen=options.columns,
            version=options.appl_version,
        )
        got = (Verdict(decoded.verdicts[row].as_py()).label, first.get(row))
        assert got == (wanted.verdict, wanted.primary), raw
        assert rows[row] == wanted.columns, raw


OPTIONS = st.builds(
    DecodeOptions,
    profile=st.sampled_from(("strict", "tolerant")),
    frame=st.sampled_from(("strict", "lenient")),
    group_order=st.sampled_from(("strict", "tolerant")),
    columns=st.sampled_from(((), CHOSEN)),
    default_appl_ver_id=st.sampled_from((None, "7", "FIX.4.2")),
)


@PLAIN
@given(st.lists(free_messages(), max_size=8), OPTIONS)
def test_any_tags_and_values(messages: list[bytes], options: DecodeOptions) -> None:
    assert_agree(messages, options)


@PLAIN
@given(st.lists(proper_messages(), max_size=8), OPTIONS)
def test_messages_as_the_dictionaries_define_them(messages: list[bytes], options: DecodeOptions) -> None:
    assert_agree(messages, options)


@settings(PLAIN, max_examples=20)
@given(st.one_of(free_messages(), proper_messages()), OPTIONS)
def test_every_prefix(message: bytes, options: DecodeOptions) -> None:
    step = max(1, len(message) // 300)
    assert_agree([message[:end] for end in range(1, len(message), step)], options)


@PLAIN
@given(st.one_of(free_messages(), proper_messages()), st.randoms(use_true_random=False), OPTIONS)
def test_changed_bytes(message: bytes, pick: random.Random, options: DecodeOptions) -> None:
    mutations = []
    for _ in range(8):
        changed = bytearray(message)
        for _ in range(pick.randint(1, 3)):
            place = pick.randrange(len(changed))
            kind = pick.randrange(4)
            if kind == 0:
                changed[place] = pick.choice(b"\x01=0123456789|\x00\xff-.AZ")
            elif kind == 1:
                del changed[place : place + pick.randint(1, 9)]
            elif kind == 2:
                changed[place:place] = pick.choice(
                    (b"\x01", b"=", b"95=3\x0196=a\x01b\x01", b"58=\x01", b"0")
                )
            else:
                changed[place:place] = changed[place // 2 : place]
            changed = changed or bytearray(b"8")
        mutations.append(bytes(changed))
        if bytes(changed).count(b"\x01") > 3:  # the same with a right frame, to get past it
            body = bytes(changed).split(b"\x01", 2)[2].rpartition(b"10=")[0]
            mutations.append(framed(b"FIX.4.4", body))
    assert_agree(mutations, options)


@PLAIN
@given(st.lists(st.binary(max_size=300), max_size=20), OPTIONS)
def test_any_bytes(messages: list[bytes], options: DecodeOptions) -> None:
    assert_agree(messages, options)
