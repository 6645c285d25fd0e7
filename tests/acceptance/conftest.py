"""The browser, and the real flow that the dashboard's tests look at: simulator, broker, ingester, Postgres."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixwatch.demo.stack import Plan, Stack
from tests.acceptance.chromium import Screen, chromium
from tests.acceptance.dashboards import free_port, wait_for_health


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def stack(browser: Any) -> Iterator[Stack]:
    # Not pytest's own directory: Postgres may run as another user, and a second run of pytest closes it to others.
    with tempfile.TemporaryDirectory(prefix="fixwatch-") as directory:
        yield from _running(Path(directory) / "demo")


def _running(data_dir: Path) -> Iterator[Stack]:
    plan = Plan(
        data_dir=data_dir,
        rate=100,
        faults="default",
        seed=7,
        only=None,
        shuffle=False,
        partitions=4,
        dashboard=True,
        dashboard_port=free_port(),
    )
    with Stack(plan, say=print) as running:
        assert running.dashboard_port is not None
        wait_for_health(running.dashboard_port)
        yield running


@pytest.fixture
def screen(browser: Any, stack: Stack) -> Iterator[Screen]:
    viewer = Screen(browser, str(stack.dashboard_url))
    yield viewer
    viewer.close()
