"""Run the invariants on many inputs: python -m tests.fuzz [--inputs N] [--seed N] [CORPUS ...].

Every round has a seed of its own, counted up from `--seed`, so a finding is a target and a number:
`--target kernel_equals_oracle --seed 1234 --inputs 1` repeats it, given the same seed messages.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.generator import Generator
from tests.fuzz.invariants import TARGETS

#: Shares of the inputs, in percent. The oracle is what takes time.
SHARES = {
    "kernel_equals_oracle": 55,
    "prefixes_equal_oracle": 15,
    "chunking_equivalence": 12,
    "frame_checks_alone_equal_those_of_all": 3,
    "log_lines_chunking": 4,
    "log_blocks_equal_log_lines": 4,
    "redaction_hides_secrets": 7,
}


def seed_messages(paths: list[Path]) -> list[bytes]:
    """The messages in a corpus of the C targets: files of one byte of options, and lines."""
    files = sorted(file for path in paths for file in path.glob("*") if file.suffix != ".md")
    lines = {line for file in files for line in file.read_bytes()[1:].split(b"\n")}
    return sorted(line for line in lines if len(line) > 20)


def run(
    target: Callable[[Generator], int], inputs: int, seed: int, seconds: float, seeds: list[bytes]
) -> int:
    """Run a target until it has looked at so many inputs, or so long. Returns how many it has looked at."""
    done, until = 0, time.monotonic() + seconds
    while done < inputs and time.monotonic() < until:
        try:
            done += target(Generator(seed, seeds))
        except Exception:
            print(f"{target.__name__}: a finding; seed {seed}, {len(seeds)} seed messages", file=sys.stderr)
            raise
        seed += 1
    return done


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--inputs", type=int, default=20_000, help="in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3600, help="at most, in all")
    parser.add_argument("--target", choices=SHARES, help="this one alone")
    parser.add_argument("corpus", type=Path, nargs="*", help="directories of seeds")
    chosen = parser.parse_args()
    seeds = seed_messages(chosen.corpus)
    for name, share in SHARES.items():
        if chosen.target in (None, name):
            percent = 100 if chosen.target else share
            print(f"fuzz: {name}, --seed {chosen.seed}", flush=True)
            done = run(
                TARGETS[name],
                chosen.inputs * percent // 100,
                chosen.seed,
                chosen.seconds * percent / 100,
                seeds,
            )
            print(f"  inputs {done}", flush=True)


if __name__ == "__main__":
    main()
