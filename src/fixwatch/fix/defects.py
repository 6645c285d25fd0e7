"""Why a message is not good.

One enum feeds the log's `defects`, the metric's label, the API's field and the alert. A defect of the frame
makes a message *garbled* (FIX 4.4 volume 2, "Garbled message": its bytes cannot be trusted). A defect against
the dictionary makes it *rejected*: a FIX engine would answer it with Reject(3) and the SessionRejectReason(373)
given here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final


class Verdict(IntEnum):
    """What a message is worth. The numbers are those of the kernel."""

    VALID = 0
    REJECTED = 1
    GARBLED = 2

    @property
    def label(self) -> str:
        """The word for people, JSON and Postgres: `valid`, `rejected` or `garbled`."""
        return self.name.lower()


class DefectReason(Enum):
    """A reason: its code in the kernel, and its SessionRejectReason(373), None where FIX has no number.

    Codes below 64 are of the frame (garbled), codes from 64 are of the dictionary (rejected).
    """

    # The frame. `lenient` framing keeps these as defects but reads on where it can.
    EMPTY = (0, None)
    TOO_LONG = (1, None)
    NOT_FIX = (2, None)
    BODY_LENGTH_MISSING = (3, None)
    BODY_LENGTH_FORMAT = (4, None)
    BODY_LENGTH_WRONG = (5, None)
    MSG_TYPE_NOT_THIRD = (6, None)
    CHECKSUM_MISSING = (7, None)
    CHECKSUM_FORMAT = (8, None)
    CHECKSUM_WRONG = (9, None)
    TAG_FORMAT = (10, None)
    TRUNCATED = (11, None)
    TRAILING_BYTES = (12, None)
    DATA_LENGTH_WRONG = (13, None)
    TOO_MANY_FIELDS = (14, None)
    # The dictionary: SessionRejectReason(373) of FIX 4.4 and later.
    INVALID_TAG_NUMBER = (64, 0)
    REQUIRED_TAG_MISSING = (65, 1)
    TAG_NOT_DEFINED_FOR_MESSAGE = (66, 2)
    UNDEFINED_TAG = (67, 3)
    TAG_WITHOUT_VALUE = (68, 4)
    VALUE_OUT_OF_RANGE = (69, 5)
    INCORRECT_DATA_FORMAT = (70, 6)
    INVALID_MSG_TYPE = (71, 11)
    TAG_APPEARS_MORE_THAN_ONCE = (72, 13)
    TAG_OUT_OF_ORDER = (73, 14)
    GROUP_FIELDS_OUT_OF_ORDER = (74, 15)
    GROUP_COUNT_WRONG = (75, 16)
    UNSUPPORTED_VERSION = (76, 18)
    #: Ours: a decimal that decimal128(38, 18) cannot hold, or an integer past 64 bits. Never rounded.
    VALUE_DOES_NOT_FIT = (77, 6)
    #: Ours: an identifier of more than `columns.MAX_ID_BYTES` bytes.
    ID_TOO_LONG = (78, 5)
    #: Ours: the database would not take the values of the message; its bytes are stored, nothing is read.
    REFUSED_BY_DATABASE = (79, None)

    def __init__(self, code: int, session_reject_reason: int | None) -> None:
        self.code = code
        self.session_reject_reason = session_reject_reason

    @property
    def label(self) -> str:
        """The word for people, JSON, metrics and Postgres, such as `checksum_wrong`."""
        return self.name.lower()

    @property
    def garbles(self) -> bool:
        """If it is a defect of the frame."""
        return self.code < FIRST_DICTIONARY_CODE


FIRST_DICTIONARY_CODE: Final = 64

BY_CODE: Final = {reason.code: reason for reason in DefectReason}
BY_LABEL: Final = {reason.label: reason for reason in DefectReason}


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing wrong with one message: the reason and, where one field is to blame, its tag."""

    reason: DefectReason
    ref_tag: int | None = None

    def __str__(self) -> str:
        """`reason` or `reason:tag`, as the `defects` column of the log holds it."""
        return self.reason.label if self.ref_tag is None else f"{self.reason.label}:{self.ref_tag}"
