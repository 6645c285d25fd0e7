"""What an ingester is doing, or waiting for: for its row in `ingesters`, its log and its API."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """A state in a few words, and what is known of the reason."""

    state: str
    detail: str | None = None


STARTING = Condition("starting")
INGESTING = Condition("ingesting")
WAITING_FOR_PARTITIONS = Condition("waiting for partitions")


def waiting_for_database(ails: str, reason: str) -> Condition:
    """Postgres takes nothing: `ails` says what it suffers from (`store.faults.outage`)."""
    return Condition("waiting for the database", f"{ails}: {reason}")


def waiting_for_broker(reason: str) -> Condition:
    """No broker says what it has of the topic."""
    return Condition("waiting for the broker", reason)


def waiting_for_topic(topic: str) -> Condition:
    """The broker has no topic of this name."""
    return Condition("waiting for the topic", f"the broker has no topic {topic}")
