"""Which tables are folds: computed from the log and nothing else, so that they can be computed again.

Every table of the schema is one of these, or the log, or named here for what it is; a test holds that.
"""

from __future__ import annotations

from typing import Final

#: Verified against the log, and rebuilt from it.
FOLDS: Final = (
    *("orders", "trades", "trade_changes", "trade_minutes"),
    *("sessions", "session_epochs", "session_numbers", "session_events"),
    *("message_minutes", "defect_minutes", "latency_minutes"),
)

#: Names and their numbers. A number is given once, so a recomputation takes those that are there; `sessions`
#: is both.
IDENTITIES: Final = ("session_pairs", "sessions", "order_ids")

#: What the log does not say: how far it goes, who works on it, what people ask for, what alerts.
OTHERS: Final = (
    "schema_migrations",
    "ingest_offsets",
    "stream_ends",
    "ingest_gaps",
    "dead_letter_offsets",
    "quarantine_actions",
    "alerts",
    "alert_rounds",
    "ingesters",
    "ingest_batches",
    "log_dropped",
    "log_begins",
    "rebuild_due",
)
