"""`fixwatch rebuild`: whatever was wrong, afterwards every fold says what the log says; nobody else notices."""

from __future__ import annotations

import threading
import time

import psycopg

from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.store.folds import FOLDS
from tests.integration.ingested import MESSAGES, ODD, Ingested, new_topic, wait_until

DAMAGE = (
    "UPDATE orders SET cum_qty = 1 WHERE order_key % 3 = 0",
    "DELETE FROM orders WHERE order_key % 7 = 1",
    "INSERT INTO orders (order_key, pair_id, first_seen, last_seen) VALUES (999999999, 1, now(), now())",
    "UPDATE trades SET last_px = last_px + 1 WHERE exec_id LIKE '%5'",
    "DELETE FROM trades WHERE exec_id LIKE '%6'",
    "DELETE FROM trade_minutes",
    "UPDATE sessions SET logons = 99, messages = 0",
    "UPDATE message_minutes SET bytes = 0",
    "DELETE FROM defect_minutes",
    "UPDATE messages SET verdict = 'garbled', defects = '{too_long}', symbol = 'X' WHERE kafka_offset < 100",
)


def assert_all_is_well(ingested: Ingested, *options: str, **settings: str) -> None:
    done = ingested.run("verify", *options, **settings)
    assert done.exit_code == 0, done.output


def rebuild(ingested: Ingested, **settings: str) -> str:
    done = ingested.run("rebuild", **settings)
    assert done.exit_code == 0, done.output
    return done.output


def damage(ingested: Ingested) -> None:
    for statement in DAMAGE:
        assert ingested.execute(statement) > 0


def test_what_is_right_is_left_alone(ingested: Ingested) -> None:
    said = rebuild(ingested)
    assert said.splitlines()[:-1] == [
        f"{table}: 0 changed, 0 added, 0 removed" for table in ("messages", *FOLDS)
    ]
    assert said.splitlines()[-1].startswith(f"folded {MESSAGES + len(ODD):,} messages; ")


def test_what_is_wrong_is_made_right(ingested: Ingested) -> None:
    damage(ingested)
    said = rebuild(ingested)
    assert ", 1 removed" in next(line for line in said.splitlines() if line.startswith("orders: "))
    assert_all_is_well(ingested)


def test_what_others_made_of_the_tables_stays(ingested: Ingested) -> None:
    ingested.execute("CREATE VIEW my_trades AS SELECT symbol, sum(qty) AS qty FROM trades GROUP BY symbol")
    ingested.execute("GRANT SELECT ON orders TO PUBLIC")
    damage(ingested)
    rebuild(ingested)
    assert ingested.query("SELECT count(*) > 0 FROM my_trades") == [(True,)]
    assert ingested.query(
        "SELECT relacl::text LIKE '%=r/%' FROM pg_class WHERE oid = 'orders'::regclass"
    ) == [(True,)]


def test_other_settings_change_the_log_and_the_folds_together(ingested: Ingested) -> None:
    strict = {"FIXWATCH_PROFILE": "strict"}
    assert ingested.run("verify", "--no-topic", **strict).exit_code == 1
    before = ingested.query("SELECT count(*) FROM messages WHERE quarantined")[0][0]
    rebuild(ingested, **strict)
    assert ingested.query("SELECT count(*) FROM messages WHERE quarantined")[0][0] > before
    assert_all_is_well(ingested, **strict)
    rebuild(ingested)
    assert_all_is_well(ingested)


def test_messages_that_were_kept_back_found_sessions_and_orders_when_they_are_no_longer(
    ingested: Ingested,
) -> None:
    lenient = {"FIXWATCH_FRAME": "lenient"}
    # As if nobody had known these sessions: they are of garbled messages alone.
    said = rebuild(ingested, **lenient)
    assert not said.startswith("messages: 0 changed")
    assert_all_is_well(ingested, **lenient)
    assert ingested.query("SELECT count(*) FROM messages WHERE NOT quarantined AND session_id IS NULL") == [
        (0,)
    ]


