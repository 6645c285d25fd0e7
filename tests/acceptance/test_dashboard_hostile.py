"""What counterparties may write into every field, on every page: it is shown, and does nothing."""

from __future__ import annotations

import csv
import random
import string
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from fixwatch.demo.stack import Stack
from fixwatch.ingest.batch import Batch
from fixwatch.ingest.batch_store import BatchStore
from fixwatch.settings import load
from fixwatch.store.connection import connect
from fixwatch.store.identities import Identities
from fixwatch.store.migrate import migrate
from fixwatch.store.writer import Writer
from tests.acceptance.chromium import Screen
from tests.acceptance.dashboards import dashboard
from tests.acceptance.walking import open_page

pytestmark = pytest.mark.browser

#: Each begins as a formula does. `unbroken` is as long as an id may be; `long` is longer, and kept back.
HOSTILE = {
    "markup": "=<img src=http://evil.example onerror=alert(1)><script>window.ran=1</script><fw-planted></fw-planted>"
    "</td></div><style>*{display:none}</style>![m](http://evil.example/m)[l](http://evil.example) **b** $x$ :red[r]",
    "odd": "-\0\x07\x08\x1b[31m\x0b\x7f\u0085\u2028%s{0}${y}\\' OR 1=1 --"
    "\u202egpj.exe\u2066\u200f\u061c\u05d0\u05d1<a href=javascript:alert(2)>",
    "unbroken": "@" + "W" * 254,
    "long": "+" + "".join(random.Random(7).choices(string.ascii_letters + "<>&", k=10_000)),
}
#: What is in the page now and was not meant to be there.
PLANTED = """() => [
    ...document.querySelectorAll(
        'fw-planted, [onerror], [src*="evil.example"], [href*="evil.example"], [href^="javascript:"]'),
    ...[...document.querySelectorAll('script')].filter(script => script.textContent.includes('window.ran')),
    ...[...document.querySelectorAll('style')].filter(style => style.textContent === '*{display:none}'),
].map(element => element.outerHTML.slice(0, 200)).concat(window.ran ? ['a script ran'] : [])"""
SIDEWAYS = "() => document.documentElement.scrollWidth > window.innerWidth"
#: Tags of texts, and of CompIDs and the like: all of them get the hostile one.
TEXTS = (1, 11, 15, 17, 30, 37, 41, 48, 55, 100, 109, 207)
ENDS = (49, 50, 142, 56, 57, 143)


def framed(fields: list[tuple[int, str]]) -> bytes:
    """A message whose BodyLength(9) and CheckSum(10) are right."""
    body = b"".join(f"{tag}={value}\x01".encode() for tag, value in fields)
    head = b"8=FIX.4.4\x019=%d\x01" % len(body)
    return head + body + b"10=%03d\x01" % (sum(head + body) % 256)


def messages_of(text: str, at: datetime) -> Iterator[bytes]:
    """Logon, order, fill, Reject with `text` in every field that may hold any; and one that is garbled."""
    time = f"{at:%Y%m%d-%H:%M:%S}.000"
    there = [(tag, text) for tag in ENDS]
    back = [*zip(ENDS, (text for _ in ENDS), strict=True)]
    texts = [*((tag, text) for tag in TEXTS), (58, 40 * text)]
    order = [(54, "1"), (38, "100"), (40, "2"), (44, "1.5"), (60, time)]
    fill = [
        (150, "F"),
        (39, "1"),
        (54, "1"),
        (38, "100"),
        (32, "10"),
        (31, "1.5"),
        (14, "10"),
        (151, "90"),
        (6, "1.5"),
    ]

    def message(msg_type: str, number: int, fields: list[tuple[int, str]]) -> bytes:
        return framed(
            [(35, msg_type), *(there if msg_type == "D" else back), (34, str(number)), (52, time), *fields]
        )

    yield message("A", 1, [(98, "0"), (108, "30"), (58, 40 * text)])
    yield message("D", 2, texts + order)
    yield message("8", 3, [*texts, *fill, (60, time)])
    yield message("3", 4, [(45, "1"), (58, 40 * text), (372, text)])
    yield message("8", 5, [*texts, *fill, (60, time)])[:-8] + b"10=000\x01"


