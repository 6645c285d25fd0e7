"""Batches into a real Postgres: all of it, once, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from fixwatch.errors import Fenced
from fixwatch.fix.columns import STORED
from fixwatch.ingest.batch import Batch
from fixwatch.ingest.batch_store import BatchStore
from fixwatch.settings import Settings, load
from fixwatch.store.connection import connect
from fixwatch.store.identities import Identities
from fixwatch.store.writer import Writer
from tests.integration.ingested import wait_until
from tests.unit.ingest.conftest import message
from tests.unit.ingest.test_orders import request
from tests.unit.ingest.trade_messages import fill, report

Query = Callable[..., list[dict[str, Any]]]
MakeStore = Callable[..., "Stored"]


@pytest.fixture
def query(database_url: str) -> Iterator[Query]:
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        yield lambda statement, *values: connection.execute(statement, values).fetchall()


class Stored:
    """A BatchStore whose batches are stored when `store` returns; its connections are its own."""

    def __init__(self, database_url: str, settings: Settings) -> None:
        options: dict[str, Any] = {"application_name": "test", "autocommit": True}
        self.connections = [connect(database_url, **options) for _ in range(2)]
        writing, control = self.connections
        self._batches = BatchStore([Writer(writing)], Identities(control), settings, "test:1")
        self.locate = self._batches.locate

    def store(
        self, batch: Batch, high_watermarks: dict[int, int], confirm: Callable[[], None] = lambda: None
    ) -> dict[int, int]:
        before = self._batches.store(batch, high_watermarks, confirm)
        return before | self._batches.finish()

    def close(self) -> None:
        self._batches.close()
        for connection in self.connections:
            connection.close()


@pytest.fixture
def make_store(database_url: str) -> Iterator[MakeStore]:
    stores: list[Stored] = []

    def make(partitions: int = 1, topic_id: str = "one", **settings: Any) -> Stored:
        store = Stored(database_url, load(database_url=database_url, **settings))
        stores.append(store)
        store.locate(topic_id, list(range(partitions)))
        return store

    yield make
    for store in stores:
        store.close()


def records(messages: list[bytes], first_offset: int = 0, partition: int = 0) -> Batch:
    n = len(messages)
    offsets = list(range(first_offset, first_offset + n))
    return Batch(messages, [partition] * n, offsets, [1_767_346_200_000 + offset for offset in offsets])


def test_every_record_is_in_the_log_with_its_bytes(make_store: MakeStore, query: Query) -> None:
    good, bad = message("0", 1), [b"", b"{}", b"8=FIX.4.4\x019=5\x01", bytes(range(256)), b"\x00" * 64]
    make_store().store(records([good, *bad]), {0: 6})
    rows = query("SELECT kafka_offset, verdict::text, quarantined, raw FROM messages ORDER BY kafka_offset")
    assert [row["raw"] for row in rows] == [good, *bad]
    assert [row["verdict"] for row in rows] == ["valid"] + ["garbled"] * 5
    assert [row["quarantined"] for row in rows] == [False] + [True] * 5
    assert query("SELECT next_offset, high_watermark FROM ingest_offsets") == [
        {"next_offset": 6, "high_watermark": 6}
    ]


def test_a_record_of_ten_megabytes_is_stored_and_not_decoded(make_store: MakeStore, query: Query) -> None:
    big = b"8=FIX.4.4\x01" + b"x" * 10_000_000
    make_store().store(records([big]), {})
    (row,) = query("SELECT verdict::text, defects, raw FROM messages")
    assert row["verdict"] == "garbled"
    assert row["defects"] == ["too_long"]
    assert row["raw"] == big


def test_stored_columns_are_those_declared(database_url: str, query: Query) -> None:
    found = {
        row["attname"]: row["type"]
        for row in query(
            "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute "
            "WHERE attrelid = 'messages'::regclass AND attnum > 0"
        )
    }
    assert {column.name: found.get(column.name) for column in STORED} == {
        column.name: column.kind.postgres for column in STORED
    }


def test_chosen_fields_are_stored_by_name(make_store: MakeStore, query: Query) -> None:
    chosen = make_store(columns=["5001:desk:text", "5002:score:decimal", "5003:bytes:int"])
    with_all = message("0", 1, _5001='E"Q', _5002="0.10", _5003=7)
    chosen.store(records([with_all, message("0", 2), b"", message("0", 3, _5001="\x00")]), {})
    assert [row["extra"] for row in query("SELECT extra FROM messages ORDER BY kafka_offset")] == [
        {"desk": 'E"Q', "score": 0.1, "bytes": 7},
        None,
        None,
        {"desk": "\ufffd"},
    ]
    assert query("SELECT (extra->'score')::text AS score FROM messages WHERE extra ? 'score'") == [
        {"score": "0.1"}
    ]


def test_without_chosen_fields_there_is_nothing_extra(make_store: MakeStore, query: Query) -> None:
    make_store().store(records([message("0", 1, _5001="EQ")]), {})
    assert query("SELECT extra FROM messages") == [{"extra": None}]


def test_a_batch_that_comes_again_is_stored_once(make_store: MakeStore, query: Query) -> None:
    store = make_store()
    store.store(records([fill(1, "E1"), fill(2, "E2")]), {})
    assert store.store(records([fill(1, "E1"), fill(2, "E2")]), {}) == {}
    assert store.store(records([fill(2, "E2"), fill(3, "E3")], first_offset=1), {}) == {0: 3}
    assert query("SELECT count(*) AS n FROM messages") == [{"n": 3}]
    assert query("SELECT exec_id, repeats FROM trades ORDER BY 1") == [
        {"exec_id": name, "repeats": 0} for name in ("E1", "E2", "E3")
    ]


def test_who_lost_the_partition_cannot_write(make_store: MakeStore, query: Query) -> None:
    zombie, owner = make_store(), make_store()
    owner.store(records([fill(1, "E1")]), {})
    with pytest.raises(Fenced):
        zombie.store(records([fill(1, "E1"), fill(2, "E2")]), {})
    assert query("SELECT exec_id FROM trades") == [{"exec_id": "E1"}]
    assert query("SELECT count(*) AS n FROM messages") == [{"n": 1}]
    zombie.locate("one", [0])
    zombie.store(records([fill(1, "E1"), fill(2, "E2")]), {})
    assert query("SELECT exec_id, repeats FROM trades ORDER BY 1") == [
        {"exec_id": "E1", "repeats": 0},
        {"exec_id": "E2", "repeats": 0},
    ]


def test_a_topic_made_anew_is_another_stream(make_store: MakeStore, query: Query) -> None:
    make_store(topic_id="one").store(records([message("0", 1), message("0", 2)]), {})
    make_store(topic_id="two").store(records([message("0", 3)]), {})
    rows = query("SELECT topic_id, next_offset FROM ingest_offsets ORDER BY stream_id")
    assert [tuple(row.values()) for row in rows] == [("one", 2), ("two", 1)]
    assert query("SELECT count(*) AS n FROM messages") == [{"n": 3}]


def test_a_failure_in_the_transaction_leaves_nothing(
    make_store: MakeStore, query: Query, database_url: str
) -> None:
    store = make_store()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE message_minutes RENAME TO gone")
    with pytest.raises(psycopg.errors.UndefinedTable):
        store.store(records([fill(1, "E1")]), {})
    for table in ("messages", "trades", "orders", "ingest_batches"):
        assert query(f"SELECT count(*) AS n FROM {table}") == [{"n": 0}]  # noqa: S608
    assert query("SELECT next_offset FROM ingest_offsets") == [{"next_offset": 0}]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE gone RENAME TO message_minutes")
    store.locate("one", [0])
    assert store.store(records([fill(1, "E1")]), {}) == {0: 1}


def test_a_record_that_postgres_refuses_stands_alone_and_the_rest_is_stored(
    make_store: MakeStore, query: Query, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'not this one' USING ERRCODE = 'data_exception';
            END $$
        """)
        connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW "
            "WHEN (NEW.symbol = 'POISON') EXECUTE FUNCTION refuse()"
        )
    batch = records([fill(1, "E1"), fill(2, "E2"), fill(3, "E3", _55="POISON"), fill(4, "E4"), fill(5, "E5")])
    assert make_store().store(batch, {}) == {0: 5}
    rows = query("SELECT kafka_offset, defects, quarantined, raw FROM messages ORDER BY kafka_offset")
    assert [row["kafka_offset"] for row in rows] == [0, 1, 2, 3, 4]
    assert [row["quarantined"] for row in rows] == [False, False, True, False, False]
    assert rows[2]["defects"] == ["refused_by_database"]
    assert rows[2]["raw"] == batch.values[2]
    assert [row["exec_id"] for row in query("SELECT exec_id FROM trades ORDER BY 1")] == [
        "E1",
        "E2",
        "E4",
        "E5",
    ]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (2**63 - 1, "9999-12-31 23:59:59.999+00"),
        (-(2**62), "1970-01-01 00:00:00+00"),
        (-1, "1970-01-01 00:00:00+00"),
    ],
)
def test_a_timestamp_that_no_clock_shows_stops_nothing(
    make_store: MakeStore, query: Query, given: int, stored: str
) -> None:
    batch = records([fill(1, "E1"), fill(2, "E2")])
    strange = Batch(batch.values, batch.partitions, batch.offsets, [batch.timestamps[0], given])
    make_store().store(strange, {})
    assert query("SELECT kafka_time::text AS t FROM messages WHERE kafka_offset = 1") == [{"t": stored}]


