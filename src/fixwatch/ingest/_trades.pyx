"""Trades: the loops over a batch's rows, and over its reports of trades. See `trades.py`."""

import os

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from fixwatch.ingest._rows cimport (
    fw_char_at, fw_column, fw_has, fw_i32, fw_i64, fw_i128, fw_is, fw_same, fw_text, fw_text_at, take_column
)

cdef extern from "_hash.h" nogil:
    uint64_t fw_mix(uint64_t a, uint64_t b)
    uint64_t fw_hash(uint64_t seed, uint64_t space, const uint8_t *p, uint64_t n)

#: For looking up in memory alone.
cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little")

cdef enum:
    NOTHING = 0
    FILL = 1
    BUST = 2
    CORRECTION = 3
    CAPTURE = 4

#: Of contents, which are stored: another one would be another content.
cdef enum:
    TEXT = -1
    BITS = 0

cdef uint64_t CONTENT_SEED = 0xD1B54A32D192ED03
cdef uint64_t NULL_VALUE = 0x8CB92BA72F3D8DD7


cdef class _Columns:
    """Arrow arrays, as the loops read them; the widths are bytes of a value, or TEXT, or BITS."""

    cdef fw_column *at
    cdef int *widths
    cdef int count
    cdef list keeper

    def __cinit__(self, list arrays):
        cdef int i
        self.keeper = []
        self.count = <int>len(arrays)
        self.at = <fw_column *>calloc(<size_t>self.count + 1, sizeof(fw_column))
        self.widths = <int *>calloc(<size_t>self.count + 1, sizeof(int))
        if self.at is NULL or self.widths is NULL:
            raise MemoryError
        for i in range(self.count):
            self.keeper.append(take_column(&self.at[i], arrays[i]))
            self.widths[i] = TEXT if self.at[i].ends is not NULL else arrays[i].type.bit_width // 8

    def __dealloc__(self):
        free(self.at)
        free(self.widths)


cdef uint8_t report_kind(const fw_column *columns, int64_t row) noexcept nogil:
    """What an ExecutionReport(8) says of a trade; the columns are those of `kinds`, from exec_type on."""
    cdef uint8_t exec_type = fw_char_at(&columns[0], row)
    cdef uint8_t trans = fw_char_at(&columns[1], row)
    cdef uint8_t ord_status
    cdef bint has_trans = fw_has(&columns[1], row)
    if exec_type == c"H" or trans == c"1":
        return BUST
    if exec_type == c"G" or trans == c"2":
        return CORRECTION
    if has_trans and trans != c"0":
        return NOTHING
    if exec_type == c"F" or exec_type == c"1" or exec_type == c"2":
        return FILL
    if fw_has(&columns[0], row) or not has_trans:
        return NOTHING
    # FIX 4.0 has no ExecType(150): a report of a partly filled order is no fill by that alone.
    ord_status = fw_char_at(&columns[2], row)
    if (ord_status == c"1" or ord_status == c"2") and fw_has(&columns[3], row) and fw_i128(&columns[3], row) > 0:
        return FILL
    return NOTHING


def kinds(list columns, int64_t rows):
    """Which rows say anything of a trade.

    `columns`: folded, session_id, msg_type, exec_type, exec_trans_type, ord_status, last_qty. Returns the numbers
    (int32) of the ExecutionReports that are fills, of those that are changes, if each change is a bust (a byte
    each), and the numbers of the TradeCaptureReports: all in the rows' order.
    """
    cdef _Columns of = _Columns(columns)
    cdef bytearray what = bytearray(rows)
    cdef uint8_t *kind = <uint8_t *><char *>what
    cdef int64_t[5] counts
    cdef int64_t row
    cdef fw_text msg_type
    for row in range(5):
        counts[row] = 0
    with nogil:
        for row in range(rows):
            if not fw_is(&of.at[0], row) or not fw_has(&of.at[1], row):
                continue
            msg_type = fw_text_at(&of.at[2], row)
            if msg_type.size == 1 and msg_type.bytes[0] == c"8":
                kind[row] = report_kind(&of.at[3], row)
            elif msg_type.size == 2 and msg_type.bytes[0] == c"A" and msg_type.bytes[1] == c"E":
                kind[row] = CAPTURE
            counts[kind[row]] += 1
    cdef bytearray fills = bytearray(4 * counts[FILL])
    cdef bytearray changes = bytearray(4 * (counts[BUST] + counts[CORRECTION]))
    cdef bytearray busts = bytearray(counts[BUST] + counts[CORRECTION])
    cdef bytearray captures = bytearray(4 * counts[CAPTURE])
    cdef char *fill = fills
    cdef char *change = changes
    cdef char *bust = busts
    cdef char *capture = captures
    cdef int32_t number
    for row in range(rows):
        if kind[row] == NOTHING:
            continue
        number = <int32_t>row
        if kind[row] == FILL:
            memcpy(fill, &number, 4)
            fill += 4
        elif kind[row] == CAPTURE:
            memcpy(capture, &number, 4)
            capture += 4
        else:
            memcpy(change, &number, 4)
            change += 4
            bust[0] = kind[row] == BUST
            bust += 1
    return fills, changes, busts, captures


