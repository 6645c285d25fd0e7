"""Actions of the quarantine, asked for and read, in a real Postgres; and what roles may do of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from fixwatch.errors import DatabaseError
from fixwatch.store import quarantine
from fixwatch.store.message_views import MessagePlace
from fixwatch.store.reader import Reader
from tests.integration.stored_rows import HOSTILE, IMPOSSIBLE, put_message, put_session, put_stream

Database = psycopg.Connection[Any]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def places(database: Database) -> list[MessagePlace]:
    """Five garbled messages that are kept back, the last two of a session."""
    stream_id, session_id = put_stream(database, next_offset=5), put_session(database)
    began = datetime.now(UTC) - timedelta(seconds=9)
    for offset in range(5):
        put_message(
            database,
            stream_id,
            offset,
            defects=["not_fix"],
            ingested_at=began,
            session_id=session_id if offset > 2 else None,
        )
    return [MessagePlace(began, stream_id, offset) for offset in range(5)]


def finish(database: Database, outcome: str, offsets: tuple[int, ...] = (0, 1, 2, 3, 4)) -> None:
    """As an ingester does it."""
    database.execute(
        "UPDATE quarantine_actions SET done_at = now(), done_by = 'one:1', defects_before = '{not_fix}', outcome = %s"
        " WHERE done_at IS NULL AND kafka_offset = ANY (%s)",
        (outcome, list(offsets)),
    )


def test_what_is_asked_for_is_read_as_it_was_asked(
    database_url: str, database: Database, reader: Reader, places: list[MessagePlace]
) -> None:
    asked = quarantine.ask(database_url, "dismiss", places[:2], requested_by=" ann ", note=HOSTILE)
    waiting = reader.quarantine.waiting()
    assert (waiting.actions, waiting.ingesters) == (2, 0)
    assert waiting.since is not None
    second, first = reader.quarantine.history()
    assert (first.requested_by, first.note, first.kind, first.outcome) == ("ann", HOSTILE, "dismiss", None)
    assert (first.topic, first.partition, second.kafka_offset) == ("fix-trades", 0, 1)
    assert [action.kafka_offset for action in reader.quarantine.of_message(places[1].stream_id, 1)] == [1]
    finish(database, "dismissed", (0,))
    progress = reader.quarantine.progress(asked)
    assert (progress.asked, progress.done, progress.dismissed, progress.folded) == (2, 1, 1, 0)
    assert reader.quarantine.progress(uuid4()).asked == 0


def test_history_comes_page_by_page(
    database_url: str, database: Database, reader: Reader, places: list[MessagePlace]
) -> None:
    for _ in range(2):
        quarantine.ask(database_url, "reingest", places, requested_by="ann")
    seen: list[int] = []
    before = None
    while page := reader.quarantine.history(before=before, limit=3):
        seen += [action.action_id for action in page]
        before = page[-1].action_id
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 10
    assert reader.quarantine.history(before=10**30) == ()
    assert reader.quarantine.of_message(10**30, 1) == reader.quarantine.of_message(1, 10**30) == ()


def test_dismissed_messages_leave_the_list_and_come_back(
    database_url: str, database: Database, reader: Reader, places: list[MessagePlace]
) -> None:
    def found(**of: Any) -> set[int]:
        return {message.kafka_offset for message in reader.messages.defective(**of).messages}

    quarantine.ask(database_url, "dismiss", places[:2], requested_by="ann", note="a test of theirs")
    waiting = {message.kafka_offset: message.asked_for for message in reader.messages.defective().messages}
    assert waiting == {0: "dismiss", 1: "dismiss", 2: None, 3: None, 4: None}
    finish(database, "dismissed")
    assert found() == {2, 3, 4}
    assert found(dismissed=True) == {0, 1}
    assert found(dismissed=None) == found(dismissed=None, only_quarantined=False) == {0, 1, 2, 3, 4}
    assert {message.dismissed for message in reader.messages.defective(dismissed=True).messages} == {True}
    database.execute("UPDATE quarantine_actions SET ended_by = 9 WHERE kafka_offset = 0")
    assert found() == {0, 2, 3, 4}


@pytest.mark.parametrize(
    "wrong",
    [
        {"requested_by": "  "},
        {"requested_by": "x" * 201},
        {"requested_by": "a\0b"},
        {"note": "\ud800"},
        {"note": "x" * 2_001},
        {"kind": "dismiss", "note": " "},
        {"places": []},
    ],
)
def test_what_cannot_be_asked_is_said(
    database_url: str, places: list[MessagePlace], wrong: dict[str, Any]
) -> None:
    asked = {"kind": "reingest", "places": places, "requested_by": "ann"} | wrong
    with pytest.raises(ValueError, match=r"[.?]$"):
        quarantine.ask(database_url, **asked)


def test_a_message_of_no_stream_is_refused(database_url: str, places: list[MessagePlace]) -> None:
    nowhere = MessagePlace(places[0].ingested_at, 9_999, 1)
    with pytest.raises(DatabaseError, match="nothing was done"):
        quarantine.ask(database_url, "reingest", [*places, nowhere], requested_by="ann")


def test_names_and_notes_may_be_anything_that_is_text(
    database_url: str, reader: Reader, places: list[MessagePlace]
) -> None:
    notes = [
        text for text in IMPOSSIBLE if text and "\0" not in text and text.isprintable() and len(text) < 200
    ]
    for note in notes:
        quarantine.ask(database_url, "reingest", places[:1], requested_by=note, note=note)
    assert [action.note for action in reader.quarantine.history()] == notes[::-1]


def test_a_database_that_does_not_answer_is_said() -> None:
    place = MessagePlace(datetime.now(UTC), 1, 1)
    with pytest.raises(DatabaseError, match="does not answer"):
        quarantine.ask("postgresql://127.0.0.1:1/nothing", "reingest", [place], requested_by="ann")


def test_the_roles_of_the_documentation_may_do_their_work_and_nothing_else(
    database_url: str, database: Database, places: list[MessagePlace]
) -> None:
    (script,) = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/quarantine.md").read_text(), re.DOTALL)
    token = uuid4().hex[:8]
    for role in ("fixwatch_reader", "fixwatch_operator"):
        script = script.replace(role, f"{role}_{token}")
    (owner,) = database.execute("SELECT current_user").fetchone() or ("",)
    (name,) = database.execute("SELECT current_database()").fetchone() or ("",)
    for word, ours in (
        ("FOR ROLE fixwatch ", f"FOR ROLE {owner} "),
        ("DATABASE fixwatch ", f"DATABASE {name} "),
    ):
        assert word in script
        script = script.replace(word, ours)
    database.execute(script)
    reading, acting = (
        re.sub(r"//[^@/]*@", f"//fixwatch_{role}_{token}:secret@", database_url)
        for role in ("reader", "operator")
    )
    assert quarantine.ask(acting, "reingest", places, requested_by="ann")
    found = Reader(reading)
    try:
        assert len(found.quarantine.history()) == 5
        assert found.messages.defective().messages
        assert found.health().lag.stored > 0
        # Whatever is migrated later is for readers too.
        database.execute("CREATE TABLE later (n integer)")
    finally:
        found.close()
    with pytest.raises(DatabaseError, match="You may look but not act"):
        quarantine.ask(reading, "reingest", places, requested_by="ann")
    with psycopg.connect(reading, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM later").fetchone() == (0,)
        for statement in (
            "UPDATE orders SET text = ''",
            "DELETE FROM messages",
            "CREATE TABLE mine (n integer)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    forbidden = (
        "SELECT FROM messages",
        "SELECT FROM quarantine_actions",
        "UPDATE quarantine_actions SET note = ''",
        "DELETE FROM quarantine_actions",
        (
            "INSERT INTO quarantine_actions (stream_id, kafka_offset, ingested_at, kind, requested_by, outcome)"
            " VALUES (1, 1, now(), 'reingest', 'ann', 'folded')"
        ),
        "DELETE FROM messages",
        "CREATE TABLE mine (n integer)",
    )
    with psycopg.connect(acting, autocommit=True) as connection:
        for statement in forbidden:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
