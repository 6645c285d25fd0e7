"""What holds whatever a counterparty sends. Each function takes a Generator, draws inputs, raises AssertionError
where the invariant does not hold, and returns how many inputs it has looked at.
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any
from unittest import mock

import pyarrow as pa

from fixwatch.fix import log_lines
from fixwatch.fix.decoder import Decoded, DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE, BY_LABEL, Verdict
from fixwatch.fix.redaction import redact
from fixwatch.logs.blocks import blocks
from tests.fuzz.generator import Generator
from tests.oracle import Answer, answer
from tests.oracle_frame import Defect, tokens

#: Of one message at most: FW_MAX_DEFECTS.
MOST_DEFECTS = 256


def oracle(message: bytes, options: DecodeOptions) -> Answer:
    """The oracle's answer under the same options."""
    return answer(
        message,
        tolerant=options.profile == "tolerant",
        lenient=options.frame == "lenient",
        ordered=options.group_order == "strict",
        chosen=options.columns,
        version=options.appl_version,
    )


def defects_by_row(decoded: Decoded) -> dict[int, list[Defect]]:
    """The defects of each message that has any, the primary one first."""
    found: dict[int, list[Defect]] = {}
    for defect in decoded.defects.to_pylist():
        found.setdefault(defect["row"], []).append((BY_CODE[defect["reason"]].label, defect["ref_tag"]))
    return found


def same(one: Decoded, other: Decoded, messages: list[bytes], how: str) -> None:
    """Two answers to the same batch are equal."""
    for part in ("columns", "verdicts", "defects", "secret_rows"):
        assert getattr(one, part).equals(getattr(other, part)), (how, part, messages)


def agree(messages: list[bytes], options: DecodeOptions) -> None:
    """Hold the kernel's answer to a batch against the oracle's to each message.

    The batch is decoded three times: what the kernel learns of one must not change its answer to the next.
    """
    decoded = decode(messages, options)
    for _ in range(2):
        same(decoded, decode(messages, options), messages, "again")
    decoded.columns.validate(full=True)
    rows: list[dict[str, Any]] = decoded.columns.to_pylist()
    defects = defects_by_row(decoded)
    for row, message in enumerate(messages):
        wanted = oracle(message, options)
        got = defects.get(row, [])
        said = Verdict(decoded.verdicts[row].as_py()).label, got[0] if got else None
        assert said == (wanted.verdict, wanted.primary), (message, options, said, wanted)
        if len(wanted.defects) <= MOST_DEFECTS:
            assert Counter(got) == Counter(wanted.defects), (message, options, got, wanted.defects)
        assert rows[row] == wanted.columns, (message, options, rows[row], wanted.columns)


def kernel_equals_oracle(generator: Generator) -> int:
    """The kernel and the oracle say the same of a message: verdict, primary defect, all defects, columns."""
    messages = generator.batch()
    agree(messages, generator.options())
    return len(messages)


