"""What is asked of sessions, of a real Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import tuple_row

from fixwatch.ingest import sessions
from fixwatch.ingest.session_store import store_sessions
from fixwatch.store.reader import Reader
from fixwatch.store.session_reader import SessionReader
from fixwatch.store.session_tables import SessionTables
from tests.unit.ingest.conftest import message, rows_of_messages
from tests.unit.ingest.session_messages import gap_fill, logon, reset, sent


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO session_pairs (ends) VALUES ('{}')")
        # In the order of their names, as the messages' sessions are numbered.
        connection.execute(
            "INSERT INTO sessions (pair_id, sender_comp_id, target_comp_id) VALUES"
            " (1, 'BROKER', 'BUY'), (1, 'BUY', 'BROKER')"
        )
        yield connection


@pytest.fixture
def reader(database_url: str) -> Iterator[SessionReader]:
    found = Reader(database_url)
    yield found.sessions
    found.close()


def store(database: psycopg.Connection[Any], *messages: bytes) -> None:
    """Store messages of BUY; one of BROKER among them numbers the sessions."""
    other = message("0", 1, sender="BROKER", target="BUY")
    with database.transaction(), database.cursor(row_factory=tuple_row) as cursor:
        store_sessions(SessionTables(cursor), sessions.fold(rows_of_messages([*messages, other])))


def test_events_are_paged_the_newest_first(database: psycopg.Connection[Any], reader: SessionReader) -> None:
    # Two of one moment: the page must not end between them and lose one.
    store(
        database, logon(1), *(sent(n // 2, n, "1", _112=n) for n in range(2, 9)), sent(9, 9, "5", _58="bye")
    )
    pages, before = [], None
    while page := reader.events(before=before, limit=2):
        pages.append([event.seq_num for event in page])
        before = page[-1].key
    assert pages == [[9, 8], [7, 6], [5, 4], [3, 2], [1]]
    (last,) = reader.events(limit=1)
    assert (last.kind, last.text, last.label) == ("logout", "bye", "BUY → BROKER")


def test_events_of_some_kinds_and_sessions(database: psycopg.Connection[Any], reader: SessionReader) -> None:
    store(database, logon(1), sent(2, 2, "1", _112="T"), sent(3, 3, "5"))
    assert [event.kind for event in reader.events(kinds=("logon", "logout"))] == ["logout", "logon"]
    assert len(reader.events(sessions=(2,))) == 3
    assert reader.events(sessions=(1,)) == ()


def test_what_was_rejected_is_said_in_words(database: psycopg.Connection[Any], reader: SessionReader) -> None:
    rejects = [
        sent(2, 2, "3", _45=7, _373=1),
        sent(3, 3, "j", _45=8, _372="D", _380=3),
        sent(4, 4, "Q", _37="O", _17="E", _127="A", _55="A", _54="1"),
        sent(5, 5, "3", _45=9, _373=9999),
        sent(6, 6, "3", _45=9),
    ]
    store(database, logon(1), *rejects, sent(7, 7, "1", _112="T"))
    found = [event.reason_meaning for event in reader.events()]
    assert found == [
        None,
        None,
        "9999",
        "UNKNOWN_SYMBOL",
        "UNSUPPORTED_MESSAGE_TYPE",
        "REQUIRED_TAG_MISSING",
        None,
    ]


def test_epochs_are_told_the_present_one_first(
    database: psycopg.Connection[Any], reader: SessionReader
) -> None:
    store(
        database, sent(1, 700), logon(2, reset=True), sent(3, 2), reset(4, 3, 100), sent(5, 100), sent(6, 101)
    )
    found = reader.epochs(2)
    assert [(epoch.began_by, epoch.first_number, epoch.direct_numbers) for epoch in found] == [
        ("sequence_reset", 100, 2),
        ("logon_reset", 1, 2),
        (None, None, 1),
    ]
    assert found[2].began_at is None
    assert reader.epochs(2, before=found[0].began_at, limit=1) == found[1:2]


def test_gaps_say_what_became_of_their_numbers(
    database: psycopg.Connection[Any], reader: SessionReader
) -> None:
    store(database, logon(1), sent(2, 5), sent(3, 300), sent(4, 302))
    store(database, sent(9, 3, orig=2), gap_fill(10, 6, 260), sent(11, 7, orig=2), gap_fill(12, 303, 310))
    found = [
        (gap.first_number, gap.last_number, gap.resent, gap.filled, gap.missing) for gap in reader.gaps(2)
    ]
    assert found == [(303, 309, 0, 7, 0), (301, 301, 0, 0, 1), (6, 299, 1, 253, 40), (2, 4, 1, 0, 2)]
    assert reader.gaps(2, limit=1)[0].first_number == 303
    assert reader.gaps(99) == ()


def test_a_session_without_numbers_has_no_gaps(
    database: psycopg.Connection[Any], reader: SessionReader
) -> None:
    store(database, reset(1, 1, 50))
    assert reader.gaps(2) == ()


def test_a_test_request_is_answered_by_a_heartbeat_of_the_other_direction(
    database: psycopg.Connection[Any], reader: SessionReader
) -> None:
    answer = message("0", 2, sender="BROKER", target="BUY", _112="two")
    store(
        database,
        *(sent(n, n, "1", _112=ref) for n, ref in enumerate(("one", "two", "three"), start=1)),
        answer,
        sent(5, 4, "0", _112="three"),
    )
    assert [request.ref_id for request in reader.unanswered_test_requests()] == ["three", "one"]
