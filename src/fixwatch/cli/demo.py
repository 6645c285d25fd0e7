"""`fixwatch demo`: everything on this machine, with one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    seconds: Annotated[
        float | None,
        typer.Option(
            help="End after so long, with a reconciliation; exit status 0 only if it agrees.",
            show_default="never",
            min=1,
        ),
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Without the dashboard.")] = False,
    rate: Annotated[int, typer.Option(help="Messages a second; 0: as fast as it goes.", min=0)] = 200,
    faults: Annotated[
        str, typer.Option(help="default, none, or shares: bad_checksum=0.01,gap=0.001")
    ] = "default",
    seed: Annotated[
        int | None, typer.Option(help="The same seed, the same flow.", show_default="drawn")
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            help="broker-to-client, as in a drop copy, or client-to-broker.", show_default="both directions"
        ),
    ] = None,
    shuffle: Annotated[
        bool, typer.Option("--shuffle", help="Send in any order, within some thousand, to any partition.")
    ] = False,
    data_dir: Annotated[Path, typer.Option(help="Where Postgres, ledgers and logs are kept.")] = Path(
        ".fixwatch"
    ),
    partitions: Annotated[int, typer.Option(help="Partitions of the topic.", min=1, max=1000)] = 4,
    dashboard_port: Annotated[
        int | None,
        typer.Option(
            help="Port of the dashboard.", show_default="8501, or the next that is free", min=1, max=65_535
        ),
    ] = None,
) -> None:
    """Run the whole system here: Postgres, a broker, simulated FIX, ingestion and the dashboard.

    Needs nothing but this package. A second run in the same data directory goes on with the same database.
    """
    import logging

    from rich.console import Console

    from fixwatch.demo.run import run
    from fixwatch.demo.stack import Plan
    from fixwatch.sources.simulator.faults import Faults
    from fixwatch.sources.simulator.sessions import Only
    from fixwatch.telemetry import configure_logging

    configure_logging()
    # The parts log to their files; here the screen says what happens.
    logging.getLogger().setLevel(logging.ERROR)
    Faults.parse(faults)
    Only.parse(only)
    console = Console()
    if not console.is_terminal:
        console = Console(width=140)
    plan = Plan(
        data_dir=data_dir,
        rate=rate,
        faults=faults,
        seed=seed,
        only=only,
        shuffle=shuffle,
        partitions=partitions,
        dashboard=not headless,
        dashboard_port=dashboard_port,
    )
    if not run(plan, seconds, console):
        raise typer.Exit(1)
