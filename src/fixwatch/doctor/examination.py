"""Which checks there are, and running some or all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from enum import StrEnum

from fixwatch.doctor import installation, services
from fixwatch.doctor.check import Finding
from fixwatch.settings import Settings


class Subject(StrEnum):
    """What can be examined by itself."""

    VERSIONS = "versions"
    SETTINGS = "settings"
    BROKER = "broker"
    DATABASE = "database"
    INGESTER = "ingester"
    DASHBOARD = "dashboard"


def examine(settings: Settings, subject: Subject | None = None) -> Iterator[Finding]:
    """Everything that every installation has; or one subject alone.

    `ingester` by itself asks for one on this host, and `dashboard` for one at the settings' address: they are
    the health checks of their containers. A whole examination runs anywhere, and asks for any ingester.
    """
    match subject:
        case Subject.VERSIONS:
            yield from installation.versions()
        case Subject.SETTINGS:
            yield from installation.settings_in_force(settings)
        case Subject.BROKER:
            yield from services.Broker(settings).findings()
        case Subject.DATABASE:
            with closing(services.Database(settings)) as database:
                yield from database.findings()
        case Subject.INGESTER:
            with closing(services.Database(settings)) as database:
                yield from (finding for finding in database.findings() if finding.advice)
                yield from database.own_ingester()
        case Subject.DASHBOARD:
            yield from services.dashboard(settings)
        case None:
            yield from _everything(settings)


def _everything(settings: Settings) -> Iterator[Finding]:
    yield from installation.versions()
    yield from installation.settings_in_force(settings)
    broker = services.Broker(settings)
    yield from broker.findings()
    with closing(services.Database(settings)) as database:
        yield from database.findings()
        yield from database.ingesters()
        yield from database.gaps()
        yield from database.rebuild()
        if found := broker.ends():
            yield from database.lag(*found)
