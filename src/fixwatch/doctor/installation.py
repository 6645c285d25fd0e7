"""What is installed, and with which settings it would run."""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Iterator, Mapping
from typing import Any, Final

import confluent_kafka
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import ProgrammingError
from pydantic import SecretStr

from fixwatch import __version__, session_settings
from fixwatch.decoding import decode_options
from fixwatch.doctor.check import Finding, ok, problem
from fixwatch.errors import FixwatchError
from fixwatch.settings import Settings

#: What is compiled when fixwatch is built.
_COMPILED: Final = (
    "fixwatch.fix._kernel",
    "fixwatch.fix._tables",
    "fixwatch.ingest._chains",
    "fixwatch.ingest._group_entries",
    "fixwatch.ingest._order_merge",
    "fixwatch.ingest._orders",
    "fixwatch.ingest._rollups",
    "fixwatch.ingest._rows",
    "fixwatch.ingest._session_merge",
    "fixwatch.ingest._sessions",
    "fixwatch.ingest._trades",
    "fixwatch.ingest._trading_days",
    "fixwatch.store._binary",
    "fixwatch.logs._splitter",
)
_HIDDEN: Final = "***"
#: Parts of the names of librdkafka's settings whose values are nobody's business.
_SECRET_NAMES: Final = ("password", "secret", "token", ".key", "credential", "jaas")


def versions() -> Iterator[Finding]:
    """Of fixwatch, Python and the Kafka client, and if what is compiled is there."""
    yield ok("fixwatch", __version__)
    yield ok("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    client, library = confluent_kafka.version(), confluent_kafka.libversion()
    yield ok("Kafka client", f"confluent-kafka {_text(client)}, librdkafka {_text(library)}")
    missing = [name for name in _COMPILED if importlib.util.find_spec(name) is None]
    if missing:
        yield problem(
            "compiled parts",
            f"missing: {', '.join(missing)}",
            "Install fixwatch again: pip install --force-reinstall fixwatch. From source this needs a C compiler.",
        )
    else:
        yield ok("compiled parts", "all there")


def settings_in_force(settings: Settings) -> Iterator[Finding]:
    """Every setting as this command sees it, its secrets hidden; and if what they say of decoding holds."""
    for name in type(settings).model_fields:
        yield ok(f"FIXWATCH_{name.upper()}", _shown(name, getattr(settings, name)))
    try:
        versions = [dictionary.version for dictionary in decode_options(settings).dictionaries]
    except FixwatchError as error:
        yield problem("decoding", str(error), "Mend FIXWATCH_DICTIONARIES or FIXWATCH_COLUMNS, or the file.")
    else:
        yield ok(
            "decoding", f"own dictionaries of {', '.join(versions)}" if versions else "standard dictionaries"
        )
    try:
        rules = session_settings.load(settings.sessions).entries
    except FixwatchError as error:
        yield problem("sessions", str(error), "Mend the file, or leave FIXWATCH_SESSIONS empty.")
    else:
        yield ok("sessions", f"{len(rules)} entries" if rules else "UTC days, no schedules")


def shown_database_url(url: str) -> str:
    """The URL as libpq understands it, without its password."""
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError:
        return "not a libpq URL"
    if parts.get("password"):
        parts["password"] = _HIDDEN
    return make_conninfo("", **parts)


def _shown(name: str, value: object) -> str:
    if name == "database_url" and isinstance(value, SecretStr):
        return shown_database_url(value.get_secret_value())
    if isinstance(value, SecretStr):
        return _HIDDEN
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_shown_client(key, given)}" for key, given in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _shown_client(key: str, value: Any) -> str:
    return _HIDDEN if any(part in key.lower() for part in _SECRET_NAMES) else str(value)


def _text(version: object) -> str:
    return str(version[0] if isinstance(version, tuple) else version)
