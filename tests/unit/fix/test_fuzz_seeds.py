"""The fuzzers' seeds and invariants, on a few inputs at every run of the tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fixwatch.fix.decoder import DecodeOptions
from tests.fuzz.__main__ import SHARES, seed_messages
from tests.fuzz.generator import Generator
from tests.fuzz.invariants import TARGETS, agree

CORPUS = Path(__file__).parents[2] / "fuzz/corpus"
SEEDS = sorted(CORPUS.glob("*.fix"))


def test_every_seed_is_explained() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", (CORPUS / "README.md").read_text(), re.MULTILINE)
    assert explained == [seed.stem for seed in SEEDS]
    # libFuzzer adds what it finds to the first directory that it is given.
    assert {file.suffix for file in CORPUS.iterdir()} == {".fix", ".md"}


@pytest.mark.parametrize("profile", ["strict", "tolerant"])
@pytest.mark.parametrize("frame", ["strict", "lenient"])
@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.stem)
def test_the_kernel_equals_the_oracle_on_the_seeds(seed: Path, frame: str, profile: str) -> None:
    messages = [message for message in seed.read_bytes()[1:].split(b"\n") if message]
    agree(messages, DecodeOptions(frame=frame, profile=profile))


@pytest.mark.parametrize("name", TARGETS)
def test_an_invariant_holds_on_a_few_inputs(name: str) -> None:
    seeds = seed_messages([CORPUS])
    assert sum(TARGETS[name](Generator(seed, seeds)) for seed in range(5)) >= 5


def test_every_invariant_has_its_share_of_the_inputs() -> None:
    assert SHARES.keys() == TARGETS.keys()
    assert sum(SHARES.values()) == 100
