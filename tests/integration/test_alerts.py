"""Alerts in a real Postgres: what fires, what is over, who watches, who has seen it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from fixwatch.alerts.rules import Rule
from fixwatch.alerts.watch import GONE_AFTER, Watcher, _Rounds
from fixwatch.errors import DatabaseError
from fixwatch.settings import Settings
from fixwatch.store.alerts import MOST_TEXT, AlertBook, Firing, acknowledge
from fixwatch.store.reader import Reader
from tests.integration.ingested import wait_until
from tests.integration.stored_rows import HOSTILE, put_session

STUCK = Firing("stuck", "1", "warning", "ALPHA ↔ BROKER", "1 waits.")
SILENT = Firing("silent", "1", "critical", "ALPHA → BROKER", "It is silent.")
GONE = 3_600.0


def age(database: psycopg.Connection[Any], seconds: float) -> None:
    """Let time pass for what fires."""
    database.execute("UPDATE alerts SET seen_at = seen_at - make_interval(secs => %s)", (seconds,))


def test_an_alert_fires_once_and_says_what_is_wrong_now(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    book = AlertBook(database)
    book.record([STUCK], GONE, "w")
    (first,) = reader.alerts.firing()
    book.record([Firing(*STUCK_NOW)], GONE, "w")
    (second,) = reader.alerts.firing()
    assert (second.alert_id, second.fired_at) == (first.alert_id, first.fired_at)
    assert (first.why, second.why) == ("1 waits.", "2 wait.")
    assert second.seen_at > first.seen_at


STUCK_NOW = ("stuck", "1", "warning", "ALPHA ↔ BROKER", "2 wait.")


def test_what_is_not_seen_for_a_while_is_over_and_fires_anew_when_it_comes_back(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    book = AlertBook(database)
    book.record([STUCK, SILENT], 10, "w")
    assert book.record([SILENT], 10, "w") == []
    age(database, 11)
    assert [ended.rule for ended in book.record([SILENT], 10, "w")] == ["stuck"]
    assert [alert.rule for alert in reader.alerts.firing()] == ["silent"]
    (over,) = reader.alerts.history()
    assert over.rule == "stuck"
    assert over.resolved_at is not None
    book.record([SILENT, STUCK], 10, "w")
    assert [alert.rule for alert in reader.alerts.firing()] == ["silent", "stuck"]
    assert len(reader.alerts.history()) == 1


def test_history_turns_pages(database: psycopg.Connection[Any], reader: Reader) -> None:
    book = AlertBook(database)
    for number in range(7):
        book.record([Firing("stuck", str(number), "warning", "a", "b")], GONE, "w")
        age(database, GONE + 1)
        book.record([], GONE, "w")
    seen: list[int] = []
    before = None
    while page := reader.alerts.history(before=before, limit=3):
        seen += [alert.alert_id for alert in page]
        before = page[-1].place
    assert len(seen) == 7
    assert seen == sorted(seen, reverse=True)


def test_who_acknowledges_first_stays(
    database: psycopg.Connection[Any], database_url: str, reader: Reader
) -> None:
    AlertBook(database).record([STUCK, SILENT], GONE, "w")
    silent, stuck = reader.alerts.firing()
    assert acknowledge(database_url, [stuck.alert_id], by=" ann ", note="calling them") == 1
    assert acknowledge(database_url, [silent.alert_id, stuck.alert_id], by="bob") == 1
    silent, stuck = reader.alerts.firing()
    assert (stuck.acknowledged_by, stuck.note) == ("ann", "calling them")
    assert (silent.acknowledged_by, silent.note) == ("bob", None)
    counts = reader.alerts.counts()
    assert (counts.firing, counts.unacknowledged, counts.critical) == (2, 0, 0)


@pytest.mark.parametrize(
    ("by", "note", "ids"),
    [
        ("", "", [1]),
        (" ", "", [1]),
        ("x" * 201, "", [1]),
        ("ann", "x" * 2_001, [1]),
        ("a\0", "", [1]),
        ("ann", "", []),
    ],
)
def test_what_cannot_be_acknowledged_is_refused(
    by: str, note: str, ids: list[int], database_url: str
) -> None:
    with pytest.raises(ValueError, match=r".+"):
        acknowledge(database_url, ids, by=by, note=note)


def test_any_text_is_kept_as_it_is_and_cut_where_it_is_too_long(
    database: psycopg.Connection[Any], database_url: str, reader: Reader
) -> None:
    AlertBook(database).record([Firing("stuck", HOSTILE[:200], "warning", HOSTILE, "y" * 5_000)], GONE, "w")
    (alert,) = reader.alerts.firing()
    assert (alert.about, len(alert.why), alert.why[-1]) == (HOSTILE, MOST_TEXT, "…")
    acknowledge(database_url, [alert.alert_id], by=HOSTILE, note=HOSTILE)
    (alert,) = reader.alerts.firing()
    assert (alert.acknowledged_by, alert.note) == (HOSTILE, HOSTILE)


def test_a_user_who_may_only_look_is_told_so(database: psycopg.Connection[Any], database_url: str) -> None:
    name = f"looker_{os.getpid()}"
    database.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
    try:
        with pytest.raises(DatabaseError, match="look but not act"):
            acknowledge(database_url.replace("postgres@", f"{name}@"), [1], by="ann")
    finally:
        database.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_a_role_that_may_acknowledge_can_do_nothing_else(
    database: psycopg.Connection[Any], database_url: str, reader: Reader
) -> None:
    AlertBook(database).record([STUCK], GONE, "w")
    name = f"operator_{os.getpid()}"
    role = sql.Identifier(name)
    database.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    database.execute(
        sql.SQL(
            "GRANT SELECT (alert_id, acknowledged_at), UPDATE (acknowledged_at, acknowledged_by, note)"
            " ON alerts TO {}"
        ).format(role)
    )
    url = database_url.replace("postgres@", f"{name}@")
    try:
        (alert,) = reader.alerts.firing()
        assert acknowledge(url, [alert.alert_id], by="ann") == 1
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in ("SELECT raw FROM messages", "UPDATE alerts SET why = ''", "DELETE FROM alerts"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)
    finally:
        database.execute(sql.SQL("DROP OWNED BY {}").format(role))
        database.execute(sql.SQL("DROP ROLE {}").format(role))


def test_what_lasts_too_short_for_its_rule_does_not_fire(database: psycopg.Connection[Any]) -> None:
    book = AlertBook(database)
    rounds = _Rounds(book, "w")
    wait = Rule.SILENT.seconds
    rounds.take([SILENT], 100.0)
    rounds.take([], 100.0 + wait - 1)
    rounds.take([SILENT], 100.0 + wait)
    assert book.firing() == set()
    rounds.take([SILENT], 100.0 + 2 * wait)
    assert book.firing() == {("silent", "1")}


def test_what_fired_before_a_restart_goes_on(database: psycopg.Connection[Any], reader: Reader) -> None:
    book = AlertBook(database)
    book.record([SILENT], GONE, "w")
    (before,) = reader.alerts.firing()
    age(database, GONE_AFTER * 100)
    _Rounds(book, "after the restart").take([SILENT], 0.0)
    assert [alert.alert_id for alert in reader.alerts.firing()] == [before.alert_id]


def test_nobody_watches_until_somebody_does(database: psycopg.Connection[Any], reader: Reader) -> None:
    assert not reader.alerts.counts().watched
    AlertBook(database).record([], GONE, "w")
    assert reader.alerts.counts().watched
    database.execute("UPDATE alert_rounds SET at = at - interval '1 minute'")
    assert not reader.alerts.counts().watched


@contextmanager
def watching(database_url: str) -> Iterator[Watcher]:
    stop = threading.Event()
    watcher = Watcher(Settings(database_url=database_url), stop, 0.1)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        yield watcher
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def connections(database: psycopg.Connection[Any]) -> int:
    row = database.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'fixwatch alert' AND datname = current_database()"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_one_watches_and_the_other_takes_over(
    database: psycopg.Connection[Any], database_url: str, reader: Reader
) -> None:
    put_session(database)
    database.execute("UPDATE sessions SET heart_bt_int = 1, last_seen = now() - interval '1 hour'")
    with watching(database_url), watching(database_url):
        wait_until(lambda: {"no_ingester", "silent"} <= {alert.rule for alert in reader.alerts.firing()})
        wait_until(lambda: connections(database) == 2)
        # Whoever watches loses its connection, and with it its lock.
        database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND pid <> pg_backend_pid()"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        (before,) = database.execute("SELECT now()").fetchone() or (None,)
        wait_until(lambda: (reader.alerts.counts().looked_at or before) > before)
    rules = [alert.rule for alert in reader.alerts.firing()]
    assert sorted(rules) == ["no_ingester", "silent"]


def test_the_command_stops_when_it_is_told(database_url: str, reader: Reader) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "fixwatch", "alert", "--every", "0.5"],
        env=os.environ | {"FIXWATCH_DATABASE_URL": database_url},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: bool(reader.alerts.firing()))
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "alert_fired" in said
    assert "no_ingester" in said
    assert "Traceback" not in said
