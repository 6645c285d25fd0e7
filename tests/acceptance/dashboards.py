"""Dashboards for the browser tests: processes of their own on free ports."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException

from fixwatch.demo.process import fixwatch_command


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def dashboard(database_url: str) -> Iterator[str]:
    """A dashboard of its own for a test; gives its URL."""
    port = free_port()
    process = subprocess.Popen(
        fixwatch_command("dashboard", "--port", str(port)),
        env={**os.environ, "FIXWATCH_DATABASE_URL": database_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_health(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(20) == 0


def wait_for_health(port: int) -> None:
    """Wait until the dashboard on a port answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/_stcore/health")
            assert connection.getresponse().read() == b"ok"
            connection.close()
            return
        except (HTTPException, OSError):
            assert time.monotonic() < deadline, "the dashboard never answered its health check"
            time.sleep(0.2)
