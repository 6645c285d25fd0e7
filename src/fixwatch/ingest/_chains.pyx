"""Which ids of a batch are of one order.

Every id of a trading day is numbered as it is met, row by row; the ids of one row are joined (union-find with path
halving). Ids are found by a hash whose seed nobody knows, so that nobody can choose ids that all meet in one place.

Ids may be used again on another trading day. A message that brings an id into use (a request its ClOrdID(11), the
first report of an order its ids) means a new use of it on its day; any other speaks of the latest use up to its day,
so that a fill after midnight, or of an order that is good till cancel, finds its order, whichever comes first.
"""

import os

from libc.stdint cimport INT32_MIN, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, qsort
from libc.string cimport memcmp, memcpy

from fixwatch.ingest._rows cimport (
    fw_char_at, fw_column, fw_has, fw_i32, fw_is, fw_text, fw_text_at, take_column,
)

cdef extern from "_hash.h" nogil:
    uint64_t fw_hash(uint64_t seed, uint64_t space, const uint8_t *p, uint64_t n)

cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little")

#: The columns that are read of the rows (types: `ingest/rows.py`). `early` (bool): so soon after its trading day began
#: that the first report of an order may answer a request of the day before.
READ = (
    "folded", "pair_id", "trading_day", "early", "poss_dup", "poss_resend", "msg_type", "exec_type", "ord_status",
    "exec_trans_type", "orig_cl_ord_id", "cl_ord_id", "order_id",
)
cdef enum:
    FOLDED, PAIR_ID, TRADING_DAY, EARLY, POSS_DUP, POSS_RESEND, MSG_TYPE, EXEC_TYPE, ORD_STATUS
    EXEC_TRANS_TYPE, ORIG_CL_ORD_ID, CL_ORD_ID, ORDER_ID, COLUMNS
    IDS = 3

#: The kinds of ids, and the columns that they stand in.
KINDS = ("cl_ord_id", "order_id")
ID_COLUMNS = READ[ORIG_CL_ORD_ID:]

cdef struct Id:
    fw_text text
    int32_t pair
    int32_t day
    int32_t row
    int32_t before  # the latest day before it on which the batch uses it, or NO_DAY
    int32_t after  # the earliest day after it on which the batch uses it, or NO_DAY
    uint8_t column
    bint starts  # a message of the batch brings it into use on its day


cdef int32_t NO_DAY = INT32_MIN


cdef int by_use(const void *left, const void *right) noexcept nogil:
    """One id's days beside each other, ascending."""
    cdef const Id *a = (<const Id *const *>left)[0]
    cdef const Id *b = (<const Id *const *>right)[0]
    cdef int order = same_use(a, b)
    return order if order else (a.day > b.day) - (a.day < b.day)


cdef int same_use(const Id *a, const Id *b) noexcept nogil:
    """0 where they are the same id, whatever the day."""
    if a.pair != b.pair:
        return -1 if a.pair < b.pair else 1
    if (a.column == ORDER_ID) != (b.column == ORDER_ID):
        return -1 if b.column == ORDER_ID else 1
    if a.text.size != b.text.size:
        return -1 if a.text.size < b.text.size else 1
    return memcmp(a.text.bytes, b.text.bytes, <size_t>a.text.size)


