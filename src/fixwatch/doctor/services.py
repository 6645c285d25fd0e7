"""Who answers: the broker and its topic, Postgres and its schema, the ingesters, the dashboard."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

import psycopg

from fixwatch.doctor.check import Finding, ok, problem, warning
from fixwatch.doctor.installation import shown_database_url
from fixwatch.errors import BrokerError, DatabaseError
from fixwatch.kafka.client import client_config
from fixwatch.kafka.offsets import Topic, describe_topic, end_offsets
from fixwatch.settings import Settings
from fixwatch.store.connection import connect
from fixwatch.store.migrate import applied, pending

#: Seconds that anybody gets for an answer.
TIMEOUT: Final = 3.0
#: Ingesters renew their sign of life every second; one that is silent for so long, s, is gone.
ALIVE_WITHIN: Final = 10
#: Reasons in `ingest_gaps`, for people.
_GAPS: Final = {
    "deleted": "the broker had deleted them",
    "truncated": "the broker lost the end of a partition and gave its offsets to other records",
}
#: More messages than an ingester stores in a few seconds.
_MUCH_LAG: Final = 100_000


class Broker:
    """The broker and the topic of the settings, asked once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._config = client_config(settings)
        self._topic: Topic | None = None

    def findings(self) -> Iterator[Finding]:
        """If the broker answers, and has the topic."""
        servers, name = self._settings.kafka_bootstrap_servers, self._settings.kafka_topic
        try:
            self._topic = describe_topic(self._config, name, TIMEOUT)
        except BrokerError as error:
            yield problem(
                "broker",
                f"{servers}: {error}",
                "Start the broker, or give its address in FIXWATCH_KAFKA_BOOTSTRAP_SERVERS "
                "(and its security in FIXWATCH_KAFKA_CONFIG).",
            )
            return
        yield ok("broker", f"{servers} answers")
        if self._topic is None:
            yield warning(
                "topic",
                f"{name} does not exist",
                "It is made by `fixwatch simulate` and `fixwatch produce`; or give another in FIXWATCH_KAFKA_TOPIC.",
            )
        else:
            yield ok("topic", f"{name}, {self._topic.partitions} partitions, id {self._topic.topic_id}")

    def ends(self) -> tuple[Topic, dict[int, int]] | None:
        """The topic and where its partitions end; None where nobody says. After `findings`."""
        if self._topic is None:
            return None
        try:
            return self._topic, end_offsets(self._config, self._topic, TIMEOUT)
        except BrokerError:
            return None


