"""`fixwatch ingest`: the topic to Postgres."""

from __future__ import annotations

from typing import Annotated

import typer


def ingest(
    bootstrap_servers: Annotated[
        str | None, typer.Option(help="Kafka brokers, host:port.", show_default=False)
    ] = None,
    topic: Annotated[str | None, typer.Option(help="The topic to ingest.", show_default=False)] = None,
    group_id: Annotated[
        str | None, typer.Option(help="The consumer group that shares the work.", show_default=False)
    ] = None,
    profile: Annotated[str | None, typer.Option(help="strict or tolerant.", show_default=False)] = None,
    frame: Annotated[str | None, typer.Option(help="strict or lenient.", show_default=False)] = None,
) -> None:
    """Store the topic's messages in Postgres, exactly once, until interrupted.

    Waits for a broker, a topic or a database that is not there yet. Several ingesters share the partitions.
    The database is FIXWATCH_DATABASE_URL. SIGTERM and Ctrl-C finish the batch in hand.
    """
    from fixwatch.cli.stopping import stop_on_signals

    # First of all: what follows takes a second to load, and a stop may come meanwhile.
    stop = stop_on_signals()
    from fixwatch.ingest.pipeline import Ingester
    from fixwatch.settings import load
    from fixwatch.telemetry import configure_logging

    settings = load(
        kafka_bootstrap_servers=bootstrap_servers,
        kafka_topic=topic,
        kafka_group_id=group_id,
        profile=profile,
        frame=frame,
    )
    configure_logging(settings.log_format)
    Ingester(settings, stop).run()
