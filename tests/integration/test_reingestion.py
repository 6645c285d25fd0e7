"""What was kept back and is re-ingested comes to what a fresh ingestion with the settings of now comes to, once."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader

from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.fix.decoder import DecodeOptions
from fixwatch.ingest import reingestion
from fixwatch.ingest.batch import Batch, decode_batch
from fixwatch.ingest.batch_store import BatchStore
from fixwatch.ingest.reingestion import Reingestion
from fixwatch.ingest.verification import verify
from fixwatch.settings import load
from fixwatch.store.connection import connect
from fixwatch.store.identities import Identities
from fixwatch.store.migrate import migrate
from fixwatch.store.writer import Writer
from tests.integration.ingested import new_database
from tests.integration.own_dictionary import dictionary, quack
from tests.integration.test_any_order import _TABLES, _rows, flow
from tests.unit.ingest.conftest import message
from tests.unit.ingest.test_orders import request
from tests.unit.ingest.trade_messages import bust, fill, report

STRICT: Final = {"profile": "strict"}
_BEGAN: Final = 1_767_346_200_000


class Desk:
    """A database, and what an ingester and an operator do with it."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.url = url
        self.settings = load(database_url=url, **settings)
        self.offset = 0

    def with_settings(self, **settings: Any) -> Desk:
        """The same database, as an ingester with other settings sees it."""
        other = Desk(self.url, **settings)
        other.offset = self.offset
        return other

    def store(self, *batches: Sequence[bytes]) -> None:
        with _Connections(self.url) as (writing, control):
            store = BatchStore([Writer(writing)], Identities(control), self.settings, "test:1")
            store.locate("one", [0])
            for values in batches:
                offsets = list(range(self.offset, self.offset + len(values)))
                self.offset += len(values)
                times = [_BEGAN + 7_000 * offset for offset in offsets]
                store.store(Batch(values, [0] * len(values), offsets, times), {})
                store.finish()
            store.close()

    def query(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(statement, values).fetchall()

    def execute(self, statement: str, *values: Any) -> int:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement, values).rowcount

    def ask(self, kind: str = "reingest", where: str = "quarantined", note: str = "because") -> int:
        columns = "(stream_id, kafka_offset, ingested_at, kind, requested_by, note)"
        return self.execute(
            f"INSERT INTO quarantine_actions {columns} SELECT stream_id, kafka_offset, ingested_at, %s, 'ann', %s"  # noqa: S608
            f" FROM messages WHERE {where} ORDER BY stream_id, kafka_offset",
            kind,
            note,
        )

    def carry_out(self) -> int:
        with _Connections(self.url) as (writing, control):
            reingestion = Reingestion(control, Writer(writing), self.settings, "test:1")
            done = 0
            while reingestion.is_due() and (some := reingestion.carry_out(60)):
                done += some
                reingestion._next_look = 0.0
            return done

    def outcomes(self) -> list[str | None]:
        return [
            row["outcome"] for row in self.query("SELECT outcome FROM quarantine_actions ORDER BY action_id")
        ]

    def folds(self) -> dict[str, list[dict[str, Any]]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            # Postgres' infinities are no moments to Python.
            connection.adapters.register_loader("timestamptz", TextLoader)
            return {name: _rows(connection, *query) for name, query in _TABLES.items()}

    def log(self) -> list[dict[str, Any]]:
        rows = self.query("SELECT * FROM messages ORDER BY stream_id, kafka_offset")
        return [
            {name: value for name, value in row.items() if name not in ("ingested_at", "order_key")}
            for row in rows
        ]

    def assert_is_what_the_log_says(self) -> None:
        found = verify(self.settings, with_topic=False, examples=5, on_progress=lambda *_: None)
        assert [compared.examples for compared in found if compared.differing] == []


class _Connections(ExitStack):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def __enter__(self) -> list[psycopg.Connection]:  # type: ignore[override]
        options: dict[str, Any] = {"application_name": "test", "autocommit": True}
        return [self.enter_context(connect(self._url, **options)) for _ in range(2)]


MakeDesk = Callable[..., Desk]


@pytest.fixture(scope="module")
def template(postgres: EmbeddedPostgres) -> str:
    """The name of a migrated database."""
    url = new_database(postgres)
    with psycopg.connect(url, autocommit=True) as connection:
        migrate(connection)
        connection.execute("SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date - 1, 4)")
    return url.split("/")[3].split("?")[0]


@pytest.fixture
def make_desk(postgres: EmbeddedPostgres, template: str) -> MakeDesk:
    return lambda **settings: Desk(new_database(postgres, template), **settings)


#: Fills, a bust and requests, some with fields that no dictionary has; and what no setting makes good.
FLOW: Final = (
    [message("A", 1, sender="BROKER", target="BUY", _98="0", _108="30"), request("D", 1, "C1"), b"garbage"],
    [
        fill(2, "E1"),
        fill(3, "E2", _5001="x"),
        report(4, _17="E3", _150="0", _39="0", _5002="y"),
        bust(5, "E4", "E2"),
    ],
    [fill(6, "E5", _5001="x"), fill(9, "E6", _5001="x", _37="O2", _11="C2"), b"8=FIX.4.4\x019=5\x01"],
    [
        bust(7, "E7", "E5", _5001="x"),
        message("0", 2, _5001="z"),
        message("0", 1, sender="NEW")[:-4] + b"000\x01",
    ],
    [message("5", 3, _5001="z"), message("0", 2, sender="NEW", _5001="z")],
)


def test_what_is_reingested_comes_to_a_fresh_ingestion(make_desk: MakeDesk) -> None:
    desk, fresh = make_desk(**STRICT), make_desk()
    for one in (desk, fresh):
        # Sessions are numbered as they are founded.
        one.store(
            [message("0", 1), message("0", 1, sender="BROKER", target="BUY"), message("0", 1, sender="NEW")]
        )
    desk.store(*FLOW)
    mended = desk.with_settings()
    kept_back = len(desk.query("SELECT FROM messages WHERE quarantined"))
    assert mended.ask() == kept_back
    assert mended.carry_out() == kept_back
    fresh.store(*FLOW)
    assert mended.folds() == fresh.folds()
    assert mended.log() == fresh.log()
    mended.assert_is_what_the_log_says()
    assert set(mended.outcomes()) == {"folded", "still_kept_back"}


def test_a_session_that_is_founded_names_what_was_kept_back_of_it(make_desk: MakeDesk) -> None:
    desk = make_desk(**STRICT)
    desk.store(*FLOW)
    mended = desk.with_settings()
    asked = mended.ask()
    assert mended.carry_out() == asked + 1
    assert mended.query(
        "SELECT outcome, defects_before, defects_after FROM quarantine_actions WHERE requested_by = 'fixwatch'"
    ) == [
        {
            "outcome": "still_kept_back",
            "defects_before": ["checksum_wrong:10"],
            "defects_after": ["checksum_wrong:10"],
        }
    ]
    assert mended.query("SELECT FROM messages WHERE session_id IS NULL AND msg_type = '0'") == []
    mended.assert_is_what_the_log_says()


def test_a_part_is_reingested_and_the_rest_stays(make_desk: MakeDesk) -> None:
    desk = make_desk(**STRICT)
    desk.store(*FLOW)
    mended = desk.with_settings()
    before = mended.query("SELECT count(*) AS n FROM messages WHERE quarantined")[0]["n"]
    assert mended.ask(where="exec_id IN ('E2', 'E7')") == 2
    assert mended.carry_out() == 2
    assert mended.query("SELECT count(*) AS n FROM messages WHERE quarantined") == [{"n": before - 2}]
    assert mended.query("SELECT sum(messages) AS n, sum(quarantined) AS k FROM message_minutes") == [
        {"n": desk.offset, "k": before - 2}
    ]


def test_asked_twice_it_is_done_once(make_desk: MakeDesk) -> None:
    desk = make_desk(**STRICT)
    desk.store(*FLOW)
    mended = desk.with_settings()
    where = "exec_id = 'E2'"
    assert (mended.ask(where=where), mended.ask(where=where)) == (1, 1)
    assert mended.carry_out() == 2
    assert mended.ask(where=where) == 1
    assert mended.carry_out() == 1
    assert mended.outcomes() == ["folded", "not_kept_back", "not_kept_back"]
    assert mended.query("SELECT reports FROM trades WHERE exec_id = 'E2'") == [{"reports": 1}]


def test_two_ingesters_at_once_do_it_once(make_desk: MakeDesk) -> None:
    desk, fresh = make_desk(**STRICT), make_desk()
    for one in (desk, fresh):
        one.store(
            [message("0", 1), message("0", 1, sender="BROKER", target="BUY"), message("0", 1, sender="NEW")]
        )
    flow = [[fill(10 * at + n, f"E{at}-{n}", _5001="x") for n in range(5)] for at in range(1, 20)]
    desk.store(*flow)
    fresh.store(*flow)
    mended = desk.with_settings()
    asked = mended.ask()
    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(mended.carry_out) for _ in range(3)]
        assert sum(one.result() for one in done) <= asked
    mended.carry_out()
    assert set(mended.outcomes()) == {"folded"}
    assert mended.folds() == fresh.folds()


