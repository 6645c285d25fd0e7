"""What goes through binary COPY comes out of a real Postgres as it went in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import LiteralString

import psycopg
import pyarrow as pa
import pytest
from psycopg import sql

from fixwatch.fix.columns import DECIMAL_PRECISION, DECIMAL_SCALE
from fixwatch.fix.decoder import decode
from fixwatch.fix.encoder import encode as message
from fixwatch.store.copy import arrays, encode, send

#: Digits with zeros between them, in every place: what an encoder that works in groups of four gets wrong.
DIGITS = "1000000010000200003000040000500006000070000800009"


def decimals() -> list[Decimal]:
    """Every scale, with few and with as many digits in front as fit, both signs."""
    numbers = [Decimal(0)]
    for scale in range(DECIMAL_SCALE + 1):
        fraction = "." + "0" * (scale - 1) + "1" if scale else ""
        whole = DIGITS[: DECIMAL_PRECISION - DECIMAL_SCALE]
        for front in ("0", "1", "9999", "10000", whole):
            numbers += [Decimal(front + fraction), -Decimal(front + fraction)]
        if scale:
            numbers.append(Decimal("1." + DIGITS[:scale]))
    return numbers


def test_decimals_of_every_scale_come_back_as_they_were(empty_database_url: str) -> None:
    # pgpq#79: 1.00000001 was stored as 1.0001.
    numbers = [Decimal("1.00000001"), Decimal("1.233"), *decimals()]
    header = [(35, "8"), (34, 2), (49, "A"), (52, "20260102-09:30:00"), (56, "B")]
    sent = [message([*header, (31, number)]) for number in numbers]
    column = decode(sent).columns.column("last_px")
    assert column.to_pylist() == numbers
    rows = pa.RecordBatch.from_arrays([pa.array(range(len(numbers)), pa.int64()), column], ["place", "price"])
    with psycopg.connect(empty_database_url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE prices (place bigint, price numeric)")
        send(cursor, encode("prices", rows))
        stored = cursor.execute("SELECT price FROM prices ORDER BY place").fetchall()
    assert [price for (price,) in stored] == numbers


UTC_MICROS = pa.timestamp("us", "UTC")
DECIMAL = pa.decimal128(DECIMAL_PRECISION, DECIMAL_SCALE)
#: Arrow's type, Postgres' type, values that are at the type's edges or in its middle.
VALUES: list[tuple[pa.DataType, str, list[object]]] = [
    (pa.bool_(), "boolean", [True, False, None]),
    (pa.int32(), "integer", [0, -1, 2**31 - 1, -(2**31), None]),
    (pa.int64(), "bigint", [0, -1, 2**63 - 1, -(2**63), None]),
    (pa.string(), "text", ["", "a", "\N{GREEK SMALL LETTER ALPHA} " * 500, None]),
    (pa.date32(), "date", [date(1, 1, 1), date(1999, 12, 31), date(2000, 1, 1), date(9999, 12, 31), None]),
    (
        UTC_MICROS,
        "timestamptz",
        [
            datetime(1970, 1, 1, tzinfo=UTC),
            datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(9999, 12, 31, tzinfo=UTC),
            None,
        ],
    ),
    (DECIMAL, "numeric", [Decimal(0), Decimal("-1.5"), Decimal("0.000000000000000001"), None]),
]


@pytest.mark.parametrize(("kind", "type_name", "values"), VALUES, ids=[name for _, name, _ in VALUES])
def test_values_come_back_as_they_were_by_copy_and_as_an_array(
    empty_database_url: str, kind: pa.DataType, type_name: LiteralString, values: list[object]
) -> None:
    # A slice: what stands in front of it in the buffers is not of it.
    column = pa.array([values[0], None, *values], kind).slice(2)
    rows = pa.RecordBatch.from_arrays([pa.array(range(len(values)), pa.int32()), column], ["place", "value"])
    with psycopg.connect(empty_database_url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE TABLE copied (place integer, value {})").format(sql.SQL(type_name)))
        send(cursor, encode("copied", rows))
        copied = cursor.execute("SELECT value FROM copied ORDER BY place").fetchall()
        sent = arrays(rows)
        unnested = cursor.execute(
            "SELECT value FROM unnest(%(place)s, %(value)s) AS n (place, value) ORDER BY place", sent.columns
        ).fetchall()
    assert sent.rows == len(values)
    assert [value for (value,) in copied] == values
    assert [value for (value,) in unnested] == values


def test_no_rows_are_no_rows(empty_database_url: str) -> None:
    rows = pa.RecordBatch.from_arrays([pa.array([], kind) for kind, _, _ in VALUES], list("abcdefg"))
    with psycopg.connect(empty_database_url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE copied (a boolean, b integer, c bigint, d text, e date, f timestamptz, g numeric)"
        )
        send(cursor, encode("copied", rows))
        assert cursor.execute("SELECT count(*) FROM copied").fetchone() == (0,)
        unnested = "SELECT * FROM unnest(%(a)s, %(b)s, %(c)s, %(d)s, %(e)s, %(f)s, %(g)s)"
        assert cursor.execute(unnested, arrays(rows).columns).fetchall() == []


def test_bytes_lists_and_json_are_copied(empty_database_url: str) -> None:
    lists = [["a", "", "b" * 300], [], None, ["c"]]
    columns = [
        pa.array(range(4), pa.int32()),
        pa.array([b"\0\x01\xff", b"", None, b"x" * 5000], pa.large_binary()),
        pa.array([["front"], *lists], pa.list_(pa.string())).slice(1),
        pa.array(['{"a": 1}', None, "{}", '{"b": "\\u00e9"}'], pa.string()).cast(pa.json_(pa.string())),
        pa.array(["large", None, "", "x"], pa.large_string()),
    ]
    rows = pa.RecordBatch.from_arrays(columns, ["place", "raw", "names", "extra", "long"])
    with psycopg.connect(empty_database_url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE copied (place integer, raw bytea, names text[], extra jsonb, long text)")
        send(cursor, encode("copied", rows))
        found = cursor.execute("SELECT raw, names, extra, long FROM copied ORDER BY place").fetchall()
    assert found == [
        (b"\0\x01\xff", lists[0], {"a": 1}, "large"),
        (b"", [], None, None),
        (None, None, {}, ""),
        (b"x" * 5000, ["c"], {"b": "\N{LATIN SMALL LETTER E WITH ACUTE}"}, "x"),
    ]


def test_numbers_show_no_more_digits_than_they_have(empty_database_url: str) -> None:
    numbers = ["23", "23.5", "0.05", "-100000", "10000000000000000000.5", "10000.0001", "0"]
    column = pa.array([Decimal(number + ("" if "." in number else ".000")) for number in numbers], DECIMAL)
    with psycopg.connect(empty_database_url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE copied (number numeric)")
        send(cursor, encode("copied", pa.RecordBatch.from_arrays([column], ["number"])))
        assert [text for (text,) in cursor.execute("SELECT number::text FROM copied")] == numbers


def test_a_type_that_has_no_place_in_postgres_is_refused() -> None:
    rows = pa.RecordBatch.from_arrays([pa.array([1.5], pa.float64())], ["price"])
    with pytest.raises(TypeError, match="double"):
        encode("prices", rows)
