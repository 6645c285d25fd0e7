from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.dashboard import compared, decoded
from fixwatch.dashboard.markup import FieldRow
from fixwatch.fix.encoder import encode


def _rows(*fields: tuple[int, str]) -> list[FieldRow]:
    return decoded.field_rows(encode([(35, "8"), *fields]), [])


def _shown(left: list[FieldRow], right: list[FieldRow]) -> dict[str, tuple[str | None, str | None]]:
    return {
        pair.row.tag: (pair.left and pair.left.value, pair.right and pair.right.value)
        for pair in compared.pairs(left, right)
        if not pair.is_same
    }


def test_what_differs_stands_beside_each_other() -> None:
    left, right = _rows((55, "A"), (54, "1"), (58, "x")), _rows((55, "A"), (54, "2"), (44, "1.5"))
    shown = _shown(left, right)
    assert shown["54"] == ("1", "2")
    assert shown["58"] == ("x", None)
    assert shown["44"] == (None, "1.5")
    assert "55" not in shown


def test_order_of_fields_is_no_difference() -> None:
    left, right = _rows((55, "A"), (54, "1"), (58, "x")), _rows((58, "x"), (54, "1"), (55, "A"))
    assert set(_shown(left, right)) <= {"10"}


def test_instances_of_groups_are_compared_one_by_one() -> None:
    left = _rows((453, "2"), (448, "A"), (447, "D"), (448, "B"), (447, "D"))
    right = _rows((453, "1"), (448, "A"), (447, "D"))
    pairs = compared.pairs(left, right)
    alone = [pair.row.value for pair in pairs if pair.right is None and not pair.row.instance]
    assert alone == ["B", "D"]


def test_a_message_is_itself() -> None:
    rows = _rows((55, "A"), (453, "1"), (448, "A"))
    assert compared.differences(compared.pairs(rows, rows)) == 0


FIELDS = st.lists(
    st.builds(
        FieldRow, st.sampled_from(["", "1", "2", "3"]), st.just(""), st.sampled_from("ab"), st.just("")
    ),
    max_size=12,
)


@given(FIELDS, FIELDS)
@settings(max_examples=300, deadline=None)
def test_every_field_of_both_is_there_once(left: list[FieldRow], right: list[FieldRow]) -> None:
    pairs = compared.pairs(left, right)
    assert [pair.left for pair in pairs if pair.left] == left
    assert sorted((pair.right for pair in pairs if pair.right), key=repr) == sorted(right, key=repr)
    swapped = compared.pairs(right, left)
    assert compared.differences(swapped) >= 0
