"""How messages are decoded here: the settings as the decoder's options."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fixwatch.fix.chosen_columns import parse_column
from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.dictionary import Dictionary
from fixwatch.settings import Settings


def decode_options(settings: Settings) -> DecodeOptions:
    """The options that the settings stand for.

    A dictionary file is read once in a process: a change of it counts from the next start. Raises
    DictionaryError: a file cannot be read, or is broken; SettingsError: options that do not go together.
    """
    options = DecodeOptions(
        profile=settings.profile,
        frame=settings.frame,
        group_order=settings.group_order,
        max_message_bytes=settings.max_message_bytes,
        dictionary=_load(tuple(settings.dictionaries)),
        columns=tuple(map(parse_column, settings.columns)),
    )
    decode([], options)  # what is wrong with a dictionary comes out here, not with its first message
    return options


@cache
def _load(paths: tuple[Path, ...]) -> tuple[Dictionary, ...]:
    return tuple(map(Dictionary.load_file, paths))
