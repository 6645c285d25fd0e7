"""`fixwatch verify`: the log against the topic, every fold against the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fixwatch.store.comparison import Compared, Difference

#: Beside 0 (all is well), 1 (differences) and 2 (wrong usage).
_COULD_NOT_CHECK = 3
#: Characters of one value that are shown.
_SHOWN = 120


def verify(
    topic: Annotated[
        bool, typer.Option("--topic/--no-topic", help="Compare the log with the topic, too.")
    ] = True,
    examples: Annotated[
        int, typer.Option(help="Tell at most so many differing rows of each table.", min=0, max=10_000)
    ] = 10,
) -> None:
    """Prove that the log has every record of the topic once, and that every fold says what the log says.

    Ingesters may go on meanwhile. To be run with their settings: these say what is made of a message.

    Exit status 0: all is well; 1: differences, which are listed; 3: it could not be checked.
    """
    from fixwatch.cli.progress import progress_bar
    from fixwatch.errors import FixwatchError
    from fixwatch.ingest import verification
    from fixwatch.settings import load

    differing = 0
    try:
        with progress_bar() as on_progress:
            for compared in verification.verify(
                load(), with_topic=topic, examples=examples, on_progress=on_progress
            ):
                differing += compared.differing
                _say(compared)
    except FixwatchError as error:
        typer.echo(f"fixwatch: could not check: {error}", err=True)
        raise typer.Exit(_COULD_NOT_CHECK) from error
    typer.echo(f"{differing:,} differences" if differing else "all is well")
    raise typer.Exit(1 if differing else 0)


def _say(compared: Compared) -> None:
    line = f"{compared.table}: "
    line += f"{compared.differing:,} of {compared.rows:,} differ" if compared.differing else "agrees"
    if compared.rows and not compared.differing:
        line += f", {compared.rows:,} compared"
    if compared.beyond_the_log:
        line += f"; {compared.beyond_the_log:,} cannot be compared any more"
    typer.echo(line)
    for difference in compared.examples:
        typer.echo(f"    {_told(difference)}")


def _told(difference: Difference) -> str:
    where = ", ".join(f"{name} {value}" for name, value in difference.key.items())
    if difference.column != "*":
        stored, expected = _shown(difference.stored), _shown(difference.expected)
        return f"{where}: {difference.column} is {stored}, should be {expected}"
    if difference.stored is None:
        return f"{where}: missing"
    return f"{where}: {_shown(difference.stored)}, should be {_shown(difference.expected)}"


def _shown(value: object) -> str:
    if value is None:
        return "none"
    text = (
        value.replace(b"\x01", b"|").decode("ascii", "backslashreplace")
        if isinstance(value, bytes)
        else str(value)
    )
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
