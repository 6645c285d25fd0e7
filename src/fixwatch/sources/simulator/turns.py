"""Turns: what the parts of a simulation are made of. A turn is about one message of the whole simulation."""

from __future__ import annotations

from collections.abc import Callable, Generator

#: What a part of a simulation does: sends, then yields the turns to wait.
Life = Generator[int, None, None]


def once(send: Callable[[], object]) -> Life:
    """A part that sends and is over."""
    send()
    yield from ()
