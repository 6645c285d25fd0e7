"""What busts and corrections come to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.ingest.trade_changes import Outcome, settle
from fixwatch.ingest.trade_reports import ALL_SIDES
from fixwatch.store.trade_tables import Related

DAY = date(2026, 1, 2)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def fill(exec_id: str = "E", day: int = 0, side_no: int = 0, trade_date: int | None = None) -> Related:
    dated = None if trade_date is None else DAY + timedelta(days=trade_date)
    return Related(1, side_no != 0, exec_id, side_no, DAY + timedelta(days=day), dated)


def change(
    exec_id: str,
    of: str = "E",
    *,
    at: int = 0,
    bust: bool = False,
    qty: int | None = None,
    day: int = 0,
    side_no: int = 0,
    trade_date: int | None = None,
) -> Related:
    dated = None if trade_date is None else DAY + timedelta(days=trade_date)
    sent = NOON + timedelta(days=day, seconds=at)
    return Related(
        *(1, side_no != 0, exec_id, side_no, DAY + timedelta(days=day), dated, of, bust, sent, at, 7 + bust),
        None if qty is None else Decimal(qty),
        None,
        sent + timedelta(minutes=1),
    )


def outcome(*related: Related) -> Outcome:
    (found,) = settle(related)
    return found


def test_a_trade_without_changes_is_as_it_was() -> None:
    assert outcome(fill()) == Outcome(1, "E", 0, DAY, *[None] * 6)


def test_a_bust_busts_and_the_first_one_is_named() -> None:
    found = outcome(fill(), change("B2", at=2, bust=True), change("B1", at=1, bust=True))
    assert (found.bust_exec_id, found.correct_exec_id) == ("B1", None)


def test_the_correction_that_was_sent_last_counts() -> None:
    found = outcome(
        fill(), change("C2", at=2, qty=20), change("C3", at=3, qty=30), change("C1", at=1, qty=10)
    )
    assert (found.correct_exec_id, found.corrected_qty) == ("C3", 30)
    assert found.corrected_at == NOON + timedelta(seconds=3)


def test_when_the_first_of_its_changes_was_stored_is_kept() -> None:
    found = outcome(fill(), change("B", at=2, bust=True), change("C", at=1), change("X", "Y", at=0))
    assert found.changed_at == NOON + timedelta(minutes=1, seconds=1)


def test_a_correction_after_a_bust_leaves_the_trade_busted() -> None:
    found = outcome(fill(), change("B", at=1, bust=True), change("C", at=2, qty=5))
    assert (found.bust_exec_id, found.correct_exec_id) == ("B", "C")


def test_a_correction_of_a_correction_corrects_the_fill() -> None:
    found = outcome(fill(), change("C1", at=1, qty=10), change("C2", "C1", at=2, qty=20))
    assert (found.correct_exec_id, found.corrected_qty) == ("C2", 20)


def test_a_bust_of_a_correction_busts_the_fill() -> None:
    assert outcome(fill(), change("C1", at=1), change("B", "C1", at=2, bust=True)).bust_exec_id == "B"


def test_changes_of_what_is_not_there_change_nothing() -> None:
    assert settle([change("C1", "X"), change("C2", "C1")]) == []
    assert outcome(fill(), change("C2", "C1")).correct_exec_id is None


def test_changes_that_name_each_other_in_a_circle_change_nothing() -> None:
    found = outcome(
        fill(), change("C1", "C2"), change("C2", "C3"), change("C3", "C1"), change("B", "B", bust=True)
    )
    assert found == outcome(fill())


def test_a_change_with_the_id_of_its_fill_changes_the_fill() -> None:
    assert outcome(fill(), change("E", "E", bust=True)).bust_exec_id == "E"
    assert (
        outcome(fill(), change("E", "E", at=1, qty=5), change("B", "E", at=2, bust=True)).bust_exec_id == "B"
    )


def test_changes_of_one_id_all_count() -> None:
    found = settle([fill("E1"), fill("E2"), change("0", "E1", bust=True), change("0", "E2", bust=True)])
    assert [one.bust_exec_id for one in found] == ["0", "0"]


def test_a_change_is_of_the_latest_day_up_to_its_own() -> None:
    days = [fill(day=0), fill(day=2), fill(day=5)]
    found = settle([*days, change("B", day=4, bust=True)])
    assert {one.trading_day.day: one.bust_exec_id for one in found} == {2: None, 4: "B", 7: None}


def test_a_change_is_of_no_later_day() -> None:
    assert outcome(fill(day=1), change("B", day=0, bust=True)).bust_exec_id is None


def test_a_trade_date_tells_which_day_is_meant() -> None:
    for first in (fill(day=0), fill(day=0, trade_date=0), fill(day=1, trade_date=0)):
        found = settle([first, fill(day=3), change("B", day=4, trade_date=0, bust=True)])
        assert [one.bust_exec_id for one in found if one.trading_day == first.trading_day] == ["B"]
        assert [one.bust_exec_id for one in found if one.trading_day != first.trading_day] == [None]


def test_a_trade_date_of_no_fill_is_passed_over() -> None:
    assert outcome(fill(), change("B", day=4, trade_date=4, bust=True)).bust_exec_id == "B"


def test_sides_are_changed_one_by_one_or_all() -> None:
    sides = [fill(side_no=1), fill(side_no=2)]
    one = settle([*sides, change("C", side_no=2, qty=5)])
    assert {found.side_no: found.corrected_qty for found in one} == {1: None, 2: 5}
    both = settle([*sides, change("C", side_no=2, qty=5), change("B", "C", side_no=ALL_SIDES, bust=True)])
    assert [found.bust_exec_id for found in both] == ["B", "B"]


def test_a_chain_of_ten_thousand_corrections_takes_no_recursion() -> None:
    chain = [change(f"C{n}", f"C{n - 1}" if n else "E", at=n, qty=n) for n in range(10_000)]
    assert outcome(fill(), *reversed(chain)).corrected_qty == 9_999


ids = st.sampled_from("ABC")
related = st.one_of(
    st.builds(fill, ids, st.integers(0, 2)),
    st.builds(change, ids, ids, at=st.integers(0, 3), bust=st.booleans(), day=st.integers(0, 2)),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(related, max_size=12), st.randoms())
def test_no_order_makes_a_difference(found: list[Related], random: object) -> None:
    again = list(found)
    random.shuffle(again)  # type: ignore[attr-defined]

    def sort(outcomes: list[Outcome]) -> list[str]:
        return sorted(map(repr, outcomes))

    assert sort(settle(again)) == sort(settle(found))
