"""Orders as the folds' loops see them: see `_order_state.h`."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from fixwatch.ingest._rows cimport fw_column, fw_int128, fw_text

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
    void fw_live_through(const fw_state *, fw_order *)
    void fw_live(const fw_state *, fw_order *)
    void fw_free_state(fw_state *)
    void fw_put_state(fw_bytes *, const fw_state *)
    int fw_waits_for(const fw_order *, const fw_event *requests, int32_t, const fw_event *reports, int32_t, int64_t *)
    void fw_add_latencies(fw_latencies *, const fw_state *, const fw_order *, int64_t count)
    void fw_sum_latencies(fw_latencies *)

cdef enum:
    FOLDED, ORDER_KEY, PAIR_ID, SESSION_ID, TRADING_DAY, SENT, KAFKA_TIME, MSG_TYPE, MSG_SEQ_NUM
    EXEC_ID, EXEC_REF_ID, TRANS, EXEC_TYPE, ORD_STATUS, ORD_REJ_REASON, CXL_REJ_REASON, TEXT, NUMBER = TEXT + 12
    COLUMNS = NUMBER + 8

cdef struct Group:
    int64_t key
    int64_t target
    int32_t pair_id
    int32_t first  # the row that comes last, and so on by `next`; -1: none says anything


cdef class Orders:
    cdef object keeper
    cdef fw_column columns[COLUMNS]
    cdef Group *groups
    cdef int32_t *next
    cdef readonly int64_t count

    cdef bint group(self, int64_t rows) noexcept nogil
    cdef uint8_t type_of(self, int64_t row) noexcept nogil
    cdef void read(self, int64_t row, fw_event *event) noexcept nogil