def test_a_rebuild_that_is_killed_changes_nothing_and_the_next_one_works(ingested: Ingested) -> None:
    damage(ingested)
    contents = """
        SELECT (SELECT count(*) FROM pg_class WHERE relpersistence = 'p'),
               (SELECT md5(string_agg(o::text, '' ORDER BY order_key)) FROM orders AS o),
               (SELECT md5(string_agg(m::text, '' ORDER BY stream_id, kafka_offset)) FROM messages AS m)
    """
    before = ingested.query(contents)
    # It waits for this batch, which does not end, when everything is folded.
    with psycopg.connect(ingested.database_url) as batch:
        batch.execute("UPDATE ingest_offsets SET high_watermark = high_watermark")
        process = ingested.start("rebuild")
        wait_until(lambda: ingested.query(WAITING) == [(True,)])
        process.kill()
        process.wait()
    assert ingested.query(contents) == before
    wait_until(lambda: ingested.query(CONNECTED) == [(0,)])
    rebuild(ingested)
    assert_all_is_well(ingested)
    wait_until(lambda: ingested.query("SELECT count(*) FROM pg_class WHERE relpersistence = 't'") == [(0,)])


WAITING = """
    SELECT count(*) > 0 FROM pg_locks
    WHERE relation = 'ingest_offsets'::regclass AND mode = 'ShareLock' AND NOT granted
"""
CONNECTED = """
    SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'fixwatch rebuild' AND datname = current_database()
"""


def test_ingesters_go_on_through_rebuilds_and_verifications(postgres: EmbeddedPostgres, broker: str) -> None:
    ingested = new_topic(postgres, broker)
    done = threading.Event()
    sent = ingested.send(MESSAGES, seed=99)

    def send() -> None:
        nonlocal sent
        for seed in range(100, 1000):
            sent += ingested.send(400, seed, pause=lambda: time.sleep(0.2))
            if done.is_set():
                return

    with ingested.ingesting():
        sender = threading.Thread(target=send)
        sender.start()
        try:
            wait_until(lambda: ingested.stored() > MESSAGES)
            damage(ingested)
            at_first = ingested.stored()
            rebuild(ingested)
            assert_all_is_well(ingested, "--no-topic")
            ingested.execute("UPDATE trades SET last_px = last_px + 1")
            rebuild(ingested)
            # It was not alone.
            assert ingested.stored() > at_first + 100
        finally:
            done.set()
            sender.join()
        wait_until(lambda: ingested.stored() == sent)
    assert_all_is_well(ingested)


def test_folds_of_what_retention_dropped_are_kept(ingested: Ingested) -> None:
    ingested.execute("SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date - 40, 1)")
    early = (
        "ingested_at = ingested_at - date_trunc('day', now() - ingested_at + interval '40 days') "
        "WHERE ingested_at <= (SELECT ingested_at FROM ingest_batches ORDER BY ingested_at OFFSET 9 LIMIT 1)"
    )
    for table in ("trades", "trade_changes"):
        ingested.execute(f"UPDATE {table} SET {early}")  # noqa: S608
    ingested.execute(f"UPDATE messages SET {early}")  # noqa: S608
    folds = """
        SELECT (SELECT count(*) FROM trades), (SELECT count(*) FROM orders),
               (SELECT sum(qty) FROM trade_minutes), (SELECT sum(messages) FROM message_minutes)
    """
    before = ingested.query(folds)
    assert ingested.run("db", "retain", "--days", "30").exit_code == 0
    rebuild(ingested)
    assert ingested.query(folds) == before
    assert_all_is_well(ingested)


def test_a_rebuild_that_was_due_is_due_no_longer(ingested: Ingested) -> None:
    ingested.execute("INSERT INTO rebuild_due (why) VALUES ('folds are new')")
    rebuild(ingested)
    assert ingested.execute("DELETE FROM rebuild_due") == 0
