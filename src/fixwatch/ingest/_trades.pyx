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

cdef extern from "_money.h" nogil:
    ctypedef struct fw_sums:
        pass
    bint fw_add_fill(fw_sums *, const uint8_t *qty, const uint8_t *px)

#: For looking up in memory alone.
cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little")

cdef enum:
    NOTHING = 0
    FILL = 1
    BUST = 2
    CORRECTION = 3
    CAPTURE = 4

cdef enum:
    MINUTE = 60_000_000  # microseconds

cdef enum:
    TEXT = -1
    BITS = 0

#: Of contents, which are stored: another one would be another content.
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


cdef bint same_minute(const fw_column *columns, int64_t a, int64_t b, int64_t minute_a, int64_t minute_b) noexcept nogil:
    cdef int i
    if minute_a != minute_b or fw_i32(&columns[6], a) != fw_i32(&columns[6], b):
        return False
    for i in range(2, 6):
        if not fw_same(fw_text_at(&columns[i], a), fw_text_at(&columns[i], b)):
            return False
    return True


cdef uint64_t minute_hash(const fw_column *columns, int64_t row, int64_t minute) noexcept nogil:
    cdef uint64_t hash = fw_mix(<uint64_t>minute ^ SEED, <uint64_t>fw_i32(&columns[6], row) | 1)
    cdef fw_text text
    cdef int i
    for i in range(2, 6):
        text = fw_text_at(&columns[i], row)
        hash = fw_hash(SEED, hash, text.bytes, <uint64_t>(text.size if text.size > 0 else 0))
    return hash


def minutes(list columns, int64_t rows):
    """Sums of fills by minute.

    `columns`: transact_time, sent, symbol, account, currency, side, session_id, last_qty, last_px; no nulls in sent and
    session_id. Returns, of each group: the row that it was met in first (int32), its minute (microseconds, int64), how
    many fills (int64), and three sums (int128): quantity, and of those with a price quantity and notional, in units of
    10^-18. And the rows, with the group of each (int32), that are counted but in no sum, because that was not exact.
    """
    cdef _Columns of = _Columns(columns)
    cdef bytearray firsts = bytearray(4 * rows)
    cdef bytearray moments = bytearray(8 * rows)
    cdef bytearray counts = bytearray(8 * rows)
    cdef bytearray sums = bytearray(48 * rows)
    cdef bytearray left_rows = bytearray(4 * rows)
    cdef bytearray left_groups = bytearray(4 * rows)
    cdef int32_t *first = <int32_t *><char *>firsts
    cdef int64_t *moment = <int64_t *><char *>moments
    cdef int64_t *fills = <int64_t *><char *>counts
    cdef char *sum_of = sums
    cdef int32_t *left_row = <int32_t *><char *>left_rows
    cdef int32_t *left_group = <int32_t *><char *>left_groups
    cdef int64_t size = 16
    cdef int64_t row, at, minute
    cdef int32_t number, count = 0, left = 0
    cdef uint64_t slot, mask
    cdef int32_t *slots
    cdef fw_sums sum
    cdef const uint8_t *qty
    cdef const uint8_t *px
    if rows > 1 << 30:
        raise ValueError("too many fills in a batch")
    while size < 2 * rows:
        size *= 2
    mask = <uint64_t>(size - 1)
    slots = <int32_t *>calloc(<size_t>size, sizeof(int32_t))  # a group's number, and one more
    if slots is NULL:
        raise MemoryError
    with nogil:
        for row in range(rows):
            minute = fw_i64(&of.at[0 if fw_has(&of.at[0], row) else 1], row)
            at = minute % MINUTE
            minute -= at + MINUTE if at < 0 else at
            slot = minute_hash(of.at, row, minute) & mask
            while slots[slot] and not same_minute(
                of.at, first[slots[slot] - 1], row, moment[slots[slot] - 1], minute
            ):
                slot = (slot + 1) & mask
            if slots[slot] == 0:
                first[count] = <int32_t>row
                moment[count] = minute
                count += 1
                slots[slot] = count
            number = slots[slot] - 1
            fills[number] += 1
            if not fw_has(&of.at[7], row):
                continue
            qty = of.at[7].values + 16 * (row + of.at[7].shift)
            px = of.at[8].values + 16 * (row + of.at[8].shift) if fw_has(&of.at[8], row) else NULL
            # The sums lie where nothing of 16 bytes need lie.
            memcpy(&sum, sum_of + 48 * number, sizeof(fw_sums))
            if fw_add_fill(&sum, qty, px):
                memcpy(sum_of + 48 * number, &sum, sizeof(fw_sums))
            else:
                left_row[left] = <int32_t>row
                left_group[left] = number
                left += 1
    free(slots)
    del firsts[4 * count:]
    del moments[8 * count:]
    del counts[8 * count:]
    del sums[48 * count:]
    del left_rows[4 * left:]
    del left_groups[4 * left:]
    return firsts, moments, counts, sums, left_rows, left_groups