class Database:
    """The database of the settings, over one connection; a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database_url.get_secret_value()
        self._connection: psycopg.Connection | None = None
        self._migrated = False

    def findings(self) -> Iterator[Finding]:
        """If Postgres answers, its version, and if its schema is ours."""
        where = shown_database_url(self._url)
        try:
            self._connection = connect(self._url, application_name="fixwatch doctor", autocommit=True)
            self._connection.execute(f"SET statement_timeout = {int(TIMEOUT * 1000)}")
        except (psycopg.Error, DatabaseError) as error:
            reason = str(error).strip().splitlines()[0]
            yield problem(
                "Postgres",
                f"{where}: {reason}",
                "Start Postgres, or give its address in FIXWATCH_DATABASE_URL (or the file of that name, in "
                "lower case, in /run/secrets).",
            )
            return
        version = self._connection.info.server_version
        yield ok("Postgres", f"{where} answers, version {version // 10_000}.{version % 10_000}")
        yield from self._schema(self._connection)

    def _schema(self, connection: psycopg.Connection) -> Iterator[Finding]:
        try:
            todo, done = pending(connection), applied(connection)
        except (DatabaseError, psycopg.Error) as error:
            yield problem("migrations", str(error).strip(), "Use the right Postgres and the right fixwatch.")
            return
        if todo:
            names = ", ".join(f"{migration.number:04d} {migration.name}" for migration in todo)
            yield problem("migrations", f"{len(done)} applied, missing: {names}", "Run: fixwatch db migrate")
            return
        self._migrated = True
        yield ok("migrations", f"{len(done)} applied, none missing")

    def ingesters(self) -> Iterator[Finding]:
        """If anybody ingests. After `findings`."""
        if not self._migrated or self._connection is None:
            return
        rows = self._connection.execute(
            "SELECT ingester_id, state, partitions, version FROM ingesters "
            "WHERE seen_at > now() - make_interval(secs => %s) ORDER BY ingester_id LIMIT 20",
            (ALIVE_WITHIN,),
        ).fetchall()
        for ingester_id, state, partitions, version in rows:
            yield ok("ingester", f"{ingester_id}: {state}, {partitions} partitions, version {version}")
        if not rows:
            yield warning("ingester", "none runs", "Start one: fixwatch ingest")

    def own_ingester(self) -> Iterator[Finding]:
        """If an ingester on this host (in this container) is alive: the health check of its container."""
        if not self._migrated or self._connection is None:
            return
        host = socket.gethostname()
        row = self._connection.execute(
            "SELECT ingester_id, state FROM ingesters "
            "WHERE starts_with(ingester_id, %s) AND seen_at > now() - make_interval(secs => %s) "
            "ORDER BY seen_at DESC LIMIT 1",
            (f"{host}:", ALIVE_WITHIN),
        ).fetchone()
        if row is None:
            advice = "Look at its log; start one: fixwatch ingest"
            yield problem("ingester", f"none on {host} was seen in the last {ALIVE_WITHIN} s", advice)
        else:
            yield ok("ingester", f"{row[0]}: {row[1]}")

    def lag(self, topic: Topic, ends: dict[int, int]) -> Iterator[Finding]:
        """How many messages of the topic are not stored yet. After `findings`."""
        if not self._migrated or self._connection is None:
            return
        rows = self._connection.execute(
            "SELECT partition, next_offset FROM ingest_offsets WHERE topic = %s AND topic_id = %s",
            (topic.name, topic.topic_id),
        )
        stored: dict[int, int] = dict(rows.fetchall())
        behind = sum(max(0, end - stored.get(partition, 0)) for partition, end in ends.items())
        text = f"{behind:,} messages of {topic.name} are not stored yet"
        if behind > _MUCH_LAG:
            yield warning("lag", text, "Start another ingester (up to one a partition), or look at its log.")
        else:
            yield ok("lag", text)

    def gaps(self) -> Iterator[Finding]:
        """If records will never be in the log, as they were gone when they were asked for. After `findings`."""
        if not self._migrated or self._connection is None:
            return
        rows = self._connection.execute(
            "SELECT topic, reason::text, sum(last_offset - first_offset + 1)::bigint, max(noticed_at) "
            "FROM ingest_gaps JOIN ingest_offsets USING (stream_id) WHERE reason <> 'before_first_start' "
            "GROUP BY topic, reason ORDER BY max(noticed_at) DESC LIMIT 20"
        ).fetchall()
        for topic, reason, records, noticed_at in rows:
            yield warning(
                "gap",
                f"{records:,} records of {topic} are not in the log: {_GAPS[reason]} "
                f"(last noticed {noticed_at:%Y-%m-%d %H:%M:%S} UTC; table ingest_gaps)",
                "Keep records longer in the topic than an ingester may be away; fetch the missing ones from "
                "their source.",
            )
        if not rows:
            yield ok("gap", "nothing was deleted before it was stored")

    def rebuild(self) -> Iterator[Finding]:
        """If an upgrade left folds that have to be made anew from the log. After `findings`."""
        if not self._migrated or self._connection is None:
            return
        for since, why in self._connection.execute(
            "SELECT since, why FROM rebuild_due ORDER BY since LIMIT 5"
        ):
            yield warning("rebuild", f"due since {since:%Y-%m-%d}: {why}", "Run once: fixwatch rebuild")

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()


def dashboard(settings: Settings) -> Iterator[Finding]:
    """If the dashboard of the settings serves: the health check of its container."""
    host = settings.dashboard_host
    # An address to listen on is not always one to ask.
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
    url = f"http://{host}:{settings.dashboard_port}/_stcore/health"
    try:
        with urlopen(url, timeout=TIMEOUT) as answer:
            answer.read()
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        yield problem("dashboard", f"{url}: {reason}", "Start it: fixwatch dashboard")
    else:
        yield ok("dashboard", f"{url} answers")
