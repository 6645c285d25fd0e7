"""The embedded Postgres: it starts where it can, takes over what runs, and says what is wrong where it cannot."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psycopg
import pytest

from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.errors import DemoError


def test_what_was_committed_survives_a_crash_of_the_server(tmp_path: Path) -> None:
    # A blank and a quote: the path goes through a shell and a URL.
    with EmbeddedPostgres(tmp_path / "it's here") as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
        crashed = server.pid
        assert crashed is not None
        os.kill(crashed, signal.SIGKILL)
        server.start()
        assert server.pid != crashed
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        running = server.pid
        # Another start in the same directory finds it running.
        EmbeddedPostgres(server.data_dir).start()
        assert server.pid == running
    assert server.pid is None


def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / ("deep" * 30)) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("fixwatch",)


@pytest.mark.parametrize(
    ("name", "prepare", "said"),
    [
        ("file/data", lambda path: path.parent.write_text(""), "Not a directory|File exists"),
        ("data", lambda path: (path / "mine").mkdir(parents=True), "holds other files"),
        ("a,b", lambda path: None, "a comma"),
    ],
)
def test_a_directory_that_cannot_be_used_is_named(
    tmp_path: Path, name: str, prepare: object, said: str
) -> None:
    path = tmp_path / name
    prepare(path)  # type: ignore[operator]
    with pytest.raises(DemoError, match=said) as raised:
        EmbeddedPostgres(path).start()
    assert str(path) in str(raised.value)


def test_data_of_another_version_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("16\n")
    with pytest.raises(DemoError, match="data of Postgres 16"):
        EmbeddedPostgres(tmp_path).start()
    assert [path.name for path in tmp_path.iterdir()] == ["PG_VERSION"]
