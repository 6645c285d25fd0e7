"""The quarantine in a real browser: messages are re-ingested and dismissed, and it is seen what came of it."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Producer
from psycopg import sql

from fixwatch.demo.process import fixwatch_command
from fixwatch.demo.stack import Stack, default_environment
from fixwatch.kafka.topic import ensure_topic
from tests.acceptance.accessibility import faults
from tests.acceptance.chromium import Screen
from tests.acceptance.dashboards import dashboard
from tests.integration.own_dictionary import dictionary, quack

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
HOSTILE = "<img src=x onerror=alert(1)> it was \u202etheir test"


@dataclass(frozen=True)
class Pond:
    """A topic and a database of its own, in the stack's broker and Postgres."""

    url: str
    environment: dict[str, str]

    @contextmanager
    def ingesting(self, own_dictionary: Path) -> Iterator[None]:
        """A running ingester with this dictionary; it has to end well."""
        settings = {"FIXWATCH_PROFILE": "strict", "FIXWATCH_DICTIONARIES": str(own_dictionary)}
        process = subprocess.Popen(fixwatch_command("ingest"), env=self.environment | settings)
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(30) == 0

    def query(self, statement: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement).fetchall()


@pytest.fixture
def pond(stack: Stack) -> Pond:
    """Five messages of POND, of which two are too loud for its dictionary as it is, and garbage; not ingested yet."""
    name = f"pond_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(stack.postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = stack.postgres.url.replace("/fixwatch?", f"/{name}?")
    servers = stack.broker.bootstrap_servers
    assert ensure_topic({"bootstrap.servers": servers}, name, 1)
    producer = Producer({"bootstrap.servers": servers})
    for value in (*(quack(seq, "34"[seq % 2]) for seq in range(5)), b"garbage <b>"):
        producer.produce(name, value)
    assert producer.flush(30) == 0
    own = {
        "FIXWATCH_DATABASE_URL": url,
        "FIXWATCH_KAFKA_BOOTSTRAP_SERVERS": servers,
        "FIXWATCH_KAFKA_TOPIC": name,
        "FIXWATCH_KAFKA_GROUP_ID": name,
    }
    return Pond(url, {**os.environ, **default_environment(), **own})


def offsets(screen: Screen) -> list[str]:
    return [row["Offset"] for row in screen.table()]


def button(screen: Screen, name: str) -> Any:
    return screen.page.get_by_role("button", name=name, exact=False).first


