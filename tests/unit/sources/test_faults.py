from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import pytest

from fixwatch.errors import SettingsError
from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE, Verdict
from fixwatch.sources.simulator.carrier import Record
from fixwatch.sources.simulator.faults import DEFAULT_SHARES, Fault, Faults
from fixwatch.sources.simulator.ledger import Ledger
from fixwatch.sources.simulator.said import OrderState
from tests.unit.sources.second_opinion import Fields, split

Run = tuple[list[Record], Ledger, list[OrderState]]


def decoded(records: list[Record]) -> list[tuple[str, str, int | None]]:
    """The verdict and the primary defect of each record."""
    answer = decode([value for _, value in records], DecodeOptions(profile="tolerant"))
    primary: dict[int, tuple[str, int | None]] = {}
    for defect in answer.defects.to_pylist():
        primary.setdefault(defect["row"], (BY_CODE[defect["reason"]].label, defect["ref_tag"]))
    return [
        (Verdict(verdict).label, *primary.get(row, ("", None)))
        for row, verdict in enumerate(answer.verdicts.to_pylist())
    ]


def test_default_faults_befall_about_two_percent() -> None:
    assert set(DEFAULT_SHARES) == set(Fault)
    of_every_message = set(Fault) - {Fault.CANCEL_UNANSWERED, Fault.REPLACE_UNANSWERED}
    assert 0.01 < sum(DEFAULT_SHARES[fault] for fault in of_every_message) < 0.03


def test_no_faults_leaves_nothing_to_befall() -> None:
    assert Faults.parse("none").shares == {}


def test_named_shares_are_taken_and_others_are_none() -> None:
    faults = Faults.parse("bad_checksum=0.25, gap=1e-3")
    assert faults.shares == {Fault.BAD_CHECKSUM: 0.25, Fault.GAP: 0.001}


def test_an_unknown_fault_names_the_allowed_ones() -> None:
    with pytest.raises(SettingsError, match=r"'bad_cheksum'.*bad_checksum.*not_fix"):
        Faults.parse("bad_cheksum=0.1")


@pytest.mark.parametrize("share", ["-0.1", "1.5", "much", "", "nan"])
def test_a_share_that_is_none_is_refused(share: str) -> None:
    with pytest.raises(SettingsError, match="from 0 to 1"):
        Faults.parse(f"gap={share}")


def test_shares_of_more_than_everything_are_refused() -> None:
    with pytest.raises(SettingsError, match="add up to"):
        Faults.parse("gap=0.6,repeat=0.6")


def test_nothing_named_is_refused() -> None:
    with pytest.raises(SettingsError, match="nothing is named"):
        Faults.parse("")


def test_every_kind_of_fault_happens_and_is_counted(faulty_run: Run) -> None:
    assert set(faulty_run[1].faults) == {fault.value for fault in Fault}
    assert min(faulty_run[1].faults.values()) > 20


def test_the_decoder_finds_what_the_ledger_promises(faulty_run: Run) -> None:
    records, ledger, _ = faulty_run
    assert Counter(verdict for verdict, _, _ in decoded(records)) == ledger.verdicts


@pytest.mark.parametrize(
    ("fault", "verdict", "defects"),
    [
        (Fault.BAD_CHECKSUM, "garbled", {"checksum_wrong"}),
        (Fault.WRONG_BODY_LENGTH, "garbled", {"body_length_wrong"}),
        (Fault.MISSING_TAG, "rejected", {"required_tag_missing"}),
        (Fault.BAD_ENUM, "rejected", {"value_out_of_range"}),
    ],
)
def test_a_fault_is_found_as_what_it_is(
    simulate: Callable[..., Run], fault: Fault, verdict: str, defects: set[str]
) -> None:
    records, ledger, _ = simulate(3_000, faults=f"{fault}=0.1")
    found = [(kind, defect) for kind, defect, _ in decoded(records) if kind != "valid"]
    assert len(found) == ledger.faults[fault] > 100
    assert {kind for kind, _ in found} == {verdict}
    assert {defect for _, defect in found} == defects


@pytest.mark.parametrize("fault", [Fault.TRUNCATED, Fault.NOT_FIX])
def test_cut_and_foreign_records_are_garbled(simulate: Callable[..., Run], fault: Fault) -> None:
    records, ledger, _ = simulate(3_000, faults=f"{fault}=0.1")
    verdicts = Counter(verdict for verdict, _, _ in decoded(records))
    assert verdicts == {"valid": 3_000 - ledger.faults[fault], "garbled": ledger.faults[fault]}


def test_text_that_is_not_ascii_is_valid(simulate: Callable[..., Run]) -> None:
    records, ledger, _ = simulate(3_000, faults="non_ascii=0.1")
    texts = [value for _, value in records if b"\x0158=Ordre d\xe9pos\xe9" in value]
    assert len(texts) == ledger.faults["non_ascii"] > 100
    assert {verdict for verdict, _, _ in decoded(records)} == {"valid"}


def test_a_repeat_is_the_same_bytes_again(simulate: Callable[..., Run]) -> None:
    records, ledger, _ = simulate(3_000, faults="repeat=0.1")
    again = Counter(records)
    assert sum(count - 1 for count in again.values()) == ledger.faults["repeat"] == ledger.repeats > 100


