"""Orders out of anything that can be decoded: whatever is said, it comes to the same in any order of arrival.

200 examples each in every run of the tests.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.fix.encoder import encode
from tests.unit.ingest.matrices.book import Arrived, Book, told
from tests.unit.ingest.matrices.messages import OPENED, fix_time

_EXAMPLES: Final = settings(max_examples=200, deadline=None, derandomize=True)
_HUGE: Final = Decimal("99999999999999999999.999999999999999999")

_ids = st.sampled_from(["A", "B", "C", "NONE", "0", "é" * 100])
_chars = st.sampled_from("0123456789ABCDEFGHI~")
_numbers = st.one_of(
    st.sampled_from(
        [Decimal(0), Decimal(1), Decimal(-1), _HUGE, -_HUGE, Decimal("1E-18"), Decimal("-1E-18")]
    ),
    st.integers(-50, 150).map(Decimal),
    st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=3),
)
_texts = st.one_of(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\x01\x00"), min_size=1, max_size=300
    ),
    st.sampled_from(["x" * 255, "x" * 254 + "é", "漢" * 85, "漢" * 86, b"caf\xe9 \xff" * 50]),
)
_FIELDS: Final[dict[int, st.SearchStrategy[Any]]] = {
    11: _ids,
    41: _ids,
    37: _ids,
    17: _ids,
    19: _ids,
    66: _ids,
    1: _ids,
    55: _ids,
    150: _chars,
    39: _chars,
    20: st.sampled_from("0123"),
    54: _chars,
    40: _chars,
    59: _chars,
    **dict.fromkeys((38, 44, 99, 14, 151, 6, 32, 31), _numbers),
    58: _texts,
    103: st.integers(-2, 99),
    102: st.integers(-2, 99),
    43: st.sampled_from("YN"),
    97: st.sampled_from("YN"),
}


@st.composite
def arrivals(draw: st.DrawFn, days: int = 1) -> Arrived:
    """One message, and when the topic had it."""
    from_broker = draw(st.booleans())
    kind = draw(st.sampled_from(["8", "8", "8", "9"] if from_broker else ["D", "F", "G", "H", "AB", "AC"]))
    sent = OPENED + timedelta(days=draw(st.integers(0, days - 1)), seconds=draw(st.integers(0, 5)))
    ends = ("BROKER", "CLIENT") if from_broker else ("CLIENT", "BROKER")
    header = [(35, kind), (34, draw(st.integers(1, 9))), (49, ends[0]), (56, ends[1]), (52, fix_time(sent))]
    tags = draw(st.lists(st.sampled_from(list(_FIELDS)), unique=True, min_size=4))
    return encode([*header, *((tag, draw(_FIELDS[tag])) for tag in tags)]), sent + timedelta(milliseconds=20)


def rows_of(book: Book) -> list[str]:
    """What is known of all orders, without the numbers that they were given."""
    return sorted(repr(sorted((row | {"order_key": 0}).items())) for row in book.orders())


def batches_of(rng: Random, messages: list[Arrived]) -> list[list[Arrived]]:
    mixed, batches = rng.sample(messages, len(messages)), []
    while mixed:
        size = rng.randint(1, 6)
        batches.append(mixed[:size])
        mixed = mixed[size:]
    return batches


@_EXAMPLES
@given(st.lists(arrivals(), max_size=12), st.randoms(use_true_random=False))
def test_anything_comes_to_the_same_in_any_order(messages: list[Arrived], rng: Random) -> None:
    whole, divided = told([messages]), told(batches_of(rng, messages))
    assert rows_of(divided) == rows_of(whole)
    assert +divided.latencies == +whole.latencies
