"""The dashboard in a real browser, over the real flow: simulator, broker, ingester, Postgres."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fixwatch.demo.process import fixwatch_command
from fixwatch.demo.stack import Stack
from fixwatch.store.migrate import migrate
from tests.acceptance.chromium import Screen
from tests.acceptance.dashboards import dashboard

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> **b** [x](javascript:alert(3))"


def _stored(screen: Screen) -> int:
    """Messages in the window, as the overview says."""
    return int(screen.metric("Messages/s").split(" in ")[0].split("\n")[-1].replace(",", ""))


def _trades(screen: Screen) -> list[dict[str, str]]:
    """The rows of the blotter; nothing while another page is on the screen."""
    return [row for row in screen.table() if "Price" in row]


def test_a_link_into_a_fresh_server_opens_its_page(screen: Screen) -> None:
    screen.open("sessions")
    rows = screen.until(screen.table, "a session")
    assert {"Sender", "Target", "State"} <= set(rows[0])


def test_trades_arrive_without_a_reload(screen: Screen) -> None:
    screen.open("")
    screen.page.evaluate("() => { window.sameDocument = true }")
    before = screen.until(lambda: _stored(screen), "messages")
    screen.until(lambda: _stored(screen) > before, "more messages")
    screen.page.get_by_role("link", name="Blotter").click()
    newest = screen.until(lambda: _trades(screen), "a trade")[0]
    screen.until(lambda: _trades(screen)[:1] not in ([], [newest]), "a newer trade")
    assert screen.page.evaluate("() => window.sameDocument")


def test_overview_agrees_with_the_database(screen: Screen, stack: Stack) -> None:
    screen.open("")
    screen.until(lambda: _stored(screen), "messages")
    screen.page.get_by_text("Live", exact=True).click()
    screen.page.wait_for_timeout(3_000)
    shown = _stored(screen)
    with psycopg.connect(stack.postgres.url) as connection:
        row = connection.execute("SELECT count(*) FROM messages").fetchone()
    assert row is not None
    # Paused: nothing that came since is on the screen, and never more than there is.
    assert 0 < shown <= row[0]
    screen.page.wait_for_timeout(3_000)
    assert _stored(screen) == shown
    screen.page.get_by_text("Live", exact=True).click()
    screen.until(lambda: _stored(screen) > shown, "live again")


def test_filter_shows_only_its_symbol_and_survives_refresh_and_reload(screen: Screen) -> None:
    screen.open("blotter")
    symbol = screen.until(screen.table, "a trade")[0]["Symbol"]
    field = (
        screen.page.get_by_label("Symbol")
        .locator("input")
        .or_(screen.page.get_by_role("combobox", name="Symbol"))
    )
    field.first.click()
    field.first.fill(symbol)
    field.first.press("Enter")
    screen.until(lambda: {row["Symbol"] for row in screen.table()} == {symbol}, f"only {symbol}")
    screen.page.wait_for_timeout(3_000)
    assert {row["Symbol"] for row in screen.table()} == {symbol}
    screen.page.reload()
    screen.until(
        lambda: {row["Symbol"] for row in screen.table()} == {symbol}, f"only {symbol} after a reload"
    )


def test_older_trades_are_a_page_away(screen: Screen) -> None:
    screen.open("blotter")
    older = screen.page.get_by_role("button", name="Older")
    screen.until(lambda: older.count() and older.is_enabled(), "more than a page of trades")
    newest = screen.until(screen.table, "trades")[0]["Time (UTC)"]
    older.click()
    screen.page.get_by_text("newest first, before").wait_for()
    # The words may be there before the table: a live table only ever shows later trades on top.
    last = screen.until(
        lambda: (rows := screen.table()) and rows[0]["Time (UTC)"] < newest and rows, "older trades"
    )
    screen.page.wait_for_timeout(3_000)
    assert screen.table() == last
    screen.page.get_by_role("button", name="Newest", exact=True).click()
    screen.page.get_by_text("newest first, before").wait_for(state="detached")


def test_quarantined_message_shows_its_defects_and_fields(
    screen: Screen, stack: Stack, tmp_path: Path
) -> None:
    line = f"8=FIX.4.4|35=8|49=EVIL|56=DESK|34=1|52=20260101-10:00:00|37=O1|17=E1|55=EVIL|54=1|58={HOSTILE}|10=000|"
    sent = tmp_path / "demo_feed.log"
    sent.write_text(line + "\n")
    environment = {**os.environ, "FIXWATCH_KAFKA_BOOTSTRAP_SERVERS": stack.broker.bootstrap_servers}
    subprocess.run(fixwatch_command("produce", str(sent)), env=environment, check=True, timeout=60)
    screen.open("quarantine?reason=Body+length+missing")

    screen.until(
        lambda: "1 message" in screen.page.inner_text("body") and len(screen.table()) == 1, "the message"
    )
    screen.select_row(0)
    fields = screen.page.get_by_role("table", name="Fields of the message")
    fields.wait_for()
    assert "Body length missing" in screen.page.inner_text("[data-testid=stMain]")
    read = [
        cells.all_inner_texts() for cells in (row.locator("td") for row in fields.locator("tbody tr").all())
    ]
    assert [(cells[0], cells[1], cells[3]) for cells in read][:2] == [
        ("8", "BeginString", "FIX.4.4"),
        ("35", "MsgType", "8"),
    ]
    by_tag = {cells[0]: cells for cells in read}
    assert by_tag["54"][4].casefold() == "buy"
    assert by_tag["58"][3] == HOSTILE
    assert screen.page.locator("img[src=x]").count() == 0
    # New messages come in; the one that is being read stays.
    screen.page.wait_for_timeout(3_000)
    assert fields.is_visible()


def test_two_viewers_do_not_share_their_filters(browser: Any, screen: Screen) -> None:
    other = Screen(browser, screen.url).open("blotter")
    symbol = other.until(other.table, "a trade")[0]["Symbol"]
    screen.open(f"blotter?symbol={symbol}")
    screen.until(lambda: {row["Symbol"] for row in screen.table()} == {symbol}, f"only {symbol}")
    other.until(lambda: len({row["Symbol"] for row in other.table()}) > 1, "all symbols")
    other.close()


def test_empty_database_says_how_to_start(browser: Any, stack: Stack) -> None:
    with psycopg.connect(stack.postgres.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty")
    url = stack.postgres.url.replace("/fixwatch?", "/empty?")
    with dashboard(url) as address:
        viewer = Screen(browser, address).open("")
        viewer.until(lambda: "fixwatch db migrate" in viewer.status, "what to run")
        with psycopg.connect(url, autocommit=True) as connection:
            migrate(connection)
        viewer.until(lambda: "No messages yet" in viewer.status, "that there is nothing yet")
        viewer.page.get_by_text("fixwatch demo").wait_for()
        viewer.close()


def test_dead_database_is_said_and_recovers_by_itself(screen: Screen, stack: Stack) -> None:
    screen.open("blotter")
    screen.until(screen.table, "a trade")
    stack.postgres.stop()
    try:
        screen.until(lambda: "does not answer" in screen.status, "that the database is away")
        assert "Traceback" not in screen.page.inner_text("body")
    finally:
        stack.postgres.start()
    screen.until(screen.table, "trades again")
    screen.until(lambda: "does not answer" not in screen.status, "a status again")
