"""The folds made anew from the log, after a fold or a dictionary was mended, while ingesters go on:

1. *Fold* the whole log into a shadow; what ingesters store meanwhile is another round, and so on.
   Where ingesters are as fast as that, they are slowed down: stopped for two seconds, time and again.
2. Once a round is short, *stop the writers* at the first thing that a batch does, and fold the rest.
3. *Replace*, in one transaction, every stored row that is not what was recomputed: the folds, and the columns of
   the log that come from its bytes. Readers see it all before or all after.
4. Let the writers go on.

Killed at any moment, it leaves nothing: the shadow ends with its connection, and so do locks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg

from fixwatch.ingest.progress import Counter, Progress
from fixwatch.ingest.recomputation import Recomputation
from fixwatch.settings import Settings
from fixwatch.store.connection import connect
from fixwatch.store.log_lock import hold_log
from fixwatch.store.log_pages import Log
from fixwatch.store.replacement import Replaced, replace_all, writers_stopped
from fixwatch.store.shadow import Shadow, known_sessions

_APPLICATION: Final = "fixwatch rebuild"
#: With so few messages left the writers are stopped: less than a second's work.
_FEW: Final = 1_000
#: A round is to leave less than this share of what the one before left.
_ENOUGH: Final = 0.7
#: Seconds for which ingesters are stopped, and for which they go on, while they are too fast for us; and after how
#: many stops these become longer, so that it ends. The number of messages left may grow at first: what is left of
#: small batches becomes less, and that is what takes time.
_STOP, _GO, _STOPS = 2.0, 0.25, 20


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of each table, of how many messages; how often ingesters were stopped, and for how long at most."""

    tables: list[Replaced]
    messages: int
    stops: int
    longest_stop: float


def rebuild(settings: Settings, on_progress: Progress) -> Rebuilt:
    """Fold the log anew and put the result in place.

    Raises:
        DatabaseError: Postgres is not there, its schema is not ours, or the log is held by somebody else.
    """
    url = settings.database_url.get_secret_value()
    with ExitStack() as stack:
        reading = stack.enter_context(hold_log(url, application_name=_APPLICATION))
        folding, naming, stopping = (_connection(settings, stack) for _ in range(3))
        shadow = Shadow(folding)
        # New names get their numbers where ingesters get theirs.
        shadow.add_sessions(known_sessions(naming))
        recomputation = stack.enter_context(closing(Recomputation(shadow, naming, reading, settings)))
        log = Log(reading, 0)
        counter = Counter("folding", 0, on_progress)
        stops: list[float] = []
        left, stop = float("inf"), _STOP
        while True:
            ends = log.ends()
            before, left = left, recomputation.left(ends)
            counter.total = counter.done + int(left)
            if left <= _FEW:
                break
            if left < before * _ENOUGH:
                recomputation.fold(ends, counter.add)
                continue
            # Ingesters store as fast as we fold. What they store after a stop are large batches, which take us
            # less time than small ones.
            with writers_stopped(stopping, shadow.live), _timed(stops):
                recomputation.fold(log.ends(), counter.add, stop)
            recomputation.fold(log.ends(), counter.add, _GO)
            if len(stops) % _STOPS == 0:
                stop *= 2
        with writers_stopped(stopping, shadow.live), _timed(stops):
            recomputation.fold(log.ends(), counter.add)
            tables = replace_all(shadow)
        return Rebuilt(tables, counter.done, len(stops), max(stops))


@contextmanager
def _timed(seconds: list[float]) -> Iterator[None]:
    began = time.monotonic()
    try:
        yield
    finally:
        seconds.append(time.monotonic() - began)


def _connection(settings: Settings, stack: ExitStack) -> psycopg.Connection:
    url = settings.database_url.get_secret_value()
    return stack.enter_context(connect(url, application_name=_APPLICATION, autocommit=True))
