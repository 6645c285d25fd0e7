"""The columns of a decoded batch: each is declared here once, and everything else derives from it.

The kernel fills them, the folds read them, `store/copy.py` sends those marked `stored`, and a test holds
the `messages` table against them.

Types (Kind):

=============  ============================  ==============  =================================================
kind           Arrow                         Postgres        value
=============  ============================  ==============  =================================================
TEXT           string                        text            UTF-8; other bytes are read as Latin-1
ID             string                        text            as TEXT, at most `MAX_ID_BYTES` bytes
INT            int64                         bigint          FIX int, length, SeqNum, NumInGroup
DECIMAL        decimal128(38, 18)            numeric         exact; a value that does not fit is a defect
TIMESTAMP      timestamp[us, UTC]            timestamptz     UTCTimestamp; digits past microseconds stay in raw
DATE           date32                        date            LocalMktDate, UTCDateOnly
BOOLEAN        bool                          boolean         Y/N
TIME           time64[us]                    time            UTCTimeOnly, LocalMktTime; 23:59:60 is 00:00:00
TZ_TIME        time64[us]                    time            TZTimeOnly, in UTC
TZ_TIMESTAMP   timestamp[us, UTC]            timestamptz     TZTimestamp, in UTC
=============  ============================  ==============  =================================================

The last three are for columns that are chosen (`chosen_columns.py`). A time with an offset that has none is local
time, no one knows where: it does not fit. Chars, MonthYear and multiple values are text as they were sent.

NUL cannot be stored in Postgres' text: in TEXT and ID columns it is shown as U+FFFD. The raw bytes, which
are stored beside the columns, keep everything. A column holds the root-level value of its tag (the first one
where a tag is repeated), never one from inside a repeating group; null where the tag is absent or its value
is not of the column's type.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import pyarrow as pa

#: Digits behind the point of every decimal column: the smallest unit of Ether (10^-18) fits, and 20 digits
#: remain in front. The width costs nothing: Postgres gets no more digits than there are.
DECIMAL_SCALE: Final = 18
DECIMAL_PRECISION: Final = 38

#: Identifiers are keys of Postgres b-trees, whose entries end at 2,704 bytes; no engine sends longer than 64.
MAX_ID_BYTES: Final = 255


class Kind(IntEnum):
    """How a column's bytes become a value. The numbers are those of the kernel."""

    TEXT = 0
    ID = 1
    INT = 2
    DECIMAL = 3
    TIMESTAMP = 4
    DATE = 5
    BOOLEAN = 6
    TIME = 7
    TZ_TIME = 8
    TZ_TIMESTAMP = 9

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type of a column of this kind."""
        return _ARROW[self]

    @property
    def postgres(self) -> str:
        """The Postgres type of a column of this kind, as `format_type` spells it."""
        return _POSTGRES[self]


_ARROW: Final[dict[Kind, pa.DataType]] = {
    Kind.TEXT: pa.string(),
    Kind.ID: pa.string(),
    Kind.INT: pa.int64(),
    Kind.DECIMAL: pa.decimal128(DECIMAL_PRECISION, DECIMAL_SCALE),
    Kind.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    Kind.DATE: pa.date32(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.TIME: pa.time64("us"),
    Kind.TZ_TIME: pa.time64("us"),
    Kind.TZ_TIMESTAMP: pa.timestamp("us", tz="UTC"),
}
_POSTGRES: Final[dict[Kind, str]] = {
    Kind.TEXT: "text",
    Kind.ID: "text",
    Kind.INT: "bigint",
    Kind.DECIMAL: "numeric",
    Kind.TIMESTAMP: "timestamp with time zone",
    Kind.DATE: "date",
    Kind.BOOLEAN: "boolean",
    Kind.TIME: "time without time zone",
    Kind.TZ_TIME: "time without time zone",
    Kind.TZ_TIMESTAMP: "timestamp with time zone",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the FIX tag it is read from, its name, its kind, and if `messages` stores it."""

    tag: int
    name: str
    kind: Kind
    stored: bool = False


_T, _I, _N, _D = Kind.TEXT, Kind.ID, Kind.INT, Kind.DECIMAL
_TS, _DT, _B = Kind.TIMESTAMP, Kind.DATE, Kind.BOOLEAN

