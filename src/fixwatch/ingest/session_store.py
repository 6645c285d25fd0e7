"""What a batch says of sessions, into Postgres, inside the batch's transaction."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.ingest import sessions
from fixwatch.ingest.sessions import SessionRows
from fixwatch.store.copy import arrays
from fixwatch.store.session_tables import SessionTables


def store_sessions(tables: SessionTables, said: SessionRows) -> None:
    """Store what a batch says of sessions, and hold the lock of their rows until the transaction ends.

    The numbers that it touches are read, merged and written again.
    """
    if not said.figures.num_rows:
        return
    tables.merge_figures(arrays(said.figures))
    if said.touched.num_rows or said.resets.num_rows:
        resets = arrays(said.resets)
        chunks = sessions.merge(said, tables.read_numbers(arrays(said.touched), resets))
        tables.write_numbers(arrays(chunks), resets)
        if said.resets.num_rows:
            _sweep(tables, chunks)
    if said.events.num_rows:
        tables.add_events(arrays(said.events))


def _sweep(tables: SessionTables, chunks: pa.RecordBatch) -> None:
    emptied = chunks.filter(pc.equal(pc.binary_length(chunks.column("entries")), 0))
    if emptied.num_rows:
        tables.sweep_numbers(arrays(emptied.select(["session_id", "chunk"])))
