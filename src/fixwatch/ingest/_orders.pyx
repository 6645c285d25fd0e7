"""Orders: what the rows of a batch say of each, and what that makes of what is stored of it. See `_order_state.h`."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport INT32_MAX, INT64_MAX, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, qsort
from libc.string cimport memcmp, memset

from fixwatch.ingest._rows cimport (
    fw_char_at, fw_column, fw_has, fw_i32, fw_i64, fw_i128, fw_int128, fw_is, fw_text, fw_text_at, take_column,
)

import pyarrow as pa

cdef extern from "_order_state.h" nogil:
    enum: FW_CL_ORD_ID, FW_ORIG_CL_ORD_ID, FW_ORDER_ID, FW_LIST_ID, FW_ACCOUNT, FW_SYMBOL, FW_SIDE
    enum: FW_ORD_TYPE, FW_TIME_IN_FORCE, FW_CURRENCY, FW_NOTE, FW_LEGS, FW_TEXTS
    enum: FW_ORDER_QTY, FW_PRICE, FW_STOP_PX, FW_CUM_QTY, FW_LEAVES_QTY, FW_AVG_PX, FW_NUMBERS
    int64_t FW_NEVER
    int64_t FW_NO_REASON
    ctypedef struct fw_event:
        int64_t sent, seq, kafka_time, reason
        uint64_t identity, exec_ "exec", ref
        int32_t session_id
        uint8_t type, exec_type, ord_status, trans, has
        fw_int128 *number
        fw_text *text
    ctypedef struct fw_bytes:
        uint8_t *bytes
        size_t size
        int failed
    ctypedef struct fw_order:
        fw_text *text
        fw_int128 *number
        uint8_t has, ord_status, exec_type
        uint32_t defects
        int64_t ord_rej_reason, cxl_rej_reason, sent_at, answered_at, first_fill_at
        int64_t state_time, state_seq, terms_time, terms_seq, fills
    ctypedef struct fw_state:
        int64_t messages, gone, first_seen, last_seen
        int32_t day, count, requests
        fw_event *events
        int failed
    ctypedef struct fw_latency:
        int64_t minute, count
        int32_t session_id, kind, bucket
    ctypedef struct fw_latencies:
        fw_latency *items
        int64_t count
        int failed
    void fw_begin_state(fw_state *)
    void fw_add_stored(fw_state *, const uint8_t *, size_t)
    void fw_add_event(fw_state *, const fw_event *, int32_t day)
    void fw_settle(fw_state *)
    void fw_shorten(fw_state *)
    void fw_live(const fw_state *, fw_order *)
    void fw_put_state(fw_bytes *, const fw_state *)
    int fw_waits_for(const fw_order *, const fw_event *requests, int32_t, const fw_event *reports, int32_t, int64_t *)
    void fw_add_latencies(fw_latencies *, const fw_state *, const fw_order *, int64_t count)
    void fw_sum_latencies(fw_latencies *)
    uint64_t fw_text_hash(uint64_t, fw_text)
    uint64_t fw_stir(uint64_t, uint64_t)

cdef extern from "_columns_out.h" nogil:
    ctypedef struct fw_column_out:
        fw_bytes valid, values, ends
        int64_t rows
    void fw_out_i64(fw_column_out *, int64_t, bint valid)
    void fw_out_i32(fw_column_out *, int32_t, bint valid)
    void fw_out_i128(fw_column_out *, fw_int128, bint valid)
    void fw_out_text(fw_column_out *, fw_text)
    void fw_out_bytes(fw_column_out *, const uint8_t *, int64_t)
    void fw_out_char(fw_column_out *, uint8_t)
    bint fw_out_failed(const fw_column_out *)
    void fw_out_free(fw_column_out *)

#: The texts and numbers of an event, by their places in it, and the columns that they are read from.
cdef tuple TEXTS = (
    "cl_ord_id", "orig_cl_ord_id", "order_id", "list_id", "account", "symbol", "side", "ord_type", "time_in_force",
    "currency", "text", "legs",
)
cdef tuple NUMBERS = (
    "order_qty", "price", "stop_px", "cum_qty", "leaves_qty", "avg_px", "last_qty", "last_px",
)
#: The other columns that are read.
READ = (
    "folded", "order_key", "pair_id", "session_id", "trading_day", "sent", "kafka_time", "msg_type", "msg_seq_num",
    "exec_id", "exec_ref_id", "exec_trans_type", "exec_type", "ord_status", "ord_rej_reason", "cxl_rej_reason",
    *TEXTS, *NUMBERS,
)
cdef enum:
    FOLDED, ORDER_KEY, PAIR_ID, SESSION_ID, TRADING_DAY, SENT, KAFKA_TIME, MSG_TYPE, MSG_SEQ_NUM
    EXEC_ID, EXEC_REF_ID, TRANS, EXEC_TYPE, ORD_STATUS, ORD_REJ_REASON, CXL_REJ_REASON, TEXT, NUMBER = TEXT + 12
    COLUMNS = NUMBER + 8

#: Text(58) is kept up to so many bytes, ids as they are (the decoder bounds them).
DEF MOST_NOTE = 255

#: What an order waits for and what is wrong with it, by the numbers of `_order_life.h`.
WAITS = (None, "new", "cancel", "replace", "pending_new", "pending_cancel", "pending_replace")
DEFECTS = ("quantities_disagree", "cum_qty_went_back", "avg_px_disagrees", "fill_after_end", "overfilled")
LATENCIES = ("ack", "cancel", "replace", "first_fill")

cdef list WAIT_BYTES = [(name or "").encode() for name in WAITS]
cdef list DEFECT_BYTES = [
    ",".join(name for bit, name in enumerate(DEFECTS) if mask >> bit & 1).encode() for mask in range(32)
]

cdef struct Group:
    int64_t key
    int64_t target
    int32_t pair_id
    int32_t first  # the row that comes last, and so on by `next`


cdef int by_target(const void *left, const void *right) noexcept nogil:
    cdef const Group *a = <const Group *>left
    cdef const Group *b = <const Group *>right
    if a.target != b.target:
        return -1 if a.target < b.target else 1
    return (a.key > b.key) - (a.key < b.key)


cdef class Orders:
    """What a batch says of its orders: the rows that have an `order_key` and are `folded`, by order.

    `rows`: a record batch with the columns `READ`, types as in `ingest/rows.py`, and `legs` (string).
    """

    cdef object keeper
    cdef fw_column columns[COLUMNS]
    cdef Group *groups
    cdef int32_t *next
    cdef readonly int64_t count

    def __cinit__(self, rows):
        cdef int at
        cdef int64_t size = rows.num_rows
        self.keeper = [take_column(&self.columns[at], rows.column(name)) for at, name in enumerate(READ)]
        self.groups = <Group *>malloc((<size_t>size + 1) * sizeof(Group))
        self.next = <int32_t *>malloc((<size_t>size + 1) * sizeof(int32_t))
        if self.groups is NULL or self.next is NULL:
            raise MemoryError
        if size >= INT32_MAX or not self.group(size):
            raise MemoryError

    def __dealloc__(self):
        free(self.groups)
        free(self.next)

    cdef bint group(self, int64_t rows) noexcept nogil:
        """Bring together the rows of each order."""
        cdef int64_t row, key, number
        cdef uint64_t slot, mask = 16
        cdef int32_t *slots
        cdef Group *group
        while mask < <uint64_t>(2 * rows):
            mask *= 2
        slots = <int32_t *>calloc(<size_t>mask, sizeof(int32_t))
        if slots is NULL:
            return False
        mask -= 1
        for row in range(rows):
            if not fw_is(&self.columns[FOLDED], row) or not fw_has(&self.columns[ORDER_KEY], row):
                continue
            if self.type_of(row) == 0:
                continue
            key = fw_i64(&self.columns[ORDER_KEY], row)
            slot = fw_stir(<uint64_t>key ^ 0x9E3779B97F4A7C15u, 0xE7037ED1A0B428DBu) & mask
            while slots[slot] and self.groups[slots[slot] - 1].key != key:
                slot = (slot + 1) & mask
            if not slots[slot]:
                group = &self.groups[self.count]
                self.count += 1
                slots[slot] = <int32_t>self.count
                group.key = key
                group.pair_id = fw_i32(&self.columns[PAIR_ID], row)
                group.first = -1
            number = slots[slot] - 1
            self.next[row] = self.groups[number].first
            self.groups[number].first = <int32_t>row
        free(slots)
        return True

    cdef uint8_t type_of(self, int64_t row) noexcept nogil:
        """D, F, G, 8 or 9; 0 for a message that says nothing of an order's life."""
        cdef fw_text text = fw_text_at(&self.columns[MSG_TYPE], row)
        if text.size == 1:
            if text.bytes[0] in (b"D", b"F", b"G", b"8", b"9"):
                return text.bytes[0]
        elif text.size == 2 and text.bytes[0] == b"A":
            # NewOrderMultileg and its replace.
            if text.bytes[1] == b"B":
                return b"D"
            if text.bytes[1] == b"C":
                return b"G"
        return 0

    cdef void read(self, int64_t row, fw_event *event) noexcept nogil:
        cdef int i
        cdef fw_column *columns = self.columns
        cdef fw_text exec_id = fw_text_at(&columns[EXEC_ID], row)
        cdef fw_text ref = fw_text_at(&columns[EXEC_REF_ID], row)
        cdef uint64_t hash
        cdef int reason
        event.type = self.type_of(row)
        event.sent = fw_i64(&columns[SENT], row)
        event.kafka_time = fw_i64(&columns[KAFKA_TIME], row)
        event.seq = fw_i64(&columns[MSG_SEQ_NUM], row) if fw_has(&columns[MSG_SEQ_NUM], row) else -1
        event.session_id = fw_i32(&columns[SESSION_ID], row)
        event.exec_type = event.ord_status = event.trans = 0
        event.reason = FW_NO_REASON
        event.exec_ = event.ref = 0
        event.has = 0
        for i in range(FW_NUMBERS):
            if fw_has(&columns[NUMBER + i], row):
                event.has |= <uint8_t>(1 << i)
                event.number[i] = fw_i128(&columns[NUMBER + i], row)
            else:
                event.number[i] = 0
        for i in range(FW_TEXTS):
            event.text[i] = fw_text_at(&columns[TEXT + i], row)
        # FIX 4.4, OrderCancelReject(9): NONE where the order is not known.
        if event.text[FW_ORDER_ID].size == 0 or (
            event.text[FW_ORDER_ID].size == 4 and memcmp(event.text[FW_ORDER_ID].bytes, b"NONE", 4) == 0
        ):
            event.text[FW_ORDER_ID].size = -1
        if event.text[FW_NOTE].size > MOST_NOTE:
            event.text[FW_NOTE].size = MOST_NOTE
            while event.text[FW_NOTE].size and event.text[FW_NOTE].bytes[event.text[FW_NOTE].size] & 0xC0 == 0x80:
                event.text[FW_NOTE].size -= 1
        if event.type == b"8" or event.type == b"9":
            event.ord_status = fw_char_at(&columns[ORD_STATUS], row)
            reason = ORD_REJ_REASON if event.type == b"8" else CXL_REJ_REASON
            if fw_has(&columns[reason], row):
                event.reason = fw_i64(&columns[reason], row)
        if event.type == b"8":
            event.exec_type = fw_char_at(&columns[EXEC_TYPE], row)
            event.trans = fw_char_at(&columns[TRANS], row)
            if exec_id.size > 0:
                event.exec_ = fw_text_hash(1, exec_id)
            if ref.size > 0:
                event.ref = fw_text_hash(1, ref)
        # What makes two messages the same one, sent again.
        hash = event.type
        if event.type == b"8" and exec_id.size > 0 and not (exec_id.size == 1 and exec_id.bytes[0] == b"0"):
            hash |= <uint64_t>event.exec_type << 8 | <uint64_t>event.ord_status << 16 | <uint64_t>event.trans << 24
            hash = fw_stir(hash ^ event.exec_, 0x8EBC6AF09C88C6E3u) ^ <uint64_t>event.number[FW_CUM_QTY]
        elif event.type != b"8" and event.text[FW_CL_ORD_ID].size > 0:
            hash |= <uint64_t>event.ord_status << 16
            hash = fw_stir(hash ^ fw_text_hash(2, event.text[FW_CL_ORD_ID]), 0x8EBC6AF09C88C6E3u)
            if event.type == b"9":
                hash ^= fw_text_hash(3, event.text[FW_ORIG_CL_ORD_ID]) + <uint64_t>event.reason
        else:
            hash = fw_stir(hash ^ <uint64_t>event.sent, 0x8EBC6AF09C88C6E3u) + <uint64_t>event.seq
        event.identity = fw_stir(hash ^ 0xA0761D6478BD642Fu, 0x589965CC75374CC3u)

    def keys(self):
        """The order keys, in no order: a list of int."""
        cdef int64_t at
        return [self.groups[at].key for at in range(self.count)]

    def pairs(self):
        """The session pair of each order, by order key."""
        cdef int64_t at
        return {self.groups[at].key: self.groups[at].pair_id for at in range(self.count)}

    def merge(self, dict stored, dict moved):
        """What becomes of what is stored of the orders.

        `stored`: states (`events`) by order key, a list each: those of an order and of what turned out to be a part
        of it. `moved`: the keys of rows that turned out to be another order's, and that order's key.

        Returns the columns of the orders' rows and of latencies, as lists of Arrow arrays in the order of
        `ORDER_COLUMNS` and `LATENCY_COLUMNS`; orders ascend by key. Raises ValueError: a stored state is damaged.
        """
        cdef int64_t at
        cdef _Merge work = _Merge()
        for at in range(self.count):
            self.groups[at].target = moved.get(self.groups[at].key, self.groups[at].key) if moved else self.groups[at].key
        qsort(self.groups, <size_t>self.count, sizeof(Group), by_target)
        at = 0
        while at < self.count:
            at = work.order(self, at, stored)
        return work.result()


