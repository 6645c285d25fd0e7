"""Messages of the log as the read side answers them. Times are aware datetimes in UTC, money is `Decimal`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.message import Message
from fixwatch.store.views import SessionName

_DEFAULTS: Final = DecodeOptions()


@dataclass(frozen=True, slots=True)
class MessagePlace:
    """A place in the log, in the order of storing."""

    ingested_at: datetime
    stream_id: int
    kafka_offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage(SessionName):
    """One message, as it was stored. `raw` is its beginning, up to 64 KiB, where `raw_bytes` is more."""

    stream_id: int
    kafka_offset: int
    topic: str
    topic_id: str
    partition: int
    kafka_time: datetime
    ingested_at: datetime
    session_id: int | None
    order_key: int | None
    verdict: str
    quarantined: bool
    defects: list[str]
    msg_type: str | None
    msg_seq_num: int | None
    poss_dup: bool | None
    sending_time: datetime | None
    transact_time: datetime | None
    cl_ord_id: str | None
    orig_cl_ord_id: str | None
    order_id: str | None
    exec_id: str | None
    exec_type: str | None
    ord_status: str | None
    symbol: str | None
    side: str | None
    order_qty: Decimal | None
    price: Decimal | None
    last_qty: Decimal | None
    last_px: Decimal | None
    cum_qty: Decimal | None
    leaves_qty: Decimal | None
    avg_px: Decimal | None
    raw: bytes
    raw_bytes: int

    @property
    def place(self) -> MessagePlace:
        """Where it stands in the log."""
        return MessagePlace(self.ingested_at, self.stream_id, self.kafka_offset)

    def decoded(self, options: DecodeOptions = _DEFAULTS) -> Message:
        """It as a tree for people: every field with its name and the meaning of its value."""
        return Message.parse(self.raw, options)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectiveMessage(SessionName):
    """A message with defects, without its bytes. `asked_for`: the kind of the action that it waits for, if any."""

    stream_id: int
    kafka_offset: int
    kafka_time: datetime
    ingested_at: datetime
    session_id: int | None
    verdict: str
    quarantined: bool
    defects: list[str]
    msg_type: str | None
    msg_seq_num: int | None
    symbol: str | None
    cl_ord_id: str | None
    topic: str
    partition: int
    dismissed: bool
    asked_for: str | None

    @property
    def place(self) -> MessagePlace:
        """Where it stands in the log."""
        return MessagePlace(self.ingested_at, self.stream_id, self.kafka_offset)


@dataclass(frozen=True, slots=True)
class DefectivePage:
    """A page of messages with defects, the newest first; `older` and `searched_to` as in `TradePage`."""

    messages: tuple[DefectiveMessage, ...]
    older: MessagePlace | None
    searched_to: datetime | None
