"""What goes wrong on purpose: which faults there are, how often, and what each does to a message.

A fault befalls the copy of a message that reaches the topic, not what the counterparties know: an order whose
NewOrderSingle(D) was damaged on its way here is answered all the same. Those that leave a request without an
answer are the counterparties' own. At most one fault befalls a message, and none befalls a Logon(A) or Logout(5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from random import Random
from typing import Final

from fixwatch.errors import SettingsError
from fixwatch.fix.encoder import checksum


class Fault(StrEnum):
    """The faults, by the name that `--faults` and the ledger use."""

    BAD_CHECKSUM = "bad_checksum"
    WRONG_BODY_LENGTH = "wrong_body_length"
    TRUNCATED = "truncated"
    MISSING_TAG = "missing_tag"
    BAD_ENUM = "bad_enum"
    NON_ASCII = "non_ascii"
    POSS_DUP = "poss_dup"
    REPEAT = "repeat"
    POSS_RESEND = "poss_resend"
    CONFLICT = "conflict"
    GAP = "gap"
    RESENT = "resent"
    NEVER_ACKNOWLEDGED = "never_acknowledged"
    CANCEL_UNANSWERED = "cancel_unanswered"
    REPLACE_UNANSWERED = "replace_unanswered"
    NOT_FIX = "not_fix"


#: Faults of the frame: the decoder finds the message garbled.
GARBLING: Final = frozenset({Fault.BAD_CHECKSUM, Fault.WRONG_BODY_LENGTH, Fault.TRUNCATED})
#: Faults that leave no copy in the topic that can be read, or none at first.
LOSING: Final = GARBLING | {Fault.GAP, Fault.RESENT}
#: Faults against the dictionary: the decoder finds the message rejected.
REJECTING: Final = frozenset({Fault.MISSING_TAG, Fault.BAD_ENUM})
#: Faults that send something more after a message that is intact.
REPEATING: Final = frozenset({Fault.POSS_DUP, Fault.REPEAT, Fault.POSS_RESEND, Fault.CONFLICT})
#: Requests that are never answered.
UNANSWERED: Final = frozenset({Fault.NEVER_ACKNOWLEDGED, Fault.CANCEL_UNANSWERED, Fault.REPLACE_UNANSWERED})

#: Shares that make about 2% of the messages: cancels and replaces are few.
DEFAULT_SHARES: Final[Mapping[Fault, float]] = {
    Fault.BAD_CHECKSUM: 0.002,
    Fault.WRONG_BODY_LENGTH: 0.001,
    Fault.TRUNCATED: 0.001,
    Fault.MISSING_TAG: 0.002,
    Fault.BAD_ENUM: 0.002,
    Fault.NON_ASCII: 0.003,
    Fault.POSS_DUP: 0.003,
    Fault.REPEAT: 0.002,
    Fault.POSS_RESEND: 0.001,
    Fault.CONFLICT: 0.002,
    Fault.GAP: 0.001,
    Fault.RESENT: 0.001,
    Fault.NEVER_ACKNOWLEDGED: 0.005,
    Fault.CANCEL_UNANSWERED: 0.02,
    Fault.REPLACE_UNANSWERED: 0.02,
    Fault.NOT_FIX: 0.001,
}

#: A fill, where faults tell it from other ExecutionReports.
FILL: Final = "8 fill"
#: Of the messages of orders, a required tag whose absence spoils neither a fill nor an order's identity.
_DISPENSABLE: Final = {"D": 60, "F": 60, "G": 60, "8": 151, FILL: 151, "9": 434}
#: A tag with an enum, of the same kind, and a value that no version defines for it.
_ENUMS: Final = {"D": (59, "Z"), "G": (59, "Z"), "8": (59, "Z"), FILL: (59, "Z"), "9": (434, "7")}
#: Text(58) with a byte of Latin-1 that is not UTF-8.
_LATIN_1_TEXT: Final = "58=Ordre d\xe9pos\xe9 \xe0 Z\xfcrich\x01"

#: What a fault can befall, where that is not every message.
_BEFALLS: Final[Mapping[Fault, frozenset[str]]] = {
    Fault.MISSING_TAG: frozenset(_DISPENSABLE),
    Fault.BAD_ENUM: frozenset(_ENUMS),
    Fault.NON_ASCII: frozenset(_DISPENSABLE),
    Fault.POSS_RESEND: frozenset(_DISPENSABLE),
    Fault.CONFLICT: frozenset({FILL}),
    Fault.NEVER_ACKNOWLEDGED: frozenset("D"),
    Fault.CANCEL_UNANSWERED: frozenset("F"),
    Fault.REPLACE_UNANSWERED: frozenset("G"),
}


class _Steps(dict[str, tuple[float, list[tuple[float, Fault]]]]):
    """By kind of message: the chance that anything befalls it, and the faults that can, by chances that add up."""

    def __init__(self, shares: Mapping[Fault, float]) -> None:
        super().__init__()
        self._shares = shares

    def __missing__(self, kind: str) -> tuple[float, list[tuple[float, Fault]]]:
        total = 0.0
        steps: list[tuple[float, Fault]] = []
        for fault, share in self._shares.items():
            if fault not in _BEFALLS or kind in _BEFALLS[fault]:
                total += share
                steps.append((total, fault))
        self[kind] = total, steps
        return self[kind]


class Faults:
    """How often each fault is injected: the chance of a message that it can befall.

    Raises:
        SettingsError: a share is not between 0 and 1, or all of them together are more than 1.
    """

    def __init__(self, shares: Mapping[Fault, float]) -> None:
        for fault, share in shares.items():
            if not 0 <= share <= 1:
                raise SettingsError(f"--faults: {fault}={share}: a share is from 0 to 1")
        self.shares = {fault: share for fault, share in shares.items() if share}
        total = sum(self.shares.values())
        if total > 1 + 1e-9:
            raise SettingsError(f"--faults: the shares add up to {total:g}; at most 1 is possible")
        self._steps = _Steps(self.shares)

    @classmethod
    def parse(cls, text: str) -> Faults:
        """`default`, `none`, or shares: `bad_checksum=0.001,truncated=0.01`. Those not named are 0.

        Raises:
            SettingsError: a name that is no fault, or a share that is no number from 0 to 1.
        """
        if text == "none":
            return cls({})
        if text == "default":
            return cls(DEFAULT_SHARES)
        shares: dict[Fault, float] = {}
        for item in filter(None, (part.strip() for part in text.split(","))):
            name, _, share = item.partition("=")
            if name not in Fault.__members__.values():
                raise SettingsError(
                    f"--faults: there is no fault {name!r}; write default, none, or NAME=SHARE,... with "
                    f"{', '.join(Fault)}"
                )
            try:
                shares[Fault(name)] = float(share)
            except ValueError:
                raise SettingsError(f"--faults: {item!r}: a share is a number from 0 to 1") from None
        if not shares:
            raise SettingsError("--faults: nothing is named; write default, none, or NAME=SHARE,...")
        return cls(shares)

    def draw(self, rng: Random, kind: str) -> Fault | None:
        """The fault that befalls the next message, if any does; `kind` is its MsgType(35), or `FILL`."""
        chance = rng.random()
        total, steps = self._steps[kind]
        if chance >= total:
            return None
        return next(fault for limit, fault in steps if chance < limit)


def spoil_body(fault: Fault, msg_type: str, body: str) -> str:
    """The body with the fault in it; faults that are not of the body leave it as it is."""
    match fault:
        case Fault.MISSING_TAG:
            return _replace(body, _DISPENSABLE[msg_type], "")
        case Fault.BAD_ENUM:
            tag, value = _ENUMS[msg_type]
            return _replace(body, tag, f"{tag}={value}\x01")
        case Fault.NON_ASCII:
            return _replace(body, 58, "") + _LATIN_1_TEXT
        case _:
            return body


def at_another_price(body: str) -> str:
    """The body of a fill with another LastPx(31): its last digit is another one."""
    return re.sub(
        r"(\x0131=[^\x01]*)(\d)(?=\x01)",
        lambda price: f"{price[1]}{'8' if price[2] == '9' else int(price[2]) + 1}",
        body,
    )


def spoil_frame(fault: Fault, message: bytes, rng: Random) -> bytes:
    """The framed message with the fault in it; faults that are not of the frame leave it as it is."""
    match fault:
        case Fault.BAD_CHECKSUM:
            wrong = (int(message[-4:-1]) + 1 + int(rng.random() * 255)) % 256
            return b"%b10=%03d\x01" % (message[:-7], wrong)
        case Fault.WRONG_BODY_LENGTH:
            begin_string, length, rest = message.split(b"\x01", 2)
            wrong = int(length[2:]) + (1 + int(rng.random() * 9)) * (-1 if rng.random() < 0.5 else 1)
            head = b"%b\x019=%d\x01%b" % (begin_string, wrong, rest[:-7])
            return b"%b10=%03d\x01" % (head, checksum(head))
        case Fault.TRUNCATED:
            return message[: 1 + int(rng.random() * (len(message) - 1))]
        case _:
            return message


def not_fix(rng: Random) -> bytes:
    """A record that is no FIX message: nothing at all, JSON, or random bytes."""
    kind = rng.random()
    if kind < 0.2:
        return b""
    if kind < 0.6:
        return b'{"type":"heartbeat","source":"monitor","sequence":%d}' % int(rng.random() * 1_000_000)
    return rng.randbytes(8 + int(rng.random() * 200))


def _replace(body: str, tag: int, field: str) -> str:
    return re.sub(rf"(^|\x01){tag}=[^\x01]*\x01", lambda found: found[1] + field, body, count=1)
