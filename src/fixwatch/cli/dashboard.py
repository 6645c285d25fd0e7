"""`fixwatch dashboard`: the live screen."""

from __future__ import annotations

from typing import Annotated

import typer


def dashboard(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default=False)] = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            help="A libpq URL. Others on this machine can see it here: better given by FIXWATCH_DATABASE_URL.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve the live dashboard until interrupted. It waits for a database that is not there yet."""
    from fixwatch.dashboard.server import serve
    from fixwatch.settings import load

    serve(load(dashboard_host=host, dashboard_port=port, database_url=database_url))