def test_a_record_that_cannot_be_made_ready_stands_alone_too(
    make_store: MakeStore, query: Query, database_url: str
) -> None:
    # As an index refuses a key that is too long: where names get their numbers, before anything is written.
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'index row size exceeds maximum' USING ERRCODE = 'program_limit_exceeded';
            END $$
        """)
        connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON sessions FOR EACH ROW "
            "WHEN (NEW.sender_comp_id = 'POISON') EXECUTE FUNCTION refuse()"
        )
    batch = records([fill(1, "E1"), message("0", 1, sender="POISON"), fill(2, "E2")])
    store = make_store()
    assert store.store(batch, {}) == {0: 3}
    assert store.store(records([fill(3, "E3")], first_offset=3), {}) == {0: 4}
    rows = query("SELECT kafka_offset, defects FROM messages WHERE quarantined")
    assert rows == [{"kafka_offset": 1, "defects": ["refused_by_database"]}]
    assert query("SELECT count(*) AS n FROM trades") == [{"n": 3}]


def test_secrets_are_stored_nowhere(make_store: MakeStore, query: Query) -> None:
    logon = message("A", 1, _98="0", _108="30", _553="alice", _554="s3cret!pass", _925="n3w!pass")
    cut = logon[:-8]
    make_store().store(records([logon, cut]), {})
    for row in query("SELECT raw FROM messages"):
        assert b"alice" in row["raw"]
        assert b"s3cret!pass" not in row["raw"]
        assert b"n3w!pass" not in row["raw"]
    dump = str(query("SELECT messages::text FROM messages"))
    assert b"s3cret!pass".hex() not in dump
    assert "s3cret!pass" not in dump


def test_a_message_that_is_kept_back_is_not_folded_and_founds_no_session(
    make_store: MakeStore, query: Query
) -> None:
    whole = fill(2, "E2")
    garbled = fill(1, "E1").replace(b"\x0110=", b"\x0110=9")
    make_store().store(records([garbled]), {})
    assert query("SELECT * FROM sessions") == []
    make_store(topic_id="two").store(records([whole, garbled]), {})
    rows = query("SELECT exec_id FROM trades")
    assert rows == [{"exec_id": "E2"}]
    # It is of a session that is known, so it is shown there.
    assert query("SELECT count(*) AS n FROM messages WHERE quarantined AND session_id IS NOT NULL") == [
        {"n": 1}
    ]
    assert query("SELECT messages FROM sessions") == [{"messages": 1}]


def test_the_strict_profile_keeps_messages_with_any_defect_back(make_store: MakeStore, query: Query) -> None:
    bad = fill(1, "E1", _54="Q")
    make_store().store(records([bad]), {})
    make_store(topic_id="two", profile="strict").store(records([bad]), {})
    rows = query("SELECT verdict::text, quarantined FROM messages ORDER BY stream_id")
    assert [tuple(row.values()) for row in rows] == [("rejected", False), ("rejected", True)]


def test_busts_and_corrections_move_their_minute_whenever_they_come(
    make_store: MakeStore, query: Query
) -> None:
    bust = report(3, _17="X1", _19="E1", _150="H", _39="0")
    correction = report(4, _17="G1", _19="E2", _150="G", _39="1", _32="50", _31="2.5")
    batches = [[bust], [fill(1, "E1"), fill(2, "E2")], [correction], [fill(2, "E2")]]
    store, offset = make_store(), 0
    for batch in batches:
        store.store(records(batch, first_offset=offset), {})
        offset += len(batch)
    rows = query("SELECT exec_id, status, qty, notional, repeats FROM trades ORDER BY exec_id")
    assert [tuple(row.values()) for row in rows] == [
        ("E1", "busted", 0, 0, 0),
        ("E2", "corrected", 50, Decimal(125), 1),
    ]
    assert query(
        "SELECT sum(trades) AS n, sum(qty) AS qty, sum(notional) AS notional FROM trade_minutes"
    ) == [{"n": 1, "qty": 50, "notional": Decimal(125)}]


FOLDS = {
    "trades": "SELECT exec_id, qty, px, notional, status, repeats, conflicts, symbol FROM trades ORDER BY 1",
    "trade_minutes": "SELECT minute, symbol, side, trades, qty, notional FROM trade_minutes ORDER BY 1, 2, 3",
    "orders": "SELECT cl_ord_id, order_id, ord_status, cum_qty, leaves_qty, order_qty, price, messages, sent_at, "
    "answered_at FROM orders ORDER BY 1",
    "sessions": "SELECT sender_comp_id, last_number, messages, poss_dups, gaps, missing, resets, logged_on "
    "FROM sessions JOIN session_sequences USING (session_id) ORDER BY 1",
    "session_numbers": "SELECT * FROM session_numbers ORDER BY session_id, began_at, chunk",
    "session_events": "SELECT * FROM session_events ORDER BY session_id, sent, seq_num, kind",
    "message_minutes": "SELECT minute, msg_type, verdict, sum(messages) AS n FROM message_minutes "
    "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
}


def a_day() -> list[bytes]:
    """Both directions of a session: a reset, a gap, a replace, repeats, a conflict, a bust, a correction."""
    logon = {"_98": "0", "_108": "30", "_141": "Y"}
    return [
        message("A", 1, **logon),
        message("A", 1, sender="BROKER", target="BUY", **logon),
        request("D", 2, "C1", _55="IBM", _54="1", _38="300", _40="2", _44="10", _60="20260102-09:30:00"),
        report(2, _17="N", _150="0", _39="0", _38="300", _44="10", _14="0", _151="300", _6="0"),
        fill(3, "E1", _38="300", _14="100", _151="200"),
        fill(5, "E2", _38="300", _14="200", _151="100"),
        fill(5, "E2", _38="300", _14="200", _151="100", _43="Y", _122="20260102-09:30:05.005"),
        request(
            "G", 3, "C2", _41="C1", _55="IBM", _54="1", _38="400", _40="2", _44="11", _60="20260102-09:31:00"
        ),
        report(6, _11="C2", _41="C1", _17="R", _150="5", _39="5", _38="400", _44="11", _14="200", _151="200"),
        fill(7, "E1", "999", _11="C2", _38="400", _14="200", _151="200"),
        report(8, _11="C2", _17="X", _19="E2", _150="H", _39="1", _38="400", _14="100", _151="300"),
        report(
            9,
            _11="C2",
            _17="G",
            _19="E1",
            _150="G",
            _39="1",
            _32="90",
            _31="10",
            _38="400",
            _14="90",
            _151="310",
        ),
        b"garbage",
        message("5", 4),
        message("5", 12, sender="BROKER", target="BUY"),
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 15])
def test_any_split_into_batches_gives_the_same_tables(make_store: MakeStore, query: Query, size: int) -> None:
    day = a_day()
    store = make_store()
    for begin in range(0, len(day), size):
        store.store(records(day[begin : begin + size], first_offset=begin), {})
    found = {name: [tuple(row.values()) for row in query(sql)] for name, sql in FOLDS.items()}
    assert [row[0:2] + row[4:7] for row in found["trades"]] == [
        ("E1", 90, "corrected", 0, 1),
        ("E2", 0, "busted", 1, 0),
    ]
    assert found["orders"][0][:7] == ("C2", "O1", "1", 90, 310, 400, 11)
    assert found["sessions"] == [
        ("BROKER", 12, 10, 1, 2, 3, 1, False),
        ("BUY", 4, 4, 0, 0, 0, 1, False),
    ]
    assert sum(row[3] for row in found["message_minutes"]) == len(day)
    assert [row[3:] for row in found["trade_minutes"]] == [(1, 90, 900)]


def test_a_trade_that_another_ingester_is_storing_is_waited_for_and_merged(
    make_store: MakeStore, query: Query, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    # The other one has written E2 and not committed it yet when ours looks; ours waits at the session's row.
    make_store(topic_id="one").store(records([fill(1, "E1"), fill(2, "E2")]), {})
    monkeypatch.setattr("fixwatch.ingest.trade_store._FEW", 0)
    other = make_store(topic_id="two")
    with psycopg.connect(database_url) as busy:
        busy.execute("SELECT 1 FROM sessions FOR UPDATE")
        busy.execute("UPDATE trades SET exec_id = 'E3' WHERE exec_id = 'E1'")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(other.store, records([fill(2, "E2"), fill(3, "E3")]), {})
            wait_until(lambda: bool(query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")))
            busy.commit()
            waiting.result()
    rows = query("SELECT exec_id, reports FROM trades ORDER BY 1")
    assert [tuple(row.values()) for row in rows] == [("E2", 2), ("E3", 2)]


def test_two_writers_that_touch_the_same_rows_do_not_deadlock(make_store: MakeStore, query: Query) -> None:
    import threading

    def write(topic_id: str, reverse: bool) -> None:
        store = make_store(topic_id=topic_id)
        for begin in range(0, 400, 40):
            batch = [
                message("0", begin + n + 1, sender=f"S{n if reverse else 39 - n}", target="T")
                for n in range(40)
            ]
            store.store(records(batch, first_offset=begin), {})

    threads = [threading.Thread(target=write, args=(f"t{n}", bool(n % 2))) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert query("SELECT count(*) AS n FROM messages") == [{"n": 800}]
    assert query("SELECT sum(messages) AS n FROM sessions") == [{"n": 800}]


def test_settings_say_what_is_wrong_and_what_may_be() -> None:
    from fixwatch.errors import SettingsError

    with pytest.raises(SettingsError, match=r"FIXWATCH_PROFILE: .*'strict' or 'tolerant'"):
        load(profile="fast")
    assert isinstance(load(), Settings)


def test_of_an_order_that_another_ingester_was_faster_with_every_id_has_its_key(
    make_store: MakeStore, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both look, one registers Y, then the other registers X and Y, which are of one order.
    faster, slower = make_store(), make_store(topic_id="two")
    register = Identities.register_orders
    tried = []

    def overtaken(self: Identities, keys: Any) -> bool:
        if not tried:
            tried.append(keys.num_rows)
            faster.store(records([request("D", 1, "Y", _38="1")]), {0: 1})
        return register(self, keys)

    monkeypatch.setattr(Identities, "register_orders", overtaken)
    slower.store(records([request("G", 2, "X", _41="Y", _38="2")]), {0: 1})
    ids = query("SELECT id, order_key FROM order_ids ORDER BY id")
    assert tried == [2]
    assert [row["id"] for row in ids] == ["X", "Y"]
    assert len({row["order_key"] for row in ids}) == 1


def test_the_bust_that_was_sent_first_is_named_however_busts_are_divided(
    make_store: MakeStore, query: Query
) -> None:
    store = make_store()
    busts = [report(n, _17=exec_id, _19="E1", _150="H", _39="0") for n, exec_id in ((3, "b2"), (2, "B1"))]
    for offset, one in enumerate([fill(1, "E1"), *busts]):
        store.store(records([one], offset), {0: 3})
    assert [row["bust_exec_id"] for row in query("SELECT bust_exec_id FROM trades")] == ["B1"]
