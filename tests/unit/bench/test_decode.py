from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from fixwatch.bench import decode as bench
from fixwatch.bench.corpus import corpus
from fixwatch.cli import app
from fixwatch.errors import FixwatchError
from fixwatch.fix import _kernel


def test_the_corpus_is_the_same_for_the_same_seed() -> None:
    assert corpus(500, 7) == corpus(500, 7) != corpus(500, 8)


def test_the_report_has_the_baseline_first_and_every_contender() -> None:
    output = (
        CliRunner().invoke(app, ["bench", "decode", "--json", "--messages", "300", "--rounds", "1"]).output
    )
    report = json.loads(output)
    assert report["results"][0]["name"] == "naive"
    assert report["results"][0]["ratio_to_baseline"] == 1
    assert len(report["results"]) == 7
    assert report["simd"] in _kernel.simd_forms()
    assert all(result["messages_per_s"] > 0 for result in report["results"])
    assert 200 < report["corpus"]["mean_bytes"] < 350


def test_a_wrong_answer_stops_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "naive", lambda message: [b"1"] * len(bench.READ_TAGS))
    with pytest.raises(FixwatchError, match="disagree"):
        bench.run(10, 1)
