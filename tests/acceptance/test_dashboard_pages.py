"""Every page of the dashboard in a real browser: what it answers, from where it leads, how it looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from fixwatch.demo.stack import Stack
from tests.acceptance.chromium import Screen
from tests.acceptance.walking import an_order

pytestmark = pytest.mark.browser

HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(2)</script> **b** [x](javascript:alert(3)) \u202ereversed"
)
LONG = "x" * 10_000


def pasted(**fields: str) -> str:
    """A message as people paste one, its frame not right."""
    return (
        "8=FIX.4.4|9=5|35=D|49=A|56=B|34=1|52=20260101-10:00:00|"
        + "".join(f"{tag[1:]}={value}|" for tag, value in fields.items())
        + "10=000|"
    )


@pytest.fixture
def orders(stack: Stack) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack.postgres.url, autocommit=True) as connection:
        yield connection


def main_text(screen: Screen) -> str:
    return str(screen.page.inner_text("[data-testid=stMain]"))


def test_pasted_message_is_decoded_with_its_defects_at_their_fields(screen: Screen) -> None:
    screen.open("messages")
    screen.paste("Message", pasted(_11="C1", _54="9", _58=HOSTILE, _55=LONG, _40="2"))
    fields = screen.page.get_by_role("table", name="Fields of the message")
    fields.wait_for()
    rows = {cells[0]: cells for cells in screen.rows(fields)}
    assert rows["35"][4] == "NewOrderSingle"
    assert rows["40"][4] == "Limit"
    assert "should be" in rows["9"][4]
    assert "\u202e" not in rows["58"][3]
    assert rows["58"][3].startswith("<img src=x onerror=alert(1)>")
    assert len(rows["55"][3]) < 3_000
    assert screen.page.locator("img[src=x]").count() == 0


def test_two_messages_are_compared(screen: Screen) -> None:
    screen.open("messages?compare=true")
    screen.paste("First message", pasted(_11="C1", _54="1", _38="100"))
    screen.paste("Second message", pasted(_11="C1", _54="2", _44="5"))
    table = screen.page.get_by_role("table", name="Fields of both messages")
    table.wait_for()
    marks = screen.until(
        lambda: (found := {cells[0]: cells[3] for cells in screen.rows(table)}).get("44") and found,
        "both messages",
    )
    assert (marks["11"], marks["54"]) == ("", "≠ differs")
    assert (marks["38"], marks["44"]) == ("← only first", "only second →")


def test_what_is_no_message_and_what_is_too_long_is_said(screen: Screen) -> None:
    screen.open("messages")
    screen.paste("Message", "no FIX here")
    screen.page.get_by_text("There is no FIX in this").wait_for()
    screen.paste("Message", "8=FIX.4.4|58=" + "x" * 1_100_000)
    screen.page.get_by_text("1.0 MiB are read here").wait_for()


def test_message_is_looked_up_by_its_place(screen: Screen) -> None:
    screen.open("messages?from=The+log&topic=fix-trades&partition=0&offset=0")
    screen.page.get_by_role("table", name="Fields of the message").wait_for()
    assert "Kafka timestamp (UTC)" in main_text(screen)
    screen.open("messages?from=The+log&topic=fix-trades&partition=0&offset=999999999")
    screen.page.get_by_text("Nothing was stored there yet").wait_for()
    screen.open("messages?from=The+log&topic=nothing&partition=0&offset=-1")
    screen.page.get_by_text("a whole number from 0").wait_for()


def test_an_order_is_found_by_its_id_and_shows_its_life(
    screen: Screen, orders: psycopg.Connection[Any]
) -> None:
    key, cl_ord_id, messages = an_order(screen, orders)
    screen.open(f"orders?id={cl_ord_id}")
    rows = screen.until(screen.table, "the order")
    assert cl_ord_id in rows[0]["ClOrdID"]
    assert rows[0]["State"] == "✓ Filled"
    screen.open(f"order?key={key}")
    screen.page.get_by_text("Its life", exact=True).wait_for()
    shown = screen.until(screen.table, "its messages")
    assert len(shown) == messages
    assert shown[-1]["State"] == "Filled"
    assert screen.page.get_by_role("table", name="Fields of the message").is_visible()


@pytest.mark.parametrize("id_", ["nothing-has-this-id", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "x" * 300])
def test_an_id_that_nothing_has_is_said(screen: Screen, id_: str) -> None:
    screen.open(f"orders?id={id_}")
    screen.page.get_by_text("No order ever had the id").wait_for()


@pytest.mark.parametrize(
    "path", ["order?key=", "order?key=%27", "session?id=x", "order", "session?id=99999999"]
)
def test_a_link_to_nothing_says_where_to_look(screen: Screen, path: str) -> None:
    screen.open(path)
    screen.page.locator(".fw-note").first.wait_for()
    screen.page.get_by_text("All orders" if path.startswith("order") else "All sessions").wait_for()


def test_session_page_says_what_it_did(screen: Screen, orders: psycopg.Connection[Any]) -> None:
    (session_id, sender, target) = screen.until(
        lambda: orders.execute(
            "SELECT session_id, sender_comp_id, target_comp_id FROM sessions WHERE logons > 0 ORDER BY 1 LIMIT 1"
        ).fetchone(),
        "a session",
    )
    screen.open(f"session?id={session_id}")
    screen.page.get_by_role("heading", name=f"{sender} → {target}").wait_for()
    assert "● Logon" in {row.get("What") for row in screen.until(screen.table, "its events")}
    screen.page.get_by_text("The other direction").click()
    screen.page.get_by_role("heading", name=f"{target} → {sender}").wait_for()


def test_system_says_what_runs_and_how_far_it_is(screen: Screen, orders: psycopg.Connection[Any]) -> None:
    screen.open("system")
    assert "● ingesting" in screen.until(screen.table, "the ingester")[0]["State"]
    stored = {row["Partition"] for row in screen.until(lambda: screen.table(1), "the partitions")}
    known = {str(row[0]) for row in orders.execute("SELECT partition FROM ingest_offsets")}
    assert stored == known


def test_overview_says_what_sql_says_of_refusals_and_stuck_orders(
    screen: Screen, orders: psycopg.Connection[Any]
) -> None:
    statement = (
        "SELECT count(*) FILTER (WHERE msg_type IN ('3', 'j')), count(*) FILTER (WHERE msg_type = '9'),"
        " count(*) FILTER (WHERE msg_type = 'Q') FROM messages"
    )
    screen.open("overview?window=1+h")
    before = orders.execute(statement).fetchone()
    assert before is not None
    screen.until(lambda: screen.page.locator(".st-key-desk").count(), "the desk's figures")
    # What is shared among viewers is at most ten seconds old: the figures are those of a moment in between.
    screen.page.wait_for_timeout(11_000)
    shown = [
        int(part.split()[0].replace(",", ""))
        for part in screen.metric("Refusals").split("\n")[-1].split(", ")
    ]
    after = orders.execute(statement).fetchone()
    assert after is not None
    assert all(low <= figure <= high for low, figure, high in zip(before, shown, after, strict=True))
    waiting = orders.execute("SELECT count(*) FROM orders WHERE waiting_for IS NOT NULL").fetchone()
    assert waiting is not None
    (stuck,) = re.findall(r"^([\d,]+)\+?$", screen.metric("Stuck orders"), re.MULTILINE)
    assert int(stuck.replace(",", "")) <= waiting[0]


def test_what_a_link_asks_for_and_cannot_be_had_is_said(screen: Screen) -> None:
    screen.open("orders?list=Nonsense&pair=%3Cb%3E")
    screen.page.get_by_text("Left out of this link's filters").wait_for()
    assert "Nonsense" in main_text(screen)


def test_times_are_in_the_zone_that_a_link_says(screen: Screen) -> None:
    screen.open("orders?list=All&zone=Asia%2FTokyo")
    rows = screen.until(screen.table, "orders")
    assert "Sent (Asia/Tokyo)" in rows[0]
