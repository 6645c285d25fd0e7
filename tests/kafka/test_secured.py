"""TLS and SCRAM: what FIXWATCH_KAFKA_CONFIG says reaches every client, and what it does not say stays outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.conftest import Start
from tests.integration.test_ingester import (
    PATIENCE,
    make_topic,
    produce,
    stored,
    wait_for_rows,
    wait_until,
)
from tests.kafka.apache_kafka import PASSWORD, ApacheKafka

pytestmark = pytest.mark.kafka


def environment(client: dict[str, str]) -> dict[str, str]:
    servers = client["bootstrap.servers"]
    rest = {name: value for name, value in client.items() if name != "bootstrap.servers"}
    return {"FIXWATCH_KAFKA_BOOTSTRAP_SERVERS": servers, "FIXWATCH_KAFKA_CONFIG": json.dumps(rest)}


def run(client: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fixwatch", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=os.environ | environment(client),
    )


def test_the_whole_way_runs_over_tls_and_scram(
    start: Start, database_url: str, apache_kafka: ApacheKafka, topic: str
) -> None:
    sent = run(apache_kafka.secured, "simulate", "--topic", topic, "--rate", "0", "--messages", "2000")
    assert sent.returncode == 0, sent.stderr
    ingester = start(**environment(apache_kafka.secured))
    wait_for_rows(database_url, 2000)
    checked = run(apache_kafka.secured, "doctor", "--check", "broker")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    ingester.send_signal(signal.SIGTERM)
    assert ingester.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sasl.password": "guessed-it"}, "Authentication failed"),
        ({"ssl.ca.location": "probe"}, "certificate verify failed"),
    ],
    ids=["password", "unknown-authority"],
)
def test_who_is_not_let_in_says_why_and_no_password(
    start: Start,
    database_url: str,
    apache_kafka: ApacheKafka,
    topic: str,
    tmp_path: Path,
    wrong: dict[str, str],
    said: str,
) -> None:
    make_topic(apache_kafka.bootstrap_servers, topic)
    produce(apache_kafka.bootstrap_servers, topic, 0, 10)
    client = apache_kafka.secured | wrong
    ingester = start(**environment(client))
    log = tmp_path / "ingest0.log"
    wait_until(lambda: said in log.read_text(), said)
    assert ingester.poll() is None
    assert stored(database_url) == (0, 0)
    checked = run(client, "doctor", "--check", "broker")
    assert checked.returncode == 1
    for text in (log.read_text(), checked.stdout + checked.stderr):
        assert "Traceback" not in text
        assert PASSWORD not in text
        assert client["sasl.password"] not in text


def test_a_client_without_tls_learns_from_doctor_that_it_is_not_let_in(apache_kafka: ApacheKafka) -> None:
    checked = run(
        apache_kafka.secured | {"security.protocol": "SASL_PLAINTEXT"}, "doctor", "--check", "broker"
    )
    assert checked.returncode == 1
    assert checked.stdout.startswith("problem  broker: "), checked.stdout + checked.stderr
    assert PASSWORD not in checked.stdout + checked.stderr


def test_an_ingester_without_tls_says_what_is_wrong_and_not_twenty_times_a_second(
    start: Start, database_url: str, apache_kafka: ApacheKafka, topic: str, tmp_path: Path
) -> None:
    ingester = start(FIXWATCH_KAFKA_BOOTSTRAP_SERVERS=apache_kafka.secured["bootstrap.servers"])
    log = tmp_path / "ingest0.log"
    wait_until(lambda: "waiting_for_the_broker" in log.read_text(), "the message")
    time.sleep(5)
    assert ingester.poll() is None
    text = log.read_text()
    assert "FIXWATCH_KAFKA_CONFIG" in text, text
    assert len(text.splitlines()) < 20, text
