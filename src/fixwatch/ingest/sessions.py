"""Sessions: what a batch says of each direction, and how that meets what is stored. Pure.

Three things are kept, and each comes out the same in whatever order and division messages come:

* *Figures* of a direction: sums, and what the message says that was sent last.
* *Events*, which are rare: a set.
* *Numbers*: which MsgSeqNum(34) was sent when, directly or again (PossDupFlag(43)=Y), by epoch. An epoch begins with
  a reset: a Logon(A) that is no repeat with ResetSeqNumFlag(141)=Y or MsgSeqNum 1, or a SequenceReset(4) in reset
  mode. A number is of the last epoch that had begun when it was sent. As the moments are kept
  (`_session_numbers.h`), a reset that comes late divides what came before it as if it had come in time.

FIX 4.4 volume 2, "Sequence Numbers" and "Message Recovery". A gap fill (SequenceReset(4) with GapFillFlag(123)=Y) is
an event: it passes over the numbers from its MsgSeqNum up to NewSeqNo(36). Messages that are kept back take no part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from fixwatch.ingest import _session_merge
from fixwatch.ingest._sessions import READ, Sessions

_TIME: Final = pa.timestamp("us", "UTC")

#: Figures of a batch: sums, and the first and last of what they name.
FIGURES: Final = pa.schema(
    [
        ("session_id", pa.int32()),
        *(
            (name, pa.int64())
            for name in (
                *("messages", "application_messages", "poss_dups", "logons", "logouts", "resets", "rejects"),
                *("business_rejects", "dont_know_trades", "resend_requests", "test_requests"),
            )
        ),
        ("first_seen", _TIME),
        ("last_seen", _TIME),
        ("last_sent", _TIME),
        ("last_sent_seq_num", pa.int64()),
        ("begin_string", pa.string()),
        ("heart_sent", _TIME),
        ("heart_seq_num", pa.int64()),
        ("heart_bt_int", pa.int64()),
        ("state_sent", _TIME),
        ("state_seq_num", pa.int64()),
        ("logged_on", pa.bool_()),
    ]
)
#: As the table `session_events`.
EVENTS: Final = pa.schema(
    [
        ("session_id", pa.int32()),
        ("sent", _TIME),
        ("seq_num", pa.int64()),
        ("kind", pa.string()),
        ("begin_number", pa.int64()),
        ("end_number", pa.int64()),
        ("ref_seq_num", pa.int64()),
        ("ref_tag", pa.int64()),
        ("ref_msg_type", pa.string()),
        ("reason", pa.string()),
        ("ref_id", pa.string()),
        ("text", pa.string()),
    ]
)
_EVENT_KEY: Final = 4
#: Chunks of numbers that a batch has, and the moments between which these were sent.
TOUCHED: Final = pa.schema(
    [("session_id", pa.int32()), ("chunk", pa.int64()), ("first_sent", _TIME), ("last_sent", _TIME)]
)
RESETS: Final = pa.schema(
    [
        ("reset_session_id", pa.int32()),
        ("reset_sent", _TIME),
        ("reset_kind", pa.string()),
        ("reset_first_number", pa.int64()),
    ]
)
#: As the table `session_numbers`; `began_at` is null before every reset, `direct` and `resent` are multiranges.
NUMBERS: Final = pa.schema(
    [
        ("session_id", pa.int32()),
        ("began_at", _TIME),
        ("chunk", pa.int64()),
        ("entries", pa.binary()),
        ("direct", pa.string()),
        ("resent", pa.string()),
        ("direct_messages", pa.int64()),
        ("direct_numbers", pa.int64()),
        ("direct_pairs", pa.int64()),
        ("seen_numbers", pa.int64()),
        ("last_sent", _TIME),
    ]
)

#: What is stored of numbers: session, begin of the epoch (microseconds, None before every reset), and either a chunk
#: and its entries, or the first number of the epoch.
Stored = tuple[int, int | None, int | None, int | None, bytes | None]


@dataclass(frozen=True, slots=True)
class SessionRows:
    """What a batch says of sessions; columns as the schemas of the same names. `numbers` merges the rest."""

    figures: pa.RecordBatch
    events: pa.RecordBatch
    touched: pa.RecordBatch
    resets: pa.RecordBatch
    numbers: Sessions


def fold(rows: pa.RecordBatch, opened: pa.Int32Array | None = None) -> SessionRows:
    """What rows (columns as `rows.ROWS`) say of sessions.

    `opened`: of each row, 0 if its session was to be closed when it was sent; None: all may be open.
    """
    said = Sessions([rows.column(name) for name in READ], opened)
    return SessionRows(
        figures=_record_batch(zip(*said.figures_of(), strict=True), FIGURES),
        events=_record_batch(zip(*_distinct(said.events), strict=True), EVENTS),
        touched=_record_batch(said.touched(), TOUCHED),
        resets=_record_batch(zip(*sorted(set(said.resets)), strict=True), RESETS),
        numbers=said,
    )


def merge(said: SessionRows, stored: Iterable[Stored]) -> pa.RecordBatch:
    """The chunks that are other than they were, now that a batch has come; columns as `NUMBERS`.

    `stored`: every epoch that the batch's numbers may be of, and every chunk that they fall in or that its resets
    divide. Of a chunk that has no numbers any more, entries are empty.
    """
    resets = said.resets.select(["reset_session_id", "reset_sent", "reset_first_number"])
    first_numbers: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for session_id, sent, first in zip(*(_integers(column) for column in resets.columns), strict=True):
        known = first_numbers[session_id]
        known[sent] = min(known.get(sent, first), first)
    chunks: defaultdict[int, dict[tuple[int | None, int], bytes]] = defaultdict(dict)
    for session_id, began, chunk, first_number, entries in stored:
        if chunk is not None and entries is not None:
            chunks[session_id][began, chunk] = entries
        elif began is not None and first_number is not None:
            known = first_numbers[session_id]
            known[began] = min(known.get(began, first_number), first_number)
    epochs = {
        session_id: (sorted(known), [known[began] for began in sorted(known)])
        for session_id, known in first_numbers.items()
    }
    return _record_batch(_session_merge.merge(said.numbers, epochs, dict(chunks)), NUMBERS)


def _distinct(events: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Sorted, each key once: of two, the one that Postgres takes for the lesser record."""
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for event in events:
        key = event[:_EVENT_KEY]
        if key not in found or _order(event) < _order(found[key]):
            found[key] = event
    return [found[key] for key in sorted(found)]


def _order(event: tuple[Any, ...]) -> list[tuple[bool, Any]]:
    return [(value is None, value) for value in event[_EVENT_KEY:]]


def _record_batch(columns: Iterable[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Columns of values, none for no rows; times are microseconds since 1970."""
    values = list(columns) or [[] for _ in schema]
    arrays = [
        pa.array(column, pa.int64()).cast(field.type) if field.type == _TIME else pa.array(column, field.type)
        for column, field in zip(values, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _integers(column: pa.Array) -> list[Any]:
    values: list[Any] = (column.cast(pa.int64()) if column.type == _TIME else column).to_pylist()
    return values
