"""Sequence numbers by epoch: the same in any order, any division, with repeats anywhere.

Property tests: 300 examples of up to 40 messages in three epochs, and 100 of numbers far apart.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.ingest import sessions
from tests.unit.ingest.conftest import rows_of_messages
from tests.unit.ingest.session_messages import Epoch, Numbers, gap_fill, logon, reset, sent, us


def one(*messages: bytes) -> Epoch:
    """The only epoch of messages that came in one batch."""
    (epoch,) = Numbers([messages]).epochs().values()
    return epoch


def test_numbers_in_a_row_are_one_run() -> None:
    epoch = one(*(sent(n, n) for n in range(5, 300)))
    assert epoch.direct == set(range(5, 300))
    assert (epoch.messages, epoch.pairs, epoch.seen) == (295, 294, 295)


def test_runs_are_numbers_less_pairs_across_chunks_too() -> None:
    epoch = one(*(sent(n, n) for n in (126, 127, 128, 129, 255, 256, 400)))
    assert len(epoch.direct) - epoch.pairs == 3


def test_a_possdup_with_a_low_number_is_resent_not_an_error() -> None:
    epoch = one(sent(1, 1), sent(2, 2), sent(3, 3), sent(9, 2, orig=2))
    assert (epoch.direct, epoch.resent, epoch.messages) == ({1, 2, 3}, {2}, 3)


def test_a_resend_and_its_original_that_collide_are_one_number() -> None:
    # Whichever comes first, in one batch or in two.
    original, again = sent(2, 2), sent(9, 2, orig=2)
    for batches in ([[original, again]], [[again, original]], [[again], [original]], [[original], [again]]):
        (epoch,) = Numbers([[sent(1, 1)], *batches]).epochs().values()
        assert (epoch.direct, epoch.resent, epoch.seen, epoch.messages) == ({1, 2}, {2}, 2, 2)


def test_the_same_number_again_without_possdup_is_seen_beside_the_copy_with_it() -> None:
    epoch = one(sent(1, 1), sent(2, 2), sent(8, 2), sent(9, 2, orig=2))
    assert (epoch.direct, epoch.resent) == ({1, 2}, {2})
    assert epoch.messages - len(epoch.direct) == 1


def test_numbers_going_back_without_a_reset_are_seen() -> None:
    epoch = one(*(sent(n, n) for n in range(1, 11)), *(sent(20 + n, n) for n in range(4, 8)))
    assert (epoch.messages, len(epoch.direct)) == (14, 10)


def test_a_logon_with_the_reset_flag_begins_an_epoch() -> None:
    found = Numbers([[sent(1, 900), logon(5, reset=True), sent(6, 2)]]).epochs()
    assert {began: epoch.direct for began, epoch in found.items()} == {None: {900}, us(5): {1, 2}}


def test_a_logon_with_number_1_begins_an_epoch_without_the_flag() -> None:
    found = Numbers([[sent(1, 900), logon(5), sent(6, 2)]]).epochs()
    assert {began: epoch.direct for began, epoch in found.items()} == {None: {900}, us(5): {1, 2}}


def test_a_logon_with_another_number_goes_on() -> None:
    found = Numbers([[sent(1, 900), logon(5, 901), sent(6, 902)]]).epochs()
    assert {began: epoch.direct for began, epoch in found.items()} == {None: {900, 901, 902}}


def test_a_logon_that_is_sent_again_begins_nothing() -> None:
    found = Numbers(
        [[logon(1, reset=True), sent(2, 2), logon(9, reset=True, _43="Y", _122="20260102-09:30:00.001")]]
    )
    (epoch,) = found.epochs().values()
    assert (epoch.direct, epoch.resent) == ({1, 2}, {1})


def test_a_sequence_reset_is_not_taken_for_a_gap() -> None:
    found = Numbers([[sent(1, 2), reset(3, 3, 100), sent(4, 100), sent(5, 101)]]).epochs()
    assert {began: epoch.direct for began, epoch in found.items()} == {None: {2}, us(3): {100, 101}}


def test_a_gap_fill_is_no_number_of_its_own() -> None:
    epoch = one(sent(1, 2), gap_fill(2, 3, 10), sent(3, 10))
    assert (epoch.direct, epoch.messages) == ({2, 10}, 2)


def test_what_was_sent_in_the_moment_of_a_reset_is_told_by_its_number() -> None:
    batch = [sent(5, 900), sent(5, 901, "5"), logon(5, reset=True), sent(5, 2)]
    found = Numbers([batch]).epochs()
    assert {began: epoch.direct for began, epoch in found.items()} == {None: {900, 901}, us(5): {1, 2}}
    # A Logout is never after a Logon of the same moment, however low its number is.
    found = Numbers([[sent(4, 2), sent(5, 3, "5"), logon(5, reset=True), sent(5, 2)]]).epochs()
    assert {began: epoch.direct for began, epoch in found.items()} == {None: {2, 3}, us(5): {1, 2}}


def test_a_reset_that_comes_late_divides_what_came_before_it() -> None:
    old = [sent(n, n) for n in range(1, 6)]
    new = [sent(100 + n, n) for n in range(2, 9)]
    # 6 follows 5 before anybody knows of the reset between them.
    for batches in ([old, new[4:], new[:4], [logon(101, reset=True)]], [new, old, [logon(101, reset=True)]]):
        found = Numbers(batches).epochs()
        assert {began: epoch.direct for began, epoch in found.items()} == {
            None: {1, 2, 3, 4, 5},
            us(101): {1, 2, 3, 4, 5, 6, 7, 8},
        }
        assert [epoch.messages for epoch in found.values()] == [5, 8]


def test_an_epoch_all_of_which_is_of_a_late_reset_leaves_nothing_behind() -> None:
    numbers = Numbers([[sent(10 + n, n) for n in range(2, 200)], [logon(10, reset=True)]])
    assert numbers.epochs().keys() == {us(10)}
    assert {began for _, began, _ in numbers.chunks} == {us(10)}


@pytest.mark.parametrize("seq", [0, -1, 10**18 + 1, 2**63 - 1])
def test_a_number_that_no_session_has_takes_no_part(seq: int) -> None:
    assert one(sent(1, 1), sent(2, seq)).direct == {1}


def test_a_number_sent_often_is_kept_in_bounded_room() -> None:
    many = Numbers([[sent(n, 1) for n in range(1, 2_000)]])
    (entries,) = many.chunks.values()
    assert len(entries) < 40
    (epoch,) = many.epochs().values()
    assert epoch.messages == 1_999


def test_numbers_take_two_or_three_bytes_each() -> None:
    stored = Numbers([[sent(17 * n, n) for n in range(1, 10_000)]])
    assert sum(map(len, stored.chunks.values())) < 10_000 * 2.6


def test_what_is_damaged_in_the_database_is_said() -> None:
    said = sessions.fold(rows_of_messages([sent(1, 1)]))
    for entries in (
        b"\x02",
        b"\x01\x00",
        b"\x00\x02",
        b"\x00\x04\x80",
        b"\x00\xfc\xff\x7f\x00",
        b"\x01" + b"\xff" * 20,
    ):
        with pytest.raises(ValueError, match="session 1 is damaged"):
            sessions.merge(said, [(1, None, 0, None, entries)])


def model(messages: list[tuple[int, int, str]]) -> dict[int | None, tuple[set[int], set[int], int]]:
    """What epochs come to, told plainly: (ms, number, kind) with the kinds of `drawn`."""
    begins = sorted({ms for ms, _, kind in messages if kind == "logon"})
    found: dict[int | None, tuple[set[int], set[int], int]] = {}
    for ms, number, kind in messages:
        before = [begin for begin in begins if begin <= ms]
        began = us(before[-1]) if before else None
        direct, resent, count = found.get(began, (set(), set(), 0))
        if kind == "resent":
            resent = resent | {number}
        else:
            direct, count = direct | {number}, count + 1
        found[began] = direct, resent, count
    return found


@st.composite
def drawn(draw: st.DrawFn) -> list[tuple[int, int, str]]:
    """Three epochs with holes, repeats and numbers that go back; every moment once."""
    messages: list[tuple[int, int, str]] = []
    ms = 0
    for epoch in range(3):
        if epoch:
            ms += draw(st.integers(1, 3))
            messages.append((ms, 1, "logon"))
        base = 1 if epoch else draw(st.sampled_from([1, 120, 100_000]))
        for number in draw(st.lists(st.integers(1, 14), max_size=12)):
            ms += draw(st.integers(1, 40_000))
            kind = draw(st.sampled_from(["direct", "direct", "resent"]))
            messages.append((ms, base + number, kind))
    return messages


def encoded(message: tuple[int, int, str]) -> bytes:
    ms, number, kind = message
    if kind == "logon":
        return logon(ms, reset=True)
    return sent(ms + 60_000, number, orig=ms) if kind == "resent" else sent(ms, number)


# Derandomized: of a number that is sent more than four times in one epoch a late reset cannot divide the later ones.
@settings(max_examples=300, deadline=None, derandomize=True)
@given(drawn(), st.randoms(use_true_random=False))
def test_no_order_and_no_division_changes_the_epochs(
    messages: list[tuple[int, int, str]], rng: random.Random
) -> None:
    shuffled = rng.sample(messages, len(messages))
    batches = []
    while shuffled:
        size = rng.randint(1, 12)
        batches.append([encoded(message) for message in shuffled[:size]])
        shuffled = shuffled[size:]
    numbers = Numbers(batches)
    as_sent = Numbers([[encoded(message) for message in messages]] if messages else [])
    assert numbers.chunks == as_sent.chunks
    assert numbers.rows == as_sent.rows
    found = numbers.epochs()
    assert {began: (e.direct, e.resent, e.messages) for began, e in found.items()} == model(messages)
    for epoch in found.values():
        assert epoch.pairs == sum(number + 1 in epoch.direct for number in epoch.direct)
        assert epoch.seen == len(epoch.direct | epoch.resent)


@settings(max_examples=100, deadline=None)
@given(drawn(), st.randoms(use_true_random=False))
def test_what_comes_again_changes_only_how_often_it_came(
    messages: list[tuple[int, int, str]], rng: random.Random
) -> None:
    again = messages + rng.sample(messages, len(messages) // 2)
    rng.shuffle(again)
    once = Numbers([[encoded(message)] for message in messages]).epochs()
    twice = Numbers([[encoded(message)] for message in again]).epochs()
    assert {k: (e.direct, e.resent, e.pairs) for k, e in once.items()} == {
        k: (e.direct, e.resent, e.pairs) for k, e in twice.items()
    }


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-(10**9), 10**9), st.integers(1, 10**18)), min_size=1, max_size=8, unique=True
    ),
    st.randoms(use_true_random=False),
)
def test_numbers_far_apart_are_kept_as_they_are(sent_at: list[tuple[int, int]], rng: random.Random) -> None:
    messages = [sent(ms, number) for ms, number in sent_at]
    stored = Numbers([messages])
    assert Numbers([[message] for message in rng.sample(messages, len(messages))]).chunks == stored.chunks
    (epoch,) = stored.epochs().values()
    assert epoch.direct == {number for _, number in sent_at}
