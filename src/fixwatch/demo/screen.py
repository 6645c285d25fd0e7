"""What the demo shows: a view that is redrawn in a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections import deque
from datetime import datetime
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fixwatch.demo.figures import Figures
from fixwatch.demo.process import Part
from fixwatch.demo.stack import Stack

#: Seconds between two lines of figures where nothing is redrawn.
_PLAIN_EVERY: Final = 5.0
_RECENT: Final = 8
#: How log lines of these levels look; see `telemetry`.
_WARNING_MARKS: Final = ("[warning", "[error", "[critical")


class Screen(Protocol):
    """Where the demo tells what it does; a context manager."""

    def say(self, text: str) -> None:
        """Something happened."""

    def show(self, stack: Stack, figures: Figures | None) -> None:
        """What runs now; `figures` None: the database does not say."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class PlainScreen:
    """A line an event, and a line of figures every few seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown_at = float("-inf")
        self._introduced = False

    def say(self, text: str) -> None:
        """Print what happened."""
        self._console.print(f"{_clock()} {text}", markup=False, highlight=False, soft_wrap=True)

    def show(self, stack: Stack, figures: Figures | None) -> None:
        """Print the figures, now and then."""
        if not self._introduced:
            self._introduced = True
            for name, where in _places(stack):
                self.say(f"{name}: {where}")
        if time.monotonic() - self._shown_at < _PLAIN_EVERY:
            return
        self._shown_at = time.monotonic()
        if figures is None:
            self.say("the database does not answer")
        else:
            self.say(", ".join(f"{name} {value}" for name, value in _rows(figures)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is left open."""


class LiveScreen:
    """One view of what runs, where, how fast, and what happened last."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=False)
        self._recent: deque[str] = deque(maxlen=_RECENT)
        self._body: Table | None = None
        self._places: Table | None = None
        self._figures: Table | None = None

    def say(self, text: str) -> None:
        """Add to what happened last."""
        self._recent.append(f"{_clock()} {text}")
        self._draw()

    def show(self, stack: Stack, figures: Figures | None) -> None:
        """Draw it anew."""
        self._places = _grid(_places(stack))
        self._body = _parts(stack)
        self._figures = _grid(
            [("database", "does not answer")] if figures is None else _rows(figures), numbers=True
        )
        self._draw(_warnings(stack.parts))

    def _draw(self, warnings: list[str] | None = None) -> None:
        shown = [table for table in (self._places, self._body, self._figures) if table is not None]
        lines = [Text(line, overflow="ellipsis", no_wrap=True) for line in self._recent]
        lines += [Text(line, style="yellow", overflow="ellipsis", no_wrap=True) for line in warnings or []]
        content = Group(*(Group(table, "") for table in shown), *lines)
        self._live.update(
            Panel(content, title="fixwatch demo", subtitle="Ctrl-C: stop", padding=(1, 2)), refresh=True
        )

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)


def screen_for(console: Console) -> Screen:
    """The screen that fits where the output goes."""
    return LiveScreen(console) if console.is_terminal else PlainScreen(console)


def _clock() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")


def _places(stack: Stack) -> list[tuple[str, str]]:
    places = [
        ("Postgres", stack.postgres.url),
        ("broker", f"{stack.broker.bootstrap_servers}, topic {stack.topic.name}"),
        ("data and logs", str(stack.data_dir)),
    ]
    return places if stack.dashboard_url is None else [("dashboard", stack.dashboard_url), *places]


def _rows(figures: Figures) -> list[tuple[str, str]]:
    latency = "-" if figures.latency_ms is None else f"{figures.latency_ms:,} ms"
    return [
        ("stored", f"{figures.stored:,}"),
        ("in all runs", f"{figures.stored_in_all:,}"),
        ("per second", f"{figures.messages_per_second:,}"),
        ("lag", f"{figures.lag:,}"),
        ("latency p95", latency),
        ("trades", f"{figures.trades:,}"),
        ("rejected", f"{figures.rejected:,}"),
        ("garbled", f"{figures.garbled:,}"),
    ]


def _grid(rows: list[tuple[str, str]], *, numbers: bool = False) -> Table:
    if numbers:
        grid = Table.grid(padding=(0, 3), expand=False)
        for _ in rows:
            grid.add_column()
        grid.add_row(*(Text(name, style="dim") for name, _ in rows))
        grid.add_row(*(Text(value, style="bold") for _, value in rows))
        return grid
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(name, Text(value))
    return grid


def _parts(stack: Stack) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("process", "pid", "for"):
        table.add_column(column, justify="left" if column == "process" else "right")
    table.add_column("")
    table.add_row("postgres", str(stack.postgres.pid or "down"), "", "postgres/log")
    held = f"{stack.broker.memory_bytes / 1e6:,.0f} MB in memory"
    table.add_row("broker", str(stack.broker.pid or "down"), "", held)
    for part in stack.parts:
        state = Text("down", style="bold red") if part.died else Text(str(part.pid or "stopped"))
        table.add_row(
            part.name, state, f"{part.running_for:,.0f} s" if part.pid else "", f"logs/{part.log.name}"
        )
    return table


def _warnings(parts: list[Part]) -> list[str]:
    found = [
        f"{part.name}: {line}"
        for part in parts
        for line in part.last_lines(20)
        if any(mark in line for mark in _WARNING_MARKS)
    ]
    return found[-4:]
