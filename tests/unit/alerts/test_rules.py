"""What is worth an alert, of moments that are made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fixwatch.alerts.rules import BY_LABEL, Moment, Rule, broken
from fixwatch.schedule import Schedule, parse_span
from fixwatch.session_settings import SessionRules, SessionSettings
from fixwatch.store.figures import Health, Ingester, IngestRates, Lag, MessageTotals, SessionCounts
from fixwatch.store.order_views import Order
from fixwatch.store.system_views import OffsetGap
from fixwatch.store.views import Session

#: A Friday.
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
INGESTER = Ingester("host:1", NOW - timedelta(hours=1), NOW, "ingesting", None, "0.1.0", 4)
HEALTH = Health(
    rates=IngestRates(NOW, NOW, messages=60_000, bytes=1, seconds=60.0, latency_p50_ms=20, latency_p95_ms=60),
    lag=Lag(records=40, stored=1_000_000, streams=4),
    ingesters=(INGESTER,),
    session_counts=SessionCounts(1, 1, 0),
    recent=MessageTotals(300_000, 1, 0, 0, 0),
)
WELL = Moment(HEALTH, (), (), ())
NONE = SessionSettings()


def session(**values: Any) -> Session:
    given: dict[str, Any] = {field.name: None for field in fields(Session)}
    given |= {
        "session_id": 7,
        "sender_comp_id": "ALPHA",
        "target_comp_id": "BROKER",
        "logged_on": True,
        "heart_bt_int": 30,
        "at": NOW,
        "last_seen": NOW,
        "missing": 0,
        "recent_quarantined": 0,
    }
    return Session(**given | values)


def order(pair_id: int = 3, waiting_for: str = "cancel", seconds: int = 60) -> Order:
    given: dict[str, Any] = {field.name: None for field in fields(Order)}
    given |= {
        "pair_id": pair_id,
        "ends": ["ALPHA", "", "", "BROKER", "DESK", ""],
        "waiting_for": waiting_for,
        "waiting_since": NOW - timedelta(seconds=seconds),
    }
    return Order(**given)


def found(moment: Moment, rules: SessionSettings = NONE) -> dict[tuple[str, str], str]:
    return {(firing.rule, firing.subject): firing.why for firing in broken(moment, rules)}


def test_nothing_fires_where_all_is_well() -> None:
    assert broken(WELL, NONE) == []
    assert broken(replace(WELL, sessions=(session(),)), NONE) == []


def test_no_ingester_is_one_alert_whatever_it_leaves_behind() -> None:
    assert found(replace(WELL, health=replace(HEALTH, ingesters=()))) == {
        ("no_ingester", ""): "Nothing new is stored. The last batch was stored at 2026-01-02 12:00:00 UTC."
    }


def test_an_ingester_that_waits_says_what_for() -> None:
    waiting = replace(INGESTER, state="waiting for broker", detail="nothing listens there", partitions=0)
    assert found(replace(WELL, health=replace(HEALTH, ingesters=(waiting,)))) == {
        ("not_storing", "host:1"): "waiting for broker: nothing listens there",
        ("no_partitions", ""): "It says: waiting for broker.",
    }


def test_an_ingester_without_a_partition_is_well_where_another_has_them() -> None:
    spare = replace(INGESTER, ingester_id="host:2", state="waiting for partitions", partitions=0)
    assert found(replace(WELL, health=replace(HEALTH, ingesters=(INGESTER, spare)))) == {}


def test_lag_fires_above_what_the_present_rate_makes_up_for_in_five_seconds() -> None:
    def with_lag(records: int) -> Moment:
        return replace(WELL, health=replace(HEALTH, lag=Lag(records, 1_000_000, 4)))

    assert found(with_lag(5_000)) == {}
    assert found(with_lag(5_001)) == {("lag", ""): "5,001 records are in the topic and not stored."}


def test_records_that_wait_while_nothing_is_stored_are_a_standstill_not_a_lag() -> None:
    still = replace(
        HEALTH, rates=replace(HEALTH.rates, last_batch=NOW - timedelta(seconds=11)), lag=Lag(2, 9, 4)
    )
    assert found(replace(WELL, health=still)) == {
        (
            "standstill",
            "",
        ): "2 records are in the topic and not stored; the last batch was stored at 11:59:49 UTC."
    }
    assert found(replace(WELL, health=replace(still, lag=Lag(0, 9, 4)))) == {}


def test_slow_storing_fires() -> None:
    slow = replace(HEALTH, rates=replace(HEALTH.rates, latency_p95_ms=5_001))
    assert list(found(replace(WELL, health=slow))) == [("slow", "")]


@pytest.mark.parametrize(("age", "fires"), [(timedelta(0), True), (timedelta(hours=25), False)])
def test_a_gap_fires_for_a_day(age: timedelta, fires: bool) -> None:
    gap = OffsetGap("fix-trades", 2, 1_000, 1_999, "deleted", NOW - age)
    key = ("records_gone", "fix-trades[2]@1000")
    assert found(replace(WELL, gaps=(gap,))) == (
        {key: "Offsets 1,000 to 1,999 will never be in the log: deleted."} if fires else {}
    )


def test_quarantine_fires_for_each_session_and_for_what_nobody_can_be_named_for() -> None:
    health = replace(HEALTH, recent=MessageTotals(10, 1, 0, 5, 5))
    assert found(Moment(health, (session(recent_quarantined=3),), (), ())) == {
        ("quarantined", "7"): "3 kept back in the last 5 min.",
        ("quarantined", ""): "2 kept back in the last 5 min.",
    }


def test_a_session_that_is_silent_or_misses_numbers_fires() -> None:
    silent = session(last_seen=NOW - timedelta(seconds=60), missing=12)
    assert found(replace(WELL, sessions=(silent,))) == {
        (
            "silent",
            "7",
        ): "Logged on, and silent for longer than its heartbeat allows. It was last seen at 11:59:00 UTC.",
        ("numbers_missing", "7"): "12 skipped, and neither sent again nor filled.",
    }


@pytest.mark.parametrize(
    ("hours", "logged_on", "rule"),
    [
        ("08:00-16:00", False, "not_logged_on"),
        ("13:00-16:00", True, "out_of_hours"),
        ("08:00-16:00", True, None),
    ],
)
def test_a_session_that_does_not_follow_its_schedule_fires(
    hours: str, logged_on: bool, rule: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = SessionRules(schedule=Schedule(ZoneInfo("UTC"), parse_span(f"mon-fri {hours}")))
    monkeypatch.setattr(SessionSettings, "rules", lambda *_: rules)
    fires = found(replace(WELL, sessions=(session(logged_on=logged_on),)))
    assert list(fires) == ([] if rule is None else [(rule, "7")])


def test_stuck_orders_are_one_alert_for_a_session_pair() -> None:
    stuck = (
        order(),
        order(seconds=90),
        order(waiting_for="new"),
        order(pair_id=4, waiting_for="pending_new"),
    )
    moment = replace(WELL, stuck=stuck)
    assert found(moment) == {
        ("stuck", "3"): "Without an answer: 2 cancel, 1 new. The first since 11:58:30 UTC.",
        ("stuck", "4"): "Without an answer: 1 pending new. The first since 11:59:00 UTC.",
    }
    assert broken(moment, NONE)[0].about == "ALPHA ↔ BROKER/DESK"


def test_every_rule_has_its_own_name_and_fits_its_column() -> None:
    assert len(BY_LABEL) == len(Rule)
    assert {rule.severity for rule in Rule} == {"critical", "warning"}
    assert all(len(rule.label) <= 100 for rule in Rule)


@pytest.mark.parametrize("change", [lambda gap: gap, lambda gap: replace(gap, topic="t" * 249)])
def test_a_subject_fits_its_column(change: Callable[[OffsetGap], OffsetGap]) -> None:
    gap = OffsetGap("fix-trades", 2**31 - 1, 2**63 - 2, 2**63 - 1, "before_first_start", NOW)
    (firing,) = broken(replace(WELL, gaps=(change(gap),)), NONE)
    assert len(firing.subject) <= 200
