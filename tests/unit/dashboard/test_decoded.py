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
    assert [(row.tag, row.value, row.defect) for row in rows if row.defect] == [
        ("54", "Z", "Value out of range"),
        ("54", "Y", "Tag appears more than once"),
        ("11", "", "Required tag missing"),
    ]
    assert next(row.name for row in rows if row.tag == "11") == "ClOrdID"


def test_defect_of_a_group_stands_at_the_instance_that_has_it() -> None:
    parties = [(453, "2"), (448, "A"), (447, "D"), (452, "1"), (448, "B"), (447, "?"), (452, "")]
    rows = decoded.field_rows(encode([(35, "8"), *parties[:-1]]), ["value_out_of_range:447"])
    assert [row.value for row in rows if row.defect] == ["?"]


def test_wrong_checksum_and_length_say_what_they_should_be() -> None:
    good = encode([(35, "0"), (49, "A"), (56, "B")])
    length, checksum = good.split(b"\x01")[1], good.split(b"\x01")[-2]
    bad = good.replace(length, b"9=999").replace(checksum, b"10=000")
    found = {row.tag: row.defect for row in decoded.read(bad).rows if row.defect}
    assert found["9"] == f"Body length wrong; it should be {length[2:].decode()}"
    only_sum = {
        row.tag: row.defect for row in decoded.read(good.replace(checksum, b"10=000")).rows if row.defect
    }
    assert only_sum == {"10": f"Checksum wrong; it should be {checksum[3:].decode()}"}


def test_what_is_read_is_what_the_decoder_says() -> None:
    raw = encode([(35, "D"), (49, "A"), (56, "B"), (11, "C1"), (54, "Z")])
    found = decoded.read(raw)
    assert (found.verdict, found.name, found.version) == ("rejected", "NewOrderSingle", "FIX.4.4")
    assert "value_out_of_range:54" in found.defects
    assert next(row.type for row in found.rows if row.tag == "54") == "CHAR"


def test_secrets_are_not_shown() -> None:
    raw = encode([(35, "A"), (49, "A"), (56, "B"), (554, "hunter2"), (98, "0"), (108, "30")])
    found = decoded.read(raw)
    assert "hunter2" not in str(found.rows)
    assert b"hunter2" not in found.raw


def test_instances_of_a_group_are_told_apart() -> None:
    raw = encode([(35, "8"), (453, "2"), (448, "A"), (447, "D"), (448, "B"), (447, "D")])
    assert [row.instance for row in decoded.field_rows(raw, []) if row.instance] == ["1 of 2", "2 of 2"]


def test_inside_of_a_group_is_indented() -> None:
    raw = encode([(35, "8"), (453, "1"), (448, "TRADER7"), (447, "D"), (452, "12"), (37, "O1")])
    depths = {row.tag: row.depth for row in decoded.field_rows(raw, [])}
    assert (depths["453"], depths["448"], depths["452"], depths["37"]) == (0, 1, 1, 0)


def test_demo_feed_without_body_length_is_readable() -> None:
    rows = decoded.field_rows(
        b"8=FIX.4.4|35=8|49=A|55=VOD.L|54=1|10=000|", ["body_length_missing", "checksum_wrong:10"]
    )
    # What is blamed and not there stands behind the rest.
    shown = [(row.tag, row.value) for row in rows][-4:]
    assert shown == [("55", "VOD.L"), ("54", "1"), ("10", "000"), ("9", "")]


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\xff\x01=\x01", b'{"a": 1}', b"8=FIX.4.4\x019=", b"=" * 9_000, b"\x01" * 9_000]
)
def test_what_is_no_message_makes_no_error(raw: bytes) -> None:
    field_table(decoded.read(raw).rows)
    field_table(decoded.field_rows(raw, ["not_fix", "tag_format:", "x:y", "z:²"]))
    decoded.readable(raw)


def test_every_prefix_of_a_message_is_shown() -> None:
    raw = encode([(35, "8"), (49, "A"), (56, "B"), (95, "5"), (96, b"a\x01=b\xff"), (453, "1"), (448, "T")])
    for end in range(len(raw)):
        field_table(decoded.read(raw[:end]).rows)


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
