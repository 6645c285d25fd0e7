"""One demo from start to end: watch what runs, then stop in order, then hold the ledger against Postgres."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fixwatch.demo.found import find
from fixwatch.demo.interrupts import Interrupts
from fixwatch.demo.lines import Figure, Line
from fixwatch.demo.reconciliation import reconcile
from fixwatch.demo.runs import Runs
from fixwatch.demo.screen import screen_for
from fixwatch.demo.stack import Plan, Stack

#: Seconds between two looks at what runs.
_TICK: Final = 0.5
#: Seconds that the ingester is given for what is left in the topic when the simulator has stopped.
DRAIN_LIMIT: Final = 60
#: Of each line that disagrees, what is behind it: enough to look into.
_DIFFERENCES: Final = 5


def run(plan: Plan, seconds: float | None, console: Console) -> bool:
    """Run the demo for `seconds`, None: until it is interrupted.

    Returns:
        If it ended as it should: interrupted or full, or after `seconds` with a reconciliation that agrees.

    Raises:
        DemoError: something does not start, or died and took what it held with it.
    """
    interrupts = Interrupts()
    lines: list[Line] | None = None
    left_out: list[str] = []
    with screen_for(console) as screen, Stack(plan, screen.say) as stack:
        interrupts.hold()
        ends = None if seconds is None else time.monotonic() + seconds
        interrupted = False
        while not interrupted and (ends is None or time.monotonic() < ends):
            stack.watch()
            screen.show(stack, stack.reader.figures())
            if ends is not None and stack.simulator_died:
                break
            if stack.is_full:
                screen.say("the broker holds as much as it may, so the demo ends; start it again to go on")
                break
            left = _TICK if ends is None else min(_TICK, max(0.0, ends - time.monotonic()))
            interrupted = interrupts.wait(left)
        screen.say("stopping the simulator, storing what is left")
        stack.stop_simulator()
        drained = stack.drain(DRAIN_LIMIT, lambda: interrupts.hurried)
        complete = drained and stack.simulator_died is None
        if complete and stack.runs.running(stack.topic.topic_id).exists():
            stack.runs.finish(stack.topic.topic_id)
        screen.show(stack, stack.reader.figures())
        if seconds is not None and not interrupted and not stack.simulator_died:
            screen.say("holding the ledger against Postgres")
            lines, left_out = _reconcile(stack.runs, stack.postgres.url, stack.topic.topic_id)
    if lines is None:
        return interrupted or seconds is None
    console.print(table(lines))
    _summarise(lines, left_out, console)
    return complete and all(line.agrees for line in lines)


def _reconcile(runs: Runs, database_url: str, topic_id: str) -> tuple[list[Line], list[str]]:
    """The lines of this run and all finished ones, and which are left out, and why."""
    topic_ids = sorted({*runs.finished(), topic_id})
    left_out = [f"{run}, which did not come to its end" for run in runs.unfinished() if run != topic_id]
    left_out += [f"{run}, of an earlier version, without its orders" for run in runs.outdated()]
    ledger = runs.ledger(topic_ids)
    found = find(database_url, topic_ids, ledger.run.split("+"))
    return reconcile(ledger, runs.orders(topic_ids), found), left_out


def table(lines: list[Line]) -> Table:
    """The reconciliation for people."""
    shown = Table(title="Reconciliation: what the simulator sent, what Postgres holds", title_justify="left")
    shown.add_column("")
    shown.add_column("")
    shown.add_column("sent", justify="right")
    shown.add_column("Postgres", justify="right")
    shown.add_column("agrees")
    shown.add_column("", style="dim")
    section = None
    for line in lines:
        if section not in (None, line.section):
            shown.add_section()
        shown.add_row(
            "" if section == line.section else line.section,
            Text(line.name),
            _number(line.expected),
            _number(line.found),
            Text("yes", style="green") if line.agrees else Text("NO", style="bold red"),
            line.note,
        )
        section = line.section
    return shown


def _summarise(lines: list[Line], left_out: list[str], console: Console) -> None:
    wrong = [line for line in lines if not line.agrees]
    for run in left_out:
        console.print(f"Left out: run {run}.", highlight=False)
    for line in wrong:
        console.print(
            f"Disagrees: {line.section}, {line.name}: "
            f"sent {_number(line.expected)}, Postgres holds {_number(line.found)}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        for difference in line.differences[:_DIFFERENCES]:
            console.print(f"  {difference}", markup=False, highlight=False, soft_wrap=True)
    if wrong and lines[0].found > lines[0].expected:
        console.print(
            "What anybody else produced to the topic is in the log, too: that is no loss.", highlight=False
        )
    console.print(f"{len(lines) - len(wrong)} of {len(lines)} lines agree.", highlight=False)


def _number(figure: Figure) -> str:
    """With separators; every digit that it has, but no zeros behind them."""
    text = f"{figure:,f}" if isinstance(figure, Decimal) else f"{figure:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text
