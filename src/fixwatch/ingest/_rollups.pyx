"""Rollups by minute: loops over the rows of a batch. See `rollups.py`."""

from libc.stdint cimport int64_t

cdef extern from "_histogram.h" nogil:
    int fw_bucket(int64_t microseconds)


def bucket(int64_t microseconds):
    """The bucket of a histogram that so many microseconds fall in: see `fixwatch/histogram.py`."""
    return fw_bucket(microseconds)
