from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.errors import SettingsError
from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE
from fixwatch.sources.session_key import message_key
from fixwatch.sources.simulator.carrier import Record
from fixwatch.sources.simulator.clock import SimulatedClock
from fixwatch.sources.simulator.faults import Fault, Faults
from fixwatch.sources.simulator.ledger import Ledger
from fixwatch.sources.simulator.said import OrderState
from fixwatch.sources.simulator.sessions import Only
from fixwatch.sources.simulator.simulation import LEAST_MESSAGES, Simulation, run_token
from tests.unit.sources.second_opinion import count_again

Run = tuple[list[Record], Ledger, list[OrderState]]
START = 1_772_811_000_000_000


def fields_of(value: bytes) -> dict[int, str]:
    parts = (part.partition(b"=") for part in value.removesuffix(b"\x01").split(b"\x01"))
    return {int(tag): text.decode("latin-1") for tag, _, text in parts}


def defects_of(values: list[bytes], profile: str = "strict") -> Counter[str]:
    decoded = decode(values, DecodeOptions(profile=profile))
    return Counter(BY_CODE[code].label for code in decoded.defects.column("reason").to_pylist())


def test_same_arguments_give_the_same_bytes(simulate: Callable[..., Run]) -> None:
    assert simulate(seed=7, faults="default") == simulate(seed=7, faults="default")


def test_another_seed_gives_another_flow(simulate: Callable[..., Run]) -> None:
    assert simulate(seed=7)[0] != simulate(seed=8)[0]


def test_every_message_is_valid_by_its_dictionary(quiet_run: Run) -> None:
    assert defects_of([value for _, value in quiet_run[0]]) == {}


def test_a_run_has_exactly_as_many_records_as_asked_for(simulate: Callable[..., Run]) -> None:
    for count in (LEAST_MESSAGES, LEAST_MESSAGES + 1, 777):
        records, ledger, _ = simulate(count, faults="default")
        assert len(records) == count == ledger.messages


def test_a_run_too_short_to_log_on_and_out_is_refused(simulate: Callable[..., Run]) -> None:
    with pytest.raises(SettingsError, match="at least 32"):
        simulate(LEAST_MESSAGES - 1)


def test_all_versions_and_both_directions_carry_the_whole_life_of_orders(quiet_run: Run) -> None:
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for _, value in quiet_run[0]:
        fields = fields_of(value)
        kind = fields[35]
        if kind == "8":
            kind += fields[150] + fields.get(20, "")
        seen[fields[8]].add(kind)
    requests = set("ADFGQ9013c5j")
    states = {"80", "8A", "88", "84", "8C", "83", "86", "8E", "85", "87", "89", "8D"}
    assert seen["FIX.4.2"] >= requests | {state + "0" for state in states} | {
        "810",
        "820",
        "801",
        "811",
        "822",
    }
    assert seen["FIX.4.4"] >= requests | states | {"8F", "8G", "8H"}
    assert seen["FIXT.1.1"] >= requests | (states - {"8A"}) | {"8F", "8G", "8H"}


def test_execution_reports_carry_thirty_fields(quiet_run: Run) -> None:
    fills = [value for _, value in quiet_run[0] if b"\x0131=" in value and b"\x0132=0\x01" not in value]
    assert min(value.count(b"\x01") for value in fills) >= 30


def test_both_directions_of_a_session_share_a_key(quiet_run: Run) -> None:
    sessions: defaultdict[bytes, set[tuple[str, str]]] = defaultdict(set)
    for key, value in quiet_run[0]:
        assert message_key(value) == key
        fields = fields_of(value)
        sessions[key].add((fields[49], fields[56]))
    assert len(sessions) == 8
    assert all(len(directions) == 2 for directions in sessions.values())


def test_sequence_numbers_have_no_gap_and_sessions_log_on_first_and_out_last(quiet_run: Run) -> None:
    directions: defaultdict[tuple[str, str], list[dict[int, str]]] = defaultdict(list)
    for _, value in quiet_run[0]:
        fields = fields_of(value)
        directions[fields[49], fields[56]].append(fields)
    assert len(directions) == 16
    for messages in directions.values():
        assert [int(fields[34]) for fields in messages] == list(range(1, len(messages) + 1))
        assert (messages[0][35], messages[0][141]) == ("A", "Y")
        assert messages[-1][35] == "5"
        assert [fields[52] for fields in messages] == sorted(fields[52] for fields in messages)


def test_silence_is_broken_by_heartbeats_on_schedule(simulate: Callable[..., Run]) -> None:
    # Half a second between messages: most directions would be silent for longer than HeartBtInt(108).
    records, _, _ = simulate(3_000, step=500_000)
    last: dict[tuple[str, str], int] = {}
    heartbeats = 0
    for number, (_, value) in enumerate(records):
        fields = fields_of(value)
        direction = fields[49], fields[56]
        heartbeats += fields[35] == "0" and 112 not in fields
        # 30 s, a second between looks, and some turns until all that are due have sent.
        assert number - last.get(direction, number) <= 2 * (30 + 1 + 10)
        last[direction] = number
    assert heartbeats > 100


def test_test_requests_are_answered(quiet_run: Run) -> None:
    asked, answered = [], []
    for _, value in quiet_run[0]:
        fields = fields_of(value)
        if fields[35] == "1":
            asked.append((fields[49], fields[56], fields[112]))
        elif fields[35] == "0" and 112 in fields:
            answered.append((fields[56], fields[49], fields[112]))
    assert len(asked) > 5
    assert asked[: len(answered)] == answered


