from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from fixwatch.fix.columns import Column, Kind
from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.encoder import encode
from fixwatch.ingest.extra import extra

COLUMNS = [
    Column(5001, "desk", Kind.TEXT),
    Column(5002, "score", Kind.DECIMAL),
    Column(5003, "at", Kind.TIMESTAMP),
    Column(5004, "day", Kind.DATE),
    Column(5005, "ok", Kind.BOOLEAN),
    Column(5006, "n", Kind.INT),
    Column(5007, "time", Kind.TZ_TIME),
]


def extras(*fields: list[tuple[int, Any]]) -> list[Any]:
    messages = [encode([(35, "0"), *some]) for some in fields]
    columns = decode(messages, DecodeOptions(columns=COLUMNS)).columns
    rows = extra(columns.select([column.name for column in COLUMNS])).to_pylist()
    return [row and json.loads(row, parse_float=Decimal) for row in rows]


def test_what_a_message_has_is_in_it_by_name() -> None:
    every = [(5001, "EQ"), (5002, "-0.50"), (5003, "20260102-09:30:00.000001"), (5004, "20260102")]
    assert extras([*every, (5005, "N"), (5006, -7), (5007, "09:30+01")], [(5006, 0)]) == [
        {
            "desk": "EQ",
            "score": Decimal("-0.5"),
            "at": "2026-01-02T09:30:00.000001Z",
            "day": "2026-01-02",
            "ok": False,
            "n": -7,
            "time": "08:30:00.000000",
        },
        {"n": 0},
    ]


def test_a_message_that_has_none_of_them_is_null() -> None:
    assert extras([(58, "x")], [(5001, "x")], []) == [None, {"desk": "x"}, None]


def test_texts_come_back_as_they_were() -> None:
    texts = ['"', "\\", "a\tb\x7f", "é漢", "{}", '","x":"', "\u2028"]
    assert extras(*([(5001, text)] for text in texts)) == [{"desk": text} for text in texts]
    assert extras([(5001, b"\x00\xff")]) == [{"desk": "\ufffdÿ"}]


def test_numbers_are_exact() -> None:
    numbers = ["0", "100", "0.000000000000000001", "-99999999999999999999.999999999999999999", "10.10"]
    assert extras(*([(5002, number)] for number in numbers)) == [
        {"score": Decimal(number)} for number in numbers
    ]
