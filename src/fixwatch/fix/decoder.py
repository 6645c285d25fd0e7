"""Messages to columns: one call decodes and checks a whole batch.

`decode` is pure: the same messages and options give the same answer, nothing is stored and no clock is read.
Bad input is a value: a message that fails a check has its defects listed and whatever could be read of it in
the columns; no message raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from fixwatch.errors import SettingsError
from fixwatch.fix import _kernel
from fixwatch.fix.chosen_columns import refuse_clashes, schema_with
from fixwatch.fix.columns import Column
from fixwatch.fix.dictionary import APPL_VER_IDS, VERSIONS, Dictionary

#: Offsets inside a message have 32 bits.
_LARGEST_MESSAGE = 2**31 - 1
#: What FIXT.1.1 messages are taken for where nothing says their application version.
LATEST_APPL_VERSION = "FIX.5.0SP2"


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """How strict to be, and what to assume.

    `profile`: `strict` checks as QuickFIX validates; `tolerant` lets user-defined tags (5000 and up) pass.
    `frame`: `strict` means that any broken frame garbles a message; `lenient` that a missing or false
    BodyLength(9) or CheckSum(10) is a defect of a message that is read all the same (verdict rejected).
    `max_message_bytes`: a longer message is not read (garbled, `too_long`).
    `default_appl_ver_id`: the application version of FIXT.1.1 messages that carry no ApplVerID(1128), as a
    name (`FIX.5.0SP2`) or a value of DefaultApplVerID(1137) (`9`); None stands for the latest, FIX 5.0 SP2.
    `checks`: `all`, or `frame` for the frame alone: faster, any field passes, and a field inside a repeating
    group is taken for one at the root.
    `group_order`: `tolerant` takes the members of a repeating group's instance in any order, as QuickFIX does;
    `strict` wants the dictionary's, the delimiter first: a defect where it is another.
    `dictionary`: a counterparty's own dictionary, or several, one a version. Messages of its version are checked
    with it, all others with the standard ones. Under FIXT.1.1 one of version FIXT.1.1 answers for header,
    trailer and session messages, and one of FIX.5.0SP2 (or what else ApplVerID(1128) names) for the rest.
    `columns`: more columns than those declared, for tags that have none; at most 256. They come behind the
    declared ones; a tag or name that is taken is refused, and so is one of a secret.

    Raises SettingsError for a value that it may not have.
    """

    profile: str = "tolerant"
    frame: str = "strict"
    max_message_bytes: int = 1024 * 1024
    default_appl_ver_id: str | None = None
    checks: str = "all"
    group_order: str = "tolerant"
    dictionary: Dictionary | Sequence[Dictionary] | None = None
    columns: Sequence[Column] = ()

    def __post_init__(self) -> None:
        if self.profile not in ("strict", "tolerant"):
            raise SettingsError(f"profile is {self.profile!r}; it may be strict or tolerant.")
        if self.frame not in ("strict", "lenient"):
            raise SettingsError(f"frame is {self.frame!r}; it may be strict or lenient.")
        if self.checks not in ("all", "frame"):
            raise SettingsError(f"checks is {self.checks!r}; it may be all or frame.")
        if self.group_order not in ("tolerant", "strict"):
            raise SettingsError(f"group_order is {self.group_order!r}; it may be tolerant or strict.")
        if not 1 <= self.max_message_bytes <= _LARGEST_MESSAGE:
            raise SettingsError(
                f"max_message_bytes is {self.max_message_bytes}; it may be 1 to {_LARGEST_MESSAGE}."
            )
        if self.default_appl_ver_id is not None and self.appl_version not in APPL_VER_IDS.values():
            raise SettingsError(
                f"default_appl_ver_id is {self.default_appl_ver_id!r}; it may be one of "
                f"{', '.join(APPL_VER_IDS.values())} or {', '.join(APPL_VER_IDS)}."
            )
        # Options are keys: what may be a list becomes a tuple.
        if not isinstance(self.dictionary, Dictionary | None):
            object.__setattr__(self, "dictionary", tuple(self.dictionary))
        object.__setattr__(self, "columns", tuple(self.columns))
        self._refuse_dictionaries()
        refuse_clashes(self.columns)

    def _refuse_dictionaries(self) -> None:
        versions = [own.version for own in self.dictionaries]
        for version in versions:
            if version not in VERSIONS:
                raise SettingsError(
                    f"A dictionary of {version} is of no use: messages are of {', '.join(VERSIONS)}."
                )
            if versions.count(version) > 1:
                raise SettingsError(f"There are several dictionaries of {version}; it may have one.")

    @property
    def schema(self) -> pa.Schema:
        """The schema of `Decoded.columns`."""
        return schema_with(self.columns)

    @property
    def dictionaries(self) -> tuple[Dictionary, ...]:
        """The dictionaries that stand in for the standard ones of their versions."""
        if self.dictionary is None:
            return ()
        return (self.dictionary,) if isinstance(self.dictionary, Dictionary) else tuple(self.dictionary)

    def dictionary_of(self, version: str) -> Dictionary:
        """What messages of a version of `dictionary.VERSIONS` are checked with and named by."""
        own = (own for own in self.dictionaries if own.version == version)
        return next(own, None) or Dictionary.load(version)

    @property
    def appl_version(self) -> str:
        """The name of the version that `default_appl_ver_id` stands for."""
        version = self.default_appl_ver_id or LATEST_APPL_VERSION
        return APPL_VER_IDS.get(version, version)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded batch.

    `columns`: `DecodeOptions.schema`, one row a message, in the order given.
    `verdicts`: uint8, a `defects.Verdict` a message.
    `defects`: `row` int32 (ascending), `reason` uint8 (`DefectReason.code`), `ref_tag` int32 (null where no
    field is to blame); of each message the primary defect first (the one that QuickFIX would report), then
    the others as they were found, at most 256.
    `secret_rows`: int32, ascending: the messages that carry Password(554), NewPassword(925) or RawData(96) of
    a Logon(A), or, where they are garbled, anything that looks like those.
    """

    columns: pa.RecordBatch
    verdicts: pa.Array
    defects: pa.RecordBatch
    secret_rows: pa.Array


_DEFAULTS = DecodeOptions()


def decode(
    messages: Sequence[bytes | None] | pa.BinaryArray | pa.LargeBinaryArray | pa.ChunkedArray,
    options: DecodeOptions = _DEFAULTS,
) -> Decoded:
    """Decode a batch of messages, one FIX message each; None (a Kafka tombstone) counts as an empty message.

    An Arrow array is read where it lies, without a copy; chunks are put together first. Raises TypeError for
    anything but bytes, DictionaryError for a dictionary among the options that is past the kernel's limits.
    """
    if isinstance(messages, pa.Array | pa.ChunkedArray) and not (
        pa.types.is_binary(messages.type) or pa.types.is_large_binary(messages.type)
    ):
        raise TypeError(f"messages are an Arrow array of {messages.type}, not of binary")
    if isinstance(messages, pa.ChunkedArray):
        # Together the chunks may hold more than the offsets of `binary` reach, 2 GB.
        messages = messages.cast(pa.large_binary()).combine_chunks()
    return Decoded(*_kernel.decode_batch(messages, options))