cdef uint64_t value_hash(const fw_column *column, int width, int64_t row, uint64_t hash) noexcept nogil:
    cdef fw_text text
    cdef uint64_t[2] words
    if not fw_has(column, row):
        return fw_mix(hash ^ NULL_VALUE, CONTENT_SEED)
    if width == TEXT:
        text = fw_text_at(column, row)
        return fw_hash(CONTENT_SEED, hash, text.bytes, <uint64_t>text.size)
    words[0] = words[1] = 0
    if width == BITS:
        words[0] = fw_is(column, row)
    else:
        memcpy(words, column.values + width * (row + column.shift), <size_t>width)
    return fw_mix(fw_mix(hash ^ words[0], CONTENT_SEED) ^ words[1], CONTENT_SEED)


def digests(list columns, int64_t rows):
    """A number (int64) that stands for what a row has in the columns: the same everywhere and always.

    Columns of texts, booleans and values of up to 16 bytes.
    """
    cdef _Columns of = _Columns(columns)
    cdef bytearray found = bytearray(8 * rows)
    cdef uint64_t *out = <uint64_t *><char *>found
    cdef int64_t row
    cdef int i
    cdef uint64_t hash
    with nogil:
        for row in range(rows):
            hash = CONTENT_SEED
            for i in range(of.count):
                hash = value_hash(&of.at[i], of.widths[i], row, hash)
            out[row] = hash
    return found


cdef bint same_trade(const fw_column *key, int64_t a, int64_t b) noexcept nogil:
    return (
        fw_i32(&key[0], a) == fw_i32(&key[0], b)
        and fw_i32(&key[2], a) == fw_i32(&key[2], b)
        and fw_i32(&key[3], a) == fw_i32(&key[3], b)
        and fw_same(fw_text_at(&key[1], a), fw_text_at(&key[1], b))
    )


cdef int compared(int64_t a, int64_t b) noexcept nogil:
    return (a > b) - (a < b)


cdef bint is_before(const fw_column *order, int64_t a, int64_t b) noexcept nogil:
    """If report a is the one that counts of two reports of a trade."""
    cdef int way = 0
    cdef int i
    for i in range(3):
        way = compared(fw_i64(&order[i], a), fw_i64(&order[i], b))
        if way:
            return way < 0
    way = compared(fw_i32(&order[3], a), fw_i32(&order[3], b))
    if way:
        return way < 0
    return fw_i64(&order[4], a) < fw_i64(&order[4], b)


def group(list key, list order, int64_t rows):
    """Which reports are of one trade, and which of them is the one that counts: the least by `order`.

    `key`: session_id, exec_id, side_no, trading_day; `order`: sent, msg_seq_num, content, stream_id, kafka_offset; no
    nulls. Returns, of each trade in the order of first reports, the row that counts and how many reports there are
    (int32 each); the trade of each row (int32); and if a trade has reports of more than one content.
    """
    cdef _Columns keys = _Columns(key)
    cdef _Columns orders = _Columns(order)
    cdef bytearray counts_row = bytearray(4 * rows)
    cdef bytearray reports = bytearray(4 * rows)
    cdef bytearray trades = bytearray(4 * rows)
    cdef int32_t *best = <int32_t *><char *>counts_row
    cdef int32_t *report_count = <int32_t *><char *>reports
    cdef int32_t *trade_of = <int32_t *><char *>trades
    cdef int64_t size = 16
    cdef int64_t row
    cdef int32_t trade, count = 0
    cdef uint64_t slot, mask
    cdef fw_text text
    cdef bint mixed = False
    cdef int32_t *slots
    if rows > 1 << 30:
        raise ValueError("too many reports in a batch")
    while size < 2 * rows:
        size *= 2
    mask = <uint64_t>(size - 1)
    slots = <int32_t *>calloc(<size_t>size, sizeof(int32_t))  # a trade's number, and one more
    if slots is NULL:
        raise MemoryError
    with nogil:
        for row in range(rows):
            text = fw_text_at(&keys.at[1], row)
            slot = fw_hash(
                SEED,
                fw_mix(<uint64_t>fw_i32(&keys.at[0], row) ^ SEED, <uint64_t>fw_i32(&keys.at[3], row) | 1)
                ^ <uint64_t>fw_i32(&keys.at[2], row),
                text.bytes,
                <uint64_t>text.size,
            ) & mask
            while slots[slot] and not same_trade(keys.at, best[slots[slot] - 1], row):
                slot = (slot + 1) & mask
            if slots[slot] == 0:
                best[count] = <int32_t>row
                count += 1
                slots[slot] = count
            trade = slots[slot] - 1
            trade_of[row] = trade
            report_count[trade] += 1
            if fw_i64(&orders.at[2], row) != fw_i64(&orders.at[2], best[trade]):
                mixed = True
            if is_before(orders.at, row, best[trade]):
                best[trade] = <int32_t>row
    free(slots)
    del counts_row[4 * count:]
    del reports[4 * count:]
    return counts_row, reports, trades, mixed
