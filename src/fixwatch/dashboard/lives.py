"""The life of an order, for people: what each message did, in the order of sending. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Final, Protocol

from fixwatch.dashboard import wording

_ORD_STATUS, _EXEC_TYPE = 39, 150
#: What a request asks for.
_REQUESTS: Final = {
    "D": "New order",
    "F": "Cancel",
    "G": "Replace",
    "H": "Status",
    "E": "New list",
    "AB": "New multileg order",
    "q": "Mass cancel",
}
_TERMS: Final = frozenset(("D", "G", "AB"))
#: ExecType(150): 1 and 2 are fills of FIX 4.0 to 4.2, F of later versions.
_FILLS: Final = frozenset("12F")
_CORRECTION, _BUST = "G", "H"
_REJECTED: Final = "8"


class Kind(Enum):
    """What a message is to the order: its word, which the chart's legend has."""

    REQUEST = "Request"
    ANSWER = "Answer"
    FILL = "Fill"
    REFUSAL = "Refusal, bust"
    REPEAT = "Repeat"


class OrderMessage(Protocol):
    """What is read of a message here."""

    @property
    def kafka_time(self) -> datetime: ...
    @property
    def sending_time(self) -> datetime | None: ...
    @property
    def msg_type(self) -> str | None: ...
    @property
    def msg_seq_num(self) -> int | None: ...
    @property
    def poss_dup(self) -> bool | None: ...
    @property
    def exec_type(self) -> str | None: ...
    @property
    def ord_status(self) -> str | None: ...
    @property
    def order_qty(self) -> Decimal | None: ...
    @property
    def price(self) -> Decimal | None: ...
    @property
    def last_qty(self) -> Decimal | None: ...
    @property
    def last_px(self) -> Decimal | None: ...
    @property
    def cum_qty(self) -> Decimal | None: ...
    @property
    def label(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Event:
    """A message of the order: when it was sent, since the one before, what it is, what it says.

    `state` is the order's state after it, `cum_qty` what is filled of it then; None where nothing has said so yet.
    `place` is its place among the messages as they were given.
    """

    place: int
    at: datetime
    since_previous: timedelta | None
    way: str
    kind: Kind
    words: str
    state: str | None
    cum_qty: Decimal | None
    seq_num: int | None


def life(messages: Iterable[OrderMessage]) -> list[Event]:
    """What happened to an order, by when it was sent; by the topic's clock where a message does not say."""
    placed = sorted(enumerate(messages), key=lambda one: (_sent(one[1]), one[1].kafka_time, one[0]))
    events: list[Event] = []
    state: str | None = None
    cum_qty: Decimal | None = None
    for place, message in placed:
        kind = _kind(message)
        if kind is not Kind.REPEAT and message.msg_type == "8":
            state = wording.meaning(_ORD_STATUS, message.ord_status) if message.ord_status else state
            cum_qty = message.cum_qty if message.cum_qty is not None else cum_qty
        at = _sent(message)
        events.append(
            Event(
                place=place,
                at=at,
                since_previous=at - events[-1].at if events else None,
                way=message.label or "session not readable",
                kind=kind,
                words=_words(message),
                state=state,
                cum_qty=cum_qty,
                seq_num=message.msg_seq_num,
            )
        )
    return events


def _sent(message: OrderMessage) -> datetime:
    return message.sending_time or message.kafka_time


def _kind(message: OrderMessage) -> Kind:
    if message.poss_dup:
        return Kind.REPEAT
    if message.msg_type in _REQUESTS:
        return Kind.REQUEST
    if message.msg_type == "9" or message.ord_status == _REJECTED or message.exec_type == _BUST:
        return Kind.REFUSAL
    if message.msg_type == "8" and _is_fill(message):
        return Kind.FILL
    return Kind.ANSWER


def _is_fill(message: OrderMessage) -> bool:
    has_qty = bool(message.last_qty)
    return has_qty and (message.exec_type is None or message.exec_type in _FILLS | {_CORRECTION})


def _words(message: OrderMessage) -> str:
    words = _what(message)
    return f"{words} (repeat)" if message.poss_dup else words


def _what(message: OrderMessage) -> str:
    code = message.msg_type or ""
    if code in _REQUESTS:
        asked = _REQUESTS[code]
        return f"{asked} {_quantity(message.order_qty, message.price)}".rstrip() if code in _TERMS else asked
    if code == "9":
        return "Cancel or replace refused"
    if code == "8":
        if message.exec_type == _BUST:
            return f"Bust {_quantity(message.last_qty, message.last_px)}".rstrip()
        if _is_fill(message):
            fill = "Correction" if message.exec_type == _CORRECTION else "Fill"
            return f"{fill} {_quantity(message.last_qty, message.last_px)}"
        if message.exec_type:
            return wording.meaning(_EXEC_TYPE, message.exec_type)
        return wording.meaning(_ORD_STATUS, message.ord_status)
    return wording.msg_type(message.msg_type)


def _quantity(qty: Decimal | None, px: Decimal | None) -> str:
    shown = "" if qty is None else wording.amount(qty)
    return shown if px is None else f"{shown} @ {wording.amount(px)}"
