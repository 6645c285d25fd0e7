"""Sessions in a real Postgres: what batches come to, and what their sequence numbers say."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row, tuple_row

from fixwatch.ingest import sessions
from fixwatch.ingest.session_store import store_sessions
from fixwatch.settings import load
from fixwatch.store.session_tables import SessionTables
from tests.integration.test_batch_store import Stored, records
from tests.unit.ingest.conftest import message, rows_of_messages
from tests.unit.ingest.session_messages import gap_fill, logon, reset, sent
from tests.unit.ingest.test_session_numbers import drawn, encoded, model

Store = Callable[[Sequence[bytes]], None]

SEQUENCES = """
    SELECT nullif(began_at, '-infinity')::text AS began_at, kind::text, first_number, last_number, gaps, skipped,
           resent, filled, missing, repeated
    FROM session_sequences WHERE session_id = 1
"""


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        connection.execute("INSERT INTO session_pairs (ends) VALUES ('{}')")
        connection.execute(
            "INSERT INTO sessions (pair_id, sender_comp_id, target_comp_id) VALUES (1, 'BUY', 'BROKER')"
        )
        yield connection


def forget(connection: psycopg.Connection[Any]) -> None:
    """As if nothing had been stored of the session but its figures."""
    for table in ("session_epochs", "session_numbers", "session_events"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608


@pytest.fixture
def store(database: psycopg.Connection[Any]) -> Store:
    return lambda batch: store_batch(database, batch)


def store_batch(database: psycopg.Connection[Any], batch: Sequence[bytes]) -> None:
    with database.transaction(), database.cursor(row_factory=tuple_row) as cursor:
        store_sessions(SessionTables(cursor), sessions.fold(rows_of_messages(batch)))


def sequences(database: psycopg.Connection[dict[str, Any]]) -> dict[str, Any]:
    row = database.execute(SEQUENCES).fetchone()
    assert row is not None
    return {name: value for name, value in row.items() if value}


def test_numbers_since_a_reset_without_a_gap(database: psycopg.Connection[Any], store: Store) -> None:
    store([sent(1, 900), logon(5, reset=True)])
    store([sent(5 + n, n) for n in range(2, 500)])
    assert sequences(database) == {
        "began_at": "2026-01-02 09:30:00.005+00",
        "kind": "logon_reset",
        "first_number": 1,
        "last_number": 499,
    }


def test_gaps_are_closed_by_resends_and_by_gap_fills_or_stay(
    database: psycopg.Connection[Any], store: Store
) -> None:
    store([logon(1, reset=True), *(sent(n, n) for n in (2, 3, 7, 8, 300, 301, 400))])
    assert sequences(database)["missing"] == 3 + 291 + 98
    store([sent(500, 4, orig=4), sent(501, 5, orig=5), gap_fill(502, 9, 250)])
    # 200 came after all.
    store([sent(503, 200, orig=200)])
    assert sequences(database) == {
        "began_at": "2026-01-02 09:30:00.001+00",
        "kind": "logon_reset",
        "first_number": 1,
        "last_number": 400,
        "gaps": 3,
        "skipped": 392,
        "resent": 3,
        "filled": 240,
        "missing": 1 + 50 + 98,
    }


def test_what_is_resent_of_before_the_first_number_is_no_gap(
    database: psycopg.Connection[Any], store: Store
) -> None:
    # The capture began in the middle of a session, and somebody asked for what was before.
    store([sent(1, 1000), sent(2, 1001)])
    store([sent(9, 500, orig=0), sent(9, 501, orig=0), gap_fill(10, 700, 800), gap_fill(11, 990, 1001)])
    assert sequences(database) == {"first_number": 1000, "last_number": 1001}


def test_the_numbers_before_the_first_one_that_came_after_a_reset_are_missing(
    database: psycopg.Connection[Any], store: Store
) -> None:
    store([reset(1, 5, 100), sent(2, 103), sent(3, 104)])
    found = sequences(database)
    assert (found["first_number"], found["last_number"], found["gaps"], found["missing"]) == (100, 104, 1, 3)


def test_a_sequence_reset_alone_is_an_epoch_without_numbers(
    database: psycopg.Connection[Any], store: Store
) -> None:
    store([sent(1, 4), reset(2, 5, 100)])
    found = sequences(database)
    assert (found["kind"], found["first_number"], found.get("missing", 0)) == ("sequence_reset", 100, 0)


def test_a_gap_fill_ahead_of_what_came_says_how_far_the_sender_is(
    database: psycopg.Connection[Any], store: Store
) -> None:
    store([logon(1), sent(2, 2), gap_fill(3, 5, 50)])
    found = sequences(database)
    assert (found["last_number"], found["gaps"], found["filled"], found["missing"]) == (49, 1, 45, 2)


def test_numbers_going_back_without_a_reset_are_counted(
    database: psycopg.Connection[Any], store: Store
) -> None:
    store([logon(1), *(sent(n, n) for n in range(2, 11))])
    store([sent(20 + n, n) for n in range(4, 8)])
    assert sequences(database)["repeated"] == 4


def test_a_number_as_large_as_they_come_is_no_trouble(
    database: psycopg.Connection[Any], store: Store
) -> None:
    store([logon(1), sent(2, 10**18), gap_fill(3, 2, 10**18), gap_fill(4, 7, 2**63 - 1), sent(5, 2**63 - 1)])
    found = sequences(database)
    assert (found["last_number"], found["filled"]) == (10**18, 10**18 - 2)


def test_a_reset_that_comes_last_takes_its_epoch_out_of_the_one_before(
    database: psycopg.Connection[Any], store: Store
) -> None:
    store([sent(100 + n, n) for n in range(2, 300)])
    assert sequences(database).get("kind") is None
    store([logon(101, reset=True)])
    found = sequences(database)
    assert (found["kind"], found["first_number"], found["last_number"]) == ("logon_reset", 1, 299)
    assert "gaps" not in found
    # Nothing is left of the epoch that there never was.
    assert database.execute("SELECT count(*) AS n FROM session_epochs").fetchone() == {"n": 1}
    assert database.execute("SELECT count(*) AS n FROM session_numbers WHERE entries = ''").fetchone() == {
        "n": 0
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn().filter(bool), st.randoms(use_true_random=False))
def test_no_order_and_no_division_changes_the_tables(
    database: psycopg.Connection[Any], messages: list[tuple[int, int, str]], rng: random.Random
) -> None:
    def tables(batches: Sequence[Sequence[tuple[int, int, str]]]) -> list[list[tuple[str, ...]]]:
        forget(database)
        for batch in batches:
            store_batch(database, [encoded(message) for message in batch])
        return [
            [
                tuple(map(str, row.values()))
                for row in database.execute(f"SELECT t::text FROM {table} AS t ORDER BY 1")  # noqa: S608
            ]
            for table in ("session_epochs", "session_numbers", "session_events", "session_sequences")
        ]

    shuffled = rng.sample(messages, len(messages))
    batches = []
    while shuffled:
        size = rng.randint(1, 12)
        batches.append(shuffled[:size])
        shuffled = shuffled[size:]
    found = tables(batches)
    assert found == tables([messages])
    epochs = database.execute("SELECT direct_numbers, direct_messages FROM session_epochs ORDER BY began_at")
    expected = model(messages)
    begins = sorted(expected, key=lambda began: began or 0)
    assert [tuple(row.values()) for row in epochs] == [
        (len(expected[began][0]), expected[began][2]) for began in begins
    ]
    present = sequences(database)
    plainly = said_plainly(*expected[begins[-1]], is_reset=begins[-1] is not None)
    assert {name: value for name, value in present.items() if name not in ("began_at", "kind")} == plainly


def said_plainly(direct: set[int], resent: set[int], messages: int, *, is_reset: bool) -> dict[str, int]:
    """What an epoch's numbers come to, without those that are 0."""
    first = 1 if is_reset else min(direct or resent)
    resent = {number for number in resent if number >= first}
    every = range(first, max(direct | resent) + 1)
    holes = [number for number in every if number not in direct]
    found = {
        "first_number": first,
        "last_number": every[-1],
        "gaps": sum(number - 1 not in holes for number in holes),
        "skipped": len(holes),
        "resent": len(resent - direct),
        "missing": len(set(holes) - resent),
        "repeated": messages - len(direct),
    }
    return {name: value for name, value in found.items() if value}