def test_ids_of_two_runs_never_meet(simulate: Callable[..., Run]) -> None:
    def ids(run: Run) -> set[str]:
        every = (fields_of(value) for _, value in run[0])
        return {fields[tag] for fields in every for tag in (11, 17, 37) if tag in fields}

    first, second = simulate(seed=1, start=START), simulate(seed=1, start=START + 1_000)
    assert not ids(first) & ids(second)


def test_exec_ids_are_unique_within_a_run(quiet_run: Run) -> None:
    exec_ids = [fields[17] for _, value in quiet_run[0] if (fields := fields_of(value))[35] == "8"]
    assert len(exec_ids) == len(set(exec_ids))


def check_orders(records: list[Record]) -> int:
    """Every ExecutionReport's quantities agree with its order's trades so far; returns how many were checked."""
    trades: defaultdict[str, dict[str, tuple[Decimal, Decimal]]] = defaultdict(dict)
    checked = 0
    for _, value in records:
        fields = fields_of(value)
        if fields[35] != "8":
            continue
        order = trades[fields[37]]
        kind = fields[150]
        if fields[8] == "FIX.4.2":
            kind = {"1": "H", "2": "G"}.get(fields[20], "F" if fields[150] in "12" else kind)
        if kind == "F":
            order[fields[17]] = Decimal(fields[32]), Decimal(fields[31])
        elif kind == "H":
            del order[fields[19]]
        elif kind == "G":
            order[fields[19]] = Decimal(fields[32]), Decimal(fields[31])
        cum, leaves, quantity = Decimal(fields[14]), Decimal(fields[151]), Decimal(fields[38])
        assert cum == sum(traded for traded, _ in order.values())
        assert leaves == (0 if fields[39] in "348C" else quantity - cum)
        assert leaves >= 0
        if cum:
            average = sum(traded * price for traded, price in order.values()) / cum
            stated = Decimal(fields[6])
            last_place = Decimal(1).scaleb(int(stated.as_tuple().exponent))
            assert last_place <= Decimal("0.00001")
            assert abs(stated - average) <= last_place / 2 + Decimal("1E-20")
        else:
            assert fields[6] == "0"
        if fields[39] == "2":
            assert leaves == 0
        if fields[39] == "1":
            assert 0 < cum < quantity
        if fields[40] == "2" and kind == "F":
            limit, price = Decimal(fields[44]), Decimal(fields[31])
            assert price <= limit if fields[54] == "1" else price >= limit
        checked += 1
    return checked


def test_quantities_of_every_report_agree_with_the_orders_trades(quiet_run: Run) -> None:
    assert check_orders(quiet_run[0]) > 20_000


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**63), step=st.integers(1, 60_000_000))
def test_any_seed_and_pace_keeps_orders_consistent_and_messages_intact(seed: int, step: int) -> None:
    simulation = Simulation(seed, SimulatedClock(START, step), run_token(START))
    records = list(simulation.records(600))
    check_orders(records)
    assert defects_of([value for _, value in records]) == {}


def test_faults_do_not_change_which_orders_live(simulate: Callable[..., Run]) -> None:
    def new_orders(faults: str) -> list[str]:
        values = (fields_of(value) for _, value in simulate(3_000, faults=faults)[0])
        return [fields[11] + fields[55] + fields[38] for fields in values if fields[35] == "D"]

    with_faults, without = new_orders("non_ascii=0.5"), new_orders("none")
    assert with_faults == without


def test_prices_and_quantities_are_never_floats() -> None:
    simulation = Simulation(3, SimulatedClock(START), run_token(START), Faults.parse("default"))
    for _, value in simulation.records(3_000):
        for number in (b"e-", b"e+", b"E-", b"nan", b"inf"):
            for tag in (b"6", b"14", b"31", b"32", b"38", b"44", b"151"):
                assert b"\x01" + tag + b"=" + number not in value


@pytest.mark.parametrize("only", Only)
def test_one_direction_alone_says_what_it_says_with_the_other(only: Only) -> None:
    def run(only: Only | None) -> list[Record]:
        faults = Faults(dict.fromkeys(Fault, 0.02))
        simulation = Simulation(5, SimulatedClock(START), run_token(START), faults, only)
        return simulation.log_on() + [record for _ in range(5_000) for record in simulation.turn()]

    def sender(record: Record) -> bytes | None:
        found = re.search(rb"\x0149=([^\x01]+)\x01", record.value)
        return found and found[1]

    brokers = {b"FXW-EQ", b"FXW-ALGO", b"FXW-FX", b"FXW-DMA"}
    both, one = run(None), run(only)
    named = [record for record in one if sender(record)]
    assert {sender(record) in brokers for record in named} == {only is Only.BROKER_TO_CLIENT}
    assert named == [
        record
        for record in both
        if sender(record) and (sender(record) in brokers) is (only is Only.BROKER_TO_CLIENT)
    ]
    assert len(named) > 1_000


@pytest.mark.parametrize("only", Only)
def test_the_ledger_of_one_direction_agrees_with_its_bytes(only: Only) -> None:
    faults = Faults(dict.fromkeys(Fault, 0.02))
    simulation = Simulation(6, SimulatedClock(START), run_token(START), faults, only)
    values = [value for _, value in simulation.records(6_000)]
    ledger, found = simulation.ledger("complete"), count_again(values)
    assert sorted(simulation.take_orders()) == sorted(OrderState(**order) for order in found.orders)
    assert ledger.by_session == found.by_session
    assert {epoch.session: (epoch.missed, epoch.missing) for epoch in ledger.epochs} == found.gaps
    assert (ledger.conflicts, ledger.busts, ledger.corrections) == (
        found.conflicts,
        found.busts,
        found.corrections,
    )


def test_a_direction_that_there_is_not_is_refused() -> None:
    with pytest.raises(SettingsError, match="--only sideways: write broker-to-client or client-to-broker"):
        Only.parse("sideways")
