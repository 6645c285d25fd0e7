"""The faults of chaos. Each is something that happens to a round while it is under load, and is over at its end."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from typing import Final

import psycopg

from tests.chaos.ground import Round

#: Seconds that an ingester is frozen: longer than its session in the group lasts.
FROZEN: Final = 7.5


def kill(ground: Round, chance: random.Random) -> None:
    """`kill -9` of an ingester; another takes its place."""
    ground.end(chance.choice(ground.ingesters), signal.SIGKILL)
    time.sleep(chance.random())
    ground.join()


def postgres_stopped_at_once(ground: Round, chance: random.Random) -> None:
    """Postgres goes as in a crash, and recovers."""
    ground.stop_postgres_at_once()
    time.sleep(chance.uniform(0, 2))
    ground.start_postgres()


def database_connections_cut(ground: Round, chance: random.Random) -> None:
    """Every connection of an ingester ends, again and again."""
    for _ in range(chance.randint(1, 3)):
        with psycopg.connect(ground.database_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'fixwatch ingest' AND datname = current_database()"
            )
        time.sleep(chance.random())


def broker_connections_cut(ground: Round, chance: random.Random) -> None:
    """Every connection to the broker breaks, again and again."""
    for _ in range(chance.randint(1, 5)):
        ground.proxy.cut()
        time.sleep(chance.uniform(0, 0.7))


def broker_away(ground: Round, chance: random.Random) -> None:
    """No connection to the broker for some seconds, sometimes longer than a session lasts."""
    ground.proxy.refusing = True
    ground.proxy.cut()
    time.sleep(chance.choice((1.0, 3.0, 8.0)))
    ground.proxy.refusing = False


def frozen_and_thawed(ground: Round, chance: random.Random) -> None:
    """An ingester stands still until the group has given its partitions away, and then goes on as if nothing was."""
    zombie = chance.choice(ground.ingesters)
    zombie.send_signal(signal.SIGSTOP)
    time.sleep(FROZEN)
    zombie.send_signal(signal.SIGCONT)


def joining_and_leaving(ground: Round, chance: random.Random) -> None:
    """One more ingester, and one less: two rebalances, sometimes at once."""
    ground.join()
    time.sleep(chance.uniform(0, 4))
    ground.end(chance.choice(ground.ingesters[:-1]), signal.SIGTERM)


def disk_full(ground: Round, chance: random.Random) -> None:
    """No room for Postgres, which may end by it; then room again."""
    ground.volume.fill()
    time.sleep(chance.uniform(0.5, 3))
    ground.volume.free()
    ground.start_postgres()


Fault = Callable[[Round, random.Random], None]

FAULTS: Final[tuple[Fault, ...]] = (
    kill,
    postgres_stopped_at_once,
    frozen_and_thawed,
    broker_connections_cut,
    disk_full,
    joining_and_leaving,
    broker_away,
    database_connections_cut,
)
