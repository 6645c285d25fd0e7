"""Sessions, trades and messages as the read side answers them, for people to look at.

Times are aware datetimes in UTC, money is `Decimal`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionName:
    """The six parts of a direction of a session; None where the session could not be read."""

    sender_comp_id: str | None
    sender_sub_id: str | None
    sender_location_id: str | None
    target_comp_id: str | None
    target_sub_id: str | None
    target_location_id: str | None

    @property
    def sender(self) -> str:
        """SenderCompID(49), with SenderSubID(50) and SenderLocationID(142) where there are any."""
        return _end(self.sender_comp_id, self.sender_sub_id, self.sender_location_id)

    @property
    def target(self) -> str:
        """TargetCompID(56), with TargetSubID(57) and TargetLocationID(143) where there are any."""
        return _end(self.target_comp_id, self.target_sub_id, self.target_location_id)

    @property
    def label(self) -> str:
        """`SENDER → TARGET`; empty where the session could not be read."""
        return f"{self.sender} → {self.target}" if self.sender_comp_id is not None else ""


def _end(comp_id: str | None, sub_id: str | None, location_id: str | None) -> str:
    return "/".join(part for part in (comp_id, sub_id, location_id) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(SessionName):
    """One direction of a session. `recent_*`: of the last minutes.

    `first_seen`, `last_seen` are by the topic's clock, `state_sent` (when it logged on or off) and `last_sent` by its
    own. `began_at` to `repeated` are of its sequence numbers since the last reset, None and 0 where there are none:
    `began_by` is `logon_reset`, `logon` or `sequence_reset`, None where nobody saw a reset; `gaps` holes that ever
    were, of `skipped` numbers, of which `resent` came as PossDup, `filled` were passed over by gap fills and
    `missing` are still missing; `repeated`: messages with a number that had come, without PossDupFlag(43)=Y.
    """

    session_id: int
    begin_string: str | None
    heart_bt_int: int | None
    logged_on: bool | None
    state_sent: datetime | None
    messages: int
    application_messages: int
    poss_dups: int
    logons: int
    logouts: int
    resets: int
    rejects: int
    business_rejects: int
    dont_know_trades: int
    resend_requests: int
    test_requests: int
    first_seen: datetime | None
    last_seen: datetime | None
    last_sent: datetime | None
    began_at: datetime | None
    began_by: str | None
    first_number: int | None
    last_number: int | None
    gaps: int
    skipped: int
    resent: int
    filled: int
    missing: int
    repeated: int
    recent_messages: int
    recent_quarantined: int
    at: datetime


@dataclass(frozen=True, slots=True)
class TradeKey:
    """A place in the blotter, which is ordered by time of storing."""

    ingested_at: datetime
    session_id: int
    exec_id: str
    side_no: int
    trading_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade(SessionName):
    """One fill. `qty`, `px`, `notional` are what counts now; `last_qty`, `last_px` what was first reported.

    `source` is the MsgType(35) that reported it: `8`, or `AE`, of which it is the side `side_no`. `traded_at` is
    TransactTime(60), or else when it was sent.
    """

    ingested_at: datetime
    session_id: int
    exec_id: str
    side_no: int
    trading_day: date
    source: str
    stream_id: int
    kafka_offset: int
    traded_at: datetime
    cl_ord_id: str | None
    order_id: str | None
    account: str | None
    symbol: str | None
    side: str | None
    currency: str | None
    last_mkt: str | None
    transact_time: datetime | None
    qty: Decimal
    px: Decimal | None
    notional: Decimal
    last_qty: Decimal | None
    last_px: Decimal | None
    status: str
    repeats: int
    conflicts: int

    @property
    def key(self) -> TradeKey:
        """Its place in the blotter."""
        return TradeKey(self.ingested_at, self.session_id, self.exec_id, self.side_no, self.trading_day)


@dataclass(frozen=True, slots=True)
class TradeFilter:
    """Which trades: None is any. `sides` are values of Side(54), `sessions` are session ids."""

    symbols: tuple[str, ...] | None = None
    sides: tuple[str, ...] | None = None
    sessions: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class TradePage:
    """A page of the blotter, the newest first.

    `older` is where the next page goes on, None at the end. `searched_to` is set when the filter matched less
    than a page in the stretch that one reading may search: how far back that stretch reaches.
    """

    trades: tuple[Trade, ...]
    older: TradeKey | None
    searched_to: datetime | None


@dataclass(frozen=True, slots=True)
class TradeChoices:
    """Symbols and sides that were traded lately, for filters."""

    symbols: tuple[str, ...]
    sides: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectiveMessage(SessionName):
    """A message with defects, without its bytes."""

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


@dataclass(frozen=True, slots=True)
class DefectivePage:
    """The newest messages with defects; `searched_to` as in `TradePage`."""

    messages: tuple[DefectiveMessage, ...]
    searched_to: datetime | None


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message of the log. `raw` is its beginning when `raw_bytes` is more than the reader's limit."""

    stream_id: int
    kafka_offset: int
    kafka_time: datetime
    ingested_at: datetime
    verdict: str
    quarantined: bool
    defects: list[str]
    msg_type: str | None
    topic: str
    partition: int
    raw: bytes
    raw_bytes: int
