"""What the folds know of rows besides their fields: whose they are, and when they were sent. See `rows.py`."""

import os

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from fixwatch.ingest._rows cimport (
    fw_column, fw_has, fw_i64, fw_is, fw_same, fw_text, fw_text_at, take_column,
)

cdef extern from "_text_hash.h" nogil:
    uint64_t fw_text_hash(uint64_t, fw_text)

cdef enum:
    SENDER, TARGET = 3, ENDS = 6

# Nobody can choose ends that all meet in one place.
cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little")
#: A clock is taken to be off where SendingTime(52) is between so many microseconds away from Kafka's time: less is the
#: way, more is an old log.
cdef int64_t OFF_LEAST = 300_000_000
cdef int64_t OFF_MOST = 43_200_000_000


def ends_of(list columns):
    """Number the directions of sessions in the order in which rows name them first.

    `columns`: six string arrays, the ends of a session in the order of `batch.ENDS`. Returns bytes of int32, each row's
    number, bytes of bits, if it has one (both CompIDs could be read), and the rows that named each first.
    """
    cdef fw_column ends[ENDS]
    cdef int64_t row, rows = len(columns[0])
    cdef int64_t *slots
    cdef uint64_t hash, slot, mask = 1024
    cdef int32_t number, count = 0
    cdef int i
    cdef bint same
    cdef bytearray codes = bytearray(4 * rows)
    cdef bytearray bits = bytearray((rows + 7) // 8)
    cdef int32_t *code = <int32_t *><char *>codes
    cdef uint8_t *bit = <uint8_t *><char *>bits
    cdef list firsts = []
    cdef list numbers
    keeper = [take_column(&ends[i], columns[i]) for i in range(ENDS)]
    while mask < <uint64_t>(2 * rows):
        mask *= 2
    # Of each slot, the row that named its direction first, and one.
    slots = <int64_t *>calloc(<size_t>mask, sizeof(int64_t))
    if slots is NULL:
        raise MemoryError
    mask -= 1
    try:
        for row in range(rows):
            if not (fw_has(&ends[SENDER], row) and fw_has(&ends[TARGET], row)):
                continue
            hash = SEED
            for i in range(ENDS):
                hash = fw_text_hash(hash, fw_text_at(&ends[i], row))
            slot = hash & mask
            while True:
                if slots[slot] == 0:
                    slots[slot] = row + 1
                    number = count
                    count += 1
                    firsts.append(row)
                    break
                same = True
                for i in range(ENDS):
                    if not fw_same(fw_text_at(&ends[i], row), fw_text_at(&ends[i], slots[slot] - 1)):
                        same = False
                        break
                if same:
                    number = code[slots[slot] - 1]
                    break
                slot = (slot + 1) & mask
            code[row] = number
            bit[row >> 3] |= <uint8_t>(1 << (row & 7))
    finally:
        free(slots)
    return codes, bits, firsts


def moments(orig_sending_time, poss_dup, poss_resend, transact_time, sending_time, kafka_time):
    """When each row was sent first, and the moment that says which trading day it is of: bytes of int64 each.

    Arrow arrays of one length; times are microseconds since 1970. The second is Kafka's time where the sender's clock
    seems to be minutes or hours off.
    """
    cdef fw_column orig, dup, resend, transact, sending, kafka
    cdef int64_t row, rows = len(kafka_time), sent, at
    cdef bytearray first = bytearray(8 * rows)
    cdef bytearray of_day = bytearray(8 * rows)
    cdef int64_t *out = <int64_t *><char *>first
    cdef int64_t *day = <int64_t *><char *>of_day
    keeper = [
        take_column(&orig, orig_sending_time), take_column(&dup, poss_dup), take_column(&resend, poss_resend),
        take_column(&transact, transact_time), take_column(&sending, sending_time), take_column(&kafka, kafka_time),
    ]
    with nogil:
        for row in range(rows):
            at = fw_i64(&kafka, row)
            if fw_has(&orig, row):
                sent = fw_i64(&orig, row)
            elif fw_is(&resend, row) and fw_has(&transact, row):
                sent = fw_i64(&transact, row)
            elif fw_has(&sending, row):
                sent = fw_i64(&sending, row)
            else:
                sent = at
            out[row] = day[row] = sent
            if not (fw_has(&orig, row) or fw_is(&dup, row) or fw_is(&resend, row)):
                if OFF_LEAST < (sent - at if sent > at else at - sent) < OFF_MOST:
                    day[row] = at
    return first, of_day


def earlier(moments_, int64_t microseconds):
    """Moments, bytes of int64, so many microseconds earlier."""
    cdef const uint8_t[::1] view = moments_
    cdef int64_t row, rows = view.shape[0] // 8, moment
    cdef bytearray shifted = bytearray(8 * rows)
    cdef int64_t *out = <int64_t *><char *>shifted
    for row in range(rows):
        memcpy(&moment, &view[8 * row], 8)
        out[row] = moment - microseconds
    return shifted