def ids_of(bytes events):
    """The ids in a stored state, as (kind, id): kind is `cl_ord_id` or `order_id`.

    Raises ValueError: the state is damaged.
    """
    cdef fw_state state
    cdef int32_t at
    cdef fw_text *text
    memset(&state, 0, sizeof(fw_state))
    fw_begin_state(&state)
    ids = set()
    try:
        fw_add_stored(&state, <const uint8_t *>PyBytes_AS_STRING(events), <size_t>PyBytes_GET_SIZE(events))
        if state.failed:
            raise ValueError("what is stored of an order is damaged")
        for at in range(state.count):
            text = state.events[at].text
            for column, kind in (
                (FW_CL_ORD_ID, "cl_ord_id"), (FW_ORIG_CL_ORD_ID, "cl_ord_id"), (FW_ORDER_ID, "order_id")
            ):
                if text[<int>column].size > 0:
                    ids.add((kind, (<const char *>text[<int>column].bytes)[:text[<int>column].size].decode()))
    finally:
        free(state.events)
    return ids


#: Of an order's row.
ORDER_COLUMNS = (
    "order_key", "pair_id", "trading_day", "cl_ord_id", "order_id", "list_id", "account", "symbol", "side",
    "ord_type", "time_in_force", "currency", "order_qty", "price", "stop_px", "ord_status", "exec_type", "cum_qty",
    "leaves_qty", "avg_px", "text", "ord_rej_reason", "cxl_rej_reason", "state_time", "state_seq_num", "terms_time",
    "terms_seq_num", "sent_at", "answered_at", "first_fill_at", "waiting_for", "waiting_since", "fills", "defects",
    "legs", "messages", "repeats", "first_seen", "last_seen", "events",
)
LATENCY_COLUMNS = ("minute", "session_id", "kind", "bucket", "count")

