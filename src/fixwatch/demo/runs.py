"""The runs of a data directory: a ledger each, named after the run's incarnation of the topic.

A run's ledger is `TOPIC_ID.running.json` until everything that it sent is in Postgres, and `TOPIC_ID.json`
from then on. The broker forgets when it is stopped, so a run that was killed before can never be reconciled.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Final

from fixwatch.errors import DemoError
from fixwatch.sources.simulator.ledger import Ledger
from fixwatch.sources.simulator.order_file import order_file, read_orders
from fixwatch.sources.simulator.said import OrderState

_RUNNING: Final = ".running.json"
_TO_FILE_NAME: Final = str.maketrans("+/", "-_")
_TO_TOPIC_ID: Final = str.maketrans("-_", "+/")


class Runs:
    """The ledgers in `data_dir/ledgers`.

    Raises:
        DemoError: the directory cannot be made.
    """

    def __init__(self, data_dir: Path) -> None:
        self._dir = data_dir / "ledgers"
        try:
            self._dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DemoError(f"The ledgers cannot be kept in {self._dir}: {error.strerror}.") from error

    def running(self, topic_id: str) -> Path:
        """The ledger file of a run that is going on."""
        return self._dir / f"{_file_name(topic_id)}{_RUNNING}"

    def finish(self, topic_id: str) -> None:
        """Everything that the run sent is in Postgres.

        Raises:
            DemoError: the simulator did not complete its ledger.
        """
        path = self.running(topic_id)
        state = Ledger.read(path).state
        if state != "complete":
            raise DemoError(
                f"The simulator left its ledger {path} {state}: there is nothing to hold it against."
            )
        # The orders first: a finished ledger has all of them beside it.
        order_file(path).replace(order_file(self._finished(topic_id)))
        path.replace(self._finished(topic_id))

    def finished(self) -> list[str]:
        """The topic ids of the runs that can be reconciled."""
        return [topic_id for topic_id in self._ended() if order_file(self._finished(topic_id)).exists()]

    def outdated(self) -> list[str]:
        """The topic ids of the runs whose ledger is without its orders, as earlier versions wrote it."""
        return [topic_id for topic_id in self._ended() if not order_file(self._finished(topic_id)).exists()]

    def unfinished(self) -> list[str]:
        """The topic ids of the runs that were killed, or that are going on."""
        return sorted(_topic_id(path.name.removesuffix(_RUNNING)) for path in self._dir.glob(f"*{_RUNNING}"))

    def ledger(self, topic_ids: list[str]) -> Ledger:
        """What these runs, at least one, sent in all.

        Raises:
            SettingsError: a file is not a ledger.
        """
        return reduce(Ledger.merge, (Ledger.read(self._path(topic_id)) for topic_id in topic_ids))

    def orders(self, topic_ids: list[str]) -> Iterator[OrderState]:
        """The orders of these runs.

        Raises:
            SettingsError: a file is not one of orders.
        """
        for topic_id in topic_ids:
            yield from read_orders(order_file(self._path(topic_id)))

    def _ended(self) -> list[str]:
        names = sorted(path.name for path in self._dir.glob("*.json"))
        return [_topic_id(name.removesuffix(".json")) for name in names if not name.endswith(_RUNNING)]

    def _path(self, topic_id: str) -> Path:
        finished = self._finished(topic_id)
        return finished if finished.exists() else self.running(topic_id)

    def _finished(self, topic_id: str) -> Path:
        return self._dir / f"{_file_name(topic_id)}.json"


def _file_name(topic_id: str) -> str:
    """Topic ids are base64: in file names its variant without a slash (RFC 4648 section 5)."""
    return topic_id.translate(_TO_FILE_NAME)


def _topic_id(file_name: str) -> str:
    return file_name.translate(_TO_TOPIC_ID)