def pictured(screen: Screen, name: str, scheme: str) -> None:
    for width in (1440, 800):
        screen.resize(width)
        screen.screenshot(ROOT / "screenshots" / f"{name}-{width}-{scheme}.png")
        assert not screen.page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth")
    screen.resize(1440)
    assert faults(screen.page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_messages_are_dismissed_and_reingested_after_the_dictionary_was_mended(
    browser: Any, pond: Pond, tmp_path: Path, scheme: str
) -> None:
    lacking, whole = (dictionary(tmp_path / f"{values}.xml", values) for values in ("3", "34"))
    with dashboard(pond.url) as address:
        with pond.ingesting(lacking):
            screen = Screen(browser, address, scheme=scheme)
            screen.until(lambda: stored(pond) == 6, "all that was sent")
            screen.open("quarantine")
            screen.until(lambda: sorted(offsets(screen)) == ["1", "3", "5"], "what is kept back")
            assert button(screen, "Re-ingest").is_disabled()
            screen.select_row(offsets(screen).index("5"))
            screen.page.get_by_text("Say who you are first.").wait_for()
            screen.page.get_by_label("Your name").fill("ann")
            screen.page.get_by_label("Your name").press("Enter")

            # Garbage is what it is: it is dismissed, not without a reason.
            button(screen, "Dismiss 1").click()
            screen.page.get_by_role("button", name="Dismiss 1 with this note").click()
            screen.page.get_by_text("A dismissal needs a note").wait_for()
            note = screen.page.get_by_label("Why may they be left where they are?")
            if not note.is_visible():
                button(screen, "Dismiss 1").click()
            note.fill(HOSTILE)
            note.press("Control+Enter")
            pictured(screen, "quarantine-dismissing", scheme)
            screen.page.get_by_role("button", name="Dismiss 1 with this note").click()
            screen.page.get_by_text("1 dismissed").wait_for()
            screen.until(lambda: sorted(offsets(screen)) == ["1", "3"], "that it left the list")

        # Nobody is there to carry anything out: it is said, and nothing is lost.
        screen.select_row(-1)
        button(screen, "Re-ingest 2").click()
        screen.page.get_by_text("what is asked for waits until one is").wait_for()
        screen.until(
            lambda: [row["Action"] for row in screen.table()] == ["… Asked: re-ingest"] * 2,
            "that both wait",
        )
        pictured(screen, "quarantine-waiting", scheme)
        with pond.ingesting(whole):
            screen.page.get_by_text("2 kept back no longer").wait_for()
            screen.page.get_by_text("Nothing is in quarantine").wait_for()
            assert pond.query("SELECT kafka_offset FROM messages WHERE quarantined") == [(5,)]

            screen.page.get_by_text("Dismissed", exact=True).click()
            screen.until(lambda: offsets(screen) == ["5"], "what was dismissed")
            screen.select_row(0)
            screen.page.get_by_text("What was done about it").wait_for()
            button(screen, "Reopen 1").click()
            screen.page.get_by_text("1 reopened").wait_for()

            screen.page.get_by_text("History", exact=True).click()
            rows = screen.until(lambda: len(found := screen.table()) == 4 and found, "all actions")
            assert [(row["Action"], row["Offset"], row["Who"]) for row in rows] == [
                ("Reopen", "5", "ann"),
                ("Re-ingest", "1", "ann"),
                ("Re-ingest", "3", "ann"),
                ("Dismiss", "5", "ann"),
            ]
            assert rows[1]["What came of it"] == "✓ Folded: kept back no longer"
            assert rows[1]["Defects before"] == "Value out of range (tag 5001)"
            assert rows[1]["Defects after"] == "none"
            assert "\u202e" not in rows[3]["Note"]
            assert "<img src=x" in rows[3]["Note"]
            pictured(screen, "quarantine-history", scheme)
            topic = pond.environment["FIXWATCH_KAFKA_TOPIC"]
            screen.open(f"messages?from=The+log&topic={topic}&partition=0&offset=3")
            done = screen.until(screen.table, "what was done about the message")
            assert [(row["Action"], row["Who"]) for row in done] == [("Re-ingest", "ann")]
            pictured(screen, "message-actions", scheme)
        screen.close()


def stored(pond: Pond) -> int:
    try:
        return int(pond.query("SELECT count(*) FROM messages")[0][0])
    except psycopg.errors.UndefinedTable:
        return 0


def test_who_may_only_look_is_told_so(browser: Any, pond: Pond, tmp_path: Path) -> None:
    with pond.ingesting(dictionary(tmp_path / "lacking.xml", "3")):
        viewer = Screen(browser, "")
        viewer.until(lambda: stored(pond) == 6, "all that was sent")
        viewer.close()
    role = f"looker_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(pond.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret'").format(sql.Identifier(role)))
        connection.execute(sql.SQL("GRANT pg_read_all_data TO {}").format(sql.Identifier(role)))
    place = pond.url.split("//", 1)[1].split("@", 1)[1]
    with dashboard(f"postgresql://{role}:secret@{place}") as address:
        screen = Screen(browser, address).open("quarantine?reason=Value+out+of+range")
        screen.until(lambda: len(screen.table()) == 2, "what is kept back")
        screen.page.get_by_label("Your name").fill("ann")
        screen.page.get_by_label("Your name").press("Enter")
        screen.select_row(0)
        button(screen, "Re-ingest 1").click()
        screen.page.get_by_text("You may look but not act").wait_for()
        # What was selected is still there, to be tried otherwise.
        assert button(screen, "Re-ingest 1").is_enabled()
        screen.close()
    assert pond.query("SELECT count(*) FROM quarantine_actions") == [(0,)]
