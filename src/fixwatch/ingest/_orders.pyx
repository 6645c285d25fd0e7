"""What the rows of a batch say of orders: each row as an event, by order."""

from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcmp

from fixwatch.ingest._rows cimport (
    fw_char_at, fw_column, fw_has, fw_i32, fw_i64, fw_i128, fw_is, fw_text, fw_text_at, take_column,
)

cdef extern from "_text_hash.h" nogil:
    uint64_t fw_text_hash(uint64_t, fw_text)
    uint64_t fw_stir(uint64_t, uint64_t)

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
#: Text(58) is kept up to so many bytes, ids as they are (the decoder bounds them).
DEF MOST_NOTE = 255


cdef class Orders:
    """What a batch says of its orders: the rows that have an `order_key` and are `folded`, by order.

    `rows`: a record batch with the columns `READ`, types as in `ingest/rows.py`, and `legs` (string).
    """

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
            # A status request says nothing, but may say that two orders are one.
            if self.type_of(row) == 0:
                continue
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
            elif event.exec_type in (b"G", b"H") or event.trans in (b"1", b"2"):
                # One that does not say of what is of the fill that has its own ExecID(17).
                event.ref = event.exec_
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
        """The keys of the orders that something is said of, in no order: a list of int."""
        cdef int64_t at
        return [self.groups[at].key for at in range(self.count) if self.groups[at].first >= 0]

    def pairs(self):
        """The session pair of each order that is named, by order key."""
        cdef int64_t at
        return {self.groups[at].key: self.groups[at].pair_id for at in range(self.count)}