def test_while_others_ingest_it_comes_to_the_same(make_desk: MakeDesk) -> None:
    desk, fresh = make_desk(**STRICT), make_desk()
    for one in (desk, fresh):
        one.store([message("0", 1), message("0", 1, sender="BROKER", target="BUY")])
    kept_back = [[fill(10 * at + n, f"E{at}-{n}", _5001="x") for n in range(5)] for at in range(1, 20)]
    more = [
        [fill(10 * at + n, f"E{at}-{n}", _37=f"O{at}", _11=f"C{at}") for n in range(5)]
        for at in range(20, 60)
    ]
    desk.store(*kept_back)
    fresh.store(*kept_back, *more)
    mended = desk.with_settings()
    mended.ask()
    with ThreadPoolExecutor(2) as pool:
        storing = pool.submit(mended.store, *more)
        while not storing.done():
            mended.carry_out()
        storing.result()
    mended.carry_out()
    assert set(mended.outcomes()) == {"folded"}
    assert mended.folds() == fresh.folds()
    mended.assert_is_what_the_log_says()


def test_a_record_that_postgres_refuses_stays_and_the_rest_is_done(make_desk: MakeDesk) -> None:
    desk = make_desk(**STRICT)
    desk.store([fill(n, f"E{n}", _55="POISON" if n == 3 else "IBM", _5001="x") for n in range(1, 8)])
    desk.execute("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'not this one' USING ERRCODE = 'data_exception';
        END $$
    """)
    desk.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW "
        "WHEN (NEW.symbol = 'POISON' AND NOT NEW.quarantined) EXECUTE FUNCTION refuse()"
    )
    mended = desk.with_settings()
    assert mended.ask() == 7
    assert mended.carry_out() == 7
    assert mended.outcomes() == ["folded"] * 2 + ["still_kept_back"] + ["folded"] * 4
    assert mended.query("SELECT kafka_offset, defects FROM messages WHERE quarantined") == [
        {"kafka_offset": 2, "defects": ["refused_by_database"]}
    ]
    assert mended.query("SELECT count(*) AS n FROM trades") == [{"n": 6}]


def test_what_is_not_in_the_log_is_said(make_desk: MakeDesk) -> None:
    desk = make_desk(**STRICT)
    desk.store(*FLOW)
    desk.ask(where="exec_id = 'E2'")
    desk.ask("dismiss", where="exec_id = 'E5'")
    desk.ask(where="exec_id = 'E5'")
    desk.execute("DELETE FROM messages WHERE exec_id IN ('E2', 'E5')")
    assert desk.carry_out() == 3
    assert desk.outcomes() == ["not_in_log"] * 3


def test_a_dismissal_stands_until_it_is_taken_back_or_the_message_is_folded(make_desk: MakeDesk) -> None:
    desk = make_desk(**STRICT)
    desk.store(*FLOW)
    standing = "SELECT kafka_offset FROM quarantine_actions WHERE outcome = 'dismissed' AND ended_by IS NULL"
    for kind in ("dismiss", "reopen", "dismiss", "reingest"):
        desk.ask(kind, where="exec_id IN ('E2', 'E5')")
    desk.ask("dismiss", where="verdict = 'valid'")
    assert desk.carry_out() > 8
    assert set(desk.outcomes()[8:]) == {"not_kept_back"}
    # In vain, so the dismissal stands.
    assert len(desk.query(standing)) == 2
    mended = desk.with_settings()
    mended.ask(where="exec_id = 'E2'")
    mended.carry_out()
    assert len(mended.query(standing)) == 1
    assert (
        mended.outcomes()[:8]
        == ["dismissed"] * 2 + ["reopened"] * 2 + ["dismissed"] * 2 + ["still_kept_back"] * 2
    )


def test_while_writers_are_stopped_or_a_rebuild_is_at_work_it_waits(make_desk: MakeDesk) -> None:
    desk = make_desk(**STRICT)
    desk.store(*FLOW)
    mended = desk.with_settings()
    mended.ask(where="exec_id = 'E2'")
    with psycopg.connect(desk.url) as rebuild:
        rebuild.execute("LOCK TABLE ingest_offsets IN SHARE MODE")
        assert mended.carry_out() == 0
    with psycopg.connect(desk.url) as rebuild:
        rebuild.execute("SELECT pg_advisory_lock(hashtext('fixwatch.log'))")
        assert mended.carry_out() == 0
    assert mended.outcomes() == [None]
    assert mended.carry_out() == 1


def test_many_bytes_are_taken_in_parts(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reingestion, "_BYTES", 300)
    desk = make_desk(**STRICT)
    desk.store([fill(n, f"E{n}", _5001="x") for n in range(1, 8)])
    mended = desk.with_settings()
    mended.ask()
    assert mended.carry_out() == 7
    assert mended.outcomes() == ["folded"] * 7
    mended.assert_is_what_the_log_says()


def test_of_another_topic_others_take_care(make_desk: MakeDesk) -> None:
    desk = make_desk(**STRICT)
    desk.store(*FLOW)
    desk.ask()
    assert desk.with_settings(kafka_topic="another").carry_out() == 0


def test_what_fails_leaves_nothing(make_desk: MakeDesk) -> None:
    desk = make_desk(**STRICT)
    desk.store(*FLOW)
    mended = desk.with_settings()
    mended.ask(where="exec_id = 'E2'")
    before = mended.folds(), mended.log()
    mended.execute("ALTER TABLE trades RENAME TO away")
    assert mended.carry_out() == 0
    mended.execute("ALTER TABLE away RENAME TO trades")
    assert (mended.folds(), mended.log()) == before
    assert mended.carry_out() == 1


def test_an_ingester_that_may_not_do_it_goes_on(make_desk: MakeDesk) -> None:
    desk = make_desk(**STRICT)
    desk.store(*FLOW)
    desk.ask()
    desk.execute("ALTER TABLE quarantine_actions RENAME TO away")
    assert desk.carry_out() == 0


def test_a_mended_dictionary_makes_good_what_lacked_it(make_desk: MakeDesk, tmp_path: Path) -> None:
    lacking, whole = (
        dictionary(tmp_path / f"{name}.xml", values) for name, values in (("a", "3"), ("b", "34"))
    )
    strict = {"profile": "strict"}
    desk = make_desk(**strict, dictionaries=[lacking])
    ponds = [quack(number, "34"[number % 2]) for number in range(8)]
    desk.store(ponds)
    assert desk.query("SELECT DISTINCT defects FROM messages WHERE quarantined") == [
        {"defects": ["value_out_of_range:5001"]}
    ]
    mended = desk.with_settings(**strict, dictionaries=[whole])
    assert mended.ask() == 4
    assert mended.carry_out() == 4
    assert mended.outcomes() == ["folded"] * 4
    assert mended.query("SELECT FROM defect_minutes") == []
    mended.assert_is_what_the_log_says()


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_whatever_was_kept_back_and_in_whatever_order_it_comes_to_a_fresh_ingestion(
    make_desk: MakeDesk, seed: int
) -> None:
    rng = random.Random(seed)
    values = [value for value, _ in flow(seed, 400)]
    values += [value[:-4] + b"000\x01" for value in rng.sample(values, 20)]
    rng.shuffle(values)
    batches = [values[at : at + 40] for at in range(0, len(values), 40)]
    desk, fresh = make_desk(**STRICT), make_desk(frame="lenient")
    batch = Batch(values, [0] * len(values), list(range(len(values))), [0] * len(values))
    decoded = decode_batch(batch, DecodeOptions(), strict=False)
    for one in (desk, fresh):
        with psycopg.connect(one.url, autocommit=True) as connection:
            Identities(connection).register_sessions(sorted(decoded.directions))
    desk.store(*batches)
    fresh.store(*batches)
    mended = desk.with_settings(frame="lenient")
    kept_back = mended.query("SELECT kafka_offset FROM messages WHERE quarantined")
    rng.shuffle(kept_back)
    # One by one and in between, at first; then the rest.
    for row in kept_back[:10]:
        mended.ask(where=f"kafka_offset = {row['kafka_offset']}")
        if rng.random() < 0.5:
            mended.carry_out()
    mended.ask()
    mended.carry_out()
    assert mended.folds() == fresh.folds()
    assert mended.log() == fresh.log()
