from __future__ import annotations

import pytest

from fixwatch.dashboard import decoded
from fixwatch.dashboard.markup import field_table
from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.dictionary import Dictionary
from fixwatch.fix.encoder import encode


def test_fields_have_names_values_and_meanings() -> None:
    raw = encode([(35, "D"), (49, "A"), (56, "B"), (11, "C1"), (54, "5"), (44, "1.50")])
    rows = {row.tag: row for row in decoded.field_rows(raw, [])}
    assert (rows["35"].name, rows["35"].value, rows["35"].meaning) == ("MsgType", "D", "NewOrderSingle")
    assert (rows["54"].name, rows["54"].value, rows["54"].meaning) == ("Side", "5", "Sell short")
    assert rows["44"].value == "1.50"


def test_defect_stands_at_its_field() -> None:
    raw = encode([(35, "D"), (54, "Z"), (58, "x"), (54, "Y")])
    rows = decoded.field_rows(
        raw, ["value_out_of_range:54", "tag_appears_more_than_once:54", "required_tag_missing:11"]
    )
    assert [(row.tag, row.defect) for row in rows if row.defect] == [
        ("54", "Value out of range, Tag appears more than once"),
        ("11", "Required tag missing"),
    ]


def test_inside_of_a_group_is_indented() -> None:
    raw = encode([(35, "8"), (453, "1"), (448, "TRADER7"), (447, "D"), (452, "12"), (37, "O1")])
    depths = {row.tag: row.depth for row in decoded.field_rows(raw, [])}
    assert (depths["453"], depths["448"], depths["452"], depths["37"]) == (0, 1, 1, 0)


def test_demo_feed_without_body_length_is_readable() -> None:
    rows = decoded.field_rows(
        b"8=FIX.4.4|35=8|49=A|55=VOD.L|54=1|10=000|", ["body_length_missing", "checksum_wrong:10"]
    )
    assert [(row.tag, row.value) for row in rows][-3:] == [("55", "VOD.L"), ("54", "1"), ("10", "000")]


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\xff\x01=\x01", b'{"a": 1}', b"8=FIX.4.4\x019=", b"=" * 9_000, b"\x01" * 9_000]
)
def test_what_is_no_message_makes_no_error(raw: bytes) -> None:
    field_table(decoded.field_rows(raw, ["not_fix", "tag_format:", "x:y", "z:²"]))
    decoded.readable(raw)


def test_every_prefix_of_a_message_is_shown() -> None:
    raw = encode([(35, "8"), (49, "A"), (56, "B"), (95, "5"), (96, b"a\x01=b\xff"), (453, "1"), (448, "T")])
    for end in range(len(raw)):
        field_table(decoded.field_rows(raw[:end], ["truncated"]))


def test_ten_thousand_fields_are_cut() -> None:
    raw = encode([(35, "D"), *((number, "x") for number in range(5_000, 15_000))])
    assert len(decoded.field_rows(raw, [])) == decoded.MOST_FIELDS


def test_a_counterpartys_own_dictionary_names_its_fields() -> None:
    facts = {"version": "FIX.4.4", "header": [], "trailer": [], "components": {}}
    fields = [[35, "MsgType", "STRING"], [5001, "Loudness", "CHAR", {"3": "VERY_LOUD"}]]
    own = Dictionary({**facts, "fields": fields, "messages": {"UQ": ["Quack", [5001]]}})
    raw = encode([(35, "UQ"), (5001, "3")])
    rows = {row.tag: row for row in decoded.field_rows(raw, [], DecodeOptions(dictionary=own))}
    assert (rows["5001"].name, rows["5001"].meaning) == ("Loudness", "Very loud")
    assert rows["35"].meaning == "Quack"
