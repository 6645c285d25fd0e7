"""How fast messages become columns, against splitting them in Python.

Every contender reads the same corpus in every round, one after the other, so that what slows the machine slows
all of them; the median round counts. Before that, all must agree on the values. Time is this process's
processor time, on one core.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from time import process_time
from typing import Any, Final

import pyarrow as pa

from fixwatch.bench.corpus import corpus
from fixwatch.bench.machine import machine
from fixwatch.errors import FixwatchError
from fixwatch.fix import _kernel
from fixwatch.fix.columns import COLUMNS, Kind
from fixwatch.fix.decoder import DecodeOptions, decode

#: Messages a call: a batch of the ingester.
BATCH: Final = 20_000
#: What the naive contender reads of each message.
READ_TAGS: Final = (17, 37, 11, 55, 54, 38, 44, 32, 31, 151, 14, 6, 60, 150, 39)
_KEYS: Final = tuple(b"%d" % tag for tag in READ_TAGS)


@dataclass(frozen=True, slots=True)
class Result:
    """A contender's median round."""

    name: str
    messages_per_s: float
    mb_per_s: float
    ratio_to_baseline: float


def run(count: int, rounds: int, seed: int = 1) -> dict[str, Any]:
    """Measure: `machine`, `simd` (the kernel's form), `corpus`, and `results`, the baseline first.

    Raises FixwatchError where the contenders disagree on the values.
    """
    messages = corpus(count, seed)
    _prove_agreement(messages)
    contenders = _contenders(messages)
    size = sum(map(len, messages))
    with _one_core():
        times = {name: [_timed(work) for _ in range(1)] for name, work in contenders.items()}  # warm
        for _ in range(rounds):
            for name, work in contenders.items():
                times[name].append(_timed(work))
    medians = {name: median(taken[1:]) for name, taken in times.items()}
    baseline = next(iter(medians.values()))
    return {
        "machine": machine(),
        "simd": _kernel.simd_form(),
        "corpus": {"messages": count, "mean_bytes": round(size / count, 1), "seed": seed, "rounds": rounds},
        "results": [
            Result(name, round(count / taken), round(size / taken / 1e6, 1), round(baseline / taken, 2))
            for name, taken in medians.items()
        ],
    }


def _contenders(messages: list[bytes]) -> dict[str, Callable[[], None]]:
    batches = [messages[start : start + BATCH] for start in range(0, len(messages), BATCH)]
    arrays = [pa.array(batch, pa.large_binary()) for batch in batches]
    frame, everything = DecodeOptions(checks="frame"), DecodeOptions(profile="strict")

    def kernel(options: DecodeOptions, source: list[Any]) -> Callable[[], None]:
        def work() -> None:
            for batch in source:
                decode(batch, options)

        return work

    def baseline() -> None:
        for message in messages:
            naive(message)

    def portable(work: Callable[[], None]) -> Callable[[], None]:
        def portably() -> None:
            before = _kernel.use_simd("portable")
            try:
                work()
            finally:
                _kernel.use_simd(before)

        return portably

    return {
        "naive": baseline,
        "kernel, frame checks, list of bytes": kernel(frame, batches),
        "kernel, frame checks, one buffer": kernel(frame, arrays),
        "kernel, all checks, list of bytes": kernel(everything, batches),
        "kernel, all checks, one buffer": kernel(everything, arrays),
        "portable kernel, frame checks, one buffer": portable(kernel(frame, arrays)),
        "portable kernel, all checks, one buffer": portable(kernel(everything, arrays)),
    }


def naive(message: bytes) -> list[bytes | None]:
    """Split into a dict, verify CheckSum(10) and BodyLength(9), read 15 fields."""
    fields = dict(part.split(b"=", 1) for part in message.split(b"\x01")[:-1])
    begin = len(fields[b"8"]) + len(fields[b"9"]) + 6
    if sum(message[:-7]) % 256 != int(fields[b"10"]) or len(message) - 7 - begin != int(fields[b"9"]):
        raise ValueError("garbled")
    return [fields.get(key) for key in _KEYS]


def _prove_agreement(messages: list[bytes]) -> None:
    columns = {column.tag: column for column in COLUMNS}
    for options in (DecodeOptions(checks="frame"), DecodeOptions(profile="strict")):
        decoded = decode(messages, options)
        if decoded.defects.num_rows:
            raise FixwatchError("The benchmark's messages have defects.")
        values = [decoded.columns.column(columns[tag].name).to_pylist() for tag in READ_TAGS]
        for message, row in zip(messages, zip(*values, strict=True), strict=True):
            wanted = [
                _typed(columns[tag].kind, raw) for tag, raw in zip(READ_TAGS, naive(message), strict=True)
            ]
            if [_comparable(value) for value in row] != wanted:
                raise FixwatchError(f"The kernel and the baseline disagree about {message!r}.")


def _typed(kind: Kind, raw: bytes | None) -> Any:
    if raw is None:
        return None
    return Decimal(raw.decode()) if kind is Kind.DECIMAL else raw.decode()


def _comparable(value: Any) -> Any:
    return f"{value:%Y%m%d-%H:%M:%S.%f}" if hasattr(value, "strftime") else value


def _timed(work: Callable[[], None]) -> float:
    start = process_time()
    work()
    return process_time() - start


@contextmanager
def _one_core() -> Iterator[None]:
    """Stay on one core, where the system has a say in that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
