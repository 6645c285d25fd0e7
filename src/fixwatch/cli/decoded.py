"""How decoded messages look: a table for people, a JSON object a line for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE, Defect, Verdict
from fixwatch.fix.message import Field, Message, to_text
from fixwatch.fix.redaction import SECRET_TAGS

#: How a person who looks at a verdict should feel.
_STYLES: Final = {Verdict.VALID: "green", Verdict.REJECTED: "yellow", Verdict.GARBLED: "bold red"}
#: Characters that would write to the terminal on their own, or turn its text around: shown as pictures, or as
#: the sign for what cannot be shown.
_PICTURES: Final = {code: 0x2400 + code for code in range(0x20)}
_UNSHOWN: Final = (*range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_VISIBLE: Final = _PICTURES | dict.fromkeys(_UNSHOWN, 0xFFFD)
_RAW_DATA: Final = 96
_NAME_WIDTH: Final = 24


def decoded(raws: Iterable[bytes], options: DecodeOptions) -> Iterator[tuple[Message, Verdict, list[Defect]]]:
    """Each message, its verdict and its defects, as soon as it has arrived."""
    for raw in raws:
        answer = decode([raw], options)
        defects = [
            Defect(BY_CODE[code], tag)
            for code, tag in zip(
                answer.defects.column("reason").to_pylist(),
                answer.defects.column("ref_tag").to_pylist(),
                strict=True,
            )
        ]
        message = Message.parse(raw, options)
        _blank_secrets(message)
        yield message, Verdict(answer.verdicts[0].as_py()), defects


def _blank_secrets(message: Message) -> None:
    logon = message.msg_type in ("A", None)
    for _, entry in message.walk():
        if entry.tag in SECRET_TAGS and (logon or entry.tag != _RAW_DATA):
            entry.raw = b"*" * len(entry.raw)


def write_json(raws: Iterable[bytes], options: DecodeOptions) -> int:
    """Write a JSON object a line to standard output. Returns how many."""
    count = 0
    out = sys.stdout.buffer
    for message, verdict, defects in decoded(raws, options):
        entry = {
            "verdict": verdict.label,
            "defects": [
                {
                    "reason": defect.reason.label,
                    "session_reject_reason": defect.reason.session_reject_reason,
                    "ref_tag": defect.ref_tag,
                }
                for defect in defects
            ],
            "fields": [_flat(field, depth) for depth, field in message.walk()],
        }
        out.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        out.flush()
        count += 1
    return count


def _flat(field: Field, depth: int) -> dict[str, Any]:
    return {
        "tag": field.tag,
        "name": field.name,
        "value": field.value,
        "meaning": field.meaning,
        "depth": depth,
    }


def write_table(raws: Iterable[bytes], options: DecodeOptions) -> int:
    """Write a block a message to standard output, coloured on a terminal. Returns how many."""
    count = 0
    console = Console(highlight=False, soft_wrap=True)
    for message, verdict, defects in decoded(raws, options):
        if count:
            console.print()
        for line in _block(message, verdict, defects):
            console.print(line)
        count += 1
    return count


def _block(message: Message, verdict: Verdict, defects: list[Defect]) -> Iterator[Text]:
    msg_type = message.find(35)
    name = (msg_type.meaning or msg_type.value) if msg_type else "no MsgType(35)"
    version = message.version or "unknown version"
    yield Text.assemble((_shown(name), "bold"), f"  {version}  ", (verdict.label, _STYLES[verdict]))
    for defect in defects:
        yield Text(f"  ! {_explained(defect, message)}", _STYLES[verdict])
    marked = {defect.ref_tag for defect in defects if defect.ref_tag is not None}
    for depth, field in message.walk():
        yield _row(field, depth, field.tag in marked)
    if message.trailing:
        yield Text.assemble(("       ? behind the message ", "red"), _shown(to_text(message.trailing)))


def _explained(defect: Defect, message: Message) -> str:
    words = defect.reason.label.replace("_", " ")
    if defect.ref_tag is None:
        return words
    name = message.name_of(defect.ref_tag)
    return f"{words}: {name}({defect.ref_tag})" if name else f"{words}: {defect.ref_tag}"


def _row(field: Field, depth: int, marked: bool) -> Text:
    tag = "?" if field.tag is None else str(field.tag)
    indent = "  " * depth
    row = Text.assemble(
        (f"{tag:>8} ", "cyan"),
        (f"{indent + (field.name or ''):<{_NAME_WIDTH}} ", "dim" if field.name is None else ""),
        (_shown(field.value), "bold red" if marked else "bold"),
    )
    if field.meaning:
        row.append(f"  {_shown(field.meaning)}", "italic green")
    if marked:
        row.append("  <-", "red")
    return row


def _shown(text: str) -> str:
    return text.translate(_VISIBLE)
