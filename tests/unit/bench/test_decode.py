from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from fixwatch.bench import decode as bench
from fixwatch.bench.corpus import corpus
from fixwatch.bench.peers import Peer, peers
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
    assert len(report["results"]) == 7 + len(peers(bench.READ_TAGS))
    assert all(
        result.keys() == {"name", "messages_per_s", "mb_per_s", "ratio_to_baseline", "messages"}
        for result in report["results"]
    )
    assert report["simd"] in _kernel.simd_forms()
    assert all(result["messages_per_s"] > 0 for result in report["results"])
    assert 200 < report["corpus"]["mean_bytes"] < 350


def test_a_wrong_answer_stops_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "naive", lambda message: [b"1"] * len(bench.READ_TAGS))
    with pytest.raises(FixwatchError, match="disagree"):
        bench.run(10, 1)


def test_other_decoders_that_are_installed_agree_on_the_values() -> None:
    found = {peer.name.partition(",")[0]: peer for peer in peers(bench.READ_TAGS)}
    assert "simplefix" in found  # the tests' own; refix and quickfix where they are
    assert found.keys() <= {"refix", "quickfix", "simplefix"}
    for peer in found.values():
        for message in corpus(200):
            read = [value.encode() if isinstance(value, str) else value for value in peer.read(message)]
            assert read == bench.naive(message)


def test_what_reads_a_share_of_the_corpus_says_so() -> None:
    output = CliRunner().invoke(app, ["bench", "decode", "--messages", "300", "--rounds", "1"]).output
    simplefix = next(line for line in output.splitlines() if line.startswith("simplefix, no checks"))
    assert simplefix.endswith("x  of 15 messages")


def test_a_decoder_that_disagrees_stops_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Peer("wrong, no checks", lambda message: [b"1"] * len(bench.READ_TAGS), 1)
    monkeypatch.setattr(bench, "peers", lambda tags: [wrong])
    with pytest.raises(FixwatchError, match="wrong, no checks and the baseline disagree"):
        bench.run(10, 1)