COLUMNS: Final[tuple[Column, ...]] = (
    # Standard header
    Column(8, "begin_string", _I),
    Column(35, "msg_type", _I, stored=True),
    Column(49, "sender_comp_id", _I),
    Column(50, "sender_sub_id", _I),
    Column(142, "sender_location_id", _I),
    Column(56, "target_comp_id", _I),
    Column(57, "target_sub_id", _I),
    Column(143, "target_location_id", _I),
    Column(115, "on_behalf_of_comp_id", _I),
    Column(128, "deliver_to_comp_id", _I),
    Column(34, "msg_seq_num", _N, stored=True),
    Column(43, "poss_dup", _B, stored=True),
    Column(97, "poss_resend", _B),
    Column(52, "sending_time", _TS, stored=True),
    Column(122, "orig_sending_time", _TS),
    Column(1128, "appl_ver_id", _I),
    Column(1137, "default_appl_ver_id", _I),
    # Session level
    Column(108, "heart_bt_int", _N),
    Column(141, "reset_seq_num", _B),
    Column(112, "test_req_id", _I),
    Column(7, "begin_seq_no", _N),
    Column(16, "end_seq_no", _N),
    Column(36, "new_seq_no", _N),
    Column(123, "gap_fill", _B),
    Column(45, "ref_seq_num", _N),
    Column(371, "ref_tag_id", _N),
    Column(372, "ref_msg_type", _I),
    Column(373, "session_reject_reason", _N),
    Column(379, "business_reject_ref_id", _I),
    Column(380, "business_reject_reason", _N),
    Column(127, "dk_reason", _I),
    Column(58, "text", _T),
    # Order
    Column(11, "cl_ord_id", _I, stored=True),
    Column(41, "orig_cl_ord_id", _I, stored=True),
    Column(37, "order_id", _I, stored=True),
    Column(198, "secondary_order_id", _I),
    Column(526, "secondary_cl_ord_id", _I),
    Column(66, "list_id", _I),
    Column(1, "account", _I),
    Column(55, "symbol", _I, stored=True),
    Column(65, "symbol_sfx", _I),
    Column(48, "security_id", _I),
    Column(22, "security_id_source", _I),
    Column(167, "security_type", _I),
    Column(200, "maturity_month_year", _I),
    Column(201, "put_or_call", _N),
    Column(202, "strike_price", _D),
    Column(207, "security_exchange", _I),
    Column(100, "ex_destination", _I),
    Column(54, "side", _I, stored=True),
    Column(40, "ord_type", _I),
    Column(59, "time_in_force", _I),
    Column(38, "order_qty", _D, stored=True),
    Column(152, "cash_order_qty", _D),
    Column(44, "price", _D, stored=True),
    Column(99, "stop_px", _D),
    Column(15, "currency", _I),
    Column(120, "settl_currency", _I),
    Column(60, "transact_time", _TS, stored=True),
    Column(64, "settl_date", _DT),
    Column(75, "trade_date", _DT),
    Column(126, "expire_time", _TS),
    Column(432, "expire_date", _DT),
    Column(528, "order_capacity", _I),
    Column(47, "rule_80a", _I),
    # Execution
    Column(17, "exec_id", _I, stored=True),
    Column(19, "exec_ref_id", _I),
    Column(20, "exec_trans_type", _I),
    Column(150, "exec_type", _I, stored=True),
    Column(39, "ord_status", _I, stored=True),
    Column(32, "last_qty", _D, stored=True),
    Column(31, "last_px", _D, stored=True),
    Column(30, "last_mkt", _I),
    Column(29, "last_capacity", _I),
    Column(14, "cum_qty", _D, stored=True),
    Column(151, "leaves_qty", _D, stored=True),
    Column(6, "avg_px", _D, stored=True),
    Column(103, "ord_rej_reason", _N),
    Column(102, "cxl_rej_reason", _N),
    Column(434, "cxl_rej_response_to", _I),
    Column(378, "exec_restatement_reason", _N),
    Column(381, "gross_trade_amt", _D),
    Column(12, "commission", _D),
    Column(13, "comm_type", _I),
    Column(527, "secondary_exec_id", _I),
    Column(851, "last_liquidity_ind", _N),
    Column(880, "trd_match_id", _I),
    Column(1003, "trade_id", _I),
    # Trade capture report
    Column(571, "trade_report_id", _I),
    Column(572, "trade_report_ref_id", _I),
    Column(487, "trade_report_trans_type", _N),
    Column(856, "trade_report_type", _N),
    Column(570, "previously_reported", _B),
)

#: The Arrow schema of `Decoded.columns`.
SCHEMA: Final = pa.schema([pa.field(column.name, column.kind.arrow) for column in COLUMNS])

#: The columns that the `messages` table stores, in its order.
STORED: Final = tuple(column for column in COLUMNS if column.stored)
