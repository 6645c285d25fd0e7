"""The benchmarks of ingestion, as a user runs them: that they check themselves, not how fast it is."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_bench_ingest_verifies_what_it_stored() -> None:
    command = [sys.executable, "-m", "fixwatch", "bench", "ingest", "--json", "--messages", "5000"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert report["verified"] is True
    assert report["messages"] == 5000
    rates = ("messages_per_s", "copy_limit_messages_per_s", "row_at_a_time_messages_per_s")
    assert all(report[name] > 0 for name in rates)
    assert report["ratio_to_row_at_a_time"] > 1


@pytest.mark.slow
def test_bench_latency_sees_every_message() -> None:
    command = [
        sys.executable,
        "-m",
        "fixwatch",
        "bench",
        "latency",
        "--json",
        "--rate",
        "100",
        "--seconds",
        "3",
    ]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert report["messages"] >= 300
    assert 0 < report["p50_ms"] <= report["p99_ms"] <= report["max_ms"]
    assert report["bare_p50_ms"] > 0


@pytest.mark.slow
def test_bench_growth_fills_the_log_and_ingests_on_top_of_it() -> None:
    command = [sys.executable, "-m", "fixwatch", "bench", "growth", "--json", "--rows", "250000,300000"]
    done = subprocess.run([*command, "--messages", "5000"], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    # Copies are whole: of 200,000 rows, and with what was ingested on top of the first.
    assert [result["rows_in_log"] for result in report["results"]] == [400_000, 405_000]
    assert report["ratio_of_last_to_first"] > 0


@pytest.mark.slow
def test_bench_read_checks_what_it_reads() -> None:
    command = [sys.executable, "-m", "fixwatch", "bench", "read", "--json", "--rows", "20000,40000"]
    done = subprocess.run([*command, "--asked", "10"], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert report["rows_in_log"] == [20_000, 40_000]
    assert set(report["queries"]) >= {"overview, an hour", "trades", "order by id", "order with its timeline"}
    assert report["worst_ratio"] > 0
