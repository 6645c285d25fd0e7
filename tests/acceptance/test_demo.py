"""`fixwatch demo` as people run it: it reconciles, goes on where it was, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote

import psutil
import psycopg
import pytest

from fixwatch.demo.found import find
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.demo.reconciliation import reconcile
from fixwatch.demo.runs import Runs
from fixwatch.sources.simulator.faults import DEFAULT_SHARES
from fixwatch.sources.simulator.ledger import Fills, Ledger

#: The default faults, but more of each: eight seconds of the default would miss some.
FAULTS = ",".join(f"{fault}={share * 4:g}" for fault, share in DEFAULT_SHARES.items())


def demo(data_dir: Path, *arguments: str) -> list[str]:
    return [
        sys.executable, "-m", "fixwatch", "demo", "--headless", "--data-dir", str(data_dir), *arguments,
    ]  # fmt: skip


def run(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        demo(data_dir, *arguments), capture_output=True, text=True, check=False, timeout=120
    )


def processes(data_dir: Path, known: frozenset[int] = frozenset()) -> list[str]:
    """Everything alive that was started for the directory; and those of `known` that are alive."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        try:
            environment = process.environ()
            command = process.info["cmdline"] or []
        except psutil.Error:
            continue
        said = " ".join([*command, unquote(environment.get("FIXWATCH_DATABASE_URL", ""))])
        belongs = str(data_dir) in said or process.pid in known
        if belongs and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(" ".join(command))
    return found


def recorded(data_dir: Path) -> dict[str, int]:
    """The processes that a running demo says it has."""
    processes = json.loads((data_dir / "demo.json").read_text())["processes"]
    return {name: pid for name, (pid, _) in processes.items()}


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def stored(data_dir: Path) -> int:
    """Messages in the log of a running demo; 0 as long as it is starting."""
    try:
        with psycopg.connect(EmbeddedPostgres(data_dir / "postgres").url) as connection:
            row = connection.execute("SELECT sum(next_offset) FROM ingest_offsets").fetchone()
    except (OSError, IndexError, psycopg.Error):
        return 0
    return int(row[0] or 0) if row else 0


@dataclass(frozen=True)
class Story:
    """What was printed when, in one data directory.

    `first` ran until Ctrl-C; in the meantime `intruder` was started beside it, and its ingester was killed.
    `second` ran for a while and ended by itself.
    """

    data_dir: Path
    first: str
    first_pid: int
    intruder: subprocess.CompletedProcess[str]
    second: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    data_dir = tmp_path_factory.mktemp("demo") / ".fixwatch"
    arguments = ("--seed", "1", "--rate", "500", "--faults", FAULTS)
    with subprocess.Popen(
        demo(data_dir, *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as first:
        try:
            until(lambda: stored(data_dir) > 0)
            intruder = run(data_dir, "--seconds", "5")
            # It is not disturbed.
            before = stored(data_dir)
            until(lambda: stored(data_dir) > before)
            killed = recorded(data_dir)["ingest"]
            os.kill(killed, signal.SIGKILL)
            until(lambda: recorded(data_dir).get("ingest", killed) != killed)
        finally:
            first.send_signal(signal.SIGINT)
        printed, _ = first.communicate(timeout=120)
    assert first.returncode == 0, printed
    assert processes(data_dir) == []
    second = run(data_dir, "--seconds", "8", "--seed", "1")
    return Story(data_dir, printed, first.pid, intruder, second)


def test_the_headless_demo_reconciles(story: Story) -> None:
    assert story.second.returncode == 0, story.second.stdout + story.second.stderr
    assert story.second.stderr == ""
    agreed = re.search(r"^(\d+) of (\d+) lines agree", story.second.stdout, re.MULTILINE)
    assert agreed is not None
    assert agreed[1] == agreed[2]
    assert int(agreed[1]) > 50


def test_a_second_run_goes_on_with_the_first_ones_data(story: Story) -> None:
    ledgers = Runs(story.data_dir)
    topic_ids = ledgers.finished()
    assert len(topic_ids) == 2, "the first one stored everything before it ended"
    counts = [ledgers.ledger([topic_id]).messages for topic_id in topic_ids]
    assert min(counts) > 100
    assert f" {sum(counts):,} │" in story.second.stdout


def test_a_second_demo_in_the_directory_says_who_has_it(story: Story) -> None:
    assert story.intruder.returncode == 1
    assert story.intruder.stdout == ""
    assert story.intruder.stderr.startswith("fixwatch: A demo runs already in ")
    assert f"(process {story.first_pid})" in story.intruder.stderr
    assert len(story.intruder.stderr.splitlines()) == 1


def test_a_dead_ingester_is_named_and_started_again(story: Story) -> None:
    assert "ingest was killed by SIGKILL" in story.first
    assert "ingest was started again" in story.first


def test_every_fault_was_injected_and_found(story: Story) -> None:
    ledgers = Runs(story.data_dir)
    assert ledgers.ledger(ledgers.finished()).faults.keys() == set(DEFAULT_SHARES)


def test_a_falsified_ledger_disagrees(story: Story) -> None:
    ledgers = Runs(story.data_dir)
    topic_ids = ledgers.finished()
    true = ledgers.ledger(topic_ids)
    with EmbeddedPostgres(story.data_dir / "postgres") as postgres:
        found = find(postgres.url, topic_ids, true.run.split("+"))
    orders = list(ledgers.orders(topic_ids))
    assert all(line.agrees for line in reconcile(true, orders, found))
    symbol = next(iter(true.fills))
    cent = true.fills[symbol] + Fills(0, Decimal(0), Decimal("0.01"))
    for false, name in (
        (replace(true, fills=true.fills | {symbol: cent}), f"{symbol} notional"),
        (replace(true, messages=true.messages + 1), "sent, and in the log"),
        (replace(true, busts=true.busts - 1), "busts"),
    ):
        assert name in {line.name for line in reconcile(false, orders, found) if not line.agrees}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A demo that stores messages."""
    with subprocess.Popen(
        demo(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            until(lambda: stored(tmp_path) > 0)
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def test_a_killed_demo_leaves_nothing_and_the_next_one_reconciles_without_it(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    parts = recorded(tmp_path)
    assert parts.keys() == {"broker", "ingest", "alert", "simulate"}
    known = frozenset(parts.values())
    # Those, the demo, its guard and Postgres.
    assert len(processes(tmp_path, known)) >= 7
    running.kill()
    running.wait()
    until(lambda: processes(tmp_path, known) == [])
    following = run(tmp_path, "--seconds", "3")
    assert following.returncode == 0, following.stdout + following.stderr
    (killed,) = Runs(tmp_path).unfinished()
    assert f"Left out: run {killed}" in following.stdout
    assert Ledger.read(Runs(tmp_path).running(killed)).state == "running"


def test_wrong_faults_are_refused_before_anything_starts(tmp_path: Path) -> None:
    done = run(tmp_path / "new", "--faults", "gremlins=1")
    assert done.returncode == 1
    assert "gremlins" in done.stderr
    assert not (tmp_path / "new").exists()