@pytest.fixture(scope="module")
def hostile(stack: Stack) -> Iterator[tuple[str, str]]:
    """A dashboard, and the database that it reads: the hostile messages are in it, and nothing else."""
    with psycopg.connect(stack.postgres.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE hostile")
    url = stack.postgres.url.replace("/fixwatch?", "/hostile?")
    now = datetime.now(UTC)
    values = [message for text in HOSTILE.values() for message in messages_of(text, now)]
    with (
        connect(url, application_name="test", autocommit=True) as control,
        connect(url, application_name="test", autocommit=True) as writing,
    ):
        migrate(control)
        control.execute("SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date - 1, 4)")
        store = BatchStore([Writer(writing)], Identities(control), load(database_url=url), "<b>test</b>")
        store.locate("id", [0])
        stamp = int(now.timestamp() * 1000)
        store.store(
            Batch(values, [0] * len(values), [*range(len(values))], [stamp] * len(values)), {0: len(values)}
        )
        store.finish()
        store.close()
    with dashboard(url) as address:
        yield address, url


def test_everything_that_may_be_is_folded(hostile: tuple[str, str]) -> None:
    _, url = hostile
    assert rows(
        url,
        "SELECT count(*), count(*) FILTER (WHERE quarantined), (SELECT count(*) FROM trades),"
        " (SELECT count(*) FROM orders), (SELECT count(*) FROM sessions) FROM messages",
    ) == [(20, 8, 3, 3, 3)]


def rows(url: str, statement: LiteralString) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def test_hostile_text_does_nothing_on_any_page(browser: Any, hostile: tuple[str, str]) -> None:
    address, url = hostile
    orders = rows(url, "SELECT order_key FROM orders ORDER BY 1")
    sessions = rows(url, "SELECT session_id FROM sessions ORDER BY 1")
    pages = [
        *("", "blotter", "orders?list=All", "sessions", "quarantine", "system"),
        *(f"order?key={key}" for (key,) in orders),
        *(f"session?id={session_id}" for (session_id,) in sessions[::2]),
        *(f"messages?from=The+log&topic=fix-trades&partition=0&offset={place}" for place in (2, 17)),
    ]
    viewer = Screen(browser, address)
    wrong: list[str] = []
    for page in pages:
        open_page(viewer, page)
        for width in (1440, 800):
            viewer.resize(width)
            viewer.page.wait_for_timeout(200)
            if viewer.page.evaluate(SIDEWAYS):
                wrong.append(f"{page} scrolls sideways at {width} px")
        wrong += [f"{page}: {planted}" for planted in viewer.page.evaluate(PLANTED)]
        if viewer.page.get_by_text("Traceback").or_(viewer.page.locator("[data-testid=stException]")).count():
            wrong.append(f"{page}: {viewer.page.inner_text('body')[:500]}")
        viewer.resize(1440)
    viewer.close()
    assert wrong == []


def test_export_of_hostile_trades_runs_nothing(
    browser: Any, hostile: tuple[str, str], tmp_path: Path
) -> None:
    viewer = Screen(browser, hostile[0]).open("blotter")
    viewer.page.get_by_role("button", name="Export all that match").click()
    save = viewer.page.get_by_role("button", name="Save CSV")
    save.wait_for()
    with viewer.page.expect_download() as download:
        save.click()
    file = tmp_path / "trades.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        found = list(csv.DictReader(opened))
    viewer.close()
    # Postgres keeps no NUL: its place is marked.
    expected = sorted("'" + HOSTILE[name].replace("\0", "\ufffd") for name in ("markup", "odd", "unbroken"))
    for column in ("exec_id", "symbol", "account", "order_id", "cl_ord_id", "last_mkt", "currency"):
        assert sorted(row[column] for row in found) == expected, column
