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
    from fixwatch.settings import load
    from fixwatch.store.connection import wait_to_connect
    from fixwatch.store.migrate import migrate as apply_pending
    from fixwatch.telemetry import configure_logging, logger

    settings = load(database_url=database_url)
    configure_logging(settings.log_format)
    with wait_to_connect(
        settings.database_url.get_secret_value(),
        application_name="fixwatch migrate",
        on_wait=lambda reason: logger("store").warning("waiting_for_database", reason=reason),
    ) as connection:
        done = apply_pending(connection)
    for migration in done:
        typer.echo(f"applied {migration.number:04d} {migration.name}")
    if not done:
        typer.echo("nothing to do: the schema is up to date")
