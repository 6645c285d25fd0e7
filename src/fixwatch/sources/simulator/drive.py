"""A simulation on its way to the topic: at a rate, for a time, with the ledger kept on disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fixwatch.errors import BrokerError, SettingsError
from fixwatch.sources.producer import RecordProducer
from fixwatch.sources.simulator.carrier import Record
from fixwatch.sources.simulator.ledger import Ledger, State
from fixwatch.sources.simulator.order_file import OrderFile, order_file
from fixwatch.sources.simulator.shuffle import Shuffle
from fixwatch.sources.simulator.simulation import LEAST_MESSAGES, Simulation
from fixwatch.telemetry import logger

_log = logger("simulate")

#: Turns between two looks at the clock: some milliseconds at full speed.
_TURNS_AT_ONCE: Final = 500
#: Seconds of a rate that was not kept (a slow broker) that are made up for afterwards.
_MADE_UP: Final = 1.0
#: The shortest sleep, s, so that waiting costs nothing, and the longest: how quickly a stop is seen.
_SHORTEST_NAP: Final = 0.001
_NAP: Final = 0.05
_LEDGER_EVERY: Final = 1.0
_PROGRESS_EVERY: Final = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How fast and how long: messages a second (0: as fast as it goes), and when to end (None: never).

    Raises:
        SettingsError: a number that makes no sense.
    """

    rate: float = 0
    seconds: float | None = None
    messages: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.rate < float("inf"):
            raise SettingsError(f"--rate {self.rate:g}: messages a second, 0 for as fast as it goes")
        if self.seconds is not None and not 0 < self.seconds < float("inf"):
            raise SettingsError(f"--seconds {self.seconds:g}: a time above 0")
        if self.messages is not None and self.messages < LEAST_MESSAGES:
            raise SettingsError(
                f"--messages {self.messages}: at least {LEAST_MESSAGES}, the logons and logouts"
            )


class Drive:
    """Drives a simulation until its plan is done or it is stopped."""

    def __init__(
        self,
        simulation: Simulation,
        producer: RecordProducer,
        plan: Plan,
        ledger_path: Path | None,
        stop: threading.Event,
        shuffle: Shuffle | None = None,
    ) -> None:
        self._simulation = simulation
        self._producer = producer
        self._plan = plan
        self._ledger_path = ledger_path
        self._shuffle = shuffle
        self._orders: OrderFile | None = None
        self._made = 0
        self._stop = stop
        self._next_ledger = 0.0
        self._next_progress = 0.0
        self._started = 0.0

    def run(self) -> Ledger:
        """Log on, trade, log out, flush; returns the complete ledger.

        Raises:
            BrokerError: not every record was delivered; the ledger on disk then says `failed`.
            SettingsError: the ledger cannot be written.
        """
        with ExitStack() as opened:
            if self._ledger_path is not None:
                self._orders = opened.enter_context(OrderFile(order_file(self._ledger_path)))
            return self._run()

    def _run(self) -> Ledger:
        self._started = time.monotonic()
        self._next_progress = self._started + _PROGRESS_EVERY
        self._write("running")
        try:
            self._send(self._simulation.log_on())
            self._trade()
            self._send(self._simulation.log_out())
            if self._shuffle is not None:
                self._send_to(self._shuffle.rest())
            self._producer.flush()
        except BrokerError:
            self._write("failed")
            raise
        return self._write("complete")

    def _trade(self) -> None:
        rate, limit, seconds = self._plan.rate, self._plan.messages, self._plan.seconds
        closing = self._simulation.closing_messages
        most = float("inf") if limit is None else limit - closing
        end = float("inf") if seconds is None else self._started + seconds
        looked = self._started
        credit = 0.0
        while not self._stop.is_set() and self._made < most:
            now = time.monotonic()
            if now >= end:
                return
            self._keep(now)
            turns = _TURNS_AT_ONCE
            if rate:
                credit = min(credit + (now - looked) * rate, max(rate * _MADE_UP, 1.0))
                turns = min(turns, int(credit))
                looked = now
                if not turns:
                    self._stop.wait(min(max((1 - credit) / rate, _SHORTEST_NAP), _NAP, max(end - now, 0)))
                    continue
                credit -= turns
            for _ in range(turns):
                self._send(self._simulation.turn())
                if self._made >= most:
                    return

    def _send(self, records: list[Record]) -> None:
        self._made += len(records)
        if self._shuffle is not None:
            self._send_to(self._shuffle.through(records))
            return
        for key, value in records:
            self._producer.send(key, value)

    def _send_to(self, records: Iterable[tuple[Record, int]]) -> None:
        for (key, value), partition in records:
            self._producer.send(key, value, partition)

    def _keep(self, now: float) -> None:
        """Write the ledger and say how it goes, where it is time to."""
        self._producer.serve()
        if self._producer.failed:
            # No ledger can be right any more: end here, with what `flush` says of it.
            self._producer.flush(0)
        if now >= self._next_ledger:
            self._next_ledger = now + _LEDGER_EVERY
            self._write("running")
        if now >= self._next_progress:
            self._next_progress = now + _PROGRESS_EVERY
            sent = self._producer.sent
            _log.info(
                "progress",
                messages=sent,
                delivered=self._producer.delivered,
                failed=self._producer.failed,
                per_second=round(sent / (now - self._started)),
            )

    def _write(self, state: State) -> Ledger:
        """Write the orders that are over, then the ledger: whoever reads that it is complete finds all of them."""
        ledger = self._simulation.ledger(state)
        orders = self._simulation.take_orders()
        if self._orders is not None:
            self._orders.add(orders)
        if self._ledger_path is not None:
            ledger.write(self._ledger_path)
        return ledger
