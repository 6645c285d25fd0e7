"""Apache Kafka itself: one process that is broker and controller (KRaft, combined mode) on loopback ports.

Unlike the embedded broker it keeps its data on disk, deletes by retention and DeleteRecords, has transactions,
and asks who it speaks to.
"""

from __future__ import annotations

import base64
import random
import socket
import subprocess
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from fixwatch.kafka.client import quiet_logger
from tests.kafka.certificates import STORE_PASSWORD, make_certificates
from tests.kafka.jars import class_path, java

#: How long a start may take, s; it takes two on an idle machine, and more after a kill.
START_LIMIT: Final = 60
#: How long a stop may take, s, before it is a kill.
STOP_LIMIT: Final = 15

#: Below what systems give to clients by themselves (from 32768 on Linux), one of whom would else take the port
#: while the broker is still starting, or down.
PORTS: Final = range(20_000, 32_000)

#: Few megabytes and quick to be up, rather than fast for hours. Its log says when.
JVM: Final = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)

#: What a client of the secured listener gives.
USER: Final = "fixwatch-tests"
PASSWORD: Final = "correct-horse-battery"  # noqa: S105

#: What differs from Kafka's defaults: one broker instead of three, and little waiting.
PROPERTIES: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAIN",
    "listener.security.protocol.map": "PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    # A broker that was killed is let in again when its last session is over.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "listener.name.secure.scram-sha-512.sasl.jaas.config": (
        "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    ),
    "listener.name.secure.ssl.keystore.type": "PKCS12",
    "listener.name.secure.ssl.keystore.password": STORE_PASSWORD,
}


class ApacheKafka:
    """A broker that keeps its data, its settings and its log (`server.log`) in `directory`, an empty one.

    As a context manager it runs inside the block. `bootstrap_servers` is its PLAINTEXT listener, `secured` how its
    SASL_SSL listener is reached (SCRAM-SHA-512, a certificate of the tests' own authority). Ports and data stay
    the same when it is started again. `advertised_port`: where clients of the PLAINTEXT listener are told to go.

    Raises KafkaUnavailable where it cannot run at all; fails if it runs and does not start.
    """

    def __init__(self, directory: Path, advertised_port: int | None = None) -> None:
        self.log = directory / "server.log"
        self._properties = directory / "server.properties"
        self._data = directory / "data"
        self._java = [java(), *JVM, "-cp", class_path()]
        self._process: subprocess.Popen[bytes] | None = None
        self.port, self.secured_port, controller = _free_ports(3)
        store, self.authority = make_certificates(directory)
        own = {
            "log.dirs": str(self._data),
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"PLAIN://{self.bootstrap_servers},CONTROLLER://127.0.0.1:{controller},"
            f"SECURE://127.0.0.1:{self.secured_port}",
            "advertised.listeners": f"PLAIN://127.0.0.1:{advertised_port or self.port},"
            f"SECURE://127.0.0.1:{self.secured_port}",
            "listener.name.secure.ssl.keystore.location": str(store),
        }
        self._properties.write_text(
            "".join(f"{name}={value}\n" for name, value in (PROPERTIES | own).items())
        )
        self._format()

    @property
    def bootstrap_servers(self) -> str:
        """Where anyone is let in."""
        return f"127.0.0.1:{self.port}"

    @property
    def secured(self) -> dict[str, str]:
        """librdkafka's settings of a client that is let in by the secured listener."""
        return {
            "bootstrap.servers": f"127.0.0.1:{self.secured_port}",
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": USER,
            "sasl.password": PASSWORD,
            "ssl.ca.location": str(self.authority),
        }

    def start(self) -> None:
        """Start the broker on the data that it has, and wait until it answers."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [*self._java, "kafka.Kafka", str(self._properties)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers}, logger=quiet_logger())
        deadline = time.monotonic() + START_LIMIT
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                admin.list_topics(timeout=0.5)
            except KafkaException:
                continue
            return
        self.kill()
        raise AssertionError(f"Apache Kafka does not start; the end of its log:\n{self._end_of_log()}")

    def stop(self) -> None:
        """Stop the broker in good order."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def kill(self) -> None:
        """End the broker at once, as a crash would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Its data goes with the directory.
        self.kill()

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        user = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
        tool = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._properties)]
        done = subprocess.run(
            [*self._java, *tool, "--add-scram", user], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _end_of_log(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])


def _free_ports(count: int) -> list[int]:
    """So many of PORTS that nothing listens on now."""
    free: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            # As the broker does: what is left of closed connections does not matter.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        free.append(port)
        if len(free) == count:
            return free
    raise AssertionError(f"There are no {count} free ports from {PORTS.start} to {PORTS.stop}.")
