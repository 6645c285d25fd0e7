"""A message as rows for people: whatever could be read of it, with its defects at their fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from fixwatch.dashboard import wording
from fixwatch.dashboard.markup import FieldRow
from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE, BY_LABEL, Defect, Verdict
from fixwatch.fix.encoder import checksum
from fixwatch.fix.message import Field, Message, to_text
from fixwatch.fix.redaction import redact

_DEFAULTS: Final = DecodeOptions()
#: Nobody reads on; a hostile message may have tens of thousands.
MOST_FIELDS: Final = 500
_BODY_LENGTH, _MSG_TYPE, _CHECKSUM = 9, 35, 10
#: Defects that the decoder puts to no tag, and the field where a reader looks for them.
_SEEN_AT: Final = {
    "body_length_missing": _BODY_LENGTH,
    "body_length_format": _BODY_LENGTH,
    "body_length_wrong": _BODY_LENGTH,
    "msg_type_not_third": _MSG_TYPE,
    "checksum_missing": _CHECKSUM,
    "checksum_format": _CHECKSUM,
    "checksum_wrong": _CHECKSUM,
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A message for people: its bytes, what it is worth, what is wrong with it, what it is, its fields.

    `verdict` and `defects` (`reason` or `reason:tag`) are as the log holds them.
    """

    raw: bytes
    verdict: str
    defects: tuple[str, ...]
    name: str | None
    version: str | None
    rows: list[FieldRow]


def read(raw: bytes, options: DecodeOptions = _DEFAULTS) -> Decoded:
    """Check and take apart a message as somebody gave it, SOH between its fields. Secrets are blanked."""
    answer = decode([raw], options)
    reasons, tags = (answer.defects.column(name).to_pylist() for name in ("reason", "ref_tag"))
    defects = tuple(str(Defect(BY_CODE[code], tag)) for code, tag in zip(reasons, tags, strict=True))
    return stored(redact(raw), Verdict(answer.verdicts[0].as_py()).label, defects, options)


def stored(
    raw: bytes, verdict: str, defects: Sequence[str] | None, options: DecodeOptions = _DEFAULTS
) -> Decoded:
    """Take apart a message of the log, with the verdict and the defects that it was stored with."""
    message = Message.parse(raw, options)
    msg_type = message.find(_MSG_TYPE)
    return Decoded(
        raw=raw,
        verdict=verdict,
        defects=tuple(defects or ()),
        name=None if msg_type is None else msg_type.meaning or msg_type.value,
        version=message.version,
        rows=_rows(message, defects or ()),
    )


def field_rows(raw: bytes, defects: Sequence[str], options: DecodeOptions = _DEFAULTS) -> list[FieldRow]:
    """The fields of `raw` in their order, at most `MOST_FIELDS`; `defects` as the log holds them.

    Names, meanings and groups are those of the dictionaries among the options.
    """
    return _rows(Message.parse(raw, options), defects)


def readable(raw: bytes) -> str:
    """The bytes as text, SOH as `|`."""
    return to_text(raw).replace("\x01", "|")


def explained(defect: str) -> str:
    """A defect as the log holds it, with its SessionRejectReason(373) where FIX has one."""
    found = BY_LABEL.get(defect.partition(":")[0])
    words = wording.defect(defect)
    if found is None or found.session_reject_reason is None:
        return words
    return f"{words}: SessionRejectReason(373) {found.session_reject_reason}"


def _rows(message: Message, defects: Sequence[str]) -> list[FieldRow]:
    rows = list(islice(_tree(message.fields, 0), MOST_FIELDS))
    if message.trailing and rows:
        rows.append(
            FieldRow("", "Behind the message", to_text(message.trailing), "", defect="Trailing bytes")
        )
    absent = []
    for reason, tag in _placed(defects):
        words = wording.reason(reason) + _should_be(reason, message.raw)
        if (at := _place(rows, reason, str(tag))) is None:
            # What is blamed and not there: a required tag that is missing, most often.
            absent.append(FieldRow(str(tag), message.name_of(tag) or "", "", "", defect=words))
        else:
            before = rows[at].defect
            rows[at] = replace(rows[at], defect=f"{before}, {words}" if before else words)
    return rows + absent if rows else []


def _tree(fields: Sequence[Field], depth: int) -> Iterator[FieldRow]:
    for field in fields:
        yield FieldRow(
            tag=str(field.tag or ""),
            name=field.name or ("" if field.tag else "Not a field"),
            value=field.value,
            meaning=_words(field.meaning),
            depth=depth,
            type=field.type or "",
        )
        for number, instance in enumerate(field.groups, 1):
            yield FieldRow("", "", "", "", depth=depth + 1, instance=f"{number} of {len(field.groups)}")
            yield from _tree(instance, depth + 1)


def _placed(defects: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Reason and tag of each defect that a field can be found for."""
    for defect in defects:
        reason, _, tag = defect.partition(":")
        if tag.isascii() and tag.isdigit():
            yield reason, int(tag)
        elif reason in _SEEN_AT:
            yield reason, _SEEN_AT[reason]


def _place(rows: Sequence[FieldRow], reason: str, tag: str) -> int | None:
    """Which of the fields of a tag is meant: the decoder says the tag, and a tag may stand in several instances."""
    at = [number for number, row in enumerate(rows) if row.tag == tag]
    if not at:
        return None
    match reason:
        case "tag_appears_more_than_once":
            likely = at[1:]
        case "tag_without_value":
            likely = [number for number in at if not rows[number].value]
        case "value_out_of_range":
            likely = [number for number in at if not rows[number].meaning]
        case _:
            likely = at
    free = [number for number in likely if not rows[number].defect]
    return next(iter(free or likely or at))


def _should_be(reason: str, raw: bytes) -> str:
    """What a BodyLength(9) or CheckSum(10) would be if it were right."""
    trailer = raw.rfind(b"\x0110=")
    if trailer < 0:
        return ""
    if reason == "checksum_wrong":
        return f"; it should be {checksum(raw[: trailer + 1]):03d}"
    if reason == "body_length_wrong" and (length := raw.find(b"\x019=")) >= 0:
        begin = raw.find(b"\x01", length + 1) + 1
        return f"; it should be {trailer + 1 - begin}" if 0 < begin <= trailer + 1 else ""
    return ""


def _words(meaning: str | None) -> str:
    """`SELL_SHORT` as `Sell short`; names (`ExecutionReport`, `FIXT11`) as they are."""
    if meaning is None:
        return ""
    words = meaning.replace("_", " ")
    return words.capitalize() if words.isupper() and not words.startswith("FIX") else words
