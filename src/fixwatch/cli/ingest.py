"""`fixwatch ingest`: the topic to Postgres."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

#: Seconds after which a thread gives way to one that waits. Python's own 5 ms are as long as storing a small batch.
_SWITCH_INTERVAL = 0.0005


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
    # Batches are small for Polars, and the other core is Postgres's: threads cost more than they bring.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    # The thread that writes mostly waits for Postgres: when it has an answer it should not wait for ours too.
    sys.setswitchinterval(_SWITCH_INTERVAL)
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
    gc.freeze()  # what is loaded now stays: looking through it again and again would stop the flow
    Ingester(settings, stop).run()