cdef object _TEXT = pa.string(), _I64 = pa.int64(), _I32 = pa.int32(), _DATE = pa.date32()
cdef object _TIME = pa.timestamp("us", "UTC"), _DECIMAL = pa.decimal128(38, 18)
cdef dict _TYPES = {
    "order_key": _I64, "pair_id": _I32, "trading_day": _DATE, "ord_rej_reason": _I64, "cxl_rej_reason": _I64,
    "state_seq_num": _I64, "terms_seq_num": _I64, "fills": _I64, "messages": _I64, "repeats": _I64,
    "events": pa.binary(), **{name: _DECIMAL for name in NUMBERS},
    **{name: _TIME for name in (
        "state_time", "terms_time", "sent_at", "answered_at", "first_fill_at", "waiting_since", "first_seen",
        "last_seen")},
}
ORDER_TYPES = tuple(_TYPES.get(name, _TEXT) for name in ORDER_COLUMNS)

DEF OUT = 40


cdef class _Merge:
    """Orders one after the other, into columns."""

    cdef fw_state state
    cdef fw_state before
    cdef fw_latencies latencies
    cdef fw_bytes bytes
    cdef fw_column_out out[OUT]

    def __cinit__(self):
        memset(&self.state, 0, sizeof(fw_state))
        memset(&self.before, 0, sizeof(fw_state))
        memset(&self.latencies, 0, sizeof(fw_latencies))
        memset(&self.bytes, 0, sizeof(fw_bytes))
        memset(self.out, 0, sizeof(self.out))

    def __dealloc__(self):
        cdef int i
        free(self.state.events)
        free(self.before.events)
        free(self.latencies.items)
        free(self.bytes.bytes)
        for i in range(OUT):
            fw_out_free(&self.out[i])

    cdef int64_t order(self, Orders orders, int64_t at, dict stored) except -1:
        """Merge the order whose rows begin at the group `at`; the first group of the next one."""
        cdef fw_order order
        cdef fw_event event
        cdef int64_t target = orders.groups[at].target
        cdef int32_t row, pair_id = orders.groups[at].pair_id
        fw_begin_state(&self.state)
        found = stored.get(target) if stored else None
        if found is not None:
            for one in found:
                fw_begin_state(&self.before)
                fw_add_stored(&self.before, <const uint8_t *>PyBytes_AS_STRING(one), <size_t>PyBytes_GET_SIZE(one))
                if self.before.failed:
                    self.check(self.before.failed, target)
                fw_settle(&self.before)
                fw_live(&self.before, &order)
                fw_add_latencies(&self.latencies, &self.before, &order, -1)
                fw_add_stored(&self.state, <const uint8_t *>PyBytes_AS_STRING(one), <size_t>PyBytes_GET_SIZE(one))
        with nogil:
            while at < orders.count and orders.groups[at].target == target:
                row = orders.groups[at].first
                while row >= 0:
                    orders.read(row, &event)
                    fw_add_event(&self.state, &event, fw_i32(&orders.columns[TRADING_DAY], row))
                    row = orders.next[row]
                at += 1
            if not self.state.failed:
                fw_settle(&self.state)
                fw_live(&self.state, &order)
                fw_add_latencies(&self.latencies, &self.state, &order, 1)
        if self.state.failed:
            self.check(self.state.failed, target)
        self.put(&order, target, pair_id)
        return at

    cdef int check(self, int failed, int64_t key) except -1:
        if failed == 1:
            raise MemoryError
        raise ValueError(f"what is stored of order {key} is damaged")

    cdef int put(self, fw_order *order, int64_t key, int32_t pair_id) except -1:
        cdef fw_column_out *out = self.out
        cdef fw_state *state = &self.state
        cdef int64_t since, repeats
        cdef int waits, i
        cdef bytes name
        waits = fw_waits_for(
            order, state.events, state.requests, state.events + state.requests, state.count - state.requests, &since
        )
        repeats = state.messages - state.gone - state.count
        fw_out_i64(&out[0], key, True)
        fw_out_i32(&out[1], pair_id, True)
        fw_out_i32(&out[2], state.day, state.day != INT32_MAX)
        fw_out_text(&out[3], order.text[FW_CL_ORD_ID])
        for i in range(FW_ORDER_ID, FW_CURRENCY + 1):
            fw_out_text(&out[2 + i], order.text[i])
        for i in range(3):
            fw_out_i128(&out[12 + i], order.number[i], order.has >> i & 1)
        fw_out_char(&out[15], order.ord_status)
        fw_out_char(&out[16], order.exec_type)
        for i in range(3, 6):
            fw_out_i128(&out[14 + i], order.number[i], order.has >> i & 1)
        fw_out_text(&out[20], order.text[FW_NOTE])
        fw_out_i64(&out[21], order.ord_rej_reason, order.ord_rej_reason != FW_NO_REASON)
        fw_out_i64(&out[22], order.cxl_rej_reason, order.cxl_rej_reason != FW_NO_REASON)
        self.time(23, order.state_time)
        fw_out_i64(&out[24], order.state_seq, order.state_seq >= 0)
        self.time(25, order.terms_time)
        fw_out_i64(&out[26], order.terms_seq, order.terms_seq >= 0)
        self.time(27, order.sent_at)
        self.time(28, order.answered_at)
        self.time(29, order.first_fill_at)
        name = <bytes>WAIT_BYTES[waits]
        fw_out_bytes(&out[30], <const uint8_t *>PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name) if waits else -1)
        self.time(31, since)
        fw_out_i64(&out[32], order.fills, True)
        name = <bytes>DEFECT_BYTES[order.defects & 31]
        fw_out_bytes(&out[33], <const uint8_t *>PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name) if order.defects else -1)
        fw_out_text(&out[34], order.text[FW_LEGS])
        fw_out_i64(&out[35], state.messages, True)
        fw_out_i64(&out[36], repeats, True)
        self.time(37, state.first_seen)
        self.time(38, state.last_seen)
        # After everything else: what is kept no longer takes its place in memory.
        fw_shorten(state)
        self.bytes.size = 0
        fw_put_state(&self.bytes, state)
        if self.bytes.failed:
            raise MemoryError
        fw_out_bytes(&out[39], self.bytes.bytes, <int64_t>self.bytes.size)
        return 0

    cdef void time(self, int at, int64_t time) noexcept:
        fw_out_i64(&self.out[at], time, time != FW_NEVER)

    cdef result(self):
        cdef int i
        cdef int64_t at
        cdef fw_latency *item
        if self.latencies.failed:
            raise MemoryError
        fw_sum_latencies(&self.latencies)
        columns = [self.column(i, ORDER_TYPES[i]) for i in range(OUT)]
        minutes, sessions, kinds, buckets, counts = [], [], [], [], []
        for at in range(self.latencies.count):
            item = &self.latencies.items[at]
            minutes.append(item.minute)
            sessions.append(item.session_id)
            kinds.append(LATENCIES[item.kind])
            buckets.append(item.bucket)
            counts.append(item.count)
        latencies = [
            pa.array(minutes, _I64).cast(_TIME), pa.array(sessions, _I32), pa.array(kinds, _TEXT),
            pa.array(buckets, _I32), pa.array(counts, _I64),
        ]
        return columns, latencies

    cdef column(self, int at, type):
        cdef fw_column_out *out = &self.out[at]
        if fw_out_failed(out):
            raise MemoryError
        buffers = [_buffer(&out.valid), _buffer(&out.values)]
        if type == _TEXT or type == pa.binary():
            if not out.rows:
                return pa.array([], type)
            buffers.insert(1, _buffer(&out.ends))
        return pa.Array.from_buffers(type, out.rows, buffers)


cdef _buffer(fw_bytes *bytes):
    return pa.py_buffer(PyBytes_FromStringAndSize(<char *>bytes.bytes, <Py_ssize_t>bytes.size))
