"""What a desk asks first, of a real Postgres, held against what was put there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from fixwatch.dashboard import desk
from fixwatch.session_settings import SessionSettings
from fixwatch.store.reader import Reader
from tests.integration.stored_rows import put, put_session


def test_an_empty_database_has_nothing_wrong(reader: Reader) -> None:
    assert desk.read(reader, (), SessionSettings()) == desk.Desk(0, {})
    assert desk.refusals(reader, 15, datetime.now(UTC)) == desk.Refusals(
        dict.fromkeys("3j9Q", 0), complete=True
    )


def test_refusals_are_those_of_the_window(database: psycopg.Connection[Any], reader: Reader) -> None:
    session_id = put_session(database)
    now = datetime.now(UTC)
    minute = now.replace(second=0, microsecond=0)
    for ago, msg_type, messages in [(0, "3", 5), (14, "9", 2), (14, "8", 99), (15, "Q", 7), (1, "j", 1)]:
        put(
            database,
            "message_minutes",
            minute=minute - timedelta(minutes=ago),
            session_id=session_id,
            msg_type=msg_type,
            verdict="valid",
            messages=messages,
            bytes=1,
            quarantined=0,
        )
    assert desk.refusals(reader, 15, now).messages == {"3": 5, "j": 1, "9": 2, "Q": 0}
