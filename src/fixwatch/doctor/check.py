"""What a check says: fine, doubtful or wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Status(IntEnum):
    """How well something is; the worst of several is the greatest."""

    OK = 0
    WARNING = 1
    PROBLEM = 2

    @property
    def label(self) -> str:
        """The word for people and for JSON."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was looked at, how it is, and what to do where it is not well."""

    about: str
    status: Status
    text: str
    advice: str = ""


def ok(about: str, text: str) -> Finding:
    """It is well."""
    return Finding(about, Status.OK, text)


def warning(about: str, text: str, advice: str) -> Finding:
    """It works, or may work, but somebody should look."""
    return Finding(about, Status.WARNING, text, advice)


def problem(about: str, text: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(about, Status.PROBLEM, text, advice)


def worst(findings: Iterable[Finding]) -> Status:
    """The status of the whole report."""
    return max((finding.status for finding in findings), default=Status.OK)
