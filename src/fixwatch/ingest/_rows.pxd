"""Arrow columns as the folds' loops read them: see `_rows.h`. Types: `ingest/rows.py`."""

from libc.stdint cimport int32_t, int64_t, uint8_t

cdef extern from *:
    ctypedef int fw_int128 "__int128"

cdef extern from "_rows.h" nogil:
    ctypedef struct fw_column:
        const uint8_t *valid
        const uint8_t *values
        const int32_t *ends
        int64_t shift
    ctypedef struct fw_text:
        const uint8_t *bytes
        int32_t size
    bint fw_has(const fw_column *, int64_t row)
    int64_t fw_i64(const fw_column *, int64_t row)
    int32_t fw_i32(const fw_column *, int64_t row)
    fw_int128 fw_i128(const fw_column *, int64_t row)
    bint fw_is(const fw_column *, int64_t row)
    fw_text fw_text_at(const fw_column *, int64_t row)
    uint8_t fw_char_at(const fw_column *, int64_t row)
    bint fw_same(fw_text, fw_text)


cdef inline object take_column(fw_column *column, object array):
    """Point `column` at the buffers of an Arrow array, and return what keeps them alive.

    Texts and binaries have 32-bit ends (string, binary); everything else has values of a fixed width.
    """
    buffers = array.buffers()
    column.valid = <const uint8_t *><size_t>(0 if buffers[0] is None else buffers[0].address)
    column.shift = array.offset
    column.ends = NULL
    if len(buffers) == 3:
        column.ends = <const int32_t *><size_t>buffers[1].address
        column.values = <const uint8_t *><size_t>(0 if buffers[2] is None else buffers[2].address)
    else:
        column.values = <const uint8_t *><size_t>(0 if buffers[1] is None else buffers[1].address)
    return buffers
