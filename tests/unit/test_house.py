"""The house: which rooms know which."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fixwatch

SOURCE = Path(fixwatch.__file__).parent

#: What is set for sessions.
SESSIONS = {"schedule", "session_settings"}

#: What each room may import of ours. `errors` is a leaf that everyone may import.
MAY_IMPORT = {
    "fix": set(),
    "settings": set(),
    "histogram": set(),
    "schedule": set(),
    "session_settings": {"schedule"},
    "telemetry": {"settings"},
    "decoding": {"fix", "settings"},
    "kafka": {"settings", "telemetry"},
    "logs": {"fix"},
    "sources": {"fix", "logs", "settings", "telemetry", "kafka"},
    "store": {"fix", "histogram", *SESSIONS},
    "ingest": {"fix", *SESSIONS, "settings", "decoding", "store", "telemetry", "kafka"},
    "alerts": {*SESSIONS, "settings", "store", "telemetry"},
    "dashboard": {"fix", "histogram", *SESSIONS, "settings", "decoding", "store", "alerts"},
    "bench": {"fix", "ingest", "settings", "sources", "store", "telemetry", "kafka", "demo"},
    "demo": {"fix", "ingest", "settings", "sources", "store", "telemetry", "kafka"},
    "doctor": {"fix", *SESSIONS, "settings", "decoding", "sources", "store", "telemetry", "kafka"},
}
ON_TOP = {"cli", "__init__", "__main__"}
EVERYBODY = {"errors"}

#: What a room must not know of the world outside.
FOREIGN = {
    "fix": {"confluent_kafka", "psycopg", "streamlit", "time", "datetime"},
    "logs": {"confluent_kafka", "psycopg", "streamlit", "time", "datetime"},
    "store": {"confluent_kafka", "streamlit"},
    "sources": {"psycopg", "streamlit"},
    "ingest": {"streamlit"},
    "alerts": {"confluent_kafka", "streamlit"},
    "dashboard": {"confluent_kafka"},
}


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def room_of(file: Path) -> str:
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


FILES = sorted(file for file in SOURCE.rglob("*.py") if room_of(file) not in ON_TOP)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_imports_run_one_way(file: Path) -> None:
    room = room_of(file)
    ours = {name.split(".")[1] for name in imports_of(file) if name.startswith("fixwatch.")}
    allowed = MAY_IMPORT.get(room, set()) | EVERYBODY | {room, "__version__"}
    assert ours <= allowed, f"{room} may not import {sorted(ours - allowed)}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_rooms_do_not_know_what_is_not_theirs(file: Path) -> None:
    foreign = {name.split(".")[0] for name in imports_of(file)} & FOREIGN.get(room_of(file), set())
    assert not foreign


def test_every_room_is_in_the_plan() -> None:
    assert {room_of(file) for file in FILES} <= MAY_IMPORT.keys() | EVERYBODY


def test_the_library_imports_nothing_of_the_system() -> None:
    code = "import sys, fixwatch; print(*(m for m in sys.modules if '.' not in m))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"confluent_kafka", "psycopg", "streamlit", "polars", "pyarrow"} & set(loaded)
