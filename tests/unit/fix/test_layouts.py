"""A message whose layout is known gets the same answer as one that is read field by field."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.bench.corpus import corpus
from fixwatch.fix import _kernel
from fixwatch.fix.decoder import Decoded, DecodeOptions, decode
from fixwatch.fix.defects import Verdict
from fixwatch.fix.encoder import checksum, encode
from tests.unit.fix.test_oracle import OPTIONS, PLAIN, VALUES, assert_agree, free_messages, proper_messages

ALL = DecodeOptions()
STRICT = DecodeOptions(profile="strict")
FRAME = DecodeOptions(checks="frame")
#: A signature is remembered at the first sight of a layout, learned at the second, used from the next block on.
SIGHTS = 3


@pytest.fixture(params=_kernel.simd_forms())
def simd(request: pytest.FixtureRequest) -> Iterator[str]:
    before = _kernel.use_simd(request.param)
    yield request.param
    _kernel.use_simd(before)


def plainly(messages: list[bytes], options: DecodeOptions) -> Decoded:
    """Each read field by field: a block at a time, by a decoder that knows no layout."""
    assert len(messages) <= 64
    _kernel.forget()
    decoded = decode(messages, options)
    assert _kernel.recognised(options) == 0
    return decoded


def assert_same(got: Decoded, wanted: Decoded) -> None:
    got.columns.validate(full=True)
    assert got.columns.to_pylist() == wanted.columns.to_pylist()
    assert got.columns.equals(wanted.columns)
    assert got.verdicts.equals(wanted.verdicts)
    assert got.defects.equals(wanted.defects)
    assert got.secret_rows.equals(wanted.secret_rows)


def refit(message: bytes) -> bytes:
    """A right BodyLength(9) and CheckSum(10) for what was changed."""
    begin, _, rest = message.split(b"\x01", 2)
    body = rest[: rest.rindex(b"10=")]
    framed = b"%b\x019=%d\x01%b" % (begin, len(body), body)
    return framed + b"10=%03d\x01" % checksum(framed)


def learned(messages: list[bytes], options: DecodeOptions) -> None:
    for _ in range(SIGHTS):
        decode(messages, options)


def order(*more: tuple[int, str | bytes | int]) -> bytes:
    return encode(
        [
            *((35, "D"), (34, 2), (49, "A"), (52, "20260102-09:30:00.123"), (56, "B")),
            *((11, "id"), (55, "INTC"), (54, "1"), (60, "20260102-09:30:00"), (40, "1"), (38, 100)),
            *more,
        ]
    )


@pytest.mark.usefixtures("simd")
@pytest.mark.parametrize("options", [ALL, STRICT, FRAME])
def test_a_corpus_is_recognised_and_decodes_as_without_layouts(options: DecodeOptions) -> None:
    messages = corpus(64, 3)
    wanted = plainly(messages, options)
    learned(messages, options)
    before = _kernel.recognised(options)
    assert_same(decode(messages, options), wanted)
    assert _kernel.recognised(options) - before > 56  # some layouts came once


def test_a_layout_is_used_from_its_third_sight_on() -> None:
    _kernel.forget()
    for sight in range(5):
        decode([order()], ALL)
        assert _kernel.recognised(ALL) == max(0, sight - 1)


def test_what_is_rejected_or_garbled_leaves_no_layout() -> None:
    _kernel.forget()
    empty = refit(order((58, "x")).replace(b"58=x", b"58="))
    for message in (order((4711, "x")), order()[:-1], refit(order().replace(b"54=1", b"54=Z")), empty):
        for _ in range(5):
            decode([message], ALL)
    assert _kernel.recognised(ALL) == 0


def test_messages_with_data_fields_are_read_field_by_field() -> None:
    _kernel.forget()
    message = order((354, 5), (355, b"a\x01b=c"))
    for _ in range(5):
        assert decode([message], ALL).verdicts.to_pylist() == [Verdict.VALID]
    assert _kernel.recognised(ALL) == 0


@pytest.mark.parametrize("tag", [34, 52, 11, 54, 38, 44, 64, 43, 58, 9000])
@pytest.mark.parametrize("options", [ALL, STRICT, FRAME])
def test_any_value_in_a_layout_that_is_known(tag: int, options: DecodeOptions) -> None:
    more: list[tuple[int, str]] = [(44, "12.5"), (64, "20260105"), (43, "N"), (58, "text")]
    good = order(*more, *((9000, "x"),) * (options is not STRICT))
    fields = [part.split(b"=", 1) for part in good.split(b"\x01")[:-1]]
    changed = [
        refit(b"".join(b"%b=%b\x01" % (key, value if key == b"%d" % tag else was) for key, was in fields))
        for value in (*VALUES, b"8", b"x" * 255, b"1" * 17, b"-5", b"1.", b"12345678.12345678", b"\x00" * 17)
    ]
    batch = [good, *changed, good]
    wanted = plainly(batch, options)
    learned([good], options)
    assert_same(decode(batch, options), wanted)


@pytest.mark.usefixtures("simd")
def test_messages_of_any_length_are_scanned_to_their_end() -> None:
    """Around the blocks of 64 bytes that the scan takes at a time."""
    for begin in range(0, 200, 50):
        messages = [
            order((58, "é" * (length % 3 == 0) + "x" * length)) for length in range(begin + 1, begin + 51)
        ]
        wanted = plainly(messages, ALL)
        learned(messages, ALL)
        assert_same(decode(messages, ALL), wanted)
        assert wanted.verdicts.to_pylist() == [Verdict.VALID] * 50
        broken = [message.replace(b"\x0158=", b"\x0158=y", 1) for message in messages]
        assert decode(broken, ALL).verdicts.to_pylist() == [Verdict.GARBLED] * 50


@pytest.mark.usefixtures("simd")
def test_a_wrong_frame_in_a_layout_that_is_known() -> None:
    good = order()
    learned([good], ALL)
    bad = [
        good[:-4] + b"000\x01",
        good[:-4] + b"0\x01",
        good.replace(b"9=", b"9=0", 1),
        good.replace(b"9=9", b"9=8", 1),
        good.replace(b"8=FIX.4.4", b"8=FIX.4.FIX.4.4", 1),
        good.replace(b"8=FIX.4.4", b"8=FIX.4.2", 1),
        good.replace(b"\x0110=", b"\x0111="),
        good + b"x",
        good + b"\x01",
        good[:-1],
        good[1:],
    ]
    wanted = plainly(bad, ALL)
    assert set(wanted.verdicts.to_pylist()) - {Verdict.VALID}
    learned([good], ALL)
    assert_same(decode(bad, ALL), wanted)


@pytest.mark.parametrize("options", [ALL, STRICT])
def test_group_counts_are_part_of_a_layout(options: DecodeOptions) -> None:
    party = [(448, "a"), (447, "D"), (452, 1)]
    good = [order((453, 2), *party, *party), order((453, 1), *party), order((453, 0))]
    bad = [refit(good[0].replace(b"453=2", b"453=" + count)) for count in (b"1", b"3", b"02", b"x", b"")]
    wanted = plainly([*good, *bad], options)
    learned(good, options)
    assert_same(decode([*good, *bad], options), wanted)


def test_the_application_version_is_part_of_a_layout() -> None:
    def fixt(version: str) -> bytes:
        return encode(
            [(35, "0"), (49, "A"), (56, "B"), (34, 1), (1128, version), (52, "20260102-09:30:00")], "FIXT.1.1"
        ).replace(b"35=0", b"35=j")

    messages = [refit(fixt(version)) for version in "2456789"]
    wanted = plainly(messages, ALL)
    learned([messages[-1]], ALL)
    assert_same(decode(messages, ALL), wanted)


@pytest.mark.parametrize("options", [ALL, FRAME])
def test_secrets_are_seen_in_a_layout_that_is_known(options: DecodeOptions) -> None:
    logon = encode(
        [
            *((35, "A"), (34, 1), (49, "A"), (52, "20260102-09:30:00"), (56, "B")),
            *((98, 0), (108, 30), (553, "me"), (554, "secret")),
        ]
    )
    batch = [order(), logon, order(), b"junk 554=", logon]
    learned(batch, options)
    assert decode(batch, options).secret_rows.to_pylist() == [1, 3, 4]


def test_bad_rows_among_good_ones_keep_their_place() -> None:
    """Around the edges of blocks, so many that some blocks have only bad rows."""
    good, bad = order((44, "1.5"), (58, "text")), order((44, "1e5"), (58, "Z\xfcrich"))
    pick = random.Random(5)
    batch = [pick.choice((good, bad, b"", b"junk")) for _ in range(200)] + [bad] * 128 + [good] * 130
    _kernel.forget()
    parts = [plainly(batch[at : at + 50], ALL) for at in range(0, len(batch), 50)]
    learned([good] * 2, ALL)
    got = decode(batch, ALL)
    assert got.columns.to_pylist() == [row for part in parts for row in part.columns.to_pylist()]
    assert got.verdicts.to_pylist() == [verdict for part in parts for verdict in part.verdicts.to_pylist()]
    rows = got.defects.column("row").to_pylist()
    assert rows == sorted(rows)


def test_more_layouts_than_are_kept_decode_the_same() -> None:
    optional = [(tag, "1") for tag in (1, 18, 44, 59, 99, 110, 111, 117, 126, 432, 528, 582)]
    pick = random.Random(1)
    messages = [order(*pick.sample(optional, pick.randint(1, 12))) for _ in range(1500)]
    wanted = [
        row for at in range(0, 1500, 50) for row in plainly(messages[at : at + 50], ALL).columns.to_pylist()
    ]
    _kernel.forget()
    for _ in range(SIGHTS):
        assert decode(messages, ALL).columns.to_pylist() == wanted


@PLAIN
@given(st.lists(st.one_of(proper_messages(), free_messages()), max_size=6), st.data(), OPTIONS)
def test_learned_layouts_agree_with_the_oracle(
    messages: list[bytes], data: st.DataObject, options: DecodeOptions
) -> None:
    learned(messages, options)
    assert_agree(messages, options)


@settings(PLAIN, max_examples=100)
@given(proper_messages(), st.randoms(use_true_random=False), OPTIONS)
def test_changed_values_in_learned_layouts_agree_with_the_oracle(
    message: bytes, pick: random.Random, options: DecodeOptions
) -> None:
    learned([message], options)
    changed = []
    for _ in range(8):
        fields = message.split(b"\x01")[:-1]
        for _ in range(pick.randint(1, 2)):
            place = pick.randrange(2, len(fields) - 1)
            tag, _, value = fields[place].partition(b"=")
            longer = value + pick.choice(b"0.1-Z:").to_bytes(1, "little")
            fields[place] = tag + b"=" + pick.choice((*VALUES, longer, value[1:], value[:-1]))
        changed.append(refit(b"\x01".join(fields) + b"\x01"))
    assert_agree([message, *changed, message], options)
