"""What QuickFIX does with a message, by its own acceptance definitions, we say of it too.

A definition is a conversation: an `I` line goes to QuickFIX, the `E` lines below it are what it answers. Used are
those in which the answer follows from the message alone, not from the session's state. See NOTICE for the
definitions' licence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixwatch import DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE, Verdict
from fixwatch.fix.encoder import checksum

DEFINITIONS = Path(__file__).parent / "quickfix"
#: How QuickFIX words a SessionRejectReason(373) in Text(58); FIX 4.2 has no number for the later ones.
WORDS = {
    b"Invalid tag number": 0,
    b"Required tag missing": 1,
    b"Tag not defined for this message type": 2,
    b"Tag specified without a value": 4,
    b"Value is incorrect (out of range) for this tag": 5,
    b"Incorrect data format for value": 6,
    b"Invalid MsgType": 11,
    b"Tag appears more than once": 13,
    b"Tag specified out of required order": 14,
    b"Incorrect NumInGroup count for repeating group": 16,
}
#: Scenarios of messages that QuickFIX takes no notice of, between others that it does.
ABOUT_GARBLED = ("2d", "2m", "2t", "3b", "3c")
#: Every message that the definitions say something about. Fewer would mean that they are no longer understood.
MESSAGES = 92

Fields = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Expectation:
    """A message and what QuickFIX does: `valid`, `garbled`, or the reason and tag of its Reject(3)."""

    name: str
    message: bytes
    verdict: str
    reason: int | None = None
    ref_tag: int | None = None


def fields_of(line: bytes) -> Fields:
    pairs = (part.partition(b"=") for part in line.split(b"\x01") if part)
    return [(tag, value) for tag, _, value in pairs]


def value(fields: Fields, tag: bytes) -> bytes | None:
    return dict(reversed(fields)).get(tag)


def framed(line: bytes) -> bytes:
    """The message that a line stands for: BodyLength(9) and CheckSum(10) are filled in where it has none."""
    line = line.replace(b"<TIME>", b"20260102-09:30:00.000")
    fields = fields_of(line)
    if fields[0][0] != b"8":
        return line
    begin, _, body = line.partition(b"\x01")
    if value(fields, b"9") is None:
        end = body.find(b"\x0110=") + 1 or len(body)
        body = b"9=%d\x01%b" % (end, body)
    message = begin + b"\x01" + body
    return message if value(fields, b"10") is not None else message + b"10=%03d\x01" % checksum(message)


def conversations(path: Path) -> Iterator[tuple[bytes, list[bytes]]]:
    """Each line that goes to QuickFIX, with the lines that it answers."""
    said: bytes | None = None
    answers: list[bytes] = []
    for line in path.read_bytes().splitlines():
        if line.startswith(b"I"):
            if said is not None:
                yield said, answers
            said, answers = line[1:], []
        elif line.startswith(b"E"):
            answers.append(line[1:])
    if said is not None:
        yield said, answers


def expectations(path: Path) -> Iterator[Expectation]:
    for number, (line, answers) in enumerate(conversations(path)):
        name = f"{path.parent.name}/{path.stem}/{number}"
        asked, message = fields_of(line), framed(line)
        msg_type, number_in_session = value(asked, b"35"), value(asked, b"34")
        replies = [fields_of(answer) for answer in answers]
        rejects = [
            reply
            for reply in replies
            if value(reply, b"35") == b"3" and value(reply, b"45") == number_in_session
        ]
        if msg_type in (b"A", b"5"):
            continue  # the session's begin and end, in every definition
        if rejects:
            tag = value(rejects[0], b"371")
            reason = WORDS[value(rejects[0], b"58") or b""]
            yield Expectation(name, message, "rejected", reason, None if tag is None else int(tag))
        elif path.stem.startswith(ABOUT_GARBLED) and is_tampered_with(asked, message):
            yield Expectation(name, message, "garbled")
        elif not any(value(reply, b"35") == b"j" for reply in replies):
            yield Expectation(name, message, "valid")


def is_tampered_with(asked: Fields, message: bytes) -> bool:
    """If a line gives a BodyLength(9) or CheckSum(10) of its own, or begins in another order."""
    own_frame = {b"9", b"10"} & {tag for tag, _ in asked}
    return bool(own_frame) or [tag for tag, _ in fields_of(message)[:3]] != [b"8", b"9", b"35"]


EXPECTED = [found for path in sorted(DEFINITIONS.rglob("*.def")) for found in expectations(path)]


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected.name)
def test_the_verdict_is_quickfixs(expected: Expectation) -> None:
    decoded = decode([expected.message], DecodeOptions(profile="strict"))
    assert Verdict(decoded.verdicts[0].as_py()).label == expected.verdict
    if expected.verdict == "rejected":
        first = decoded.defects.slice(0, 1).to_pylist()[0]
        assert BY_CODE[first["reason"]].session_reject_reason == expected.reason
        if expected.ref_tag is not None:
            assert first["ref_tag"] == expected.ref_tag


def test_every_definition_is_understood() -> None:
    assert len(EXPECTED) == MESSAGES
    assert {expected.verdict for expected in EXPECTED} == {"valid", "rejected", "garbled"}
    assert {expected.reason for expected in EXPECTED} - {None} == set(WORDS.values())