def test_of_two_events_with_one_key_the_same_one_stays_in_any_order(
    database: psycopg.Connection[Any], store: Store
) -> None:
    for order in ("abc", "cba", "bca"):
        forget(database)
        for ref in order:
            store([sent(6, 21, "1", _112=ref)])
        assert database.execute("SELECT ref_id FROM session_events").fetchall() == [{"ref_id": "a"}]


def test_one_with_a_value_stays_rather_than_one_without(
    database: psycopg.Connection[Any], store: Store
) -> None:
    for texts in (("x", ""), ("", "x")):
        forget(database)
        for text in texts:
            store([sent(6, 21, "5", **({"_58": text} if text else {}))])
        assert database.execute("SELECT text FROM session_events").fetchall() == [{"text": "x"}]


def test_the_state_is_that_of_what_was_sent_last(database: psycopg.Connection[Any], store: Store) -> None:
    store([sent(50, 9, "5")])
    store([logon(1), sent(60, 10)])
    store([sent(55, 4)])
    row = database.execute(
        "SELECT logged_on, heart_bt_int, last_sent_seq_num, messages FROM sessions"
    ).fetchone()
    assert row == {"logged_on": False, "heart_bt_int": 30, "last_sent_seq_num": 10, "messages": 4}


def test_the_settings_of_sessions_say_what_is_out_of_hours(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "sessions.toml"
    # 2026-01-02 was a Friday; the messages are of 09:30 UTC, 04:30 in New York.
    file.write_text(
        '[[session]]\nsender_comp_id = "BROKER"\ntime_zone = "America/New_York"\nschedule = ["mon-fri 08:00-16:00"]\n'
    )
    closed = message("B", 1, _148="news", _33="1", _58="x")
    stored = Stored(database_url, load(database_url=database_url, sessions=str(file)))
    try:
        stored.locate("one", [0])
        stored.store(records([closed, message("B", 1, sender="ELSE", _148="news", _33="1", _58="x")]), {})
    finally:
        stored.close()
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT sender_comp_id, sent::text, kind::text FROM session_events JOIN sessions USING (session_id)"
        ).fetchall()
    # An entry is of both directions, and ELSE sends to BROKER.
    assert sorted(rows) == [
        ("BUY", "2026-01-02 09:30:00+00", "out_of_hours"),
        ("ELSE", "2026-01-02 09:30:00+00", "out_of_hours"),
    ]
