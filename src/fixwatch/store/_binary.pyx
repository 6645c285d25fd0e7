"""Arrow in Postgres' binary form, without a Python object per value: see `_binary.h`."""

from cpython.bytes cimport PyBytes_AS_STRING
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

import pyarrow as pa

cdef extern from "Python.h":
    PyObject *PyBytes_FromStringAndSize(const char *, Py_ssize_t) except NULL
    int _PyBytes_Resize(PyObject **, Py_ssize_t) except -1
    char *bytes_of "PyBytes_AS_STRING"(PyObject *)

cdef extern from "_binary.h" nogil:
    int FW_BOOL, FW_INT4, FW_INT8, FW_TIMESTAMPTZ, FW_DATE, FW_NUMERIC, FW_TEXT, FW_BYTEA, FW_JSONB, FW_TEXTS
    ctypedef struct fw_source:
        int kind
        const uint8_t *valid
        const uint8_t *values
        const int32_t *ends
        const int64_t *wide_ends
        const fw_source *items
        int64_t shift
    size_t fw_most_bytes(const fw_source *, int64_t rows)
    uint8_t *fw_put_rows(uint8_t *, const fw_source *, int count, int64_t rows)
    uint8_t *fw_put_array(uint8_t *, const fw_source *, uint32_t oid, int64_t rows)

cdef bytes _SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # and no flags, no more header
cdef bytes _TRAILER = b"\xff\xff"
cdef object _JSON = pa.json_(pa.string())
cdef object _DECIMAL = pa.decimal128(38, 18)
cdef object _TIMESTAMP = pa.timestamp("us", "UTC")
cdef object _TEXTS = pa.list_(pa.string())


cdef int _kind(object type) except -1:
    if pa.types.is_string(type) or pa.types.is_large_string(type):
        return FW_TEXT
    if pa.types.is_binary(type) or pa.types.is_large_binary(type):
        return FW_BYTEA
    if type == _DECIMAL:
        return FW_NUMERIC
    if type == _TIMESTAMP:
        return FW_TIMESTAMPTZ
    if pa.types.is_int64(type):
        return FW_INT8
    if pa.types.is_int32(type):
        return FW_INT4
    if pa.types.is_boolean(type):
        return FW_BOOL
    if pa.types.is_date32(type):
        return FW_DATE
    if type == _JSON:
        return FW_JSONB
    if type == _TEXTS:
        return FW_TEXTS
    raise TypeError(f"no column of Postgres is made of {type}")


cdef class _Columns:
    """Arrays as the encoder reads them."""

    cdef fw_source *sources
    cdef int count
    cdef object keeper  # holds the buffers

    def __cinit__(self, list arrays):
        cdef int i
        self.keeper = []
        self.count = <int>len(arrays)
        # Behind the columns, the items of those that are lists.
        self.sources = <fw_source *>calloc(<size_t>(2 * self.count) + 1, sizeof(fw_source))
        if self.sources is NULL:
            raise MemoryError
        for i in range(self.count):
            self.take(&self.sources[i], arrays[i])
            if self.sources[i].kind == FW_TEXTS:
                self.take(&self.sources[self.count + i], arrays[i].values)
                self.sources[i].items = &self.sources[self.count + i]

    def __dealloc__(self):
        free(self.sources)

    cdef int take(self, fw_source *source, object array) except -1:
        source.kind = _kind(array.type)
        if source.kind == FW_JSONB:
            array = array.storage
        buffers = array.buffers()
        self.keeper.append(buffers)
        source.shift = array.offset
        if buffers[0] is not None:
            source.valid = <const uint8_t *><size_t>buffers[0].address
        if source.kind < FW_TEXT:
            if buffers[1] is not None:
                source.values = <const uint8_t *><size_t>buffers[1].address
            return 0
        if pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type):
            source.wide_ends = <const int64_t *><size_t>buffers[1].address
        else:
            source.ends = <const int32_t *><size_t>buffers[1].address
        if source.kind != FW_TEXTS and buffers[2] is not None:
            source.values = <const uint8_t *><size_t>buffers[2].address
        return 0

    cdef size_t most_bytes(self, int64_t rows) noexcept:
        cdef size_t most = 0
        cdef int i
        for i in range(self.count):
            most += fw_most_bytes(&self.sources[i], rows)
        return most


cdef bytes _cut(PyObject *made, uint8_t *end):
    """`bytes` that were made with room to spare, up to `end`."""
    _PyBytes_Resize(&made, <Py_ssize_t>(end - <uint8_t *>bytes_of(made)))
    payload = <bytes>made
    Py_DECREF(payload)
    return payload


def copy_payload(rows):
    """A record batch as `COPY ... (FORMAT BINARY)` takes it: `bytes`.

    Raises TypeError for a column of a type that has no place in Postgres here.
    """
    cdef _Columns columns = _Columns(rows.columns)
    cdef int64_t count = rows.num_rows
    cdef size_t most = columns.most_bytes(count) + 2 * <size_t>count + 21
    cdef PyObject *made = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>most)
    cdef uint8_t *out = <uint8_t *>bytes_of(made)
    memcpy(out, PyBytes_AS_STRING(_SIGNATURE), 19)
    with nogil:
        out = fw_put_rows(out + 19, columns.sources, columns.count, count)
    memcpy(out, PyBytes_AS_STRING(_TRAILER), 2)
    return _cut(made, out + 2)


def array_payload(array, uint32_t item_oid):
    """An array as an array of Postgres in binary form, of items of the type `item_oid`: `bytes`.

    Raises TypeError for a type that has no place in Postgres here.
    """
    cdef _Columns columns = _Columns([array])
    cdef int64_t count = len(array)
    cdef PyObject *made = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>columns.most_bytes(count) + 20)
    cdef uint8_t *out = <uint8_t *>bytes_of(made)
    with nogil:
        out = fw_put_array(out, columns.sources, item_oid, count)
    return _cut(made, out)
