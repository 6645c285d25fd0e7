"""What a round of chaos happens to: a Postgres, a broker behind a proxy, a load, and the ingesters of one group."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Final, LiteralString

import psutil
import psycopg
from psycopg import sql

from fixwatch.demo.found import find
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.demo.reconciliation import reconcile
from fixwatch.errors import DatabaseError, DemoError
from fixwatch.kafka.offsets import Topic, describe_topic, end_offsets
from fixwatch.kafka.topic import ensure_topic
from fixwatch.sources.simulator.ledger import Ledger
from fixwatch.sources.simulator.order_file import order_file, read_orders
from tests.chaos.proxy import SPARED, Proxy
from tests.chaos.volume import Volume

#: Seconds that anything may take once the faults are over.
PATIENCE: Final = 120
PARTITIONS: Final = 4


class Round:
    """One round's topic, database, load and ingesters; `close` ends all processes."""

    def __init__(self, postgres: EmbeddedPostgres, volume: Volume, proxy: Proxy, logs: Path) -> None:
        self.postgres, self.volume, self.proxy, self.logs = postgres, volume, proxy, logs
        self.topic = f"chaos-{uuid.uuid4().hex[:8]}"
        self.servers = f"127.0.0.1:{proxy.port}"
        self._started = 0
        self.ingesters: list[subprocess.Popen[bytes]] = []
        self._load: subprocess.Popen[bytes] | None = None
        self._ledger = logs / "ledger.json"
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            # What the rounds before left is not needed any more, nor is their write-ahead log.
            old = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'chaos_%'")
            for (name,) in old.fetchall():
                connection.execute(sql.SQL("DROP DATABASE {} (FORCE)").format(sql.Identifier(name)))
            connection.execute("CHECKPOINT")
            name = self.topic.replace("-", "_")
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        self.database_url = postgres.url.replace("/fixwatch?", f"/{name}?")
        ensure_topic({"bootstrap.servers": self.servers}, self.topic, PARTITIONS)
        found = describe_topic({"bootstrap.servers": self.servers}, self.topic)
        assert found is not None
        self.found: Topic = found

    def _spawn(self, name: str, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        environment = {
            "FIXWATCH_DATABASE_URL": self.database_url,
            "FIXWATCH_KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "FIXWATCH_KAFKA_TOPIC": self.topic,
            "FIXWATCH_KAFKA_GROUP_ID": self.topic,
            # Small batches: more commits to be hit by a fault.
            "FIXWATCH_BATCH_ROWS": "500",
        }
        with (self.logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "fixwatch", *arguments],
                env=os.environ | environment | settings,
                stdout=log,
                stderr=log,
            )

    def start_load(self, messages: int, rate: int, seed: int) -> None:
        """Send `messages` of the simulator's flow, `rate` a second."""
        plan = ["--messages", str(messages), "--rate", str(rate), "--seed", str(seed)]
        self._load = self._spawn(
            "load",
            "simulate",
            *plan,
            "--ledger",
            str(self._ledger),
            FIXWATCH_KAFKA_CONFIG=json.dumps({"client.id": SPARED.decode()}),
        )

    def join(self) -> None:
        """Let one more ingester join the group."""
        self._started += 1
        self.ingesters.append(self._spawn(f"ingest{self._started}", "ingest"))

    def wait_for_group(self) -> None:
        """Wait until the group has given partitions to the ingesters."""
        deadline = time.monotonic() + PATIENCE
        while not self._count("SELECT coalesce(sum(partitions), 0) FROM ingesters"):
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def end(self, ingester: subprocess.Popen[bytes], how: signal.Signals) -> None:
        """End an ingester by a signal."""
        ingester.send_signal(how)
        ingester.wait(PATIENCE)
        self.ingesters.remove(ingester)
        # One that has only just started does not know the signal yet.
        assert ingester.returncode in (0, -signal.SIGKILL, -signal.SIGTERM), self.said()

    def stop_postgres_at_once(self) -> None:
        """As `pg_ctl stop -m immediate` does: no checkpoint, no goodbye."""
        if self.postgres.pid is not None:
            postmaster = psutil.Process(self.postgres.pid)
            postmaster.send_signal(signal.SIGQUIT)
            postmaster.wait(PATIENCE)

    def start_postgres(self) -> None:
        """Start it, or wait until it has recovered."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.postgres.start()
            except DemoError:
                # A server that a full disk ended may be going down as we look.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    def settle(self) -> Ledger:
        """Wait until the load is over and everything is stored; returns its ledger."""
        assert self._load is not None
        assert self._load.wait(PATIENCE) == 0, self.said()
        ledger = Ledger.read(self._ledger)
        deadline = time.monotonic() + PATIENCE
        while (stored := self._stored()) < ledger.messages:
            died = [ingester.returncode for ingester in self.ingesters if ingester.poll() is not None]
            assert not died, self.said()
            assert time.monotonic() < deadline, f"{stored} of {ledger.messages} stored; {self.said()}"
            time.sleep(0.05)
        return ledger

    def _stored(self) -> int:
        return self._count("SELECT coalesce(sum(next_offset), 0) FROM ingest_offsets")

    def _count(self, query: LiteralString) -> int:
        """What the query counts; 0 while Postgres or its tables are not there."""
        try:
            with psycopg.connect(self.database_url, autocommit=True) as connection:
                row = connection.execute(query).fetchone()
        except psycopg.Error:
            return 0
        return int(row[0]) if row else 0

    def differences(self, ledger: Ledger) -> list[str]:
        """Where ledger, topic and database do not agree; empty when nothing is lost and nothing is twice."""
        found: list[str] = []
        ends = end_offsets({"bootstrap.servers": self.servers}, self.found, 60)
        if sum(ends.values()) != ledger.messages:
            found.append(f"the topic has {sum(ends.values())} records, the ledger {ledger.messages}")
        try:
            found_there = find(self.database_url, [self.found.topic_id], [ledger.run])
            lines = reconcile(ledger, read_orders(order_file(self._ledger)), found_there)
        except DatabaseError as error:
            return [*found, str(error)]
        found += [str(line) for line in lines if not line.agrees]
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            counted = connection.execute(
                "SELECT count(*) - count(DISTINCT (stream_id, kafka_offset)) FROM messages"
            ).fetchone()
            gaps = connection.execute("SELECT * FROM ingest_gaps").fetchall()
        if counted != (0,):
            found.append(f"{counted} records are in the log twice")
        return found + [f"gap: {gap}" for gap in gaps]

    def verify(self) -> str | None:
        """What `fixwatch verify` says against it: log against topic, every fold against the log."""
        verifying = self._spawn("verify", "verify")
        if verifying.wait(PATIENCE) == 0:
            return None
        return (self.logs / "verify.log").read_text()

    def said(self) -> str:
        """The last lines of every process."""
        logs = sorted(self.logs.glob("*.log"))
        ends = {log.name: log.read_text(errors="replace").splitlines()[-12:] for log in logs}
        return "".join(f"\n--- {name}\n" + "\n".join(lines) for name, lines in ends.items())

    def close(self) -> None:
        """End every process of the round."""
        for process in (*self.ingesters, self._load):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
