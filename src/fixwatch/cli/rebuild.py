"""`fixwatch rebuild`: the folds anew from the log."""

from __future__ import annotations


def rebuild() -> None:
    """Fold the log anew, after a fold or a dictionary was mended or a setting changed, while ingesters go on.

    Restart the ingesters with the new version and settings first, and run this with the same. At the end they
    wait for a moment; readers see everything change at once. Interrupted or killed, it changes nothing.
    """
    import typer

    from fixwatch.cli.progress import progress_bar
    from fixwatch.ingest import rebuild as rebuilding
    from fixwatch.settings import load

    with progress_bar() as on_progress:
        done = rebuilding.rebuild(load(), on_progress)
    for table in done.tables:
        typer.echo(
            f"{table.table}: {table.changed:,} changed, {table.added:,} added, {table.removed:,} removed"
        )
    often = "once" if done.stops == 1 else f"{done.stops} times"
    typer.echo(
        f"folded {done.messages:,} messages; ingesters were stopped {often}, for {done.longest_stop:.1f} s at most"
    )
