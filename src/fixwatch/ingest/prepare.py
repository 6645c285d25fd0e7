"""A batch made ready: decoded, named, folded, encoded. Everything that needs no transaction of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from fixwatch import session_settings
from fixwatch.decoding import decode_options
from fixwatch.fix.columns import SCHEMA, STORED
from fixwatch.fix.defects import Verdict
from fixwatch.ingest import orders, rollups, sessions, trades
from fixwatch.ingest._orders import Orders
from fixwatch.ingest._trading_days import OpenHours, TradingDays
from fixwatch.ingest.batch import Batch, DecodedBatch, decode_batch, defect_lists
from fixwatch.ingest.extra import extra
from fixwatch.ingest.order_rows import order_rows
from fixwatch.ingest.orders import Assigned
from fixwatch.ingest.rollups import Counted
from fixwatch.ingest.rows import rows_of, with_order_keys
from fixwatch.ingest.sessions import SessionRows
from fixwatch.ingest.trades import Trades
from fixwatch.settings import Profile, Settings
from fixwatch.store.copy import Arrays, CopyData, arrays, encode
from fixwatch.store.identities import Ends, Identities
from fixwatch.store.writer import Fold

_VERDICTS: Final = pa.array([verdict.label for verdict in Verdict])


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one transaction stores: the log's rows, what the folds say, and the batch's figures.

    Whether orders and trades are appended or merged is for the transaction to say. `new_orders` are the order keys
    that nobody had before this batch, `moved_orders` those that turned out to be another order's.
    """

    batch: Batch
    messages: CopyData
    orders: Orders
    new_orders: frozenset[int]
    moved_orders: dict[int, int]
    trades: Trades
    sessions: SessionRows
    skew: Arrays
    folds: dict[Fold, Arrays]
    figures: dict[str, Any]


class Preparer:
    """Makes batches ready, one after the other."""

    def __init__(self, identities: Identities, settings: Settings) -> None:
        self._identities = identities
        self._strict = settings.profile is Profile.STRICT
        self._options = decode_options(settings)
        self._sessions: dict[Ends, tuple[int, int]] = {}
        self._rules = session_settings.load(settings.sessions)
        self._days = TradingDays()
        self._hours = OpenHours()

    def prepare(
        self,
        batch: Batch,
        stream_ids: Mapping[int, int],
        *,
        readable: bool = True,
        instead_of: Counted | None = None,
    ) -> Prepared:
        """Make a batch ready; `stream_ids` maps its partitions to streams.

        `readable=False` is for records whose values Postgres refuses: only their bytes are kept. `instead_of`: what
        these records count as stored, where they are in the log already; it is taken back.
        Raises psycopg.OperationalError when Postgres is gone.
        """
        began = time.monotonic()
        decoded = decode_batch(batch, self._options, strict=self._strict, readable=readable)
        ingested_at = batch.ingested_at or datetime.now(UTC)
        self._name_sessions(decoded)
        rows = rows_of(batch, decoded, stream_ids, self._sessions, self._days)
        of_orders = order_rows(rows)
        assigned = self._find_orders(of_orders)
        said = orders.fold(with_order_keys(of_orders, assigned.order_key))
        rows = with_order_keys(rows, assigned.order_key.slice(0, len(batch)))
        counted = Counted(
            rollups.message_minutes(rows, decoded.decoded.verdicts),
            rollups.defect_minutes(rows, decoded.defects),
        )
        if instead_of is not None:
            counted = counted.less(instead_of)
        return Prepared(
            batch,
            encode("messages", _log_rows(decoded, rows, ingested_at)),
            said,
            frozenset(assigned.new),
            assigned.moved,
            trades.fold(rows),
            sessions.fold(rows, self._hours.of(rows.column("sent"), rows.column("pair_id"))),
            arrays(rollups.skew_minutes(rows)),
            {
                "message_minutes": arrays(counted.message_minutes),
                "defect_minutes": arrays(counted.defect_minutes),
            },
            {
                "ingested_at": ingested_at,
                "messages": len(batch),
                "bytes": sum(map(len, batch.values)),
                **_verdicts(decoded),
                "first_kafka_time": pc.min(decoded.kafka_time).as_py(),
                "last_kafka_time": pc.max(decoded.kafka_time).as_py(),
                "decode_ms": round((time.monotonic() - began) * 1000),
            },
        )

    def _name_sessions(self, decoded: DecodedBatch) -> None:
        """Learn the sessions of a batch; a message that is kept back does not found one."""
        unknown = [
            (ends, founding)
            for ends, founding in zip(decoded.directions, decoded.founding, strict=True)
            if ends not in self._sessions
        ]
        if not unknown:
            return
        if founded := sorted(ends for ends, founding in unknown if founding):
            self._identities.register_sessions(founded)
        learned = self._identities.known_sessions(sorted(ends for ends, _ in unknown))
        for ends, (_, pair_id) in learned.items():
            rules = self._rules.rules(ends)
            self._days.tell(pair_id, rules.trading_day)
            self._hours.tell(pair_id, rules.schedule)
        self._sessions.update(learned)

    def _find_orders(self, rows: pa.RecordBatch) -> Assigned:
        """Whose order each row is; ids that are seen for the first time are registered."""
        chains = orders.Chains(rows)
        while True:
            assigned = chains.assign(
                self._identities.known_orders(chains.ids), self._identities.take_order_keys
            )
            self._identities.start_orders(assigned.started)
            # Where another ingester was faster with an id, what it says counts: look again.
            if not assigned.fresh.num_rows or self._identities.register_orders(assigned.fresh):
                return assigned


def _verdicts(decoded: DecodedBatch) -> dict[str, int]:
    counts = dict.fromkeys(("valid", "rejected", "garbled"), 0)
    for one in pc.value_counts(decoded.decoded.verdicts):
        counts[Verdict(one["values"].as_py()).label] = one["counts"].as_py()
    quarantined = pc.sum(decoded.quarantined).as_py() or 0
    return {"rejected": counts["rejected"], "garbled": counts["garbled"], "quarantined": quarantined}


def _log_rows(decoded: DecodedBatch, rows: pa.RecordBatch, ingested_at: datetime) -> pa.RecordBatch:
    columns = decoded.decoded.columns
    log = {
        **{name: rows.column(name) for name in ("stream_id", "kafka_offset", "kafka_time")},
        "ingested_at": pa.repeat(pa.scalar(ingested_at, pa.timestamp("us", "UTC")), rows.num_rows),
        **{name: rows.column(name) for name in ("session_id", "order_key")},
        "quarantined": decoded.quarantined,
        "verdict": _VERDICTS.take(decoded.decoded.verdicts),
        "defects": defect_lists(decoded.defects, rows.num_rows),
        **{column.name: columns.column(column.name) for column in STORED},
        "raw": decoded.raw,
    }
    if chosen := columns.schema.names[len(SCHEMA) :]:
        log["extra"] = extra(columns.select(chosen))
    return pa.RecordBatch.from_arrays(list(log.values()), list(log))
