"""Parts of the demo as processes: what happens to them is noticed, said and mended."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixwatch.demo import process
from fixwatch.demo.instance import is_alive
from fixwatch.demo.process import Part
from fixwatch.errors import DemoError

SLEEPS = "import time; print('up', flush=True); time.sleep(60)"
FAILS = "print('starting'); print('no such broker'); raise SystemExit(3)"
STUBBORN = SLEEPS.replace("print", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print", 1)

MakePart = Callable[..., Part]


@pytest.fixture
def part(tmp_path: Path) -> Iterator[MakePart]:
    made: list[Part] = []

    def make(code: str, **options: bool) -> Part:
        made.append(Part("ingest", [sys.executable, "-c", code], {}, tmp_path, **options))
        return made[-1]

    yield make
    for each in made:
        each.stop(0)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_a_running_part_has_nothing_to_say(part: MakePart) -> None:
    running = part(SLEEPS)
    running.start()
    assert running.pid is not None
    assert running.watch() is None
    assert not running.died


def test_a_part_that_dies_is_named_with_its_log_and_last_line(part: MakePart) -> None:
    dying = part(FAILS)
    dying.start()
    until(lambda: dying.exit_status is not None)
    said = dying.watch()
    assert said == f"ingest ended with status 3 (log: {dying.log}): no such broker"
    assert dying.died
    assert dying.watch() is None, "once is enough"


def test_the_signal_that_killed_a_part_is_named(part: MakePart) -> None:
    killed = part("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    killed.start()
    until(lambda: killed.exit_status is not None)
    assert "was killed by SIGKILL" in str(killed.watch())


def test_a_part_that_dies_is_started_again_ever_later(
    part: MakePart, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(process.time, "monotonic", lambda: now)
    dying = part(FAILS, restarted=True)
    dying.start()
    pauses = []
    for _ in range(7):
        process_ended(dying)
        said = str(dying.watch())
        pause = float(said.split("started again in ")[1].split(" s")[0])
        pauses.append(pause)
        now += pause - 0.1
        assert dying.watch() is None, "not yet"
        now += 0.2
        assert dying.watch() == "ingest was started again"
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def process_ended(part: Part) -> None:
    # The clock of the module stands still in that test.
    while part.exit_status is None:
        time.sleep(0.01)


def test_stop_asks_first(part: MakePart) -> None:
    stopped = part(
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); "
        "print('up', flush=True); time.sleep(60)"
    )
    stopped.start()
    until(lambda: stopped.last_lines(1))
    assert stopped.stop(10) == 0
    assert stopped.pid is None
    assert stopped.watch() is None
    assert not stopped.died


def test_stop_kills_what_does_not_listen(part: MakePart) -> None:
    stubborn = part(STUBBORN)
    stubborn.start()
    until(lambda: stubborn.last_lines(1))
    pid = stubborn.pid
    assert stubborn.stop(0.1) == -9
    assert pid is not None
    assert not is_alive(pid)


def test_waiting_for_a_part_that_fails_shows_its_last_lines(part: MakePart) -> None:
    dying = part(FAILS)
    dying.start()
    with pytest.raises(DemoError, match=r"ended with status 3 .*\n  starting\n  no such broker"):
        dying.wait(10)


def test_waiting_for_a_part_that_takes_too_long_ends_it(part: MakePart) -> None:
    endless = part(SLEEPS)
    endless.start()
    with pytest.raises(DemoError, match=r"did not end in 0\.1 s"):
        endless.wait(0.1)
    assert endless.pid is None


def test_last_lines_of_a_long_log_are_cut(part: MakePart) -> None:
    chatty = part("print('x' * 100_000); print(); print('é' * 400)")
    chatty.start()
    chatty.wait(10)
    assert chatty.last_lines(1) == ["é" * 300]