def test_a_poss_dup_names_the_first_time_and_keeps_number_and_content(simulate: Callable[..., Run]) -> None:
    records, ledger, _ = simulate(3_000, faults="poss_dup=0.1")
    dups = 0
    sent: dict[tuple[bytes, bytes, bytes], tuple[bytes, bytes]] = {}
    for _, value in records:
        fields = [part.partition(b"=")[::2] for part in value.split(b"\x01")[:-1]]
        by_tag = dict(fields)
        body = b"\x01".join(
            b"=".join(field) for field in fields if field[0] not in (b"9", b"10", b"43", b"52", b"122")
        )
        place = by_tag[b"49"], by_tag[b"56"], by_tag[b"34"]
        if by_tag.get(b"43") == b"Y":
            dups += 1
            assert sent[place] == (by_tag[b"122"], body)
            assert by_tag[b"52"] > by_tag[b"122"]
        else:
            sent[place] = by_tag[b"52"], body
    assert dups == ledger.faults["poss_dup"] == ledger.repeats > 100
    assert {verdict for verdict, _, _ in decoded(records)} == {"valid"}


def test_a_gap_is_a_number_that_is_never_sent(simulate: Callable[..., Run]) -> None:
    records, ledger, _ = simulate(3_000, faults="gap=0.1")
    numbers: dict[bytes, set[int]] = {}
    for _, value in records:
        fields = dict(part.partition(b"=")[::2] for part in value.split(b"\x01")[:-1])
        numbers.setdefault(fields[b"49"] + b"->" + fields[b"56"], set()).add(int(fields[b"34"]))
    missing = {name.decode(): set(range(1, max(seen))) - seen for name, seen in numbers.items()}
    for epoch in ledger.epochs:
        assert epoch.missed == epoch.missing
        found = {number for first, last in epoch.missing for number in range(first, last + 1)}
        assert found == missing[epoch.session]
    assert sum(map(len, missing.values())) == ledger.faults["gap"] > 100


def test_an_order_never_acknowledged_gets_no_answer(simulate: Callable[..., Run]) -> None:
    records, ledger, _ = simulate(5_000, faults="never_acknowledged=0.2")
    new, answered = set(), set()
    for number, (_, value) in enumerate(records):
        fields = dict(part.partition(b"=")[::2] for part in value.split(b"\x01")[:-1])
        if fields[b"35"] == b"D" and number < 4_900:  # later ones may be answered after the run's end
            new.add(fields[b"11"])
        elif fields[b"35"] == b"8":
            answered.update(fields[tag] for tag in (b"11", b"41") if tag in fields)
    assert 50 < len(new - answered) <= ledger.faults["never_acknowledged"]


def test_a_conflict_is_a_known_execution_at_another_price(simulate: Callable[..., Run]) -> None:
    records, ledger, _ = simulate(5_000, faults="conflict=0.1")
    first: dict[str, Fields] = {}
    conflicts, resends = 0, 0
    for _, value in records:
        fields = split(value)
        if fields[35] != "8":
            continue
        known = first.setdefault(fields[17], fields)
        if known is not fields:
            conflicts += 1
            resends += fields.get(97) == "Y"
            differs = {tag for tag in known if known[tag] != fields[tag]}
            assert {31, 34} <= differs <= {9, 10, 31, 34, 52}
    assert conflicts == ledger.conflicts == ledger.faults["conflict"] > 100
    assert 0 < resends < conflicts
    assert {verdict for verdict, _, _ in decoded(records)} == {"valid"}


def test_a_poss_resend_says_the_same_under_a_new_number(simulate: Callable[..., Run]) -> None:
    records, ledger, _ = simulate(5_000, faults="poss_resend=0.1")
    bodies: dict[tuple[str, str, str], set[frozenset[tuple[int, str]]]] = defaultdict(set)
    resends = 0
    for _, value in records:
        fields = split(value)
        if fields[35] in "DFG89":
            content = {(tag, text) for tag, text in fields.items() if tag not in (9, 10, 34, 52, 97)}
            bodies[fields[49], fields[35], fields[17 if fields[35] == "8" else 11]].add(frozenset(content))
            resends += fields.get(97) == "Y"
    assert resends == ledger.faults["poss_resend"] > 100
    assert {len(contents) for contents in bodies.values()} == {1}
    assert {verdict for verdict, _, _ in decoded(records)} == {"valid"}


@pytest.mark.parametrize(
    ("fault", "waits"),
    [
        ("cancel_unanswered", {"cancel", "pending_cancel"}),
        ("replace_unanswered", {"replace", "pending_replace"}),
    ],
)
def test_a_request_without_an_answer_leaves_its_order_waiting(
    simulate: Callable[..., Run], fault: str, waits: set[str]
) -> None:
    _, ledger, orders = simulate(10_000, faults=f"{fault}=0.5")
    waiting = Counter(order.waiting_for for order in orders)
    assert waits <= set(waiting)
    # But for those that were filled meanwhile, and some that the end cut off.
    assert ledger.faults[fault] / 2 < sum(waiting[kind] for kind in waits) < ledger.faults[fault] * 2
