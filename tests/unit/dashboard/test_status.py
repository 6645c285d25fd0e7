from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fixwatch.dashboard.desk import MOST_STUCK, Desk
from fixwatch.dashboard.status import Level, assess
from fixwatch.store.conduct import Conduct
from fixwatch.store.figures import Health, Ingester, IngestRates, Lag, MessageTotals, SessionCounts

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
INGESTER = Ingester("host:1", NOW - timedelta(hours=1), NOW, "ingesting", None, "0.1.0", 4)
WELL = Health(
    rates=IngestRates(NOW, NOW, messages=60_000, bytes=1, seconds=60.0, latency_p50_ms=20, latency_p95_ms=60),
    lag=Lag(records=40, stored=1_000_000, streams=4),
    ingesters=(INGESTER,),
    session_counts=SessionCounts(10, 10, 0),
    recent=MessageTotals(300_000, 1, 0, 0, 0),
)


def test_nothing_wrong_is_all_well() -> None:
    assert assess(WELL).level is Level.OK
    assert assess(WELL).headline == "All well"


@pytest.mark.parametrize(
    ("health", "words"),
    [
        (replace(WELL, lag=Lag(6_000, 1_000_000, 4)), "6,000 records behind"),
        (replace(WELL, rates=replace(WELL.rates, latency_p95_ms=12_300)), "12.3 s"),
        (replace(WELL, recent=replace(WELL.recent, quarantined=1)), "1 message quarantined"),
        (replace(WELL, session_counts=SessionCounts(10, 9, 2)), "2 session directions"),
        (
            replace(WELL, rates=replace(WELL.rates, last_batch=NOW - timedelta(seconds=11))),
            "Nothing was stored for 11 s, and 40 records wait",
        ),
        (
            replace(WELL, ingesters=(replace(INGESTER, state="waiting for the broker"),)),
            "An ingester is waiting for the broker",
        ),
        (
            replace(WELL, ingesters=(replace(INGESTER, state="waiting for partitions", partitions=0),)),
            "waiting",
        ),
    ],
)
def test_what_is_not_well_is_named(health: Health, words: str) -> None:
    status = assess(health)
    assert status.level is Level.NOTICE
    assert words in " ".join(status.details)


def test_a_quiet_topic_is_no_standstill() -> None:
    quiet = replace(WELL, rates=replace(WELL.rates, last_batch=NOW - timedelta(hours=1)))
    assert assess(replace(quiet, lag=replace(WELL.lag, records=0))).level is Level.OK


def test_a_flood_that_is_kept_up_with_is_not_a_delay() -> None:
    flood = replace(WELL, rates=replace(WELL.rates, messages=6_000_000), lag=Lag(100_000, 1_000_000, 4))
    assert assess(flood).level is Level.OK


def test_no_ingester_is_trouble_whatever_else_there_is() -> None:
    status = assess(replace(WELL, ingesters=(), recent=replace(WELL.recent, quarantined=3)))
    assert status.level is Level.TROUBLE
    assert "No ingester is running" in status.details[0]
    assert len(status.details) == 2


def test_an_empty_database_is_not_trouble() -> None:
    rates = replace(WELL.rates, last_batch=None, messages=0, latency_p50_ms=None, latency_p95_ms=None)
    empty = replace(WELL, rates=rates, lag=Lag(0, 0, 0), ingesters=())
    assert assess(empty).level is Level.EMPTY
    assert assess(replace(empty, ingesters=(INGESTER,))).headline == "Ingesting, no messages yet"


def test_stuck_orders_and_sessions_that_do_not_behave_are_named() -> None:
    status = assess(WELL, Desk(stuck=1, sessions={Conduct.SILENT: 2, Conduct.NOT_LOGGED_ON: 1}))
    assert status.level is Level.NOTICE
    assert status.details == (
        "1 order stuck.",
        "2 session directions silent.",
        "1 session direction not logged on, but open.",
    )
    assert "200 orders or more stuck." in assess(WELL, Desk(MOST_STUCK, {})).details
    assert assess(WELL, Desk(0, {})).level is Level.OK
