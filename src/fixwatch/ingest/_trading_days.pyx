"""The trading days of a batch's rows: one loop, which asks Python only where a session's day is another one."""

from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc, free

import pyarrow as pa

from fixwatch.ingest._rows cimport fw_column, fw_has, fw_i32, fw_i64, take_column

cdef extern from *:
    """
    #define FW_DAY INT64_C(86400000000)
    """
    const int64_t FW_DAY
cdef enum:
    SLOTS = 1024  # sessions whose present day is at hand: more than a system has

cdef struct Window:
    int64_t begin
    int64_t end  # 0 and 0: none yet
    int32_t pair
    int32_t day


cdef inline int32_t utc_day(int64_t at) noexcept nogil:
    return <int32_t>(at // FW_DAY - (at % FW_DAY < 0))


cdef class TradingDays:
    """Days by the rules of sessions; a session pair that it was not told a rule of has UTC days."""

    cdef Window *windows
    cdef dict rules
    cdef bint is_of_hours

    def __cinit__(self):
        self.rules = {}
        self.windows = <Window *>calloc(SLOTS, sizeof(Window))
        if self.windows is NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.windows)

    def tell(self, int32_t pair_id, rule):
        """The rule of a session pair: a `fixwatch.schedule.TradingDay`."""
        if not rule.is_utc:
            self.rules[pair_id] = rule

    cdef inline int32_t otherwise(self, int64_t at) noexcept nogil:
        """What a moment has of a pair without a rule."""
        return 1 if self.is_of_hours else utc_day(at)

    def of(self, sent, pair_ids):
        """Days since 1970-01-01 (int32, no nulls) of moments (int64 or timestamp[us], no nulls) of session pairs.

        `pair_ids` is int32, null where a row is of none: such a row has a UTC day.
        """
        cdef fw_column moments, pairs
        cdef int64_t rows = len(sent), row, at, day
        cdef int32_t pair
        cdef Window *window
        if len(pair_ids) != rows:
            raise ValueError("as many pairs as moments")
        keeper = take_column(&moments, sent), take_column(&pairs, pair_ids)
        cdef bytearray days = bytearray(4 * rows)
        cdef int32_t *out = <int32_t *><char *>days
        if not self.rules:
            with nogil:
                for row in range(rows):
                    out[row] = self.otherwise(fw_i64(&moments, row))
            return int32_array(days, rows)
        for row in range(rows):
            at = fw_i64(&moments, row)
            pair = fw_i32(&pairs, row) if fw_has(&pairs, row) else -1
            window = &self.windows[<unsigned int>pair % SLOTS]
            if window.pair != pair or not window.begin <= at < window.end:
                rule = self.rules.get(pair)
                if rule is None:
                    out[row] = self.otherwise(at)
                    continue
                window.begin, window.end, day = rule.window(at)
                window.pair = pair
                window.day = <int32_t>day
            out[row] = window.day
        return int32_array(days, rows)


cdef class OpenHours(TradingDays):
    """Whether sessions are to be open, by their schedules: 1 or 0; a session pair without one may always be."""

    def __cinit__(self):
        self.is_of_hours = True

    def tell(self, int32_t pair_id, rule):
        """The schedule of a session pair: a `fixwatch.schedule.Schedule`, or None."""
        if rule is not None:
            self.rules[pair_id] = rule

    def of(self, sent, pair_ids):
        """As that of trading days; None where no session has a schedule."""
        return TradingDays.of(self, sent, pair_ids) if self.rules else None


cdef object int32_array(bytearray values, int64_t rows):
    return pa.Array.from_buffers(pa.int32(), rows, [None, pa.py_buffer(values)])
