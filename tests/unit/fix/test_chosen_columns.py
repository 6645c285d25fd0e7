"""Columns that a user chooses beside the declared ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest

from fixwatch.errors import SettingsError
from fixwatch.fix.chosen_columns import parse_column
from fixwatch.fix.columns import SCHEMA, Column, Kind
from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.encoder import encode
from tests.unit.fix.conftest import outcome_of

HEADER = [(35, "0"), (34, 1), (49, "A"), (52, "20260102-09:30:00"), (56, "B")]
DESK = Column(5001, "desk", Kind.TEXT)


def chosen(messages: list[bytes], *columns: Column, **options: str) -> dict[str, list[object]]:
    decoded = decode(messages, DecodeOptions(columns=columns, **options))  # type: ignore[arg-type]
    return {column.name: decoded.columns.column(column.name).to_pylist() for column in columns}


def test_chosen_columns_come_behind_the_declared_ones() -> None:
    options = DecodeOptions(columns=[DESK, Column(5002, "score", Kind.DECIMAL)])
    decoded = decode([encode([*HEADER, (5001, "EQ")])], options)
    assert decoded.columns.schema == options.schema
    assert decoded.columns.schema.names == [*SCHEMA.names, "desk", "score"]
    assert decoded.columns.column("desk").to_pylist() == ["EQ"]
    assert decoded.columns.column("score").to_pylist() == [None]
    assert decoded.columns.column("msg_seq_num").to_pylist() == [1]


def test_a_chosen_column_may_be_of_every_kind() -> None:
    values = {
        Kind.TEXT: ("a b", "a b"),
        Kind.ID: ("a", "a"),
        Kind.INT: ("-7", -7),
        Kind.DECIMAL: ("00.50", Decimal("0.5")),
        Kind.TIMESTAMP: ("20260102-09:30:00.5", datetime(2026, 1, 2, 9, 30, 0, 500_000, UTC)),
        Kind.DATE: ("20260102", date(2026, 1, 2)),
        Kind.BOOLEAN: ("Y", True),
        Kind.TIME: ("09:30:00.000001", time(9, 30, 0, 1)),
        Kind.TZ_TIME: ("09:30-05", time(14, 30)),
        Kind.TZ_TIMESTAMP: ("20260102-01:00:00.25+05:30", datetime(2026, 1, 1, 19, 30, 0, 250_000, UTC)),
    }
    assert values.keys() == set(Kind)
    columns = [Column(5000 + kind, f"c{kind}", kind) for kind in Kind]
    message = encode([*HEADER, *((5000 + kind, values[kind][0]) for kind in Kind)])
    # Once alone and once among many: the second way reads messages by their layout.
    for messages in ([message], [message] * 200):
        found = chosen(messages, *columns)
        assert found == {f"c{kind}": [values[kind][1]] * len(messages) for kind in Kind}


@pytest.mark.parametrize("tag", [9, 18, 4999, 43_199, 43_200, 65_535, 65_536, 2**31 - 1])
def test_a_chosen_column_may_be_of_any_tag(tag: int) -> None:
    column = Column(tag, "mine", Kind.TEXT)
    if tag == 9:
        message = encode(HEADER)
        value = message.split(b"\x01")[1].removeprefix(b"9=").decode()
    else:
        message, value = encode([*HEADER, (tag, "x y")]), "x y"
    for messages in ([message], [message] * 200):
        assert chosen(messages, column, checks="frame") == {"mine": [value] * len(messages)}


def test_a_value_that_is_not_of_the_chosen_kind_is_a_defect() -> None:
    options = DecodeOptions(columns=[Column(5002, "score", Kind.DECIMAL)])
    assert outcome_of(encode([*HEADER, (5002, "1e5")]), options) == (
        "rejected",
        ["incorrect_data_format:5002"],
    )
    assert outcome_of(encode([*HEADER, (5002, "1e5")]), DecodeOptions()) == ("valid", [])


def test_a_field_inside_a_group_is_not_in_its_column() -> None:
    message = encode([(35, "D"), *HEADER[1:], (453, 1), (448, "DESK7"), (447, "D"), (452, 24)])
    assert chosen([message], Column(448, "party", Kind.TEXT)) == {"party": [None]}


def test_columns_chosen_differently_do_not_mix() -> None:
    message = encode([*HEADER, (5001, "EQ"), (5002, "1")])
    for _ in range(3):
        assert chosen([message] * 100, DESK) == {"desk": ["EQ"] * 100}
        assert chosen([message] * 100, Column(5002, "desk", Kind.INT)) == {"desk": [1] * 100}
        assert decode([message] * 100).columns.schema == SCHEMA


def test_there_may_be_256_chosen_columns() -> None:
    columns = [Column(5000 + number, f"c{number}", Kind.INT) for number in range(256)]
    message = encode([*HEADER, *((5000 + number, number) for number in range(256))])
    for messages in ([message], [message] * 200):
        found = chosen(messages, *columns)
        assert found == {f"c{number}": [number] * len(messages) for number in range(256)}
    with pytest.raises(SettingsError, match="257 columns are chosen; there may be 256"):
        DecodeOptions(columns=[*columns, DESK])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([Column(54, "mine", Kind.TEXT)], "Tag 54 is in column 'side' already"),
        ([Column(5001, "side", Kind.TEXT)], "Column 'side' is there already: tag 54"),
        ([DESK, Column(5001, "other", Kind.TEXT)], "Tag 5001 is in column 'desk' already"),
        ([DESK, Column(5002, "desk", Kind.TEXT)], "Column 'desk' is there already: tag 5001"),
        ([Column(0, "mine", Kind.TEXT)], "has tag 0; a tag is 1 to 2147483647"),
        ([Column(2**31, "mine", Kind.TEXT)], "a tag is 1 to 2147483647"),
        ([Column(5001, "", Kind.TEXT)], "'' is no name for a column"),
        ([Column(5001, "Desk", Kind.TEXT)], "'Desk' is no name for a column"),
        ([Column(5001, 'a"b', Kind.TEXT)], "is no name for a column"),
        ([Column(5001, "a" * 64, Kind.TEXT)], "63 at most"),
        ([Column(10, "check_sum", Kind.TEXT)], r"CheckSum\(10\) is of the frame"),
        ([Column(554, "password", Kind.TEXT)], "Tag 554 holds secrets"),
        ([Column(96, "raw_data", Kind.TEXT)], "Tag 96 holds secrets"),
        ([Column(5001, "desk", Kind.TEXT, stored=True)], "no column of its own in Postgres"),
    ],
)
def test_columns_that_clash_are_refused(columns: list[Column], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        DecodeOptions(columns=columns)


def test_a_column_is_written_as_tag_name_and_kind() -> None:
    assert parse_column("5001:desk:text") == DESK
    assert parse_column("5002:n:decimal") == Column(5002, "n", Kind.DECIMAL)
    for text in ("", "5001", "5001:desk", "5001:desk:TEXT", "5001:desk:float", "x:desk:text", "٣:a:text"):
        with pytest.raises(SettingsError, match=r"write TAG:NAME:KIND, such as 5001:desk:text"):
            parse_column(text)


def test_the_schema_without_chosen_columns_is_the_declared_one() -> None:
    assert DecodeOptions().schema is SCHEMA
    assert DecodeOptions(columns=[DESK]).schema.field("desk").type == pa.string()


def defects_and_value(kind: Kind, text: str) -> tuple[list[str], object]:
    options, message = DecodeOptions(columns=[Column(5001, "it", kind)]), encode([*HEADER, (5001, text)])
    many = decode([message] * 200, options).columns.column("it").to_pylist()
    assert many == many[:1] * 200
    return outcome_of(message, options)[1], many[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("00:00:00", time(0)),
        ("23:59:59.999999", time(23, 59, 59, 999_999)),
        ("09:30:00.5", time(9, 30, 0, 500_000)),
        ("09:30:00.123456789012", time(9, 30, 0, 123_456)),  # picoseconds: cut, not rounded
        ("09:30:00.999999999999", time(9, 30, 0, 999_999)),
        ("09:29:60", time(9, 30)),
        ("23:59:60.25", time(0, 0, 0, 250_000)),
    ],
)
def test_a_time_of_day_keeps_microseconds(text: str, value: time) -> None:
    assert defects_and_value(Kind.TIME, text) == ([], value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("07:39Z", time(7, 39)),
        ("02:39-05", time(7, 39)),
        ("15:39+08", time(7, 39)),
        ("13:09+05:30", time(7, 39)),
        ("00:15:30.5+01:00", time(23, 15, 30, 500_000)),  # of the day before
        ("23:00:00-14:59", time(13, 59)),  # of the day behind
    ],
)
def test_a_time_with_an_offset_is_the_time_in_utc(text: str, value: time) -> None:
    assert defects_and_value(Kind.TZ_TIME, text) == ([], value)
    on_that_day = defects_and_value(Kind.TZ_TIMESTAMP, f"20260102-{text}")
    assert on_that_day[0] == []
    assert isinstance(on_that_day[1], datetime)
    assert on_that_day[1].time() == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20060901-07:39Z", datetime(2006, 9, 1, 7, 39, tzinfo=UTC)),
        ("20060901-02:39-05", datetime(2006, 9, 1, 7, 39, tzinfo=UTC)),
        ("20260101-00:30:00.123456789+05:30", datetime(2025, 12, 31, 19, 0, 0, 123_456, UTC)),
        ("20261231-23:59:60-01", datetime(2027, 1, 1, 1, tzinfo=UTC)),
        ("00010101-14:00+14", datetime(1, 1, 1, tzinfo=UTC)),
        ("99991231-09:59:59.999999-14", datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)),
    ],
)
def test_a_timestamp_with_an_offset_is_the_instant(text: str, value: datetime) -> None:
    assert defects_and_value(Kind.TZ_TIMESTAMP, text) == ([], value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.TZ_TIME, "07:39"),
        (Kind.TZ_TIME, "07:39:00.5"),
        (Kind.TZ_TIMESTAMP, "20060901-07:39:00"),
        (Kind.TZ_TIMESTAMP, "00010101-13:59+14"),  # the year 0
        (Kind.TZ_TIMESTAMP, "99991231-10:00-14"),  # the year 10000
    ],
)
def test_local_time_and_years_past_four_digits_do_not_fit(kind: Kind, text: str) -> None:
    assert defects_and_value(kind, text) == (["value_does_not_fit:5001"], None)


@pytest.mark.parametrize("kind", [Kind.TIME, Kind.TZ_TIME, Kind.TZ_TIMESTAMP])
@pytest.mark.parametrize(
    "text",
    [
        *("x", "24:00:00Z", "09:60Z", "09:30:61Z", "9:30Z", "09:30z", "09:30+15", "09:30+1", "09:30+01:60"),
        *("09:30ZZ", "09:30:00.Z", "09:30:00.1234567890123Z", "09:30+", "+01", "20260230-09:30Z"),
        *("20260102 09:30Z", "20260102-"),
    ],
)
def test_what_is_no_time_is_a_defect(kind: Kind, text: str) -> None:
    assert defects_and_value(kind, text) == (["incorrect_data_format:5001"], None)
