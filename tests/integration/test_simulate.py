"""`fixwatch simulate` and `fixwatch produce` against a broker: what the ledger says is what the topic holds."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from fixwatch.demo.broker import EmbeddedBroker, free_port
from fixwatch.errors import BrokerError
from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.defects import Verdict
from fixwatch.kafka.offsets import describe_topic, end_offsets
from fixwatch.kafka.topic import ensure_topic
from fixwatch.settings import load
from fixwatch.sources.producer import RecordProducer
from fixwatch.sources.simulator.ledger import Ledger


@contextmanager
def start(command: str, servers: str, topic: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own, which does not outlive the block."""
    options = ["--bootstrap-servers", servers, "--topic", topic]
    process = subprocess.Popen(
        [sys.executable, "-m", "fixwatch", command, *options, *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def run(command: str, servers: str, topic: str, *more: str, given: str = "") -> tuple[int, str, str]:
    with start(command, servers, topic, *more) as process:
        out, err = process.communicate(given, timeout=60)
        return process.returncode, out, err


def records_of(servers: str, topic: str) -> list[tuple[int, bytes | None, bytes]]:
    """Everything in a topic: partition, key, value."""
    found = describe_topic({"bootstrap.servers": servers}, topic)
    assert found is not None
    ends = end_offsets({"bootstrap.servers": servers}, found)
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "test", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in ends])
    records: list[tuple[int, bytes | None, bytes]] = []
    deadline = time.monotonic() + 30
    while len(records) < sum(ends.values()):
        assert time.monotonic() < deadline
        for message in consumer.consume(10_000, 0.2):
            assert message.error() is None
            records.append((message.partition(), message.key(), message.value() or b""))
    consumer.close()
    return records


