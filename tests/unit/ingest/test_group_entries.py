"""Entries of repeating groups, out of raw messages."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.fix.encoder import encode
from fixwatch.ingest.group_entries import MOST_ENTRIES, group_entries


def fields(text: str) -> bytes:
    return text.replace("|", "\x01").encode("latin-1")


def test_entries_begin_with_their_first_field() -> None:
    raw = encode([(35, "AE"), (552, "2"), (54, "1"), (37, "O1"), (54, "2"), (37, "O2"), (11, "C2")])
    assert group_entries(raw, 552, 54) == [{54: b"1", 37: b"O1"}, {54: b"2", 37: b"O2", 11: b"C2"}]


def test_what_is_before_the_group_is_of_no_entry_and_neither_is_the_trailer() -> None:
    raw = fields("35=E|54=9|73=1|11=C1|55=IBM|93=1|89=x|10=000|")
    assert group_entries(raw, 73, 11) == [{11: b"C1", 55: b"IBM"}]


def test_without_a_counter_or_with_a_bad_one_there_are_no_entries() -> None:
    assert group_entries(fields("35=E|11=C1|"), 73, 11) == []
    for count in ("0", "-1", "x", "", "1.0", "99999999999999999999"):
        assert group_entries(fields(f"73={count}|11=C1|"), 73, 11) == []


def test_entries_beyond_the_count_are_left_out() -> None:
    assert group_entries(fields("73=1|11=A|11=B|"), 73, 11) == [{11: b"A"}]


def test_fewer_entries_than_the_count_are_those_that_there_are() -> None:
    assert group_entries(fields("73=3|11=A|11=B|"), 73, 11) == [{11: b"A"}, {11: b"B"}]


def test_of_a_tag_twice_in_an_entry_the_first_value_counts() -> None:
    assert group_entries(fields("73=1|11=A|453=2|448=P|448=Q|"), 73, 11) == [{11: b"A", 453: b"2", 448: b"P"}]


def test_fields_in_another_order_are_divided_by_the_one_behind_the_counter() -> None:
    raw = fields("552=2|37=O1|54=1|37=O2|54=2|")
    assert group_entries(raw, 552, 54) == [{37: b"O1", 54: b"1"}, {37: b"O2", 54: b"2"}]


def test_entries_without_the_first_field_are_left_out() -> None:
    assert group_entries(fields("552=1|60=now|75=today|"), 552, 54) == []


def test_data_fields_may_hold_anything() -> None:
    inner = "x|11=NO|73=9|"
    raw = fields(f"95={len(inner)}|96={inner}|73=2|11=A|354={len(inner)}|355={inner}|11=B|")
    data = inner.replace("|", "\x01").encode()
    assert group_entries(raw, 73, 11) == [{11: b"A", 354: b"13", 355: data}, {11: b"B"}]


def test_a_data_length_that_lies_is_not_believed() -> None:
    for length in ("2", "8", "500", "-1", "x", "999999999"):
        raw = fields(f"73=2|11=A|354={length}|355=data|11=B|")
        assert [entry[11] for entry in group_entries(raw, 73, 11)] == [b"A", b"B"]


def test_what_is_no_field_is_passed_over() -> None:
    raw = fields("|=|garbage|=5|x=1|0=1|-1=1|73=1||11=A|no|99999999999=1|")
    assert group_entries(raw, 73, 11) == [{11: b"A"}]
    assert group_entries(b"", 73, 11) == []


def test_a_message_of_a_million_entries_is_read_up_to_a_limit() -> None:
    raw = fields("73=1000000|" + "11=A|" * 1_000_000)
    assert len(group_entries(raw, 73, 11)) == MOST_ENTRIES
    assert len(group_entries(raw, 73, 11, 3)) == 3


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789=|13574ax", max_size=60))
def test_any_bytes_are_read_to_their_end(text: str) -> None:
    raw = fields("73=2|11=A|95=" + text)
    for end in range(len(raw)):
        for entry in group_entries(raw[:end], 73, 11):
            assert all(value in raw for value in entry.values())
