"""What people ask for of messages that are kept back, carried out between batches (`quarantine_actions`):

1. *Look*, once a second, if anything is asked for; where nothing is, that is all.
2. *Take* the oldest of it; of what is to be re-ingested, what was stored at one time.
3. In one transaction: *decode* these messages again by the settings of now, *remove* the log's rows and *append* them
   as they are now, *take back* what they counted, and *fold* what is kept back no longer, as any batch does it. Folds
   do not mind that it comes late. What came of each is *written down*.
4. Go on for a quarter of a second, then let the stream have its turn.

One ingester does this at a time, by a lock that ends with the transaction: killed at any moment, it has happened or
it has not. Nothing here waits for longer than a second, and nothing that fails here ends the stream: it is tried
again. A message that Postgres refuses stands alone in the end, and stays where it is with its reason.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
import pyarrow as pa

from fixwatch.fix.defects import Verdict
from fixwatch.ingest.batch import Batch
from fixwatch.ingest.batch_write import store_folds
from fixwatch.ingest.prepare import Prepared, Preparer
from fixwatch.ingest.rollups import Counted, defect_minutes, message_minutes
from fixwatch.settings import Settings
from fixwatch.store.faults import REFUSALS, outage, reason
from fixwatch.store.identities import Identities
from fixwatch.store.quarantine_tables import LogRow, OpenAction, is_open, open_actions
from fixwatch.store.writer import Transaction, Writer
from fixwatch.telemetry import logger

_log = logger("reingestion")

#: Seconds between two looks at what is asked for.
_LOOK_EVERY: Final = 1.0
#: Seconds for which it goes on before the stream has its turn.
_TURN: Final = 0.25
#: Actions that are looked at at a time, and the most bytes of one transaction's messages.
_ACTIONS: Final = 500
_BYTES: Final = 8 * 1024 * 1024
#: Seconds until it is tried again after Postgres refused all of it: a person has to look.
_REFUSED: Final = 60.0

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
#: Who was faster than we, or has what we need: it passes.
_PASSING: Final = ("contention", "lock timed out")


class _Changed(Exception):
    """A row of the log was changed while it was decoded."""


class Reingestion:
    """Carries out what is asked for of the topic's messages, as the settings are.

    `control` is a connection in autocommit mode that gives names their numbers, `writer` writes through another one;
    neither is in use while a method runs.
    """

    def __init__(
        self, control: psycopg.Connection, writer: Writer, settings: Settings, ingester_id: str
    ) -> None:
        self._control = control
        self._writer = writer
        self._preparer = Preparer(Identities(control), settings)
        self._topic: Final = settings.kafka_topic
        self._ingester_id = ingester_id
        self._next_look = 0.0

    def is_due(self) -> bool:
        """If there is something to do now; asks Postgres once a second.

        Raises psycopg.Error when Postgres is gone.
        """
        now = time.monotonic()
        if now < self._next_look:
            return False
        self._next_look = now + _LOOK_EVERY
        try:
            return is_open(self._control, self._topic)
        except psycopg.Error as error:
            if outage(error) is not None:
                raise
            self._stand_off(error)
            return False

    def carry_out(self, seconds: float = _TURN) -> int:
        """Carry out what is open, for some `seconds` or until nothing is left; how many actions are done.

        Raises:
            psycopg.OperationalError: Postgres is gone; what was not done by then is still asked for.
        """
        ends, done = time.monotonic() + seconds, 0
        try:
            for some in self._steps():
                done += some
                if time.monotonic() >= ends:
                    # There may be more: after the stream's turn.
                    self._next_look = 0.0
                    break
        except (_Changed, psycopg.errors.UniqueViolation):
            pass
        except psycopg.Error as error:
            ails = outage(error)
            if ails not in (None, *_PASSING):
                raise
            if ails is None:
                self._stand_off(error)
        if done:
            _log.info("quarantine_actions_done", actions=done)
        return done

    def _stand_off(self, error: psycopg.Error) -> None:
        """A person has to look: it is tried again, not at once."""
        self._next_look = time.monotonic() + _REFUSED
        _log.warning("reingestion_refused", reason=reason(error), sqlstate=error.sqlstate)

    def _steps(self) -> Iterator[int]:
        """Carry out what is open, a transaction a step, each telling how many actions it did; ends when none is open,
        or another ingester is at it.
        """
        while actions := open_actions(self._control, self._topic, _ACTIONS):
            done = 0
            if decisions := [action.action_id for action in actions if action.kind != "reingest"]:
                done += (some := self._decide(decisions))
                yield some
            together: dict[datetime, list[OpenAction]] = {}
            for action in actions:
                if action.kind == "reingest":
                    together.setdefault(action.ingested_at, []).append(action)
            for group in together.values():
                done += (some := self._reingest(group))
                yield some
            if not done:
                return

    def _decide(self, action_ids: Sequence[int]) -> int:
        """Carry out dismissals, and what takes them back."""
        with self._writer.transaction() as transaction:
            if not transaction.quarantine.begin():
                return 0
            transaction.quarantine.decide(action_ids, self._ingester_id)
        return len(action_ids)

    def _reingest(self, actions: Sequence[OpenAction]) -> int:
        """Re-ingest messages that were stored at one time; in halves where Postgres refuses one."""
        try:
            return self._in_one_transaction(actions)
        except REFUSALS as error:
            middle = len(actions) // 2
            if middle:
                return self._reingest(actions[:middle]) + self._reingest(actions[middle:])
            place = {"stream_id": actions[0].stream_id, "offset": actions[0].kafka_offset}
            _log.warning("record_refused", **place, reason=reason(error))
        try:
            return self._in_one_transaction(actions, readable=False)
        except REFUSALS:
            # It is stored as it is; so it stays.
            with self._writer.transaction() as transaction:
                if not transaction.quarantine.begin():
                    return 0
                transaction.quarantine.close([actions[0].action_id], "still_kept_back", self._ingester_id)
            return 1

    def _in_one_transaction(self, actions: Sequence[OpenAction], *, readable: bool = True) -> int:
        with self._writer.transaction() as transaction:
            tables = transaction.quarantine
            if not tables.begin():
                return 0
            still = tables.still_open([action.action_id for action in actions])
            by_place = {
                (action.stream_id, action.kafka_offset): action
                for action in actions
                if action.action_id in still
            }
            if not by_place:
                return 0
            rows = {
                (row.stream_id, row.kafka_offset): row for row in tables.rows([*by_place.values()], _BYTES)
            }
            kept_back = {place: row for place, row in rows.items() if row.raw is not None}
            gone = [action.action_id for place, action in by_place.items() if place not in rows]
            tables.close(gone, "not_in_log", self._ingester_id)
            free = [by_place[place].action_id for place, row in rows.items() if not row.quarantined]
            tables.close(free, "not_kept_back", self._ingester_id)
            if kept_back:
                self._replace(
                    transaction, [by_place[place] for place in kept_back], [*kept_back.values()], readable
                )
            return len(gone) + len(free) + len(kept_back)

    def _replace(
        self, transaction: Transaction, actions: Sequence[OpenAction], rows: Sequence[LogRow], readable: bool
    ) -> None:
        """Let rows of the log, each with its action, be what their bytes are by the settings of now."""
        prepared = self._prepare(rows, actions[0].ingested_at, readable)
        tables = transaction.quarantine
        if tables.remove(actions) != len(rows):
            raise _Changed
        transaction.append(prepared.messages)
        founded = tables.unseen_sessions(prepared.sessions.figures.column("session_id").to_pylist())
        store_folds(transaction, prepared, merge_all=True)
        tables.sweep_minutes(prepared.folds["message_minutes"], prepared.folds["defect_minutes"])
        tables.close_reingested([action.action_id for action in actions], self._ingester_id)
        if founded:
            tables.ask_for_named(founded)

    def _prepare(self, rows: Sequence[LogRow], ingested_at: datetime, readable: bool) -> Prepared:
        # A batch's offsets ascend within a partition: rows come sorted by place.
        batch = Batch(
            [row.raw or b"" for row in rows],
            [row.stream_id for row in rows],
            [row.kafka_offset for row in rows],
            [(row.kafka_time - _EPOCH) // _MS for row in rows],
            ingested_at,
        )
        stream_ids = {row.stream_id: row.stream_id for row in rows}
        return self._preparer.prepare(batch, stream_ids, readable=readable, instead_of=_counted(rows))


def _counted(rows: Sequence[LogRow]) -> Counted:
    """What rows of the log that are kept back count, by the same folds that counted them."""
    verdicts = [Verdict[row.verdict.upper()] for row in rows]
    columns = pa.RecordBatch.from_arrays(
        [
            pa.array([row.kafka_time for row in rows], pa.timestamp("us", "UTC")),
            pa.array([row.session_id for row in rows], pa.int32()),
            pa.array([row.msg_type for row in rows], pa.string()),
            pa.array([not row.quarantined for row in rows], pa.bool_()),
            pa.array([row.raw for row in rows], pa.large_binary()),
        ],
        names=["kafka_time", "session_id", "msg_type", "folded", "raw"],
    )
    labels = [(at, *label.partition(":")) for at, row in enumerate(rows) for label in row.defects]
    defects = pa.RecordBatch.from_arrays(
        [
            pa.array([at for at, *_ in labels], pa.int32()),
            pa.array([name for _, name, *_ in labels], pa.string()),
            pa.array([int(tag or 0) for *_, tag in labels], pa.int32()),
        ],
        names=["row", "reason", "ref_tag"],
    )
    numbers = pa.array([int(verdict) for verdict in verdicts], pa.uint8())
    return Counted(message_minutes(columns, numbers), defect_minutes(columns, defects))
