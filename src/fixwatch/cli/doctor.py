"""`fixwatch doctor`: what is there, what is wrong, what to do."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fixwatch.doctor.check import Finding


class Check(StrEnum):
    """The subjects of `doctor.examination`, here so that `--help` needs none of it."""

    VERSIONS = "versions"
    SETTINGS = "settings"
    BROKER = "broker"
    DATABASE = "database"
    INGESTER = "ingester"
    DASHBOARD = "dashboard"


class Format(StrEnum):
    """How the report looks."""

    TABLE = "table"
    JSON = "json"


def doctor(
    check: Annotated[
        Check | None,
        typer.Option(
            help="Only this. `ingester`: is one alive on this host; `dashboard`: does it answer.",
            show_default="everything but the dashboard",
        ),
    ] = None,
    output: Annotated[
        Format, typer.Option("--format", help="table: for people; json: for programs.")
    ] = Format.TABLE,
) -> None:
    """Check versions, settings, broker, database, migrations, ingesters and lag; say what to do.

    Exit status 0: no problems (warnings may be); 1: problems. Every wait is short.
    """
    from fixwatch.doctor.check import Status, worst
    from fixwatch.doctor.examination import Subject, examine
    from fixwatch.settings import load

    subject = None if check is None else Subject(check.value)
    findings = []
    for finding in examine(load(), subject):
        findings.append(finding)
        if output is Format.TABLE:
            _print(finding)
    status = worst(findings)
    if output is Format.JSON:
        typer.echo(
            json.dumps(
                {
                    "status": status.label,
                    "findings": [
                        {
                            "about": finding.about,
                            "status": finding.status.label,
                            "text": finding.text,
                            "advice": finding.advice or None,
                        }
                        for finding in findings
                    ],
                },
                indent=1,
            )
        )
    if status is Status.PROBLEM:
        raise typer.Exit(1)


def _print(finding: Finding) -> None:
    colour = {"ok": typer.colors.GREEN, "warning": typer.colors.YELLOW, "problem": typer.colors.RED}
    label = finding.status.label
    typer.echo(f"{typer.style(f'{label:8}', fg=colour[label])} {finding.about}: {finding.text}")
    if finding.advice:
        typer.echo(f"{'':8} -> {finding.advice}")
