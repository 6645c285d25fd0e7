"""Every page of the dashboard in both themes: pictured, as wide as the window, and open to everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fixwatch.demo.stack import Stack
from tests.acceptance.accessibility import faults
from tests.acceptance.chromium import Screen
from tests.acceptance.walking import an_order, walk

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
WIDTHS = (1440, 800)
_PLANT = """() => document.body.insertAdjacentHTML('beforeend', `
    <style>svg text { fill: #808495 !important } .planted { position: fixed; top: 200px; z-index: 9999999 }</style>
    <div class="planted"><p style="color: #ccc; background: #fff">pale</p><img src="data:,"><input></div>`)"""


@pytest.fixture
def orders(stack: Stack) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack.postgres.url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_pictured_and_shuts_nobody_out(
    browser: Any, screen: Screen, stack: Stack, orders: psycopg.Connection[Any], scheme: str
) -> None:
    key, _, _ = an_order(screen, orders)
    viewer = Screen(browser, str(stack.dashboard_url), scheme=scheme)
    wrong: list[str] = []
    for name in walk(viewer, key):
        for width in WIDTHS:
            viewer.resize(width)
            viewer.screenshot(ROOT / "screenshots" / f"{name}-{width}-{scheme}.png")
            if viewer.page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth"):
                wrong.append(f"{name} scrolls sideways at {width} px")
        viewer.resize(WIDTHS[0])
        wrong += [f"{name}: {fault}" for fault in faults(viewer.page)]
    viewer.close()
    assert wrong == []


def test_faults_that_are_planted_are_found(screen: Screen) -> None:
    screen.open("")
    screen.page.locator("[data-testid=stVegaLiteChart] svg text").first.wait_for()
    screen.page.evaluate(_PLANT)
    found = "\n".join(faults(screen.page))
    assert [fault in found for fault in ("color-contrast", "image-alt", "(label)", "too faint")] == [True] * 4