def await_sending(ledger: Path, messages: int) -> None:
    deadline = time.monotonic() + 30
    while not ledger.exists() or Ledger.read(ledger).messages < messages:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_topic_holds_what_the_ledger_says(broker: str, topic: str, tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    status, out, err = run(
        "simulate", broker, topic, "--rate", "0", "--messages", "20000", "--seed", "4", "--ledger", str(path),
        "--faults", "default", "--partitions", "3",
    )  # fmt: skip
    assert status == 0, err
    assert "sent 20,000 messages" in out
    ledger = Ledger.read(path)
    records = records_of(broker, topic)
    assert ledger.state == "complete"
    assert len(records) == ledger.messages == 20_000
    verdicts = decode([value for _, _, value in records], DecodeOptions()).verdicts.to_pylist()
    assert Counter(Verdict(verdict).label for verdict in verdicts) == ledger.verdicts
    # A session pair never changes its partition.
    assert (
        len({(partition, key) for partition, key, _ in records}) == len({key for _, key, _ in records}) == 8
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_simulation_logs_out_and_completes_its_ledger(
    broker: str, topic: str, tmp_path: Path, how: signal.Signals
) -> None:
    path = tmp_path / "ledger.json"
    with start("simulate", broker, topic, "--rate", "2000", "--ledger", str(path)) as process:
        await_sending(path, 500)
        process.send_signal(how)
        _, err = process.communicate(timeout=90)
        assert process.returncode == 0, err
    ledger = Ledger.read(path)
    records = records_of(broker, topic)
    assert ledger.state == "complete"
    assert ledger.by_msg_type["A"] == ledger.by_msg_type["5"] == 16
    assert len(records) == ledger.messages


def test_a_broker_that_comes_late_is_waited_for(topic: str) -> None:
    port = free_port()
    servers = f"127.0.0.1:{port}"
    with start("simulate", servers, topic, "--rate", "0", "--messages", "100") as process:
        assert process.stderr is not None
        assert "waiting_for_broker" in process.stderr.readline()
        with EmbeddedBroker(port):
            out, err = process.communicate(timeout=90)
            assert process.returncode == 0, err
            assert "sent 100 messages" in out
            assert len(records_of(servers, topic)) == 100


def test_a_simulation_without_a_broker_can_be_stopped(topic: str, tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    servers = f"127.0.0.1:{free_port()}"
    with start("simulate", servers, topic, "--ledger", str(path)) as process:
        assert process.stderr is not None
        assert "waiting_for_broker" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)
        assert process.returncode == 0
    ledger = Ledger.read(path)
    assert (ledger.state, ledger.messages) == ("complete", 0)


def test_a_broker_that_is_lost_is_never_silent(topic: str) -> None:
    with EmbeddedBroker() as running:
        settings = load(
            kafka_bootstrap_servers=running.bootstrap_servers,
            kafka_topic=topic,
            kafka_config={"message.timeout.ms": 1500},
        )
        ensure_topic({"bootstrap.servers": running.bootstrap_servers}, topic, 1)
        producer = RecordProducer(settings)
        producer.send(b"k", b"delivered")
        producer.flush()
        assert (producer.sent, producer.delivered, producer.failed) == (1, 1, 0)
        running.stop()
        producer.send(b"k", b"lost")
        with pytest.raises(BrokerError, match="1 of 2 records were not delivered"):
            producer.flush()
        assert (producer.delivered, producer.failed) == (1, 1)


def test_a_broker_that_comes_back_empty_fails_the_run_and_its_ledger(
    topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How long the client waits for the topic to come back: five minutes if we let it.
    monkeypatch.setenv("FIXWATCH_KAFKA_CONFIG", '{"message.timeout.ms": 3000}')
    path = tmp_path / "ledger.json"
    with (
        EmbeddedBroker() as running,
        start("simulate", running.bootstrap_servers, topic, "--ledger", str(path)) as process,
    ):
        await_sending(path, 100)
        running.stop()
        with EmbeddedBroker(running.port):
            _, err = process.communicate(timeout=60)
        assert process.returncode == 1
    assert "Traceback" not in err
    # Which of the two depends on what was on its way.
    assert re.search("broker cannot be sent to|records were not delivered", err.splitlines()[-1])
    assert Ledger.read(path).state == "failed"


def test_what_waits_past_the_limit_counts_as_failed(topic: str) -> None:
    with EmbeddedBroker() as running:
        ensure_topic({"bootstrap.servers": running.bootstrap_servers}, topic, 1)
        producer = RecordProducer(load(kafka_bootstrap_servers=running.bootstrap_servers, kafka_topic=topic))
        running.stop()
        producer.send(b"k", b"lost")
        with pytest.raises(BrokerError, match="1 of 1 records were not delivered"):
            producer.flush(0.5)


def test_a_topic_is_made_once_and_keeps_its_partitions(broker: str, topic: str) -> None:
    config = {"bootstrap.servers": broker}
    assert ensure_topic(config, topic, 3) == 3
    assert ensure_topic(config, topic, 5) == 3


def test_a_file_without_lengths_and_sums_is_sent_as_it_is(broker: str, topic: str, tmp_path: Path) -> None:
    log = tmp_path / "feed.log"
    line = "8=FIX.4.4|35=8|49=BROKER|56=BUY{n}|17=E{n}|10=000|\n"
    log.write_text("# a demo feed\n" + "".join(line.format(n=n) for n in range(50)))
    status, out, err = run("produce", broker, topic, str(log))
    assert (status, out) == (0, f"sent 50 messages to {topic}; skipped 1 lines without 8=FIX\n"), err
    records = records_of(broker, topic)
    assert {(key, value) for _, key, value in records} == {
        (f"BROKER<>BUY{n}".encode(), line.format(n=n).strip().replace("|", "\x01").encode())
        for n in range(50)
    }


def test_standard_input_is_sent(broker: str, topic: str) -> None:
    given = "8=FIX.4.2^A35=0^A49=A^A56=B^A10=000^A\n"
    status, out, err = run("produce", broker, topic, "-", given=given)
    assert status == 0, err
    assert out.startswith("sent 1 messages")
    assert [(key, value) for _, key, value in records_of(broker, topic)] == [
        (b"A<>B", b"8=FIX.4.2\x0135=0\x0149=A\x0156=B\x0110=000\x01")
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing", None, "cannot be read: No such file or directory"),
        ("empty", "", "no FIX message in"),
        ("notes", "hello\nworld\n", "it holds 2 lines without 8=FIX"),
        (".", None, "is a directory"),
    ],
)
def test_a_file_that_is_no_log_is_one_clear_line(
    broker: str, topic: str, tmp_path: Path, name: str, content: str | None, said: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    status, _, err = run("produce", broker, topic, str(path))
    assert status == 1
    assert said in err
    assert "Traceback" not in err


def test_a_wrong_fault_is_one_clear_line(broker: str, topic: str) -> None:
    status, _, err = run("simulate", broker, topic, "--faults", "gaps=0.1")
    assert status == 1
    assert err.startswith("fixwatch: --faults: there is no fault 'gaps'")
    assert len(err.splitlines()) == 1