cdef class Links:
    """The ids of a batch, numbered in the order of its rows, and what each is joined with.

    `rows`: a record batch with the columns `READ`. At most 2^30 rows.
    """

    cdef object keeper
    cdef fw_column columns[COLUMNS]
    cdef int64_t rows
    cdef Id *ids
    cdef int32_t *parent
    cdef int32_t *slots
    cdef int32_t *first
    cdef uint64_t mask
    cdef bint several_days
    cdef readonly int32_t count

    def __cinit__(self, rows):
        cdef int at
        cdef int64_t most, size = 16
        self.rows = rows.num_rows
        if self.rows > 1 << 30:
            raise ValueError("too many rows of ids")
        self.keeper = [take_column(&self.columns[at], rows.column(name)) for at, name in enumerate(READ)]
        most = self.rows * IDS + 1
        while size < 2 * most:
            size *= 2
        self.mask = <uint64_t>(size - 1)
        self.ids = <Id *>malloc(<size_t>most * sizeof(Id))
        self.parent = <int32_t *>malloc(<size_t>most * sizeof(int32_t))
        self.slots = <int32_t *>calloc(<size_t>size, sizeof(int32_t))
        self.first = <int32_t *>malloc((<size_t>self.rows + 1) * sizeof(int32_t))
        if not (self.ids and self.parent and self.slots and self.first):
            raise MemoryError
        with nogil:
            self.join_rows()
        if self.several_days:
            self.join_days()

    def __dealloc__(self):
        free(self.ids)
        free(self.parent)
        free(self.slots)
        free(self.first)

    cdef bint is_of_order(self, int64_t row) noexcept nogil:
        """NewOrderSingle, requests, ExecutionReport, OrderCancelReject, multilegs."""
        cdef fw_text text = fw_text_at(&self.columns[MSG_TYPE], row)
        if text.size == 1:
            return text.bytes[0] in (b"D", b"F", b"G", b"H", b"8", b"9")
        return text.size == 2 and text.bytes[0] == b"A" and text.bytes[1] in (b"B", b"C")

    cdef bint starts(self, int64_t row, int column) noexcept nogil:
        """If the row brings the id of this column into use: see the module."""
        cdef fw_text type = fw_text_at(&self.columns[MSG_TYPE], row)
        cdef uint8_t kind
        # Who sends something again brings nothing into use.
        if column == ORIG_CL_ORD_ID or fw_is(&self.columns[POSS_DUP], row) or fw_is(&self.columns[POSS_RESEND], row):
            return False
        if type.size == 1 and type.bytes[0] in (b"8", b"9"):
            # Up to FIX 4.2 busts, corrections and answers to status requests say the order's state beside it.
            if type.bytes[0] == b"9" or fw_char_at(&self.columns[EXEC_TRANS_TYPE], row) in (b"1", b"2", b"3"):
                return False
            if column == CL_ORD_ID and fw_has(&self.columns[ORIG_CL_ORD_ID], row):
                return True
            kind = fw_char_at(&self.columns[EXEC_TYPE], row)
            if kind == 0:
                kind = fw_char_at(&self.columns[ORD_STATUS], row)
            return kind in (b"0", b"A", b"8") and not fw_is(&self.columns[EARLY], row)
        # A status request names an order that is there.
        return column == CL_ORD_ID and not (type.size == 1 and type.bytes[0] == b"H")

    cdef void join_rows(self) noexcept nogil:
        cdef int64_t row
        cdef int32_t number, first, a, b
        cdef int column
        cdef fw_text text
        for row in range(self.rows):
            self.first[row] = first = -1
            if not (fw_is(&self.columns[FOLDED], row) and fw_has(&self.columns[PAIR_ID], row) and self.is_of_order(row)):
                continue
            for column in range(ORIG_CL_ORD_ID, COLUMNS):
                text = fw_text_at(&self.columns[column], row)
                if text.size <= 0:
                    continue
                # FIX 4.4, OrderCancelReject(9): NONE where the order is not known.
                if column == ORDER_ID and text.size == 4 and memcmp(text.bytes, b"NONE", 4) == 0:
                    continue
                number = self.number_of(
                    fw_i32(&self.columns[PAIR_ID], row), fw_i32(&self.columns[TRADING_DAY], row),
                    column == ORDER_ID, text, <int32_t>row, <uint8_t>column,
                )
                if self.starts(row, column):
                    self.ids[number].starts = True
                if self.ids[number].day != self.ids[0].day:
                    self.several_days = True
                if first < 0:
                    self.first[row] = first = number
                else:
                    self.join(first, number)

    cdef void join(self, int32_t one, int32_t other) noexcept nogil:
        """Two ids are of one order."""
        cdef int32_t a = self.root(one), b = self.root(other)
        # The smaller one stays the root: an order's name is its first id.
        if a < b:
            self.parent[b] = a
        else:
            self.parent[a] = b

    cdef int join_days(self) except -1:
        """An id that is not brought into use on its day is of the order of its day before."""
        cdef int32_t at, earlier, later
        cdef const Id **sorted_ids = <const Id **>malloc((<size_t>self.count + 1) * sizeof(Id *))
        if sorted_ids is NULL:
            raise MemoryError
        for at in range(self.count):
            sorted_ids[at] = &self.ids[at]
        qsort(sorted_ids, <size_t>self.count, sizeof(Id *), by_use)
        for at in range(1, self.count):
            if same_use(sorted_ids[at - 1], sorted_ids[at]) != 0:
                continue
            earlier = <int32_t>(sorted_ids[at - 1] - self.ids)
            later = <int32_t>(sorted_ids[at] - self.ids)
            self.ids[earlier].after = self.ids[later].day
            self.ids[later].before = self.ids[earlier].day
            if not self.ids[later].starts:
                self.join(earlier, later)
        free(sorted_ids)
        return 0

    cdef int32_t number_of(
        self, int32_t pair, int32_t day, bint is_order_id, fw_text text, int32_t row, uint8_t column
    ) noexcept nogil:
        """The number of an id; a new one where it is not known and `row` says where it stands, else -1."""
        cdef uint64_t space = (<uint64_t>pair << 33) ^ (<uint64_t><uint32_t>day << 1) ^ <uint64_t>is_order_id
        cdef uint64_t slot = fw_hash(SEED, space, text.bytes, <uint64_t>text.size) & self.mask
        cdef int32_t number
        cdef Id *known
        while self.slots[slot]:
            number = self.slots[slot] - 1
            known = &self.ids[number]
            if (
                known.pair == pair
                and known.day == day
                and (known.column == ORDER_ID) == is_order_id
                and known.text.size == text.size
                and memcmp(known.text.bytes, text.bytes, <size_t>text.size) == 0
            ):
                return number
            slot = (slot + 1) & self.mask
        if row < 0:
            return -1
        number = self.count
        self.count += 1
        self.slots[slot] = number + 1
        self.ids[number] = Id(
            text=text, pair=pair, day=day, row=row, before=NO_DAY, after=NO_DAY, column=column, starts=False
        )
        self.parent[number] = number
        return number

    cdef int32_t root(self, int32_t number) noexcept nogil:
        cdef int32_t *parent = self.parent
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    def places(self):
        """Of each id, the row and the place in `ID_COLUMNS` that it was met in first: bytes of int32, bytes of uint8."""
        cdef bytearray rows = bytearray(self.count * 4)
        cdef bytearray columns = bytearray(self.count)
        cdef char *out = rows
        cdef char *which = columns
        cdef int32_t number
        for number in range(self.count):
            memcpy(out + 4 * number, &self.ids[number].row, 4)
            which[number] = <char>(self.ids[number].column - ORIG_CL_ORD_ID)
        return rows, columns

    def starting(self):
        """If each id is brought into use on its day: bytes of bits."""
        cdef bytearray bits = bytearray((self.count + 7) // 8)
        cdef uint8_t *out = <uint8_t *><char *>bits
        cdef int32_t number
        for number in range(self.count):
            out[number >> 3] |= <uint8_t>(self.ids[number].starts << (number & 7))
        return bits

    def assign(self, list known, take_keys):
        """Give every order a key: the lowest that any of its ids has in `known`, or a new one, in the order of rows.

        `known`: tuples of pair, kind (see `KINDS`), id, the day that was asked for, a day that has the id (the latest
        up to that one, the earliest after it, or both), if it was brought into use on that, and the key; `take_keys(n)`
        gives n new keys. Returns the key of each row (bytes of int64), if it has one (bytes of bits), the key of each
        id (bytes of int64), if it has none of its day yet (bytes of bits), if what is known of it does not say yet
        that it is brought into use on its day (bytes of bits), the new keys, and those that turned out to be another
        order's: {key: that order's key}.
        """
        cdef int32_t number, root
        cdef int64_t row, key
        cdef int64_t *keys
        cdef bytes id_bytes
        cdef fw_text text
        cdef bytearray row_keys = bytearray(8 * self.rows)
        cdef bytearray row_bits = bytearray((self.rows + 7) // 8)
        cdef bytearray id_keys = bytearray(8 * self.count)
        cdef int64_t *of_row = <int64_t *><char *>row_keys
        cdef uint8_t *bits = <uint8_t *><char *>row_bits
        cdef int64_t *of_id = <int64_t *><char *>id_keys
        cdef bytearray fresh_bits = bytearray(b"\xff" * ((self.count + 7) // 8))
        cdef uint8_t *is_fresh = <uint8_t *><char *>fresh_bits
        cdef bytearray started_bits = bytearray((self.count + 7) // 8)
        cdef uint8_t *is_started = <uint8_t *><char *>started_bits
        cdef Id *one
        cdef list several = []
        cdef dict moved = {}
        keys = <int64_t *>calloc(<size_t>self.count + 1, sizeof(int64_t))  # by root; 0: none
        if keys is NULL:
            raise MemoryError
        try:
            for pair, kind, id_, day, found_day, starts, order_key in known:
                id_bytes = id_.encode()
                text.bytes = <const uint8_t *><const char *>id_bytes
                text.size = <int32_t>len(id_bytes)
                number = self.number_of(pair, day, kind == "order_id", text, -1, 0)
                if number < 0:
                    continue
                one = &self.ids[number]
                if found_day == day:
                    is_fresh[number >> 3] &= <uint8_t>~(1 << (number & 7))
                    if one.starts and not starts:
                        is_started[number >> 3] |= <uint8_t>(1 << (number & 7))
                elif found_day < day:
                    if one.starts or (one.before != NO_DAY and one.before > found_day):
                        continue
                elif starts or (one.after != NO_DAY and one.after <= found_day):
                    continue
                root = self.root(number)
                if keys[root] != 0 and keys[root] != order_key:
                    several.append((root, keys[root]))
                    several.append((root, order_key))
                if keys[root] == 0 or order_key < keys[root]:
                    keys[root] = order_key
            fresh = [number for number in range(self.count) if self.parent[number] == number and keys[number] == 0]
            taken = take_keys(len(fresh))
            for number, order_key in zip(fresh, taken, strict=True):
                keys[number] = order_key
            for root, key in several:
                if key != keys[root]:
                    moved[key] = keys[root]
            for number in range(self.count):
                of_id[number] = keys[self.root(number)]
            for row in range(self.rows):
                if self.first[row] >= 0:
                    of_row[row] = keys[self.root(self.first[row])]
                    bits[row >> 3] |= <uint8_t>(1 << (row & 7))
        finally:
            free(keys)
        return row_keys, row_bits, id_keys, fresh_bits, started_bits, taken, moved
