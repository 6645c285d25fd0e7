"""The page of alerts in a real browser: what fires is seen and acknowledged, what is over stays in the history."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from fixwatch.demo.stack import Stack
from fixwatch.store.alerts import AlertBook, Firing
from fixwatch.store.migrate import migrate
from tests.acceptance.chromium import Screen
from tests.acceptance.dashboards import dashboard

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)> **b** \u202ereversed"


@pytest.fixture
def unwatched(stack: Stack) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """A database of its own in which alerts fire and nobody watches, and its URL."""
    name = f"alerts_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(stack.postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = stack.postgres.url.replace("/fixwatch?", f"/{name}?")
    with psycopg.connect(url, autocommit=True) as connection:
        migrate(connection)
        book = AlertBook(connection)
        book.record([Firing("lag", "", "warning", "ingestion", "9,999 records behind.")], 3_600, "gone")
        connection.execute("UPDATE alerts SET seen_at = seen_at - interval '2 hours'")
        book.record(
            [
                Firing("stuck", "1", "warning", HOSTILE, HOSTILE),
                Firing("silent", "2", "critical", "ALPHA → BROKER", "Logged on, and silent."),
            ],
            3_600,
            "gone",
        )
        connection.execute("UPDATE alert_rounds SET at = at - interval '1 hour'")
        yield connection, url


def test_alerts_are_acknowledged_with_a_name_and_a_note_and_stay_in_the_history(
    browser: Any, unwatched: tuple[psycopg.Connection[Any], str]
) -> None:
    connection, url = unwatched
    with dashboard(url) as address:
        screen = Screen(browser, address)
        try:
            screen.open("alerts")
            screen.page.get_by_text("Nobody watches").first.wait_for()
            rows = screen.until(lambda: len(found := screen.table()) == 2 and found, "both alerts")
            assert [row["Alert"] for row in rows] == ["Session is silent", "Orders are stuck"]
            assert [row["Severity"] for row in rows] == ["✕ Critical", "▲ Warning"]
            assert {row["Acknowledged"] for row in rows} == {"○ Nobody yet"}
            assert "\u202e" not in rows[1]["Why"]
            screen.page.get_by_label("Your name").fill("ann")
            screen.page.get_by_label("Your name").press("Enter")
            screen.select_row(1)
            screen.page.get_by_role("heading", name="Orders are stuck").wait_for()
            screen.page.get_by_role("link", name="Stuck orders").wait_for()
            screen.page.get_by_role("button", name="Acknowledge 1", exact=False).click()
            screen.page.get_by_label("Note (may be empty)").fill("calling " + HOSTILE)
            screen.page.get_by_role("button", name="Acknowledge 1 as ann").click()
            screen.page.get_by_text("Acknowledged 1 alert.").wait_for()
            rows = screen.until(
                lambda: (found := screen.table()) and found[1]["Acknowledged"].startswith("✓ ann") and found,
                "who acknowledged",
            )
            assert rows[0]["Acknowledged"] == "○ Nobody yet"
            assert connection.execute(
                "SELECT acknowledged_by, note FROM alerts WHERE rule = 'stuck'"
            ).fetchone() == ("ann", "calling " + HOSTILE)
            screen.page.get_by_text("History", exact=True).click()
            (over,) = screen.until(lambda: len(found := screen.table()) == 1 and found, "the history")
            assert (over["Alert"], over["Acknowledged"]) == ("Ingestion is behind", "○ Nobody")
            assert screen.page.locator("img[src=x]").count() == 0
        finally:
            screen.close()


def test_faults_of_the_flow_fire(screen: Screen) -> None:
    screen.open("alerts")
    screen.until(
        lambda: any(row["Alert"] == "Messages in quarantine" for row in screen.table()), "a fault of the flow"
    )
    assert not screen.page.get_by_text("Nobody watches").count()
