"""Everything that the demo runs, started and stopped in order.

1. Postgres, then the broker, then the topic in it.
2. `db migrate`, then `ingest`, `dashboard`, `alert` and `simulate`, each as its own process of the command line.
3. At the end the simulator stops first; the ingester stores what is left; then all stop in reverse.
"""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import SecretStr

from fixwatch.demo.broker import EmbeddedBroker
from fixwatch.demo.figures import RunReader
from fixwatch.demo.guard import Guard
from fixwatch.demo.instance import Instance
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.demo.process import Part, fixwatch_command
from fixwatch.demo.runs import Runs
from fixwatch.errors import BrokerError, DemoError
from fixwatch.kafka.offsets import Topic, describe_topic, end_offsets
from fixwatch.kafka.topic import ensure_topic
from fixwatch.settings import Settings

#: Seconds that a part gets to stop by itself.
STOP_LIMIT: Final = 20
MIGRATE_LIMIT: Final = 120
#: The broker forgets nothing: at this size the demo ends, before the machine does. Some hours at 200 a second.
BROKER_MEMORY_LIMIT: Final = 4 * 1024**3
#: How many ports after the usual one are tried for the dashboard.
_PORTS_TRIED: Final = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of a demo. `dashboard_port` None: the usual one, or the next that is free."""

    data_dir: Path
    rate: int
    faults: str
    seed: int | None
    only: str | None
    shuffle: bool
    partitions: int
    dashboard: bool
    dashboard_port: int | None


class Stack:
    """The running demo, a context manager; `say` is told what happens.

    Raises:
        DemoError: something does not start; what had been started is stopped again.
    """

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._say = say
        self._open = ExitStack()
        data_dir = plan.data_dir.expanduser().resolve()
        self._log_dir = data_dir / "logs"
        self.data_dir = data_dir
        self.postgres = EmbeddedPostgres(data_dir / "postgres")
        self.broker = EmbeddedBroker(log=self._log_dir / "broker.log")
        self.dashboard_port: int | None = None
        self.parts: list[Part] = []
        self.runs: Runs
        self.topic: Topic
        self.reader: RunReader
        self.simulator: Part
        #: How the simulator ended, if it did when nobody asked it to.
        self.simulator_died: str | None = None
        self._instance: Instance

    @property
    def dashboard_url(self) -> str | None:
        """Where people look; None without a dashboard."""
        return None if self.dashboard_port is None else f"http://127.0.0.1:{self.dashboard_port}"

    @property
    def is_full(self) -> bool:
        """If the broker holds as much as it may."""
        return self.broker.memory_bytes > BROKER_MEMORY_LIMIT

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._instance = Instance.claim(self.data_dir)
            opened.callback(self._instance.release)
            opened.callback(Guard(self.data_dir).dismiss)
            self._log_dir.mkdir(exist_ok=True)
            self.runs = Runs(self.data_dir)
            if self._plan.dashboard:
                self.dashboard_port = _dashboard_port(self._plan.dashboard_port, self._say)
            self._say(f"starting Postgres in {self.postgres.data_dir}")
            opened.callback(self.postgres.stop)
            self.postgres.start()
            self._say("starting the broker")
            opened.callback(self.broker.stop)
            self.broker.start()
            self._instance.record("broker", self.broker.pid)
            self.topic = self._make_topic()
            self.reader = RunReader(self.postgres.url, self.topic.topic_id)
            opened.callback(self.reader.close)
            self._start_parts(opened)
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._say("stopping")
        self._open.close()

    def watch(self) -> None:
        """Call it every second or so: it says who died, and starts again who can be.

        Raises:
            DemoError: the broker died, and with it what it held.
        """
        for part in self.parts:
            if event := part.watch():
                self._say(event)
                self._instance.record(part.name, part.pid)
                if part is self.simulator:
                    self.simulator_died = event
        if self.broker.pid is None:
            raise DemoError(f"The broker died, and what was in it is lost (log: {self._log_dir}/broker.log).")
        if self.postgres.pid is None:
            self._say("Postgres died; it is started again")
            self.postgres.start()

    def stop_simulator(self) -> None:
        """Let the simulator log out, flush and complete its ledger."""
        status = self.simulator.stop(STOP_LIMIT)
        self._instance.record(self.simulator.name, None)
        if status == -signal.SIGTERM and not self.runs.running(self.topic.topic_id).exists():
            self._say("the simulator had not begun yet")
        elif status not in (0, None):
            self.simulator_died = (
                f"{self.simulator.name} ended with status {status} (log: {self.simulator.log})"
            )
            self._say(self.simulator_died)

    def drain(self, limit: float, give_up: Callable[[], bool]) -> bool:
        """Wait until everything in the topic is in Postgres; False if `limit` seconds were not enough."""
        deadline = time.monotonic() + limit
        try:
            ends = end_offsets(self._kafka, self.topic)
        except BrokerError as error:
            self._say(str(error))
            return False
        while True:
            stored = self.reader.next_offsets()
            left = (
                None if stored is None else sum(max(0, end - stored.get(at, 0)) for at, end in ends.items())
            )
            if left == 0:
                return True
            if time.monotonic() > deadline or give_up():
                behind = "Postgres does not say how many" if left is None else f"{left:,} messages"
                self._say(
                    f"not everything that was sent is in Postgres: {behind} are left; see {self._log_dir}"
                )
                return False
            self.watch()
            time.sleep(0.1)

    @property
    def _kafka(self) -> dict[str, str]:
        return {"bootstrap.servers": self.broker.bootstrap_servers}

    def _make_topic(self) -> Topic:
        name = Settings.model_fields["kafka_topic"].default
        ensure_topic(self._kafka, name, self._plan.partitions)
        topic = describe_topic(self._kafka, name)
        if topic is None:
            raise DemoError(f"The broker does not have topic {name}, which it just made.")
        return topic

    def _start_parts(self, opened: ExitStack) -> None:
        environment = self._environment()

        def part(name: str, arguments: list[str], *, restarted: bool = False) -> Part:
            command = fixwatch_command(*arguments)
            return Part(name, command, environment, self._log_dir, restarted=restarted)

        migrate = part("migrate", ["db", "migrate"])
        opened.callback(migrate.stop, STOP_LIMIT)
        migrate.start()
        migrate.wait(MIGRATE_LIMIT)
        self.reader.figures()
        plan = self._plan
        simulate = ["simulate", "--rate", str(plan.rate), "--faults", plan.faults]
        simulate += ["--partitions", str(plan.partitions)]
        simulate += ["--ledger", str(self.runs.running(self.topic.topic_id))]
        if plan.seed is not None:
            simulate += ["--seed", str(plan.seed)]
        if plan.only is not None:
            simulate += ["--only", plan.only]
        if plan.shuffle:
            simulate += ["--shuffle"]
        self.simulator = part("simulate", simulate)
        watch = part("alert", ["alert"], restarted=True)
        self.parts = [part("ingest", ["ingest"], restarted=True), watch, self.simulator]
        if self.dashboard_port is not None:
            at = ["--host", "127.0.0.1", "--port", str(self.dashboard_port)]
            self.parts.insert(1, part("dashboard", ["dashboard", *at], restarted=True))
        for each in self.parts:
            opened.callback(each.stop, STOP_LIMIT)
            each.start()
            self._instance.record(each.name, each.pid)

    def _environment(self) -> dict[str, str]:
        environment = default_environment()
        environment["FIXWATCH_DATABASE_URL"] = self.postgres.url
        environment["FIXWATCH_KAFKA_BOOTSTRAP_SERVERS"] = self.broker.bootstrap_servers
        return environment


def default_environment() -> dict[str, str]:
    """Every setting's default, so that none of somebody's own database or broker gets in from outside."""
    environment = {}
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        elif isinstance(default, list):
            default = ",".join(default)
        elif isinstance(default, dict):
            default = json.dumps(default)
        environment[f"FIXWATCH_{name.upper()}"] = str(default)
    return environment


def _dashboard_port(wanted: int | None, say: Callable[[str], None]) -> int:
    if wanted is not None:
        if _is_free(wanted):
            return wanted
        raise DemoError(f"Port {wanted} is in use: give another --dashboard-port.")
    usual: int = Settings.model_fields["dashboard_port"].default
    for port in range(usual, usual + _PORTS_TRIED):
        if _is_free(port):
            if port != usual:
                say(f"port {usual} is in use: the dashboard is at port {port}")
            return port
    raise DemoError(f"Ports {usual} to {usual + _PORTS_TRIED - 1} are in use: give a --dashboard-port.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still being closed is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
