"""`fixwatch db`: the database's schema."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="The database's schema.", no_args_is_help=True)


@app.callback()
def db() -> None:
    """Keep `db` a group of commands while it has only one."""


@app.command()
def migrate(
    database_url: Annotated[
        str | None,
        typer.Option(help="A libpq URL; better given by FIXWATCH_DATABASE_URL.", show_default=False),
    ] = None,
) -> None:
    """Bring the database's schema up to date. Waits for a database that is not there yet."""
    import psycopg

    from fixwatch.errors import DatabaseError
    from fixwatch.settings import load
    from fixwatch.store.connection import wait_to_connect
    from fixwatch.store.faults import reason as said
    from fixwatch.store.migrate import migrate as apply_pending
    from fixwatch.telemetry import configure_logging, logger

    settings = load(database_url=database_url)
    configure_logging(settings.log_format)
    with wait_to_connect(
        settings.database_url.get_secret_value(),
        application_name="fixwatch migrate",
        on_wait=lambda reason: logger("store").warning("waiting_for_database", reason=reason),
    ) as connection:
        try:
            done = apply_pending(connection)
        except psycopg.Error as error:
            raise DatabaseError(f"Nothing was migrated, try again later: {said(error)}") from error
    for migration in done:
        typer.echo(f"applied {migration.number:04d} {migration.name}")
    if not done:
        typer.echo("nothing to do: the schema is up to date")


@app.command()
def retain(
    days: Annotated[
        int, typer.Option(help="Keep today (UTC) and so many days before it.", min=1, max=36_500)
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be dropped.")] = False,
    database_url: Annotated[
        str | None,
        typer.Option(help="A libpq URL; better given by FIXWATCH_DATABASE_URL.", show_default=False),
    ] = None,
) -> None:
    """Drop days of the log that are older, while ingesters and readers go on. Orders, trades, rollups stay."""
    from fixwatch.settings import load
    from fixwatch.store.log_lock import hold_log
    from fixwatch.store.retention import count_messages, drop_old, old_partitions

    url = load(database_url=database_url).database_url.get_secret_value()
    count, total = 0, 0
    with hold_log(url, application_name="fixwatch retain") as connection:
        found = (
            ((old, count_messages(connection, old)[0]) for old in old_partitions(connection, days))
            if dry_run
            else drop_old(connection, days, _say_waiting)
        )
        for partition, messages in found:
            count, total = count + 1, total + partition.bytes
            said = "would drop" if dry_run else "dropped"
            typer.echo(f"{said} {partition.relname}: {messages:,} messages, {partition.bytes / 1e6:,.1f} MB")
    if not count:
        typer.echo(f"nothing to drop: no day of the log is older than {days} days")
    else:
        typer.echo(f"{'would free' if dry_run else 'freed'} {total / 1e6:,.1f} MB of {count} days")


def _say_waiting(name: str) -> None:
    typer.echo(f"waiting for readers of {name}", err=True)
