"""Statements asked, their rows answered as dataclasses, and what is asked for made fit for Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, LiteralString, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row

Row = TypeVar("Row")
Statement = LiteralString | sql.Composed
Parameters = Mapping[str, Any]

#: The ends of Postgres's integers.
INTEGERS: Final = range(-(2**31), 2**31)
BIGINTS: Final = range(-(2**63), 2**63)


def every(
    connection: psycopg.Connection[Any],
    row: type[Row],
    statement: Statement,
    parameters: Parameters | None = None,
) -> tuple[Row, ...]:
    """All rows of a statement, each as a `row`: its columns are the fields."""
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return tuple(cursor.execute(statement, parameters))


def first(
    connection: psycopg.Connection[Any],
    row: type[Row],
    statement: Statement,
    parameters: Parameters | None = None,
) -> Row | None:
    """The first row of a statement, None where there is none."""
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return cursor.execute(statement, parameters).fetchone()


def only(
    connection: psycopg.Connection[Any],
    row: type[Row],
    statement: Statement,
    parameters: Parameters | None = None,
) -> Row:
    """The row of a statement that has one."""
    (found,) = every(connection, row, statement, parameters)
    return found


def texts(values: Iterable[str] | None) -> list[str] | None:
    """An array of the texts that Postgres can hold: no row has another one. None, which is any, stays None."""
    return None if values is None else [value for value in values if can_be_text(value)]


def numbers(values: Iterable[int] | None, fitting: range = INTEGERS) -> list[int] | None:
    """An array of the numbers that fit the column; None, which is any, stays None."""
    return None if values is None else [value for value in values if value in fitting]


def can_be_text(value: str) -> bool:
    """If Postgres can hold it: text in UTF-8 without NUL."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False
