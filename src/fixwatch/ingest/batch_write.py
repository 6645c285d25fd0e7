"""One batch's transaction. It may begin while the batch before is still being written.

The log's rows have nothing to do with any other batch, so they are sent at once: some two fifths of the work. What
follows (offsets, folds, figures) waits for the batch before to be committed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Final

import psycopg

from fixwatch.ingest.order_store import store_orders
from fixwatch.ingest.prepare import Prepared
from fixwatch.ingest.session_store import store_sessions
from fixwatch.ingest.trade_store import store_trades
from fixwatch.store.writer import Advance, Transaction, Writer

#: Tries of one batch that others may be faster than.
_RACES: Final = 10
#: Seconds after which a transaction that waits for the batch before says something: Postgres ends idle ones.
_STAY: Final = 5.0


class BeforeFailed(Exception):
    """The batch before was not stored; nothing of this one was either."""


def write(
    writer: Writer,
    prepared: Prepared,
    moves: Mapping[int, Advance],
    ingester_id: str,
    before: Future[None] | None = None,
) -> None:
    """Store a batch that moves its partitions by `moves`, once `before`, if there is one, is stored.

    Raises:
        BeforeFailed: `before` was not stored.
        Fenced: another process stored some of these offsets: nothing was stored.
        psycopg.Error: Postgres is gone, or refuses a value: nothing was stored.
    """
    merge_all = False
    for left in reversed(range(_RACES)):
        try:
            _commit(writer, prepared, moves, ingester_id, before, merge_all=merge_all)
            return
        except psycopg.errors.UniqueViolation:
            # Another ingester stored one of our orders between our look and our write.
            if not left:
                raise
        except psycopg.errors.CheckViolation:
            # The log has no partition for this moment: our clock is not Postgres's, or one of them jumped.
            if not left:
                raise
            writer.make_partition(prepared.figures["ingested_at"].date())
        merge_all = True


def _commit(
    writer: Writer,
    prepared: Prepared,
    moves: Mapping[int, Advance],
    ingester_id: str,
    before: Future[None] | None,
    *,
    merge_all: bool,
) -> None:
    """One transaction: log, offsets, folds, figures.

    Orders that are not stored yet are appended, which costs half of merging them; `merge_all` takes none for new.
    """
    began = time.monotonic()
    with writer.transaction() as transaction:
        transaction.append(prepared.messages)
        waited = _wait(before, transaction) if before is not None else 0.0
        transaction.advance(list(moves.values()))
        store_folds(transaction, prepared, merge_all=merge_all)
        transaction.record_batch(
            prepared.figures
            | {
                "ingester_id": ingester_id,
                "lag": sum(move.high_watermark - move.next_offset for move in moves.values()),
                "write_ms": round((time.monotonic() - began - waited) * 1000),
            }
        )


def store_folds(transaction: Transaction, prepared: Prepared, *, merge_all: bool) -> None:
    """Store what a batch says. Its rows are in the log, and its offsets are moved on.

    Raises:
        psycopg.errors.UniqueViolation: an order was stored by somebody else meanwhile.
    """
    store_orders(
        transaction, prepared.orders, prepared.new_orders, prepared.moved_orders, merge_all=merge_all
    )
    # Sessions come before trades: whoever holds a session's row is the only one who writes its trades.
    store_sessions(transaction.sessions, prepared.sessions)
    for fold, rows in prepared.folds.items():
        transaction.upsert(fold, rows)
    transaction.count_latencies(prepared.skew, some_taken_back=False)
    store_trades(transaction.trades, prepared.trades, prepared.figures["ingested_at"])


def _wait(before: Future[None], transaction: Transaction) -> float:
    """Wait for the batch before; the seconds it took."""
    began = time.monotonic()
    while True:
        try:
            error = before.exception(_STAY)
        except TimeoutError:
            transaction.stay()
            continue
        if error is not None:
            raise BeforeFailed from error
        return time.monotonic() - began
