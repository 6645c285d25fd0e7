"""`fixwatch bench ingest`, as a user runs it, on a small topic: that it checks itself, not how fast it is."""

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
