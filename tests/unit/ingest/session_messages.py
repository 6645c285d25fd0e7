"""Messages of sessions for tests, and a store of their numbers in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fixwatch.fix.encoder import encode
from fixwatch.ingest import sessions
from tests.unit.ingest.conftest import rows_of_messages

BEGAN = datetime(2026, 1, 2, 9, 30, tzinfo=UTC)


def at(ms: int) -> str:
    """A UTCTimestamp, so many milliseconds after half past nine."""
    moment = BEGAN + timedelta(milliseconds=ms)
    return f"{moment:%Y%m%d-%H:%M:%S}.{moment.microsecond // 1000:03d}"


def us(ms: int) -> int:
    """The same moment, microseconds since 1970."""
    return int(BEGAN.timestamp() * 1_000_000) + ms * 1000


def sent(
    ms: int,
    seq: int | None,
    msg_type: str = "0",
    *,
    orig: int | None = None,
    dup: bool = False,
    **more: object,
) -> bytes:
    """A message sent at `ms`; `orig`: a repeat of what was sent then, `dup`: a repeat that does not say when."""
    extra = [(int(tag.removeprefix("_")), str(value)) for tag, value in more.items()]
    number = [] if seq is None else [(34, str(seq))]
    repeat = [] if orig is None and not dup else [(43, "Y")]
    original = [] if orig is None else [(122, at(orig))]
    header = [(35, msg_type), (49, "BUY"), (56, "BROKER"), *number, *repeat, (52, at(ms)), *original]
    return encode([*header, *extra], begin_string="FIX.4.4")


def logon(ms: int, seq: int = 1, *, reset: bool = False, **more: object) -> bytes:
    """A Logon(A)."""
    return sent(ms, seq, "A", _98=0, _108=30, **({"_141": "Y"} if reset else {}), **more)


def reset(ms: int, seq: int, new: int) -> bytes:
    """A SequenceReset(4) in reset mode."""
    return sent(ms, seq, "4", _36=new)


def gap_fill(ms: int, seq: int, new: int, *, orig: int | None = None) -> bytes:
    """A SequenceReset(4) in gap fill mode."""
    return sent(ms, seq, "4", orig=orig, _123="Y", _36=new)


@dataclass
class Epoch:
    """What came of one epoch of the only session."""

    direct: set[int] = field(default_factory=set)
    resent: set[int] = field(default_factory=set)
    messages: int = 0
    pairs: int = 0
    seen: int = 0


class Numbers:
    """What a database would hold of the numbers of messages that came in batches."""

    def __init__(self, batches: Iterable[Sequence[bytes]]) -> None:
        self.chunks: dict[tuple[int, int | None, int], bytes] = {}
        self.rows: dict[tuple[int, int | None, int], dict[str, object]] = {}
        self.first_numbers: dict[tuple[int, int], int] = {}
        for batch in batches:
            self.add(sessions.fold(rows_of_messages(batch)))

    def add(self, said: sessions.SessionRows) -> None:
        """Merge what a batch says."""
        stored: list[sessions.Stored] = [
            (session_id, began, None, first, None)
            for (session_id, began), first in self.first_numbers.items()
        ]
        stored += [(*key, None, entries) for key, entries in self.chunks.items()]
        changed = sessions.merge(said, stored)
        moments = changed.column("began_at").cast("int64").to_pylist()
        for began, row in zip(moments, changed.to_pylist(), strict=True):
            key = row["session_id"], began, row["chunk"]
            self.chunks[key], self.rows[key] = row["entries"], row
            if not row["entries"]:
                del self.chunks[key], self.rows[key]
        moments = said.resets.column("reset_sent").cast("int64").to_pylist()
        for began, row in zip(moments, said.resets.to_pylist(), strict=True):
            key = row["reset_session_id"], began
            first = row["reset_first_number"]
            self.first_numbers[key] = min(first, self.first_numbers.get(key, first))

    def epochs(self) -> dict[int | None, Epoch]:
        """The epochs that have numbers, by when they began."""
        found: defaultdict[int | None, Epoch] = defaultdict(Epoch)
        for (_, began, _), row in self.rows.items():
            epoch = found[began]
            epoch.direct |= numbers(str(row["direct"]))
            epoch.resent |= numbers(str(row["resent"]))
            epoch.messages += int(str(row["direct_messages"]))
            epoch.pairs += int(str(row["direct_pairs"]))
            epoch.seen += int(str(row["seen_numbers"]))
        return dict(found)


def numbers(multirange: str) -> set[int]:
    """The numbers of a multirange as Postgres writes it."""
    found: set[int] = set()
    for part in multirange.strip("{}").split("),"):
        if part:
            begin, end = part.strip("[)").split(",")
            found |= set(range(int(begin), int(end)))
    return found
