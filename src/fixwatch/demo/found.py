"""Asks Postgres for what it holds of some runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from psycopg.types.multirange import Multirange

from fixwatch.demo.order_lines import key
from fixwatch.demo.reconciliation import Found
from fixwatch.demo.session_lines import FoundEpoch
from fixwatch.errors import DatabaseError
from fixwatch.sources.simulator.ledger import Fills, Range
from fixwatch.sources.simulator.said import OrderState
from fixwatch.store.connection import connect
from fixwatch.store.sql import load

_SQL: Final = load("reconciliation", "fixwatch.demo")
#: MsgType(35) of the events that are held against the ledger's.
_MSG_TYPES: Final = {
    "logon": "A",
    "logout": "5",
    "test_request": "1",
    "resend_request": "2",
    "gap_fill": "4",
    "reject": "3",
    "business_reject": "j",
    "dont_know_trade": "Q",
}


def find(database_url: str, topic_ids: Sequence[str], runs: Sequence[str]) -> Found:
    """What is in the log and the folds of the streams of these incarnations of topics, at one moment.

    `runs` are the tokens of the runs, by which their orders are known.

    Raises:
        DatabaseError: Postgres does not answer, or has no tables of ours.
    """
    parameters = {"topic_ids": list(topic_ids), "runs": list(runs)}
    try:
        with connect(database_url, application_name="fixwatch demo") as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True

            def one(name: str) -> dict[str, Any]:
                row = connection.cursor(row_factory=dict_row).execute(_SQL[name], parameters).fetchone()
                return row or {}

            def rows(name: str) -> list[tuple[Any, ...]]:
                return connection.execute(_SQL[name], parameters).fetchall()

            log, numbers, trades = one("log"), one("repeats"), one("trades")
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
                repeats_of_fills=trades["repeats"],
                conflicts=trades["conflicts"],
                epochs=[_epoch(row) for row in rows("epochs")],
                logged_on=one("logged_on")["sessions"],
                repeats=numbers["repeats"],
                same_again=numbers["same_again"],
                poss_resends=log["poss_resends"],
                non_ascii=log["non_ascii"],
                unanswered=dict(rows("unanswered")),
                orders={key(order): order for order in map(OrderState._make, rows("orders"))},
            )
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise DatabaseError(f"Postgres does not say what it holds: {reason}") from error


def _epoch(row: tuple[Any, ...]) -> FoundEpoch:
    session, began_at, last_number, missed, missing, events, *shown = row
    return FoundEpoch(
        session,
        began_at,
        last_number,
        _ranges(missed),
        _ranges(missing),
        {_MSG_TYPES[kind]: count for kind, count in events.items() if kind in _MSG_TYPES},
        None if shown[0] is None else (shown[0], shown[1], shown[2]),
    )


def _ranges(numbers: Multirange[int]) -> tuple[Range, ...]:
    return tuple((one.lower or 0, (one.upper or 0) - 1) for one in numbers)
