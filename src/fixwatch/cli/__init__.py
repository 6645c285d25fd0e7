"""The command line: one module a command, imported when the command runs.

Exit status: 0 done; 1 something a person can mend (said in one line on standard error); 2 wrong usage;
130 interrupted.
"""

from __future__ import annotations

import sys

import typer

from fixwatch.cli import (
    alert,
    bench,
    dashboard,
    db,
    decode,
    demo,
    doctor,
    ingest,
    produce,
    rebuild,
    simulate,
    verify,
)
from fixwatch.errors import FixwatchError

app = typer.Typer(
    name="fixwatch",
    help="Real-time FIX trade ingestion and monitoring: Kafka to Postgres, decoded, checked, exactly once.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(demo.demo)
app.command()(simulate.simulate)
app.command()(produce.produce)
app.command()(ingest.ingest)
app.command()(dashboard.dashboard)
app.command()(alert.alert)
app.command()(decode.decode)
app.command()(verify.verify)
app.command()(rebuild.rebuild)
app.command()(doctor.doctor)
app.add_typer(bench.app, name="bench")
app.add_typer(db.app, name="db")


def main() -> None:
    """Run the command line."""
    try:
        app()
    except FixwatchError as error:
        sys.stderr.write(f"fixwatch: {error}\n")
        sys.exit(1)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("fixwatch"):
            raise
        sys.stderr.write(
            f"fixwatch: this command needs {error.name}: install it with `pip install 'fixwatch[system]'`.\n"
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of a pipe (`fixwatch decode - | head`) has gone: nothing is left to say.
        sys.stderr.close()
        sys.exit(0)
