"""Latencies as histograms that merge by adding: which microseconds a bucket holds, and what a histogram says.

`ingest/_histogram.h` puts a latency in its bucket. Buckets are signed and logarithmic, 16 to a power of two: none is
wider than a sixteenth of its values, and magnitudes below 16 us have a bucket each. Bucket 0 holds 0 alone, and -b
what b holds with the other sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from math import ceil

#: Buckets a power of two.
STEPS = 16


def bounds(bucket: int) -> tuple[int, int]:
    """The least and the greatest microseconds in a bucket, both included."""
    if bucket < 0:
        least, greatest = bounds(-bucket)
        return -greatest, -least
    if bucket < STEPS:
        return bucket, bucket
    shift = bucket // STEPS - 1
    least = (STEPS + bucket % STEPS) << shift
    return least, least + (1 << shift) - 1


def quantile(counts: Mapping[int, int], share: float) -> int | None:
    """Microseconds that a share (0 to 1) of what was counted, by bucket, does not exceed; None where nothing was.

    It is the greatest of its bucket: too high by a sixteenth at most.
    """
    total = sum(counts.values())
    if not total:
        return None
    buckets = sorted(bucket for bucket, count in counts.items() if count)
    sums = accumulate(counts[bucket] for bucket in buckets)
    wanted = max(1, ceil(share * total))
    return next(bounds(bucket)[1] for bucket, seen in zip(buckets, sums, strict=True) if seen >= wanted)
