"""Chromium for the browser tests, and how to read Streamlit's page with it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

#: Chromium must be there: a test run that must not skip says so.
REQUIRED = os.environ.get("FIXWATCH_REQUIRE_BROWSER") == "1"

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Milliseconds for anything to appear: a page on a busy machine with two cores.
PATIENCE_MS = 30_000


@contextmanager
def chromium() -> Iterator[Any]:
    """A Chromium, headless; the test is skipped where there is none, or fails where one is required."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        _missing("Playwright is not installed: pip install playwright")
        raise
    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        try:
            browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        except Error as error:
            _missing(f"Chromium does not start: {str(error).splitlines()[0]}")
            raise
        yield browser
        browser.close()


def _missing(reason: str) -> None:
    if not REQUIRED:
        pytest.skip(reason)
    pytest.fail(f"{reason} (FIXWATCH_REQUIRE_BROWSER=1)")


class Screen:
    """One viewer's page. It fails the test when a script of the page fails or asks a host that is not ours."""

    def __init__(self, browser: Any, url: str, *, width: int = 1440, scheme: str = "light") -> None:
        self.url = url
        self.problems: list[str] = []
        self.width = width
        self._context = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme)
        self.page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        self.page.on("dialog", lambda dialog: self.problems.append(f"dialog: {dialog.message}"))
        self.page.on("request", self._check_host)

    def open(self, path: str) -> Screen:
        """Go to a page, and wait until it says how it is."""
        self.page.goto(f"{self.url}/{path}")
        self.page.wait_for_selector(".fw-status")
        return self

    def close(self) -> None:
        """Close the page; what went wrong in it fails the test."""
        self._context.close()
        assert self.problems == []

    @property
    def status(self) -> str:
        """The text of the status line."""
        return str(self.page.inner_text(".fw-status"))

    def metric(self, label: str) -> str:
        """A figure of the overview with what stands below it."""
        found = self.page.locator("[data-testid=stMetric]").filter(has_text=label)
        return str(found.first.inner_text())

    def table(self, place: int = 0) -> list[dict[str, str]]:
        """The rows of a table that are on the screen, by column: the grid keeps them in hidden HTML as well.

        A grid that has its size and not yet its data has empty rows there: these are none.
        """
        rows: list[list[str]] = self.page.evaluate(
            """place => {
                const grid = document.querySelectorAll('[data-testid=stDataFrame]')[place];
                const cells = row => [...row.querySelectorAll('th, td')].map(cell => cell.textContent);
                return grid ? [...grid.querySelectorAll('canvas table tr')].map(cells) : [];
            }""",
            place,
        )
        return [dict(zip(rows[0], row, strict=False)) for row in rows[1:] if any(row)] if rows else []

    def select_row(self, row: int) -> None:
        """Tick the first table's row, counted from 0; -1: all, by the box in the heading."""
        # A row is as high as the header: 2.3 times the text of 14 px.
        box = self.page.locator("[data-testid=stDataFrame]").first.bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + 18, box["y"] + 32 * (row + 1) + 18)

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait for a condition, and give what it answered."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not (answer := condition()):
            if time.monotonic() > deadline:
                shown = self.page.inner_text("body")
                pytest.fail(f"Never {what}. The screen shows:\n{shown[:2_000]}")
            self.page.wait_for_timeout(100)
        return answer

    def paste(self, label: str, text: str) -> None:
        """Put a text into a field, whatever its length, and leave the field."""
        field = self.page.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Control+Enter")

    def rows(self, table: Any) -> list[list[str]]:
        """The cells of a table of ours, row by row."""
        found: list[list[str]] = table.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent))"
        )
        return found

    def resize(self, width: int) -> None:
        """Make the window as wide as this, px."""
        self.width = width
        self.page.set_viewport_size({"width": width, "height": 1000})

    def screenshot(self, file: Path) -> None:
        """A picture of the whole page."""
        file.parent.mkdir(parents=True, exist_ok=True)
        height = self.page.evaluate(
            "() => document.querySelector('[data-testid=stMainBlockContainer]').getBoundingClientRect().height"
        )
        self.page.set_viewport_size({"width": self.width, "height": max(1000, int(height) + 20)})
        self.page.mouse.move(2, 900)
        self.page.wait_for_timeout(1_200)
        self.page.screenshot(path=str(file))
        self.resize(self.width)

    def _check_host(self, request: Any) -> None:
        if not request.url.startswith((self.url, self.url.replace("http", "ws"), "data:", "blob:")):
            self.problems.append(f"asks another host: {request.url}")
