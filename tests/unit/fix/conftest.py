"""What the decoder's tests share: messages that are right, and how to say what came of one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE, Verdict

Outcome = Callable[..., tuple[str, list[str]]]


def outcome_of(message: bytes | None, options: DecodeOptions) -> tuple[str, list[str]]:
    decoded = decode([message], options)
    labels = [
        BY_CODE[row["reason"]].label + ("" if row["ref_tag"] is None else f":{row['ref_tag']}")
        for row in decoded.defects.to_pylist()
    ]
    return Verdict(decoded.verdicts[0].as_py()).label, labels


@pytest.fixture
def outcome() -> Outcome:
    """The verdict's label and the defects as `reason:tag`, of a message decoded with DecodeOptions(**options)."""

    def of(message: bytes | None, **options: object) -> tuple[str, list[str]]:
        return outcome_of(message, DecodeOptions(**options))  # type: ignore[arg-type]

    return of
