"""Fills summed up by minute."""

from __future__ import annotations

from collections import defaultdict
from decimal import Context, Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.ingest.trade_minutes import minutes
from fixwatch.ingest.trades import fold
from tests.unit.ingest.trade_messages import fill, report, trade_rows

EXACT = Context(prec=200)
MOST = Decimal("99999999999999999999.999999999999999999")


def rows(*messages: bytes) -> list[dict[str, Any]]:
    return minutes(fold(trade_rows(messages)).fills).to_pylist()


def sums(*messages: bytes) -> list[tuple[Any, ...]]:
    return [
        tuple(row[name] for name in ("trades", "qty", "priced_qty", "notional")) for row in rows(*messages)
    ]


def test_a_minute_is_of_one_symbol_account_currency_side_and_session() -> None:
    keys = [{}, {"_55": "MSFT"}, {"_1": "A"}, {"_15": "USD"}, {"_54": "2"}, {"sender": "BANK"}]
    times = [{}, {"_60": "20260102-09:30:59.999"}, {"_60": "20260102-09:31:00"}]
    messages = [
        fill(n, f"E{n}-{m}", **key | time) for n, key in enumerate(keys, 1) for m, time in enumerate(times)
    ]
    found = rows(*messages)
    assert [row["trades"] for row in found] == [2, 1] * len(keys)
    assert {row["minute"].minute for row in found} == {30, 31}
    assert (found[0]["symbol"], found[0]["account"], found[0]["currency"], found[0]["side"]) == (
        "IBM",
        "",
        "",
        "1",
    )


def test_a_fill_without_transact_time_is_of_the_minute_of_sending() -> None:
    (row,) = rows(fill(1, "E1", _60=None, at="20260102-11:12:13"))
    assert (row["minute"].hour, row["minute"].minute, row["minute"].second) == (11, 12, 0)


def test_minutes_before_1970_begin_at_their_beginning() -> None:
    found = rows(fill(1, "E1", _60="19691231-23:59:59.999"), fill(2, "E2", _60="19691231-23:59:00"))
    assert [row["minute"].isoformat() for row in found] == ["1969-12-31T23:59:00+00:00"]


def test_what_has_no_price_or_no_quantity_counts_as_far_as_it_goes() -> None:
    no_price = report(1, _17="E1", _150="F", _39="1", _32="5")
    nothing = report(2, _17="E2", _150="F", _39="1")
    assert sums(no_price, nothing, fill(3, "E3", 2, "1.5")) == [(3, "7", "2", "3")]


def test_sums_have_no_more_digits_than_they_need() -> None:
    assert sums(fill(1, "E1", 100, "10.25"), fill(2, "E2", 100, "-10.25")) == [(2, "200", "200", "0")]
    assert sums(fill(1, "E1", "0.5", "0.5")) == [(1, "0.5", "0.5", "0.25")]


def test_sums_beyond_what_arrow_has_digits_for_are_exact() -> None:
    messages = [fill(n, f"E{n}", MOST, MOST) for n in range(1, 5)]
    ((count, qty, priced_qty, notional),) = sums(*messages)
    assert count == 4
    assert Decimal(qty) == Decimal(priced_qty) == EXACT.multiply(MOST, Decimal(4))
    assert Decimal(notional) == EXACT.multiply(EXACT.multiply(MOST, MOST), Decimal(4))


#: Of few digits and of many, around where 64 and 128 bits end.
decimals = st.one_of(
    st.decimals(-1_000_000, 1_000_000, places=2, allow_nan=False),
    st.integers(-(10**38) + 1, 10**38 - 1).map(lambda number: EXACT.scaleb(Decimal(number), -18)),
    st.sampled_from(
        [
            MOST,
            MOST.copy_negate(),
            Decimal("1e-18"),
            Decimal("1e-9"),
            Decimal(2**63),
            Decimal("9223372036.854775808"),
        ]
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(decimals, decimals, st.integers(0, 3), st.sampled_from("AB")), max_size=30))
def test_sums_are_those_of_exact_arithmetic(found: list[tuple[Decimal, Decimal, int, str]]) -> None:
    messages = [
        fill(n % 60, f"E{n}", f"{qty:f}", f"{px:f}", _60=f"20260102-09:3{minute}:00", _55=symbol)
        for n, (qty, px, minute, symbol) in enumerate(found)
    ]
    expected: dict[tuple[int, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for qty, px, minute, symbol in found:
        sum_of = expected[30 + minute, symbol]
        for at, value in enumerate((Decimal(1), qty, EXACT.multiply(qty, px))):
            sum_of[at] = EXACT.add(sum_of[at], value)
    assert {
        (row["minute"].minute, row["symbol"]): [
            Decimal(row["trades"]),
            Decimal(row["qty"]),
            Decimal(row["notional"]),
        ]
        for row in rows(*messages)
    } == expected