def prefixes_equal_oracle(generator: Generator) -> int:
    """They say the same of every beginning of a message."""
    message = generator.message()[:2000]
    ends = range(1, len(message) + 1, max(1, len(message) // 100))
    agree([message[:end] for end in ends], generator.options())
    return len(ends)


def joined(parts: list[Decoded], lengths: list[int]) -> Decoded:
    """The answers to consecutive parts of a batch as one answer."""
    defects, secrets, first = [], [], 0
    for part, length in zip(parts, lengths, strict=True):
        rows = pa.array([row + first for row in part.defects["row"].to_pylist()], pa.int32())
        defects.append(part.defects.set_column(0, "row", rows))
        secrets += [row + first for row in part.secret_rows.to_pylist()]
        first += length
    return Decoded(
        pa.concat_batches([part.columns for part in parts]),
        pa.concat_arrays([part.verdicts for part in parts]),
        pa.concat_batches(defects),
        pa.array(secrets, pa.int32()),
    )


def chunking_equivalence(generator: Generator) -> int:
    """A batch in one call is the same batch in any split, as a list or an Arrow array, at any offset of one; and a
    message's row does not depend on its neighbours: the batch in another order has the same rows.
    """
    messages, pick = generator.batch(60), generator.pick
    options = replace(
        generator.options(),
        checks=pick.choice(("all", "all", "frame")),
        max_message_bytes=pick.choice((100, 2**20, 2**20)),
    )
    whole = decode(messages, options)
    cuts = sorted({0, len(messages), *(pick.randrange(len(messages)) for _ in range(pick.randrange(5)))})
    parts = [messages[start:end] for start, end in pairwise(cuts)]
    split = joined([decode(part, options) for part in parts], [len(part) for part in parts])
    same(whole, split, messages, "split")
    kind = pick.choice((pa.binary(), pa.large_binary()))
    before = pick.randrange(10)
    array = pa.array([b"8=FIX before"] * before + [None] + messages + [b"behind"], kind)
    same(whole, decode(array.slice(before + 1, len(messages)), options), messages, "Arrow")
    order = list(range(len(messages)))
    pick.shuffle(order)
    shuffled = decode([messages[place] for place in order], options)
    assert shuffled.columns.equals(whole.columns.take(pa.array(order))), ("order", messages, order)
    assert shuffled.verdicts.equals(whole.verdicts.take(pa.array(order))), ("order", messages, order)
    of_row, of_shuffled = defects_by_row(whole), defects_by_row(shuffled)
    for row, place in enumerate(order):
        assert of_shuffled.get(row) == of_row.get(place), ("order", messages[place])
    assert sorted(order[row] for row in shuffled.secret_rows.to_pylist()) == whole.secret_rows.to_pylist()
    return len(messages)


def frame_checks_alone_equal_those_of_all(generator: Generator) -> int:
    """With frame checks alone a message has the defects of the frame that it has with all checks, and is garbled
    where it is garbled then.
    """
    messages, options = generator.batch(60), generator.options()
    alone, checked = decode(messages, replace(options, checks="frame")), decode(messages, options)
    defects, all_defects = defects_by_row(alone), defects_by_row(checked)
    for row, message in enumerate(messages):
        verdicts = {answer.verdicts[row].as_py() == Verdict.GARBLED for answer in (alone, checked)}
        assert len(verdicts) == 1, message
        frames = [
            [defect for defect in found.get(row, ()) if BY_LABEL[defect[0]].garbles]
            for found in (defects, all_defects)
        ]
        assert frames[0] == frames[1], (message, frames)
    return len(messages)


class Dribble(io.RawIOBase):
    """A stream that gives away as many bytes at a time as it is told."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes = data, sizes

    def read1(self, most: int) -> bytes:
        """The next piece."""
        size = min(most, self._sizes.pop() if self._sizes else most)
        piece, self._data = self._data[:size], self._data[size:]
        return piece


def log_of(generator: Generator) -> tuple[bytes, int]:
    """Messages as a log has them, good and bad, and how many."""
    pick = generator.pick
    log = b""
    messages = generator.batch(12)
    for message in messages:
        delimiter = pick.choice((b"\x01", b"\x01", b"|", b"^A"))
        prefix = pick.choice((b"", b"", b"2026-01-02 09:30 in: ", b"x=1\x01", b"words\n"))
        end = pick.choice((b"\n", b"\n", b"\r\n", b"", b" ", b"\n\n"))
        log += prefix + message.replace(b"\x01", delimiter) + end
    return log, len(messages)


def log_lines_chunking(generator: Generator) -> int:
    """A log has the same messages however its bytes arrive."""
    log, count = log_of(generator)
    pick = generator.pick
    strays = pick.choice(("skip", "keep"))
    # A small limit, so that a short log meets it.
    with mock.patch.object(log_lines, "_UNBROKEN_BYTES", pick.choice((40, 400, 2**20))):
        whole = log_lines.LogMessages(io.BytesIO(log), strays)
        wanted = list(whole)
        sizes = [pick.choice((1, 2, 7, 64, 1000)) for _ in range(len(log))]
        pieces = log_lines.LogMessages(Dribble(log, sizes), strays)  # type: ignore[arg-type]
        assert list(pieces) == wanted, (log, sizes)
        assert pieces.strays == whole.strays, (log, sizes)
    return count


def log_blocks_equal_log_lines(generator: Generator) -> int:
    """The compiled splitter, at any size of blocks, finds the messages that `log_lines` finds, and as many strays."""
    log, count = log_of(generator)
    strays = generator.pick.choice(("skip", "keep"))
    size = generator.pick.choice((1, 7, 64, 1000, 100_000))
    lines = log_lines.LogMessages(io.BytesIO(log), strays)
    wanted = list(lines)
    found = list(blocks(io.BytesIO(log), strays, size))
    assert [message for block in found for message in block.messages.to_pylist()] == wanted, (log, size)
    assert found[-1].strays == lines.strays, (log, size)
    return count


def redaction_hides_secrets(generator: Generator) -> int:
    """Of a message that the decoder says has secrets, redaction leaves no byte of one, and nothing else changes: as
    long as before, the same verdict, the same columns where no text merely looks like a secret. Twice is as once.
    """
    messages = generator.batch()
    options = DecodeOptions()
    decoded = decode(messages, options)
    rows = decoded.secret_rows.to_pylist()
    clean = [redact(messages[row]) for row in rows]
    again = decode(clean, options)
    for place, row in enumerate(rows):
        message, blanked = messages[row], clean[place]
        assert len(blanked) == len(message), message
        assert redact(blanked) == blanked, message
        if decoded.verdicts[row].as_py() == Verdict.GARBLED:
            continue
        assert again.verdicts[place].as_py() != Verdict.GARBLED, (message, blanked)
        found = tokens(message)[0]
        logon = any(token.tag == 35 and token.value == b"A" for token in found)
        for token in found:
            if token.tag in (554, 925) or (token.tag == 96 and logon):
                start = token.at + len(b"%d=" % token.tag)
                assert set(blanked[start : start + len(token.value)]) <= {ord("*")}, (message, blanked)
    return len(messages)


TARGETS = {
    target.__name__: target
    for target in (
        kernel_equals_oracle,
        prefixes_equal_oracle,
        chunking_equivalence,
        frame_checks_alone_equal_those_of_all,
        log_lines_chunking,
        log_blocks_equal_log_lines,
        redaction_hides_secrets,
    )
}
