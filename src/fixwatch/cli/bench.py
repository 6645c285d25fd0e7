"""`fixwatch bench`: how fast the parts are on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

app = typer.Typer(help="Measure the parts of fixwatch on this machine.", no_args_is_help=True)


@app.callback()
def bench() -> None:
    """Measure the parts of fixwatch on this machine."""


@app.command()
def decode(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
    messages: Annotated[int, typer.Option(help="Messages of the corpus.", min=1)] = 200_000,
    rounds: Annotated[int, typer.Option(help="Rounds; the median counts.", min=1)] = 5,
) -> None:
    """Decode a corpus with the kernel and by splitting in Python, and compare.

    refix, quickfix and simplefix take part where they are installed beside fixwatch.
    """
    import json
    from dataclasses import asdict

    from fixwatch.bench.decode import run

    report = run(messages, rounds)
    if as_json:
        report["results"] = [asdict(result) for result in report["results"]]
        typer.echo(json.dumps(report))
        return
    corpus = report["corpus"]
    typer.echo(f"{report['machine']['cpu']}; {corpus['messages']:,} messages of {corpus['mean_bytes']} bytes")
    for result in report["results"]:
        typer.echo(
            f"{result.name:<42} {result.messages_per_s:>12,.0f} messages/s {result.mb_per_s:>9,.1f} MB/s "
            f"{result.ratio_to_baseline:>7.{1 if result.ratio_to_baseline >= 1 else 2}f}x"
            + (f"  of {result.messages:,} messages" if result.messages < corpus["messages"] else "")
        )


@app.command()
def ingest(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
    messages: Annotated[
        int, typer.Option(help="Messages of the topic; the first half second of them is start-up.", min=1_000)
    ] = 1_000_000,
) -> None:
    """Drain a topic into Postgres, and compare with bare COPY and with a row at a time."""
    from fixwatch.bench.ingest import run
    from fixwatch.telemetry import configure_logging

    configure_logging()
    _say(run(messages), as_json=as_json)


@app.command()
def growth(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
    rows: Annotated[
        str, typer.Option(help="Rows in the log, for each measure; 20 million take 25 GB and some minutes.")
    ] = "1000000,20000000",
    messages: Annotated[int, typer.Option(help="Messages of each measure.", min=1_000)] = 400_000,
) -> None:
    """Drain a topic on top of tables of several sizes: if ingestion keeps its speed."""
    from fixwatch.bench.growth import run
    from fixwatch.telemetry import configure_logging

    configure_logging()
    _say(run(_sizes(rows), messages), as_json=as_json)


@app.command()
def read(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
    rows: Annotated[
        str, typer.Option(help="Rows in the log, for each measure; 10 million take 14 GB and some minutes.")
    ] = "1000000,10000000",
    asked: Annotated[int, typer.Option(help="How often each question is asked.", min=10)] = 200,
) -> None:
    """Ask what the dashboard and the API ask, with little and with much in the tables: if answers take as long."""
    import json

    from fixwatch.bench.read import run
    from fixwatch.telemetry import configure_logging

    configure_logging()
    report = run(_sizes(rows), asked)
    if as_json:
        typer.echo(json.dumps(report))
        return
    sizes = report["rows_in_log"]
    head = "p95, ms, with rows in the log:"
    typer.echo(f"{head:<36}" + "".join(f"{size:>14,}" for size in sizes) + "   ratio")
    for name, query in report["queries"].items():
        cells = "".join(f"{query['p95_ms'][size]:>14,.2f}" for size in sizes)
        typer.echo(f"{name:<36}{cells}{query['ratio']:>8.2f}")


def _sizes(rows: str) -> list[int]:
    from fixwatch.errors import SettingsError

    sizes = [int(size) for size in rows.split(",") if size.strip().isdecimal()]
    if not sizes or len(sizes) != len(rows.split(",")):
        raise SettingsError(f"--rows {rows}: numbers of rows with commas between them, as 1000000,10000000")
    return sizes


@app.command()
def latency(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
    rate: Annotated[int, typer.Option(help="Messages a second.", min=1)] = 5_000,
    seconds: Annotated[float, typer.Option(help="How long.", min=1)] = 20.0,
) -> None:
    """From produce() until another connection to Postgres sees the message."""
    from fixwatch.bench.latency import run
    from fixwatch.telemetry import configure_logging

    configure_logging()
    _say(run(rate, seconds), as_json=as_json)


def _say(report: dict[str, Any], *, as_json: bool) -> None:
    import json

    if as_json:
        typer.echo(json.dumps(report))
        return
    for name, value in report.items():
        shown = f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else value
        typer.echo(f"{name:<32} {shown}")
