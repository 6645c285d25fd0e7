"""The folds made anew from the log, after a fold or a dictionary was mended, while ingesters go on:

1. *Fold* the whole log into a shadow; what ingesters store meanwhile is another round, and so on.
2. Once a round is short, *stop the writers* at the first thing that a batch does, and fold the rest.
3. *Replace*, in one transaction, every stored row that is not what was recomputed: the folds, and the columns of
   the log that come from its bytes. Readers see it all before or all after.
4. Let the writers go on.

Killed at any moment, it leaves nothing: the shadow ends with its connection, and so do locks.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
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


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of each table, of how many messages, and for how many seconds ingesters were stopped."""

    tables: list[Replaced]
    messages: int
    stopped: float


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
        ends = log.ends()
        counter = Counter("folding", sum(ends.values()), on_progress)
        left, before = sum(ends.values()), 0
        while True:
            recomputation.fold(ends, counter.add)
            folded, ends = sum(ends.values()), log.ends()
            left, before = sum(ends.values()) - folded, left
            counter.total = folded + left
            # As long as the rest becomes less, another round makes the stop shorter.
            if left <= _FEW or left > before * 0.7:
                break
        with writers_stopped(stopping, shadow.live):
            began = time.monotonic()
            recomputation.fold(log.ends(), counter.add)
            tables = replace_all(shadow)
        return Rebuilt(tables, counter.done, time.monotonic() - began)


def _connection(settings: Settings, stack: ExitStack) -> psycopg.Connection:
    url = settings.database_url.get_secret_value()
    return stack.enter_context(connect(url, application_name=_APPLICATION, autocommit=True))
