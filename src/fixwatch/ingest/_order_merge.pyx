"""Orders as they are now: what a batch says of each, merged with what is stored of it. See `_order_state.h`."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t
from libc.stdlib cimport free, qsort
from libc.string cimport memset

from fixwatch.ingest._orders cimport (
    FW_CL_ORD_ID, FW_CURRENCY, FW_LEGS, FW_NEVER, FW_NO_REASON, FW_NOTE, FW_ORDER_ID, FW_ORIG_CL_ORD_ID, Group,
    Orders, TRADING_DAY, fw_add_event, fw_add_latencies, fw_add_stored, fw_begin_state, fw_bytes, fw_event,
    fw_free_state, fw_latencies, fw_latency, fw_live, fw_live_through, fw_order, fw_put_state, fw_settle, fw_shorten,
    fw_state, fw_sum_latencies, fw_waits_for,
)
from fixwatch.ingest._rows cimport fw_i32, fw_int128, fw_text

import pyarrow as pa

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

#: What an order waits for and what is wrong with it, by the numbers of `_order_life.h`.
WAITS = (None, "new", "cancel", "replace", "pending_new", "pending_cancel", "pending_replace")
DEFECTS = ("quantities_disagree", "cum_qty_went_back", "avg_px_disagrees", "fill_after_end", "overfilled")
LATENCIES = ("ack", "cancel", "replace", "first_fill")

cdef list WAIT_BYTES = [(name or "").encode() for name in WAITS]
cdef list DEFECT_BYTES = [
    ",".join(name for bit, name in enumerate(DEFECTS) if mask >> bit & 1).encode() for mask in range(32)
]

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
    "events": pa.binary(), **{name: _DECIMAL for name in ("order_qty", "price", "stop_px", "cum_qty", "leaves_qty", "avg_px")},
    **{name: _TIME for name in (
        "state_time", "terms_time", "sent_at", "answered_at", "first_fill_at", "waiting_since", "first_seen",
        "last_seen")},
}
ORDER_TYPES = tuple(_TYPES.get(name, _TEXT) for name in ORDER_COLUMNS)

DEF OUT = 40


cdef int by_target(const void *left, const void *right) noexcept nogil:
    cdef const Group *a = <const Group *>left
    cdef const Group *b = <const Group *>right
    if a.target != b.target:
        return -1 if a.target < b.target else 1
    return (a.key > b.key) - (a.key < b.key)


def merge(Orders said, dict stored, dict moved):
    """What becomes of what is stored of the orders that a batch says something of.

    `stored`: states (`events`) by order key, a list each: those of an order and of what turned out to be a part
    of it. `moved`: the keys of rows that turned out to be another order's, and that order's key.

    Returns the columns of the orders' rows and of latencies, as lists of Arrow arrays in the order of
    `ORDER_COLUMNS` and `LATENCY_COLUMNS`; orders ascend by key. Raises ValueError: a stored state is damaged.
    """
    cdef int64_t at
    cdef Group *groups = said.groups
    cdef _Merge work = _Merge()
    for at in range(said.count):
        groups[at].target = moved.get(groups[at].key, groups[at].key) if moved else groups[at].key
    qsort(groups, <size_t>said.count, sizeof(Group), by_target)
    at = 0
    while at < said.count:
        at = work.order(said, at, stored)
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
        fw_free_state(&state)
    return ids


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
        fw_free_state(&self.state)
        fw_free_state(&self.before)
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
                fw_live_through(&self.before, &order)
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
            if self.state.messages and not self.state.failed:
                fw_settle(&self.state)
                fw_live_through(&self.state, &order)
                fw_add_latencies(&self.latencies, &self.state, &order, 1)
                # The row is what the stored state comes to, however messages were divided into batches.
                fw_shorten(&self.state)
                fw_live(&self.state, &order)
        if self.state.failed:
            self.check(self.state.failed, target)
        if not self.state.messages:
            return at  # it was named, and nothing was said of it
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
