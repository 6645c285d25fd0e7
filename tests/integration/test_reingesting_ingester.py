"""Running ingesters carry out what is asked for: while they ingest, while they are idle, and when they are killed."""

from __future__ import annotations

import signal
from typing import Final

from fixwatch.demo.postgres import EmbeddedPostgres
from tests.integration.ingested import Ingested, new_topic, wait_until

LENIENT: Final = {"FIXWATCH_FRAME": "lenient"}


def ask(ingested: Ingested) -> int:
    return ingested.execute(
        "INSERT INTO quarantine_actions (stream_id, kafka_offset, ingested_at, kind, requested_by)"
        " SELECT stream_id, kafka_offset, ingested_at, 'reingest', 'ann' FROM messages WHERE quarantined"
    )


def done(ingested: Ingested) -> int:
    return int(ingested.query("SELECT count(done_at) FROM quarantine_actions")[0][0])


def assert_all_is_well(ingested: Ingested) -> None:
    said = ingested.run("verify", "--no-topic", **LENIENT)
    assert said.exit_code == 0, said.output
    outcomes = {row[0] for row in ingested.query("SELECT DISTINCT outcome FROM quarantine_actions")}
    assert outcomes == {"folded", "still_kept_back"}


def test_an_idle_ingester_carries_out_what_is_asked_for(ingested: Ingested) -> None:
    with ingested.ingesting(**LENIENT):
        asked = ask(ingested)
        wait_until(lambda: done(ingested) >= asked)
    assert_all_is_well(ingested)
    assert ingested.query("SELECT count(*) FROM quarantine_actions WHERE done_by IS NULL") == [(0,)]


def test_what_a_killed_ingester_left_the_next_one_does_once(ingested: Ingested) -> None:
    asked = ask(ingested)
    for _ in range(3):
        before = done(ingested)
        process = ingested.start("ingest", **LENIENT)
        wait_until(lambda before=before: done(ingested) > before or done(ingested) >= asked)
        process.kill()
        process.wait()
        if done(ingested) >= asked:
            break
    with ingested.ingesting(**LENIENT):
        wait_until(lambda: done(ingested) >= asked)
    assert_all_is_well(ingested)


def test_two_ingesters_that_go_on_ingesting_do_it_once(postgres: EmbeddedPostgres, broker: str) -> None:
    own = new_topic(postgres, broker)
    sent = own.send(1_500, seed=7)
    with own.ingesting():
        wait_until(lambda: own.stored() == sent)
    first = own.start("ingest", **LENIENT)
    try:
        with own.ingesting(**LENIENT):
            sent += own.send(500, seed=8)
            asked = ask(own)
            wait_until(lambda: done(own) >= asked and own.stored() == sent)
        first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 0
    finally:
        first.kill()
        first.wait()
    assert_all_is_well(own)


def test_a_rebuild_and_an_ingester_at_once_come_to_the_same(ingested: Ingested) -> None:
    with ingested.ingesting(**LENIENT):
        asked = ask(ingested)
        said = ingested.run("rebuild", **LENIENT)
        assert said.exit_code == 0, said.output
        wait_until(lambda: done(ingested) >= asked)
    verified = ingested.run("verify", "--no-topic", **LENIENT)
    assert verified.exit_code == 0, verified.output
    outcomes = {row[0] for row in ingested.query("SELECT DISTINCT outcome FROM quarantine_actions")}
    assert outcomes <= {"folded", "still_kept_back", "not_kept_back"}
