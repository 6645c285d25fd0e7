"""How fast messages become columns, against splitting them in Python and against other decoders.

Every contender reads the same corpus in every round, one after the other in an order of its own, so that what slows
the machine slows all of them; the median round counts. Before that, all must agree on the values. Time is this
process's processor time, on one core. Other decoders (`bench/peers.py`) take part where they are installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from statistics import median
from time import process_time
from typing import Any, Final

import pyarrow as pa

from fixwatch.bench.corpus import corpus
from fixwatch.bench.machine import machine
from fixwatch.bench.peers import Peer, peers
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
    """A contender's median round; `messages` says of how many: not all read the whole corpus."""

    name: str
    messages_per_s: float
    mb_per_s: float
    ratio_to_baseline: float
    messages: int


@dataclass(frozen=True, slots=True)
class Contender:
    """What is measured: `work` decodes `messages`, all of them."""

    name: str
    work: Callable[[], None]
    messages: Sequence[bytes]


def run(count: int, rounds: int, seed: int = 1) -> dict[str, Any]:
    """Measure: `machine`, `simd` (the kernel's form), `corpus`, and `results`, the baseline first.

    Raises FixwatchError where the contenders disagree on the values.
    """
    messages = corpus(count, seed)
    others = peers(READ_TAGS)
    _prove_agreement(messages)
    _prove_agreement_of(others, messages)
    contenders = [*_contenders(messages), *(_contender(peer, messages) for peer in others)]
    with _one_core():
        for contender in contenders:  # warm
            contender.work()
        times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
        order = Random(seed)  # noqa: S311  (so that none always follows the same one, whose traces are in the caches)
        for _ in range(rounds):
            for contender in order.sample(contenders, len(contenders)):
                times[contender.name].append(_timed(contender.work))
    medians = [median(times[contender.name]) for contender in contenders]
    baseline = medians[0] / count
    size = sum(map(len, messages))
    return {
        "machine": machine(),
        "simd": _kernel.simd_form(),
        "corpus": {"messages": count, "mean_bytes": round(size / count, 1), "seed": seed, "rounds": rounds},
        "results": [
            _result(contender, taken, baseline) for contender, taken in zip(contenders, medians, strict=True)
        ],
    }


def _result(contender: Contender, taken: float, baseline: float) -> Result:
    """`baseline`: seconds a message of the naive contender."""
    count, size = len(contender.messages), sum(map(len, contender.messages))
    return Result(
        contender.name,
        messages_per_s=round(count / taken),
        mb_per_s=round(size / taken / 1e6, 1),
        ratio_to_baseline=round(baseline * count / taken, 2),
        messages=count,
    )


def _contender(peer: Peer, messages: list[bytes]) -> Contender:
    share = messages[:: peer.every]

    def work() -> None:
        for message in share:
            peer.read(message)

    return Contender(peer.name, work, share)


def _contenders(messages: list[bytes]) -> list[Contender]:
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

    works = {
        "naive": baseline,
        "kernel, frame checks, list of bytes": kernel(frame, batches),
        "kernel, frame checks, one buffer": kernel(frame, arrays),
        "kernel, all checks, list of bytes": kernel(everything, batches),
        "kernel, all checks, one buffer": kernel(everything, arrays),
        "portable kernel, frame checks, one buffer": portable(kernel(frame, arrays)),
        "portable kernel, all checks, one buffer": portable(kernel(everything, arrays)),
    }
    return [Contender(name, work, messages) for name, work in works.items()]


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


def _prove_agreement_of(others: Sequence[Peer], messages: list[bytes]) -> None:
    for peer in others:
        for message in messages[:: peer.every]:
            found = [value.encode() if isinstance(value, str) else value for value in peer.read(message)]
            if found != naive(message):
                raise FixwatchError(f"{peer.name} and the baseline disagree about {message!r}.")


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
