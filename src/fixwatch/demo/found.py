"""Asks Postgres for what it holds of some runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from fixwatch.demo.reconciliation import Found
from fixwatch.errors import DatabaseError
from fixwatch.sources.simulator.ledger import Fills
from fixwatch.store.connection import connect
from fixwatch.store.sql import load

_SQL: Final = load("reconciliation", "fixwatch.demo")


def find(database_url: str, topic_ids: Sequence[str]) -> Found:
    """What is in the log and the folds of the streams of these incarnations of topics, at one moment.

    Raises:
        DatabaseError: Postgres does not answer, or has no tables of ours.
    """
    parameters = {"topic_ids": list(topic_ids)}
    try:
        with connect(database_url, application_name="fixwatch demo") as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True

            def one(name: str) -> dict[str, Any]:
                row = connection.cursor(row_factory=dict_row).execute(_SQL[name], parameters).fetchone()
                return row or {}

            def rows(name: str) -> list[tuple[Any, ...]]:
                return connection.execute(_SQL[name], parameters).fetchall()

            log, numbers, trades = one("log"), one("sequence_numbers"), one("trades")
            return Found(
                messages=log["messages"],
                stored=one("stored")["records"],
                verdicts={verdict: log[verdict] for verdict in ("valid", "rejected", "garbled")},
                quarantined=log["quarantined"],
                by_msg_type=dict(rows("by_msg_type")),
                by_session=dict(rows("by_session")),
                defects=dict(rows("defects")),
                fills={
                    symbol or "": Fills(count, quantity, notional)
                    for symbol, count, quantity, notional in rows("fills")
                },
                busts=trades["busts"],
                corrections=trades["corrections"],
                unseen=one("unseen")["changes"],
                repeats=numbers["repeats"],
                missing=numbers["missing"],
                repeats_of_fills=trades["repeats"],
                conflicts=trades["conflicts"],
                poss_dups=log["poss_dups"],
                non_ascii=log["non_ascii"],
                unanswered=one("unanswered")["orders"],
            )
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise DatabaseError(f"Postgres does not say what it holds: {reason}") from error
