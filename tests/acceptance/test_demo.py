"""`fixwatch demo` as people run it: it reconciles, goes on where it was, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
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


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which a demo ran twice, the second time on the first one's data."""
    return tmp_path_factory.mktemp("demo") / ".fixwatch"


@pytest.fixture(scope="module")
def runs(data_dir: Path) -> list[subprocess.CompletedProcess[str]]:
    first = run(data_dir, "--seconds", "8", "--seed", "1", "--faults", "default")
    second = run(data_dir, "--seconds", "4", "--seed", "1", "--rate", "500", "--faults", FAULTS)
    return [first, second]


def test_the_headless_demo_reconciles(runs: list[subprocess.CompletedProcess[str]]) -> None:
    for done in runs:
        assert done.returncode == 0, done.stdout + done.stderr
        assert "NO" not in done.stdout
        assert done.stderr == ""


def test_a_second_run_goes_on_with_the_first_ones_data(
    runs: list[subprocess.CompletedProcess[str]], data_dir: Path
) -> None:
    ledgers = Runs(data_dir)
    topic_ids = ledgers.finished()
    assert len(topic_ids) == 2
    counts = [ledgers.ledger([topic_id]).messages for topic_id in topic_ids]
    assert min(counts) > 500
    assert f"{sum(counts):,}" in runs[1].stdout
    assert f"{sum(counts):,}" not in runs[0].stdout


def test_every_fault_was_injected_and_found(
    runs: list[subprocess.CompletedProcess[str]], data_dir: Path
) -> None:
    ledgers = Runs(data_dir)
    injected = ledgers.ledger(ledgers.finished()).faults
    assert injected.keys() == set(DEFAULT_SHARES)


def test_a_falsified_ledger_disagrees(runs: list[subprocess.CompletedProcess[str]], data_dir: Path) -> None:
    ledgers = Runs(data_dir)
    topic_ids = ledgers.finished()
    true = ledgers.ledger(topic_ids)
    with EmbeddedPostgres(data_dir / "postgres") as postgres:
        found = find(postgres.url, topic_ids)
        assert all(line.agrees for line in reconcile(true, found))
        symbol = next(iter(true.fills))
        cent = true.fills[symbol] + Fills(0, Decimal(0), Decimal("0.01"))
        for false, name in (
            (replace(true, fills=true.fills | {symbol: cent}), f"{symbol} notional"),
            (replace(true, messages=true.messages + 1), "sent, and in the log"),
            (replace(true, busts=true.busts - 1), "busts"),
        ):
            assert name in {line.name for line in reconcile(false, found) if not line.agrees}


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


def test_a_second_demo_in_the_directory_says_who_has_it(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    second = run(tmp_path, "--seconds", "5")
    assert second.returncode == 1
    assert second.stderr.startswith("fixwatch: A demo runs already in ")
    assert f"(process {running.pid})" in second.stderr
    assert "Traceback" not in second.stdout + second.stderr
    # It is not disturbed, and Ctrl-C ends it in order.
    before = stored(tmp_path)
    until(lambda: stored(tmp_path) > before)
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 0, output
    assert processes(tmp_path) == []
    assert len(Runs(tmp_path).finished()) == 1, "everything that was sent was stored"


def test_a_dead_ingester_is_named_and_started_again(running: subprocess.Popen[str], tmp_path: Path) -> None:
    def ingester() -> int:
        state = json.loads((tmp_path / "demo.json").read_text())
        return int(state["processes"].get("ingest", [0])[0])

    killed = ingester()
    os.kill(killed, signal.SIGKILL)
    until(lambda: ingester() not in (0, killed))
    before = stored(tmp_path)
    until(lambda: stored(tmp_path) > before)
    running.terminate()
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 0, output
    assert "ingest was killed by SIGKILL" in output
    assert "ingest was started again" in output


def test_a_killed_demo_leaves_nothing_and_the_next_one_reconciles_without_it(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    recorded = json.loads((tmp_path / "demo.json").read_text())["processes"]
    assert recorded.keys() == {"broker", "ingest", "simulate"}
    known = frozenset(pid for pid, _ in recorded.values())
    # Those, the demo, its guard and Postgres.
    assert len(processes(tmp_path, known)) >= 6
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
