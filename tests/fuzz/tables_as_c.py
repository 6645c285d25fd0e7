"""Print everything that the kernel is told at run time as a C header: the dictionaries' tables, columns, pairs.

    python -m tests.fuzz.tables_as_c > build/fuzz/tables.h

The C fuzz targets know nothing of Python; they get the same tables as the extension, made by the same code.
As constants of C the tables have red zones around them, so that AddressSanitizer sees a read past one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from fixwatch.fix.columns import COLUMNS
from fixwatch.fix.data_fields import DATA_LENGTH_TAG
from fixwatch.fix.dictionary import ADMIN_MSG_TYPES, APPL_VER_IDS, VERSIONS, Dictionary
from fixwatch.fix.tables import CONTEXT_NUMBERS, Tables, flatten
from tests.fuzz.generator import CHOSEN


def array(kind: str, name: str, numbers: Iterable[int]) -> str:
    """A constant array; one of no numbers has one, which C demands."""
    shown = ",".join(str(number) + ("u" if kind.startswith("u") else "") for number in numbers)
    return f"static const {kind} {name}[] = {{{shown or 0}}};"


def of_version(number: int, tables: Tables) -> Iterator[str]:
    """The arrays of one version's tables."""
    prefix = f"v{number}"
    contexts = iter(tables.contexts)
    rows = ",".join(
        "{" + ",".join(map(str, row)) + "}" for row in zip(*[contexts] * CONTEXT_NUMBERS, strict=True)
    )
    yield array("uint16_t", f"{prefix}_number_of", tables.number_of)
    yield array("uint8_t", f"{prefix}_section_of", tables.section_of)
    yield array("uint8_t", f"{prefix}_type", tables.type)
    yield array("uint8_t", f"{prefix}_multiple", tables.multiple)
    yield array("uint16_t", f"{prefix}_enum_of", tables.enum_of)
    yield array("uint64_t", f"{prefix}_single", tables.single)
    yield array("uint64_t", f"{prefix}_bitsets", tables.bitsets)
    yield f"static const fw_context {prefix}_contexts[] = {{{rows}}};"
    yield array("uint16_t", f"{prefix}_group_field", tables.group_field)
    yield array("uint32_t", f"{prefix}_group_context", tables.group_context)
    yield array("int32_t", f"{prefix}_required_tag", tables.required_tag)
    yield array("uint16_t", f"{prefix}_order_field", tables.order_field)
    yield array("uint16_t", f"{prefix}_order_place", tables.order_place)
    entries = (
        number.to_bytes(2, "little") + len(value).to_bytes(2, "little") + value
        for number, value in tables.long_values
    )
    yield array("uint8_t", f"{prefix}_enum_bytes", b"".join(entries))
    keys = (int.from_bytes(msg_type, "little") for msg_type, _ in tables.messages)
    yield array("uint64_t", f"{prefix}_message_keys", keys)
    yield array("uint32_t", f"{prefix}_message_contexts", (context for _, context in tables.messages))


def filled(number: int, tables: Tables) -> str:
    """The `given_tables` of a version: its arrays, and the entries of its two hashes, which C builds."""
    prefix = f"v{number}"
    return (
        f"{{{{.number_of = {prefix}_number_of, .section_of = {prefix}_section_of, "
        f".tags = {len(tables.section_of)}, .type = {prefix}_type, .multiple = {prefix}_multiple, "
        f".enum_of = {prefix}_enum_of, .single = {prefix}_single, .enum_bytes = {prefix}_enum_bytes, "
        f".bitsets = {prefix}_bitsets, .words = {tables.words}, .contexts = {prefix}_contexts, "
        f".group_field = {prefix}_group_field, .group_context = {prefix}_group_context, "
        f".required_tag = {prefix}_required_tag, "
        f".order_field = {prefix}_order_field, .order_place = {prefix}_order_place, "
        f".header = {tables.header}, .trailer = {tables.trailer}}}, "
        f"{prefix}_message_keys, {prefix}_message_contexts, {len(tables.messages)}, {len(tables.long_values)}}}"
    )


def header() -> Iterator[str]:
    """The lines of the header."""
    versions = [flatten(Dictionary.load(version)) for version in VERSIONS]
    for number, tables in enumerate(versions):
        yield from of_version(number, tables)
    yield "static const given_tables given_versions[] = {"
    yield ",\n".join(filled(number, tables) for number, tables in enumerate(versions))
    yield "};"
    yield array("int32_t", "given_column_tags", (column.tag for column in (*COLUMNS, *CHOSEN)))
    yield array("uint8_t", "given_column_kinds", (column.kind for column in (*COLUMNS, *CHOSEN)))
    yield array("uint16_t", "given_data_tags", DATA_LENGTH_TAG)
    yield array("uint16_t", "given_length_tags", DATA_LENGTH_TAG.values())
    yield array("uint8_t", "given_appl_ver_ids", map(ord, APPL_VER_IDS))
    yield array("uint8_t", "given_appl_versions", map(VERSIONS.index, APPL_VER_IDS.values()))
    yield array("uint8_t", "given_admin_msg_types", sorted(map(ord, ADMIN_MSG_TYPES)))


if __name__ == "__main__":
    sys.stdout.writelines(line + "\n" for line in header())
