"""Every number of the Overview against plain SQL over the log and the trades, not over the sums of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
import pytest

from fixwatch.dashboard import desk, standing
from fixwatch.session_settings import SessionSettings
from fixwatch.store.reader import Reader
from tests.integration.ingested import Ingested

#: All of the flow is in it.
MINUTES = 1_440
#: The trades that count, with what counts of them.
COUNTING = (
    "CREATE VIEW counting AS SELECT coalesce(symbol, '') AS symbol, coalesce(account, '') AS account,"
    " session_id::text AS session, coalesce(currency, '') AS currency, side,"
    " coalesce(transact_time, sent) AS traded_at, coalesce(corrected_qty, last_qty) AS qty,"
    " coalesce(corrected_qty, last_qty) * coalesce(corrected_px, last_px) AS notional"
    " FROM trades WHERE bust_exec_id IS NULL"
)

Database = psycopg.Connection[Any]


@pytest.fixture
def flow_now(ingested: Ingested) -> Iterator[tuple[Database, Reader]]:
    """A flow that a real ingester stored, moved so that its last batch was stored a second ago."""
    with psycopg.connect(ingested.database_url, autocommit=True) as database:
        database.execute(
            "CREATE TABLE moved AS SELECT now() - interval '1 second' - max(ingested_at) AS by FROM ingest_batches"
        )
        database.execute(
            "UPDATE ingest_batches SET ingested_at = ingested_at + by, committed_at = committed_at + by,"
            " first_kafka_time = first_kafka_time + by, last_kafka_time = last_kafka_time + by FROM moved"
        )
        database.execute(COUNTING)
        database.execute("UPDATE trades SET ingested_at = ingested_at + by FROM moved")
        # A part of the topic is not stored yet.
        database.execute(
            "UPDATE ingest_offsets SET high_watermark = next_offset + 10 * (partition + 1), updated_at = now()"
        )
        reader = Reader(ingested.database_url)
        yield database, reader
        reader.close()


def rows(database: Database, statement: LiteralString) -> list[tuple[Any, ...]]:
    return database.execute(statement).fetchall()


def test_counts_of_messages_are_those_of_the_log(flow_now: tuple[Database, Reader]) -> None:
    database, reader = flow_now
    found = reader.overview(MINUTES).messages
    assert rows(
        database,
        "SELECT count(*), sum(octet_length(raw)), count(*) FILTER (WHERE verdict = 'rejected'),"
        " count(*) FILTER (WHERE verdict = 'garbled'), count(*) FILTER (WHERE quarantined) FROM messages",
    ) == [(found.messages, found.bytes, found.rejected, found.garbled, found.quarantined)]
    assert min(found.rejected, found.garbled, found.quarantined) > 0


def test_defects_are_those_of_the_log(flow_now: tuple[Database, Reader]) -> None:
    database, reader = flow_now
    found = reader.overview(MINUTES).defects
    assert [
        (defect.reason if defect.ref_tag == 0 else f"{defect.reason}:{defect.ref_tag}", defect.defects)
        for defect in sorted(found, key=lambda one: (-one.defects, one.reason, one.ref_tag))
    ] == rows(
        database,
        "SELECT defect, count(*) FROM messages, unnest(defects) AS defect GROUP BY 1"
        " ORDER BY 2 DESC, split_part(defect, ':', 1) COLLATE \"C\", nullif(split_part(defect, ':', 2), '')::int"
        " NULLS FIRST LIMIT 20",
    )


def test_trades_are_those_of_the_trades_table(flow_now: tuple[Database, Reader]) -> None:
    database, reader = flow_now
    found = reader.overview(MINUTES, symbols=100)
    ((trades, stored_lately),) = rows(
        database,
        "SELECT count(*) FILTER (WHERE bust_exec_id IS NULL),"
        " count(*) FILTER (WHERE ingested_at > now() - interval '60 seconds') FROM trades",
    )
    assert found.trades == trades > 100
    assert found.trades_per_second == pytest.approx(stored_lately / found.rates.seconds, rel=0.1)
    assert sum(step.trades for step in found.trade_steps) == trades
    assert [(volume.symbol, volume.trades, volume.qty, volume.notional) for volume in found.symbols] == rows(
        database,
        "SELECT symbol, count(*), sum(qty), sum(notional) FROM counting GROUP BY 1 ORDER BY 4 DESC, 1",
    )
    steps = {(step.minute, step.side): (step.trades, step.qty) for step in found.trade_steps}
    expected = rows(
        database,
        "SELECT date_bin(interval '30 minutes', traded_at, '2000-01-01 00:00+00'), side, count(*), sum(qty)"
        " FROM counting GROUP BY 1, 2",
    )
    assert found.trade_step_minutes == 30
    assert steps == {(at, side): (count, qty) for at, side, count, qty in expected}


def test_rates_lag_and_latency_are_those_of_the_log(flow_now: tuple[Database, Reader]) -> None:
    database, reader = flow_now
    found = reader.overview(MINUTES)
    ((stored, lag),) = rows(
        database,
        "SELECT (SELECT count(*) FROM messages), (SELECT sum(high_watermark - next_offset) FROM ingest_offsets)",
    )
    assert (found.lag.stored, found.lag.records) == (stored, lag)
    assert lag == 100
    ((messages, p50, p95),) = rows(
        database,
        # A message's own wait: its batch has the moment of its storing.
        "SELECT count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY wait),"
        " percentile_disc(0.95) WITHIN GROUP (ORDER BY wait) FROM ("
        "   SELECT extract(epoch FROM b.committed_at - by - m.kafka_time) * 1000 AS wait"
        "   FROM moved, messages AS m JOIN ingest_batches AS b"
        "   ON b.ingested_at = m.ingested_at + (SELECT by FROM moved)"
        "   WHERE b.ingested_at > now() - interval '60 seconds') AS waited",
    )
    rates = found.rates
    assert rates.messages == messages > 0
    assert rates.latency_p50_least_ms is not None
    assert rates.latency_p95_least_ms is not None
    assert rates.latency_p50_ms is not None
    assert rates.latency_p95_ms is not None
    # Milliseconds are whole ones.
    assert rates.latency_p50_least_ms - 1 <= p50 <= rates.latency_p50_ms + 1
    assert rates.latency_p95_least_ms - 1 <= p95 <= rates.latency_p95_ms + 1
    ((by_step,),) = rows(
        database,
        "SELECT coalesce(sum(1), 0) FROM messages, moved WHERE ingested_at + by < date_bin("
        " interval '5 seconds', now(), '2000-01-01 00:00+00') AND ingested_at + by > now() - interval '10 minutes'",
    )
    assert abs(sum(step.messages for step in found.ingest_steps) - by_step) <= messages


def test_sessions_and_refusals_are_those_of_the_log(flow_now: tuple[Database, Reader]) -> None:
    database, reader = flow_now
    counts = reader.overview(MINUTES).session_counts
    assert rows(
        database,
        "SELECT count(*), count(*) FILTER (WHERE logged_on),"
        " (SELECT count(*) FROM session_sequences WHERE missing > 0) FROM sessions",
    ) == [(counts.sessions, counts.logged_on, counts.with_missing)]
    refused = desk.refusals(reader, MINUTES, datetime.now(UTC)).messages
    assert (
        dict(
            rows(
                database,
                "SELECT t, (SELECT count(*) FROM messages WHERE msg_type = t) FROM unnest('{3,j,9,Q}'::text[]) AS t",
            )
        )
        == refused
    )
    # Whose request was not answered for so long is stuck whatever the rules of its session.
    ((waiting,),) = rows(
        database, "SELECT count(*) FROM orders WHERE waiting_for IS NOT NULL AND merged_into IS NULL"
    )
    later = datetime.now(UTC) + timedelta(days=1)
    database.execute(
        "UPDATE orders SET waiting_since = %s WHERE waiting_for IS NOT NULL", [later - timedelta(days=9)]
    )
    assert desk.read(reader, (), SessionSettings()).stuck == min(waiting, desk.MOST_STUCK) > 0


def test_top_accounts_and_counterparties_are_those_of_the_trades_table(
    flow_now: tuple[Database, Reader],
) -> None:
    database, reader = flow_now
    labels = {session.session_id: session.label for session in reader.sessions.list()}
    found = standing.tops(reader, reader.overview(MINUTES).window, labels)
    assert found.complete
    by_account = "SELECT account, currency, count(*), sum(notional) FROM counting GROUP BY 1, 2"
    by_session = "SELECT session, currency, count(*), sum(notional) FROM counting GROUP BY 1, 2"
    for tops, statement in ((found.accounts, by_account), (found.counterparties, by_session)):
        expected = {
            (who, currency): (trades, notional)
            for who, currency, trades, notional in rows(database, statement)
        }
        if tops is found.counterparties:
            expected = {(labels[int(who)], currency): of for (who, currency), of in expected.items()}
        assert {
            (top.name, top.currency): (top.trades, top.notional) for top in tops
        }.items() <= expected.items()
        assert len(tops) == min(len(expected), standing.MOST_NAMES)
        for currency in {top.currency for top in tops}:
            largest = sorted((of[1] for (_, ccy), of in expected.items() if ccy == currency), reverse=True)
            shown = [top.notional for top in tops if top.currency == currency]
            assert shown == largest[: len(shown)]


def test_today_is_compared_with_yesterday(flow_now: tuple[Database, Reader]) -> None:
    database, reader = flow_now
    now = datetime.now(UTC) + timedelta(minutes=1)
    found = standing.days(reader, 720, now)
    assert found.yesterday.is_empty
    ((messages, defective, trades),) = rows(
        database,
        "SELECT count(*), count(*) FILTER (WHERE verdict <> 'valid'),"
        " (SELECT count(*) FROM trades WHERE bust_exec_id IS NULL) FROM messages",
    )
    assert (found.today.messages, found.today.defective, found.today.trades) == (messages, defective, trades)
    notional = rows(database, "SELECT currency, sum(notional) FROM counting GROUP BY 1 ORDER BY 2")
    assert found.today.notional == dict(notional)
    assert found.currency == notional[-1][0]
    # The same a day later: what was today is yesterday, to the digit, and today there is nothing.
    later = standing.days(reader, 720, now + timedelta(days=1))
    assert later.yesterday == found.today
    assert later.today.is_empty
    assert later.currency == found.currency
    database.execute("UPDATE trade_minutes SET notional = notional + 0.000000000000000001")
    changed = standing.days(reader, 720, now).today.notional[found.currency]
    assert Decimal() < changed - found.today.notional[found.currency] < Decimal("0.000001")
