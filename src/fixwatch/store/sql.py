"""SQL lives in `.sql` files: named statements under `-- name --` headers."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final, LiteralString, cast

_HEADER: Final = re.compile(r"^-- (\w+) --$", re.MULTILINE)


@cache
def load(name: str, package: str = "fixwatch.store") -> dict[str, LiteralString]:
    """The statements of the package's `<name>.sql`, by their names.

    They are files of ours, so psycopg may treat them as literal strings.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: two statements have one name.
    """
    text = (files(package) / f"{name}.sql").read_text("utf-8")
    parts = _HEADER.split(text)[1:]
    names, statements = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{package}: {name}.sql: two statements have one name")
    return {key: cast(LiteralString, body.strip()) for key, body in zip(names, statements, strict=True)}
