"""Every offset of a stream once: what the log alone can say of it, without the topic."""

from __future__ import annotations

from fixwatch.ingest.findings import Findings
from fixwatch.store.comparison import Compared
from fixwatch.store.log_pages import Log, LogStream


def check_places(log: Log, stream: LogStream, examples: int) -> Compared:
    """Offsets that are stored twice or behind the stream's end are differences.

    A hole is none: only the topic can say if there was a record. `beyond_the_log` counts these offsets, but for
    those that ingestion has written down as gaps.
    """
    found = Findings(f"log of {stream.topic}/{stream.partition}", examples)
    gaps = log.gaps(stream.stream_id)
    for offset, following in log.uneven(stream):
        if following <= offset:
            found.add(_place(stream, offset), "*", "twice", "once")
        else:
            hole = range(offset + 1, following)
            found.beyond += len(hole) - sum(_overlap(hole, gap) for gap in gaps)
    for offset in log.beyond(stream.stream_id, examples + 1):
        found.add(_place(stream, offset), "*", "a row", f"offsets below {stream.next_offset}")
    return found.result()


def _overlap(a: range, b: range) -> int:
    return max(0, min(a.stop, b.stop) - max(a.start, b.start))


def _place(stream: LogStream, offset: int) -> dict[str, int]:
    return {"stream_id": stream.stream_id, "kafka_offset": offset}
