"""`fixwatch doctor` against the real parts: it finds what is wrong and says what to do."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import Any

import psycopg
import pytest

from fixwatch.demo.broker import free_port
from fixwatch.doctor.check import Finding, Status
from fixwatch.doctor.examination import Subject, examine
from fixwatch.kafka.offsets import describe_topic
from fixwatch.kafka.topic import ensure_topic
from fixwatch.settings import Settings, load
from fixwatch.store.migrate import migrations


@pytest.fixture
def settings(broker: str, topic: str, database_url: str) -> Settings:
    ensure_topic({"bootstrap.servers": broker}, topic, 2)
    return load(kafka_bootstrap_servers=broker, kafka_topic=topic, database_url=database_url)


def by_subject(settings: Settings, subject: Subject | None = None) -> dict[str, Finding]:
    return {finding.about: finding for finding in examine(settings, subject)}


def see_ingester(database_url: str, ingester_id: str, ago: str = "0 s") -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO ingesters (ingester_id, seen_at, state, version, partitions) "
            "VALUES (%s, now() - %s::interval, 'ingesting', '0', 2)",
            (ingester_id, ago),
        )


def test_a_whole_system_has_no_problems(settings: Settings) -> None:
    url = settings.database_url.get_secret_value()
    see_ingester(url, "elsewhere:1")
    found = by_subject(settings)
    assert {finding.status for finding in found.values()} == {Status.OK}, found
    assert found["topic"].text.startswith(f"{settings.kafka_topic}, 2 partitions")
    assert found["migrations"].text == f"{len(migrations())} applied, none missing"
    assert found["ingester"].text.startswith("elsewhere:1: ingesting")
    assert found["lag"].text.startswith("0 messages")


def test_lag_is_what_is_not_stored_of_this_incarnation(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fixwatch.doctor import services

    config = {"bootstrap.servers": settings.kafka_bootstrap_servers}
    topic = describe_topic(config, settings.kafka_topic)
    assert topic is not None
    with psycopg.connect(settings.database_url.get_secret_value()) as connection:
        for topic_id, offset in ((topic.topic_id, 70), ("of an earlier one", 5000)):
            connection.execute(
                "INSERT INTO ingest_offsets (topic, topic_id, partition, next_offset) VALUES (%s, %s, 0, %s)",
                (settings.kafka_topic, topic_id, offset),
            )
    monkeypatch.setattr(services, "end_offsets", lambda *_: {0: 100, 1: 20})
    assert by_subject(settings)["lag"].text.startswith("50 messages")
    monkeypatch.setattr(services, "end_offsets", lambda *_: {0: 1_000_000, 1: 0})
    assert by_subject(settings)["lag"].status is Status.WARNING


def test_records_that_were_deleted_before_they_were_stored_are_a_warning(settings: Settings) -> None:
    with psycopg.connect(settings.database_url.get_secret_value()) as connection:
        connection.execute(
            "WITH stream AS (INSERT INTO ingest_offsets (topic, topic_id, partition, next_offset) "
            "VALUES (%s, 'one', 0, 2000) RETURNING stream_id) "
            "INSERT INTO ingest_gaps (stream_id, first_offset, last_offset, reason) "
            "SELECT stream_id, n * 100, n * 100 + 9, reason::gap_reason FROM stream, "
            "unnest('{before_first_start,deleted,deleted}'::text[]) WITH ORDINALITY AS gap (reason, n)",
            (settings.kafka_topic,),
        )
    found = by_subject(settings)["gap"]
    assert found.status is Status.WARNING
    assert found.text.startswith(f"20 records of {settings.kafka_topic} are not in the log: ")


def test_nobody_there_is_two_problems_with_advice() -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    found = by_subject(
        load(kafka_bootstrap_servers=nowhere, database_url=f"postgresql://x:hunter2@{nowhere}/x")
    )
    for about in ("broker", "Postgres"):
        assert found[about].status is Status.PROBLEM
        assert found[about].advice
        assert nowhere.split(":")[1] in found[about].text
    assert "hunter2" not in str(found)
    assert "lag" not in found


def test_missing_migrations_are_named(empty_database_url: str) -> None:
    found = by_subject(load(database_url=empty_database_url), Subject.DATABASE)
    assert found["migrations"].status is Status.PROBLEM
    assert "0001 log_and_folds" in found["migrations"].text
    assert found["migrations"].advice == "Run: fixwatch db migrate"


def test_a_missing_topic_is_a_warning(settings: Settings) -> None:
    found = by_subject(settings.model_copy(update={"kafka_topic": "fix-other"}), Subject.BROKER)
    assert found["topic"].status is Status.WARNING


@pytest.mark.parametrize(
    ("ingester_id", "ago", "status"),
    [
        (f"{socket.gethostname()}:7", "0 s", Status.OK),
        (f"{socket.gethostname()}:7", "11 s", Status.PROBLEM),
        ("another-host:7", "0 s", Status.PROBLEM),
    ],
)
def test_an_ingester_is_well_if_it_was_seen_on_this_host(
    settings: Settings, ingester_id: str, ago: str, status: Status
) -> None:
    see_ingester(settings.database_url.get_secret_value(), ingester_id, ago)
    assert by_subject(settings, Subject.INGESTER)["ingester"].status is status


def run_doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fixwatch", "doctor", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | environment,
    )


def test_the_exit_status_and_the_json_tell_programs(settings: Settings) -> None:
    url = settings.database_url.get_secret_value()
    done = run_doctor("--check", "database", "--format", "json", FIXWATCH_DATABASE_URL=url)
    report: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode, report["status"]) == (0, "ok")
    assert [finding["about"] for finding in report["findings"]] == ["Postgres", "migrations"]
    away = f"127.0.0.1:{free_port()}"
    failed = run_doctor("--check", "broker", FIXWATCH_KAFKA_BOOTSTRAP_SERVERS=away)
    assert failed.returncode == 1
    assert failed.stdout.startswith("problem  broker: ")
    assert failed.stderr == ""


def test_a_rebuild_that_an_upgrade_left_to_do_is_said(settings: Settings) -> None:
    assert "rebuild" not in by_subject(settings)
    with psycopg.connect(settings.database_url.get_secret_value()) as connection:
        connection.execute("INSERT INTO rebuild_due (why) VALUES ('folds are new')")
    found = by_subject(settings)["rebuild"]
    assert (found.status, found.advice) == (Status.WARNING, "Run once: fixwatch rebuild")
