"""What an ingester does for the database beside storing: say that it lives, make partitions, sweep figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import psycopg

from fixwatch.store.sql import load

_SQL: Final = load("housekeeping")

#: An ingester that has sent nothing for so long, s, in the middle of a COPY is frozen: a batch takes a second.
_FROZEN: Final = 10.0


class Housekeeping:
    """Works through a connection in autocommit mode that somebody else owns."""

    def __init__(self, connection: psycopg.Connection, ingester_id: str, version: str) -> None:
        self._connection = connection
        self._ingester_id = ingester_id
        self._version = version

    def make_partitions(self) -> None:
        """Make the log's partitions for yesterday to the day after tomorrow, where they are missing."""
        self._connection.execute(_SQL["make_partitions"])

    def report(self, state: str, detail: str | None, partitions: int) -> None:
        """Say that this ingester lives, and what it is doing."""
        self._connection.execute(
            _SQL["report_ingester"],
            {
                "ingester_id": self._ingester_id,
                "state": state,
                "detail": detail,
                "version": self._version,
                "partitions": partitions,
            },
        )

    def report_ends(self, ends: Mapping[int, int]) -> None:
        """Say where streams, by their ids, end by now, so that lag grows while nothing is stored."""
        self._connection.execute(_SQL["report_ends"], {"stream_ids": list(ends), "ends": list(ends.values())})

    def forget(self) -> None:
        """Take this ingester's row away: it ended as it should."""
        self._connection.execute(_SQL["forget_ingester"], {"ingester_id": self._ingester_id})

    def end_frozen(self, pids: Sequence[int]) -> list[int]:
        """End the connections of frozen ingesters that keep the connections `pids` waiting; their process numbers.

        Nothing of theirs is lost: what they had not committed is still in the topic.
        """
        of = {"pids": list(pids), "seconds": _FROZEN}
        return [ended for ended, _ in self._connection.execute(_SQL["end_frozen"], of)]

    def sweep(self) -> None:
        """Delete figures and ingesters of more than a day ago."""
        self._connection.execute(_SQL["sweep"])
