"""System: is everything that runs running, how far is it, how large is it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from fixwatch import __version__
from fixwatch.dashboard import markup, reading, system_charts, tables, wording
from fixwatch.dashboard.live import live, time_zone, time_zone_name
from fixwatch.dashboard.places import GAP_REASONS
from fixwatch.store.system_views import Storage, System

_HEIGHT: Final = 240
_RIGHT: Final = st.column_config.TextColumn(alignment="right")
#: Streams that are longer than this scroll inside.
_MOST_ROWS: Final = 12


def page() -> None:
    """Draw the page."""
    live(reading.system, _now)
    live(reading.storage, _storage)


def _now(system: System) -> None:
    for due in system.rebuilds_due:
        st.html(
            markup.note(
                f"A rebuild is due since {wording.day_time(due.since, time_zone())}: {due.why}. Run: fixwatch rebuild"
            )
        )
    _figures(system)
    _ingesters(system)
    _streams(system)
    _batches(system)
    _gaps(system)


def _figures(system: System) -> None:
    alive = [ingester for ingester in system.ingesters if ingester.alive]
    lag = sum(stream.lag for stream in system.streams)
    of = system.batches
    with st.container(horizontal=True, gap="small", key="figures"):
        _figure(
            "Ingesters", wording.count(len(alive)), f"{sum(found.partitions for found in alive)} partitions"
        )
        _figure(
            "Lag, records", wording.count(lag), f"{len([s for s in system.streams if s.current])} streams"
        )
        _figure("Batches, last min", wording.count(of.batches), f"{wording.count(of.messages)} messages")
        _figure("Messages a batch", _number(of.messages_p50), f"most {_number(of.messages_most)}")
        _figure("A batch takes", wording.milliseconds(of.ms_p50), f"p95 {wording.milliseconds(of.ms_p95)}")
        lost = sum(gap.last_offset - gap.first_offset + 1 for gap in system.gaps)
        _figure("Never stored", wording.count(lost), f"offsets in {len(system.gaps)} gaps")


def _figure(label: str, value: str, more: str) -> None:
    st.metric(label, value, delta=more, delta_color="off", delta_arrow="off", border=True)


def _ingesters(system: System) -> None:
    with st.container(border=True):
        st.subheader("Ingesters")
        tables.draw(
            {
                "Ingester": [wording.visible(found.ingester_id) for found in system.ingesters],
                "State": [
                    f"{'●' if found.alive else '○'} {wording.visible(found.state) if found.alive else 'gone'}"
                    for found in system.ingesters
                ],
                "Partitions": [
                    wording.count(found.partitions if found.alive else 0) for found in system.ingesters
                ],
                "Version": [
                    found.version if found.version == __version__ else f"▲ {found.version}"
                    for found in system.ingesters
                ],
                "Seen": [
                    f"{wording.ago(system.batches.at - found.seen_at)} ago" for found in system.ingesters
                ],
                f"Since ({time_zone_name()})": [
                    wording.day_time(found.started_at, time_zone()) for found in system.ingesters
                ],
                "What it says": [wording.visible(found.detail or "") for found in system.ingesters],
            },
            key="ingesters",
            height=_height(len(system.ingesters), 5),
            empty="No ingester was here in the last day. Start one: fixwatch ingest",
            column_config={"Partitions": _RIGHT},
            alt="Ingesters of the last day",
        )


def _streams(system: System) -> None:
    with st.container(border=True):
        st.subheader("Partitions of the topic")
        tables.draw(
            {
                "Topic": [stream.topic for stream in system.streams],
                "Partition": [str(stream.partition) for stream in system.streams],
                "Lag, records": [wording.count(stream.lag) for stream in system.streams],
                "Stored up to offset": [wording.count(stream.next_offset) for stream in system.streams],
                "End of partition": [wording.count(stream.high_watermark) for stream in system.streams],
                "Last stored": [
                    f"{wording.ago(system.batches.at - stream.updated_at)} ago" for stream in system.streams
                ],
                "Incarnation": [
                    "the present one" if stream.current else "○ gone: deleted, made again"
                    for stream in system.streams
                ],
                "Topic id": [stream.topic_id for stream in system.streams],
            },
            key="streams",
            height=_height(len(system.streams), _MOST_ROWS),
            empty="Nothing was stored yet",
            column_config=dict.fromkeys(
                ("Partition", "Lag, records", "Stored up to offset", "End of partition"), _RIGHT
            ),
            alt="Partitions of the topic, how far each is stored",
        )


def _batches(system: System) -> None:
    where, zone = time_zone(), time_zone_name()
    left, right = st.columns(2, gap="small")
    with left, st.container(border=True):
        st.subheader("Messages a batch")
        st.altair_chart(
            system_charts.batch_sizes(system.batch_steps, where, zone),
            key="batch_sizes",
            alt="Messages a batch over the last 10 minutes, mean and largest",
        )
    with right, st.container(border=True):
        st.subheader("Time a batch")
        st.altair_chart(
            system_charts.batch_times(system.batch_steps, where, zone),
            key="batch_times",
            alt="Milliseconds that a batch took over the last 10 minutes, decoding and writing",
        )


def _gaps(system: System) -> None:
    with st.container(border=True):
        st.subheader("Offsets that are not in the log")
        if system.dropped.until is not None:
            st.caption(
                f"Besides, retention dropped {wording.count(system.dropped.messages)} messages from before "
                f"{wording.day_time(system.dropped.until, time_zone())} {time_zone_name()}."
            )
        tables.draw(
            {
                f"Noticed ({time_zone_name()})": [
                    wording.day_time(gap.noticed_at, time_zone()) for gap in system.gaps
                ],
                "Topic": [gap.topic for gap in system.gaps],
                "Partition": [str(gap.partition) for gap in system.gaps],
                "First": [wording.count(gap.first_offset) for gap in system.gaps],
                "Last": [wording.count(gap.last_offset) for gap in system.gaps],
                "Records": [wording.count(gap.last_offset - gap.first_offset + 1) for gap in system.gaps],
                "Why": [GAP_REASONS.get(gap.reason, gap.reason) for gap in system.gaps],
            },
            key="gaps",
            height=_height(len(system.gaps), 6),
            empty="None: every record of the topic is in the log",
            column_config=dict.fromkeys(("Partition", "First", "Last", "Records"), _RIGHT),
            alt="Offsets that are not in the log, with the reason",
        )


def _storage(storage: Storage) -> None:
    database, where, zone = storage.database, time_zone(), time_zone_name()
    with st.container(border=True):
        st.subheader("Versions and sizes")
        st.html(
            markup.facts(
                (
                    ("fixwatch, this dashboard", __version__),
                    ("Postgres", database.server_version),
                    ("Schema", f"migration {database.migration}"),
                    ("Database", database.name),
                    ("Size of the database", wording.size(database.bytes)),
                    (f"Server started ({zone})", wording.day_time(database.started_at, where)),
                )
            )
        )
    left, right = st.columns(2, gap="small")
    with left, st.container(border=True):
        st.subheader("Days of the log")
        days = storage.log_partitions
        tables.draw(
            {
                "Day (UTC)": [f"{day.since:%Y-%m-%d}" for day in days],
                "Messages, about": [wording.count(day.rows_about) for day in days],
                "Data": [wording.size(day.table_bytes) for day in days],
                "Indexes": [wording.size(day.index_bytes) for day in days],
                "Table": [day.name for day in days],
            },
            key="log_partitions",
            height=_HEIGHT,
            empty="The log has no day yet",
            column_config=dict.fromkeys(("Messages, about", "Data", "Indexes"), _RIGHT),
            alt="Days of the log with their sizes",
        )
        st.caption("A partition a day. Older ones go with: fixwatch db retain --days N")
    with right, st.container(border=True):
        st.subheader("Tables beside the log")
        tables.draw(
            {
                "Table": [table.name for table in storage.tables],
                "Rows, about": [wording.count(table.rows_about) for table in storage.tables],
                "Data": [wording.size(table.table_bytes) for table in storage.tables],
                "Indexes": [wording.size(table.index_bytes) for table in storage.tables],
            },
            key="tables",
            height=_HEIGHT,
            empty="No tables",
            column_config=dict.fromkeys(("Rows, about", "Data", "Indexes"), _RIGHT),
            alt="Tables beside the log with their sizes",
        )
        st.caption("Rows are what Postgres last estimated.")


def _number(value: int | None) -> str:
    return wording.NOTHING if value is None else wording.count(value)


def _height(rows: int, most: int) -> int:
    """Pixels of a table: all rows up to `most`, and never so low that it jumps when the first one comes."""
    return 34 * (1 + min(max(rows, 2), most)) + 4
