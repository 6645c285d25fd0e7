"""`fixwatch decode`: FIX messages of a file or of standard input, for people or for programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer


class Format(StrEnum):
    """How decoded messages are written."""

    TABLE = "table"
    JSON = "json"
    PARQUET = "parquet"
    ARROW = "arrow"


class Profile(StrEnum):
    """Which tags pass."""

    STRICT = "strict"
    TOLERANT = "tolerant"


class GroupOrder(StrEnum):
    """In which order the members of a repeating group may stand."""

    STRICT = "strict"
    TOLERANT = "tolerant"


class Frame(StrEnum):
    """What a broken frame does to a message."""

    STRICT = "strict"
    LENIENT = "lenient"


def decode(
    file: Annotated[str, typer.Argument(help="A file with FIX messages, or - for standard input.")],
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="table: for people; json: one object a message; parquet, arrow: a file of typed columns.",
        ),
    ] = Format.TABLE,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="The file that parquet or arrow writes.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output if it is there.")] = False,
    profile: Annotated[
        Profile,
        typer.Option(help="strict: checked as QuickFIX does; tolerant: tags from 5000 up pass."),
    ] = Profile.TOLERANT,
    frame: Annotated[
        Frame,
        typer.Option(help="lenient: a missing or false BodyLength or CheckSum rejects, it does not garble."),
    ] = Frame.STRICT,
    group_order: Annotated[
        GroupOrder,
        typer.Option(help="strict: members of a repeating group must stand in the dictionary's order."),
    ] = GroupOrder.TOLERANT,
    default_appl_ver_id: Annotated[
        str | None,
        typer.Option(
            help="The version of FIXT.1.1 messages without ApplVerID(1128): FIX.5.0SP2, or 9.",
            show_default=False,
        ),
    ] = None,
    dictionary: Annotated[
        list[Path] | None,
        typer.Option(
            help="A counterparty's own dictionary, QuickFIX XML or FIX Orchestra: messages of its version are "
            "checked with it and named by it. Once a version.",
            show_default=False,
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="One more column in parquet or arrow: TAG:NAME:KIND, such as 5001:desk:text. May be repeated.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show FIX messages field by field, with names, meanings and what is wrong with them.

    One message a line, delimited by SOH, | or ^A; what stands before 8=FIX is skipped; a file may be compressed
    by gzip or zstd. Values of password fields are blanked. A log of any size becomes a file of typed columns
    with --format parquet --output FILE.
    """
    from fixwatch.cli.decoded import write_json, write_table
    from fixwatch.errors import SettingsError
    from fixwatch.fix.chosen_columns import parse_column
    from fixwatch.fix.decoder import DecodeOptions
    from fixwatch.fix.dictionary import Dictionary
    from fixwatch.fix.log_lines import messages
    from fixwatch.sources.log_file import open_log

    options = DecodeOptions(
        profile=profile.value,
        frame=frame.value,
        group_order=group_order.value,
        default_appl_ver_id=default_appl_ver_id,
        dictionary=tuple(map(Dictionary.load_file, dictionary or ())),
        columns=tuple(map(parse_column, column or ())),
    )
    if form is Format.PARQUET or form is Format.ARROW:
        from fixwatch.cli.column_file import write_columns

        kind: Literal["parquet", "arrow"] = "parquet" if form is Format.PARQUET else "arrow"
        write_columns(file, output, kind, options, force=force)
        return
    if output is not None:
        raise SettingsError(
            f"--output is for parquet and arrow; --format {form.value} goes to standard output."
        )
    if column:
        raise SettingsError(f"--column is for parquet and arrow; --format {form.value} shows every field.")
    write = write_json if form is Format.JSON else write_table
    with open_log(file) as stream:
        if write(messages(stream, strays="keep"), options) == 0:
            raise SettingsError(f"no FIX message in {file}: it holds nothing")
