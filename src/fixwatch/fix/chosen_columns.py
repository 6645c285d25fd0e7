"""Columns that a user chooses beside the declared ones: tags of a counterparty's own, most often."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from fixwatch.errors import SettingsError
from fixwatch.fix.columns import COLUMNS, SCHEMA, Column, Kind
from fixwatch.fix.redaction import SECRET_TAGS

#: Each costs a batch a place a row in the kernel's blocks; nobody reads a table that is wider.
MOST_COLUMNS: Final = 256
_LARGEST_TAG: Final = 2**31 - 1
_CHECK_SUM: Final = 10
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_KINDS: Final = {kind.name.lower(): kind for kind in Kind}


def parse_column(text: str) -> Column:
    """The column that `TAG:NAME:KIND` says, such as `5001:desk:text`. Raises SettingsError."""
    tag, _, rest = text.partition(":")
    name, _, kind = rest.partition(":")
    if not (tag.isascii() and tag.isdigit() and len(tag) <= 10) or kind not in _KINDS:
        raise SettingsError(
            f"{text!r} is no column; write TAG:NAME:KIND, such as 5001:desk:text. "
            f"Kinds are {', '.join(_KINDS)}."
        )
    return Column(int(tag), name, _KINDS[kind])


def refuse_clashes(columns: Sequence[Column]) -> None:
    """Raise SettingsError for chosen columns that cannot stand beside the declared ones, or each other."""
    if len(columns) > MOST_COLUMNS:
        raise SettingsError(f"{len(columns)} columns are chosen; there may be {MOST_COLUMNS}.")
    names = {column.name: column for column in COLUMNS}
    tags = {column.tag: column for column in COLUMNS}
    for column in columns:
        if not 1 <= column.tag <= _LARGEST_TAG:
            raise SettingsError(f"Column {column.name!r} has tag {column.tag}; a tag is 1 to {_LARGEST_TAG}.")
        if not _NAME.fullmatch(column.name):
            raise SettingsError(
                f"{column.name!r} is no name for a column: small letters, digits and _, a letter first, "
                "63 at most."
            )
        if column.tag == _CHECK_SUM:  # the kernel makes nothing of it but a verdict
            raise SettingsError("CheckSum(10) is of the frame; no column holds it.")
        if column.tag in SECRET_TAGS:
            raise SettingsError(f"Tag {column.tag} holds secrets, which no column does.")
        if column.tag in tags:
            raise SettingsError(f"Tag {column.tag} is in column {tags[column.tag].name!r} already.")
        if column.name in names:
            raise SettingsError(f"Column {column.name!r} is there already: tag {names[column.name].tag}.")
        if column.stored:
            raise SettingsError(f"Column {column.name!r} is chosen: it has no column of its own in Postgres.")
        names[column.name] = tags[column.tag] = column


def schema_with(columns: Sequence[Column]) -> pa.Schema:
    """The schema of `Decoded.columns`: the declared columns, then those chosen."""
    if not columns:
        return SCHEMA
    return pa.schema([*SCHEMA, *(pa.field(column.name, column.kind.arrow) for column in columns)])
