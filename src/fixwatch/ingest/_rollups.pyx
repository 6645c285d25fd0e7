"""Rollups by minute: loops over the rows of a batch. See `rollups.py`."""

import os

from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc, qsort, realloc
from libc.string cimport memcmp, memset

from fixwatch.ingest._rows cimport fw_column, fw_has, fw_i32, fw_i64, fw_is, fw_text, fw_text_at, take_column

cdef extern from "_histogram.h" nogil:
    int fw_bucket(int64_t microseconds)

cdef extern from "_groups.h" nogil:
    ctypedef struct fw_key:
        int64_t a, b
        fw_text text
    ctypedef struct fw_groups:
        fw_key *keys
        int64_t count, room
        uint64_t seed
    int64_t fw_group(fw_groups *, int64_t a, int64_t b, fw_text text)
    void fw_free_groups(fw_groups *)

cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little")
cdef int64_t MINUTE_US = 60_000_000
cdef enum:
    BUCKET_0 = 1024


def bucket(int64_t microseconds):
    """The bucket of a histogram that so many microseconds fall in: see `fixwatch/histogram.py`."""
    return fw_bucket(microseconds)


cdef struct Figures:
    int64_t messages
    int64_t bytes
    int64_t quarantined


cdef int by_key(const void *left, const void *right) noexcept nogil:
    """By minute, session, text and what is left."""
    cdef const fw_key *a = (<const fw_key *const *>left)[0]
    cdef const fw_key *b = (<const fw_key *const *>right)[0]
    cdef int order
    cdef int32_t size
    if a.a != b.a:
        return -1 if a.a < b.a else 1
    if a.b >> 32 != b.b >> 32:
        return -1 if a.b >> 32 < b.b >> 32 else 1
    size = a.text.size if a.text.size < b.text.size else b.text.size
    order = memcmp(a.text.bytes, b.text.bytes, <size_t>size) if size > 0 else 0
    if order == 0:
        order = (a.text.size > b.text.size) - (a.text.size < b.text.size)
    return order if order else (a.b > b.b) - (a.b < b.b)


cdef inline int64_t minute_of(int64_t microseconds) noexcept nogil:
    cdef int64_t within = microseconds % MINUTE_US
    return microseconds - within - (MINUTE_US if within < 0 else 0)


def message_minutes(kafka_time, session_id, msg_type, verdict, quarantined, raw):
    """Messages by minute, session (0: none), MsgType (empty: none) and verdict, sorted by these.

    Arrow arrays of one length: timestamp[us], int32, string, uint8, bool, large_binary. Returns seven lists: the four
    (minutes as microseconds, verdicts as numbers), and messages, bytes and quarantined.
    """
    cdef fw_column time, session, type_, verdicts, kept, bytes_
    cdef fw_groups groups
    cdef Figures *figures = NULL
    cdef Figures *more
    cdef const fw_key **sorted_keys = NULL
    cdef int64_t row, rows = len(kafka_time), group, at, room = 0
    cdef fw_text text
    cdef const int64_t *ends
    memset(&groups, 0, sizeof(fw_groups))
    groups.seed = SEED
    keeper = [
        take_column(&time, kafka_time), take_column(&session, session_id), take_column(&type_, msg_type),
        take_column(&verdicts, verdict), take_column(&kept, quarantined), take_column(&bytes_, raw),
    ]
    ends = <const int64_t *>bytes_.ends  # a large binary's are of 64 bits
    found = [[] for _ in range(7)]
    try:
        for row in range(rows):
            text = fw_text_at(&type_, row)
            if text.size < 0:
                text.size = 0
            group = fw_group(
                &groups,
                minute_of(fw_i64(&time, row)),
                (<int64_t>(fw_i32(&session, row) if fw_has(&session, row) else 0) << 32)
                | verdicts.values[row + verdicts.shift],
                text,
            )
            if group < 0:
                raise MemoryError
            if group >= room:
                room = room * 2 if room else 64
                more = <Figures *>realloc(figures, <size_t>room * sizeof(Figures))
                if more is NULL:
                    raise MemoryError
                figures = more
                memset(figures + group, 0, <size_t>(room - group) * sizeof(Figures))
            figures[group].messages += 1
            figures[group].bytes += ends[row + bytes_.shift + 1] - ends[row + bytes_.shift]
            figures[group].quarantined += fw_is(&kept, row)
        sorted_keys = <const fw_key **>malloc((<size_t>groups.count + 1) * sizeof(fw_key *))
        if sorted_keys is NULL:
            raise MemoryError
        for at in range(groups.count):
            sorted_keys[at] = &groups.keys[at]
        qsort(sorted_keys, <size_t>groups.count, sizeof(fw_key *), by_key)
        for at in range(groups.count):
            group = sorted_keys[at] - groups.keys
            text = sorted_keys[at].text
            found[0].append(sorted_keys[at].a)
            found[1].append(sorted_keys[at].b >> 32)
            found[2].append((<const char *>text.bytes)[:text.size].decode() if text.size else "")
            found[3].append(sorted_keys[at].b & 0xFF)
            found[4].append(figures[group].messages)
            found[5].append(figures[group].bytes)
            found[6].append(figures[group].quarantined)
    finally:
        free(sorted_keys)
        free(figures)
        fw_free_groups(&groups)
    return found


def skew_minutes(kafka_time, session_id, sending_time, poss_dup, folded):
    """SendingTime less the Kafka timestamp of what is folded and no repeat, by minute, session and bucket; sorted.

    Arrow arrays of one length: timestamp[us], int32, timestamp[us], bool, bool. Returns lists: minutes (microseconds),
    sessions, buckets, counts.
    """
    cdef fw_column time, session, sending, dup, taken
    cdef fw_groups groups
    cdef int64_t row, rows = len(kafka_time), group, at, room = 0
    cdef int64_t *counts = NULL
    cdef int64_t *more
    cdef fw_text none
    none.bytes = NULL
    none.size = -1
    memset(&groups, 0, sizeof(fw_groups))
    groups.seed = SEED
    keeper = [
        take_column(&time, kafka_time), take_column(&session, session_id), take_column(&sending, sending_time),
        take_column(&dup, poss_dup), take_column(&taken, folded),
    ]
    try:
        for row in range(rows):
            if not (fw_is(&taken, row) and fw_has(&session, row) and fw_has(&sending, row)) or fw_is(&dup, row):
                continue
            at = fw_i64(&time, row)
            group = fw_group(
                &groups,
                minute_of(at),
                # Buckets may be negative.
                (<int64_t>fw_i32(&session, row) << 32) | (fw_bucket(fw_i64(&sending, row) - at) + BUCKET_0),
                none,
            )
            if group < 0:
                raise MemoryError
            if group >= room:
                room = room * 2 if room else 64
                more = <int64_t *>realloc(counts, <size_t>room * sizeof(int64_t))
                if more is NULL:
                    raise MemoryError
                counts = more
                memset(counts + group, 0, <size_t>(room - group) * sizeof(int64_t))
            counts[group] += 1
        found = sorted(
            (groups.keys[group].a, groups.keys[group].b >> 32, (groups.keys[group].b & 0xFFFF) - BUCKET_0, counts[group])
            for group in range(groups.count)
        )
    finally:
        free(counts)
        fw_free_groups(&groups)
    return [list(column) for column in zip(*found)] or [[], [], [], []]
