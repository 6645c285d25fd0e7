"""`fixwatch alert`: what is wrong fires."""

from __future__ import annotations

from typing import Annotated

import typer


def alert(
    every: Annotated[float, typer.Option(min=0.5, max=10.0, help="Seconds between two looks.")] = 2.0,
) -> None:
    """Look every few seconds if something is wrong, and keep in Postgres what fires and what is over.

    Ingesters that are gone or wait, lag, records that are gone, messages in quarantine, sessions that are silent or
    do not follow their schedule, missing sequence numbers, stuck orders. Log lines and the dashboard's page Alerts
    say it. One watches at a time; more than one may run. The database is FIXWATCH_DATABASE_URL.
    """
    from fixwatch.cli.stopping import stop_on_signals

    stop = stop_on_signals()
    from fixwatch.alerts.watch import Watcher
    from fixwatch.settings import load
    from fixwatch.telemetry import configure_logging

    settings = load()
    configure_logging(settings.log_format)
    Watcher(settings, stop, every).run()
