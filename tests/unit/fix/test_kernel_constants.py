"""Numbers that stand in C's headers and in Python are the same numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fixwatch.fix import columns, defects, dictionary, tables
from fixwatch.fix.data_fields import DATA_LENGTH_TAG

HEADERS = "\n".join(path.read_text() for path in sorted(Path(columns.__file__).parent.glob("_*.h")))
CONSTANTS = {
    name: int(number)
    for name, number in re.findall(r"(?:#define +)?\bFW_([A-Z0-9_]+)(?: = | )(\d+)\b", HEADERS)
}


def test_defects_have_one_code() -> None:
    for reason in defects.DefectReason:
        if reason is not defects.DefectReason.REFUSED_BY_DATABASE:  # the store's, the kernel never says it
            assert CONSTANTS[reason.name] == reason.code, reason
    assert CONSTANTS["FIRST_DICTIONARY_CODE"] == defects.FIRST_DICTIONARY_CODE


@pytest.mark.parametrize("verdict", defects.Verdict)
def test_verdicts_have_one_code(verdict: defects.Verdict) -> None:
    assert CONSTANTS[verdict.name] == verdict


@pytest.mark.parametrize("kind", columns.Kind)
def test_kinds_of_columns_have_one_code(kind: columns.Kind) -> None:
    assert CONSTANTS[kind.name] == kind


@pytest.mark.parametrize("kind", tables.FieldType)
def test_types_of_fields_have_one_code(kind: tables.FieldType) -> None:
    assert CONSTANTS[f"TYPE_{kind.name}"] == kind


def test_limits_are_the_same() -> None:
    assert CONSTANTS["SCALE"] == columns.DECIMAL_SCALE
    assert CONSTANTS["WHOLE_DIGITS"] == columns.DECIMAL_PRECISION - columns.DECIMAL_SCALE
    assert CONSTANTS["MAX_ID_BYTES"] == columns.MAX_ID_BYTES
    assert CONSTANTS["VERSIONS"] == len(dictionary.VERSIONS)
    assert dictionary.VERSIONS[CONSTANTS["VERSION_FIXT"]] == "FIXT.1.1"
    assert [version[:6] for version in dictionary.VERSIONS[:5]] == ["FIX.4."] * 5
    assert len(DATA_LENGTH_TAG) <= CONSTANTS["MAX_PAIRS"]
    assert max(*DATA_LENGTH_TAG, *DATA_LENGTH_TAG.values()) < CONSTANTS["ROLE_TAGS"]
    assert max(column.tag for column in columns.COLUMNS) < CONSTANTS["COLUMN_TAGS"]
