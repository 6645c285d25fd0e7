"""One call a batch: messages to Arrow columns, verdicts and defects, with no Python object per message or field.

The work on a message is in the headers beside this file, one idea each; `_message.h` puts them together. Here a
batch is taken in, the GIL is let go, and the memory that was filled is handed to Arrow.
"""

from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free

import pyarrow as pa

from fixwatch.fix._tables cimport DictionaryTables

from fixwatch.fix.columns import COLUMNS, SCHEMA
from fixwatch.fix.data_fields import DATA_LENGTH_TAG
from fixwatch.fix.dictionary import ADMIN_MSG_TYPES, APPL_VER_IDS, VERSIONS, Dictionary
from fixwatch.fix.tables import flatten

cdef int COLUMN_COUNT = len(COLUMNS)
# By version, in the order of VERSIONS; a table is made when a message of its version comes by, and stays.
cdef list TABLES = [None] * len(VERSIONS)


cdef class _Memory:
    """Memory of malloc that Arrow may keep: freed with the last buffer that points to it."""

    cdef void *pointer
    cdef Py_ssize_t size

    def __dealloc__(self):
        free(self.pointer)

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        buffer.buf = self.pointer
        buffer.obj = self
        buffer.len = self.size
        buffer.itemsize = 1
        buffer.readonly = True
        buffer.ndim = 1
        buffer.format = NULL
        buffer.shape = NULL
        buffer.strides = NULL
        buffer.suboffsets = NULL
        buffer.internal = NULL


cdef object _buffer(void **pointer, size_t size):
    """An Arrow buffer over memory of malloc, which it owns from now on."""
    cdef _Memory memory = _Memory()
    if pointer[0] is NULL:
        return pa.py_buffer(b"")
    memory.pointer = pointer[0]
    memory.size = <Py_ssize_t>size
    pointer[0] = NULL
    return pa.py_buffer(memory)


cdef void *_zeroed(size_t count, size_t width) except NULL:
    """Memory for `count` things, and one more, so that none is asked for nothing."""
    cdef void *memory = calloc(count + 1, width)
    if memory is NULL:
        raise MemoryError
    return memory


cdef class _Batch:
    """The messages of one call, where each begins and ends, and everything that is made of them."""

    cdef object keeper  # holds the bytes that `data` points into
    cdef int64_t rows
    cdef const uint8_t **data
    cdef size_t *length
    cdef fw_decoder *decoder

    def __init__(
        self,
        messages,
        *,
        bint lenient,
        bint tolerant,
        bint frame_only,
        size_t max_message_bytes,
        default_version,
    ):
        cdef fw_decoder *d
        self.decoder = d = <fw_decoder *>_zeroed(1, sizeof(fw_decoder))
        d.lenient = lenient
        d.frame_only = frame_only
        d.check.tolerant = tolerant
        d.max_bytes = max_message_bytes
        d.default_version = VERSIONS.index(default_version)
        self.fill_tables()
        if isinstance(messages, pa.Array):
            self.read_arrow(messages)
        else:
            self.read_list(messages)

    def __dealloc__(self):
        cdef int i
        cdef fw_decoder *d = self.decoder
        free(self.data)
        free(self.length)
        if d is NULL:
            return
        if d.columns is not NULL:
            for i in range(COLUMN_COUNT):
                free(d.columns[i].validity)
                free(d.columns[i].values)
                free(d.columns[i].offsets)
            free(d.columns)
        free(d.verdicts)
        free(d.secrets)
        free(d.check.seen)
        free(d.tokens.fields)
        free(d.defects.row)
        free(d.defects.reason)
        free(d.defects.ref_tag)
        free(d)

    cdef int fill_tables(self) except -1:
        cdef int i
        cdef fw_decoder *d = self.decoder
        for i in range(FW_COLUMN_TAGS):
            d.column_of[i] = -1
        for number, column in enumerate(COLUMNS):
            if not 0 < column.tag < FW_COLUMN_TAGS:
                raise ValueError(f"column {column.name} has tag {column.tag}, past the kernel's table")
            d.column_of[<int>column.tag] = number
        for i in range(256):
            d.version_of_appl_ver_id[i] = -1
        for value, version in APPL_VER_IDS.items():
            d.version_of_appl_ver_id[<int>ord(value)] = VERSIONS.index(version)
        for msg_type in ADMIN_MSG_TYPES:
            d.admin[<int>ord(msg_type)] = 1
        for pair, (data_tag, length_tag) in enumerate(DATA_LENGTH_TAG.items(), 1):
            if pair > FW_MAX_PAIRS or max(data_tag, length_tag) >= FW_ROLE_TAGS:
                raise ValueError("more data fields than the kernel's table holds")
            d.tokens.role[<int>length_tag] = pair
            d.tokens.role[<int>data_tag] = pair | 0x80
        for i in range(FW_VERSIONS):
            if TABLES[i] is not None:
                d.dictionaries[i] = &(<DictionaryTables>TABLES[i]).dictionary
        return 0

    cdef int reserve(self, int64_t rows) except -1:
        cdef int i
        cdef fw_decoder *d = self.decoder
        if rows >= INT32_MAX:
            raise ValueError(f"a batch of {rows} messages; at most {INT32_MAX - 1}")
        self.rows = rows
        self.data = <const uint8_t **>_zeroed(rows, sizeof(void *))
        self.length = <size_t *>_zeroed(rows, sizeof(size_t))
        d.verdicts = <uint8_t *>_zeroed(rows, 1)
        d.secrets = <int32_t *>_zeroed(rows, sizeof(int32_t))
        d.check.seen = <uint64_t *>_zeroed((FW_LEVELS + 1) * FW_SEEN_TAGS, sizeof(uint64_t))
        d.columns = <fw_column *>_zeroed(COLUMN_COUNT, sizeof(fw_column))
        for i in range(COLUMN_COUNT):
            if fw_column_begin(&d.columns[i], COLUMNS[i].kind, rows):
                raise MemoryError
        return 0

    cdef int read_list(self, object messages) except -1:
        # A tuple of our own: nobody can take a message away while the GIL is let go.
        cdef tuple held = tuple(messages)
        cdef int64_t row
        self.reserve(len(held))
        self.keeper = held
        for row in range(self.rows):
            message = held[row]
            if message is None:
                continue
            if type(message) is not bytes:
                raise TypeError(f"message {row} is {type(message).__name__}, not bytes")
            self.data[row] = <const uint8_t *><const char *>(<bytes>message)
            self.length[row] = <size_t>len(<bytes>message)
        return 0

    cdef int read_arrow(self, object array) except -1:
        cdef int64_t row, begin, end, shift = array.offset
        cdef const int32_t *narrow = NULL
        cdef const int64_t *wide = NULL
        cdef const uint8_t *valid = NULL
        cdef const uint8_t *values = NULL
        self.reserve(len(array))
        if self.rows == 0:
            return 0
        buffers = array.buffers()
        self.keeper = (array, buffers)
        if buffers[0] is not None:
            valid = <const uint8_t *><size_t>buffers[0].address
        if buffers[2] is not None:
            values = <const uint8_t *><size_t>buffers[2].address
        if pa.types.is_large_binary(array.type):
            wide = <const int64_t *><size_t>buffers[1].address + shift
        else:
            narrow = <const int32_t *><size_t>buffers[1].address + shift
        for row in range(self.rows):
            if valid is not NULL and not (valid[(row + shift) >> 3] >> ((row + shift) & 7)) & 1:
                continue
            if wide is not NULL:
                begin, end = wide[row], wide[row + 1]
            else:
                begin, end = narrow[row], narrow[row + 1]
            if end > begin:
                self.data[row] = values + begin
                self.length[row] = <size_t>(end - begin)
        return 0

    cdef int load(self, int version) except -1:
        if TABLES[version] is None:
            TABLES[version] = DictionaryTables(flatten(Dictionary.load(VERSIONS[version])))
        self.decoder.dictionaries[version] = &(<DictionaryTables>TABLES[version]).dictionary
        return 0

    cdef int run(self) except -1:
        cdef int64_t row = 0
        cdef int outcome = 0
        cdef int i
        while row < self.rows:
            with nogil:
                while row < self.rows:
                    outcome = fw_decode_message(self.decoder, <int32_t>row, self.data[row], self.length[row])
                    if outcome:
                        break
                    row += 1
            if outcome == FW_OUT_OF_MEMORY:
                raise MemoryError
            if outcome:
                self.load(outcome - 1)
        for i in range(COLUMN_COUNT):
            if self.decoder.columns[i].offsets is not NULL:
                fw_column_fill(&self.decoder.columns[i], self.rows)
        return 0

    cdef object take_columns(self):
        return pa.RecordBatch.from_arrays([self.take_column(i) for i in range(COLUMN_COUNT)], schema=SCHEMA)

    cdef object take_column(self, int i):
        cdef fw_column *column = &self.decoder.columns[i]
        cdef size_t size
        buffers = [_buffer(<void **>&column.validity, fw_bitmap_bytes(self.rows))]
        if column.offsets is not NULL:
            buffers.append(_buffer(<void **>&column.offsets, (<size_t>self.rows + 1) * sizeof(int32_t)))
            size = column.used
        elif column.kind == FW_BOOLEAN:
            size = fw_bitmap_bytes(self.rows)
        else:
            size = <size_t>self.rows * fw_width(column.kind)
        buffers.append(_buffer(<void **>&column.values, size))
        return pa.Array.from_buffers(SCHEMA.field(i).type, self.rows, buffers)

    cdef object take_verdicts(self):
        verdicts = _buffer(<void **>&self.decoder.verdicts, <size_t>self.rows)
        return pa.Array.from_buffers(pa.uint8(), self.rows, [None, verdicts], 0)

    cdef object take_secrets(self):
        cdef int64_t count = self.decoder.secret_count
        rows = _buffer(<void **>&self.decoder.secrets, <size_t>count * sizeof(int32_t))
        return pa.Array.from_buffers(pa.int32(), count, [None, rows], 0)

    cdef object take_defects(self):
        cdef fw_defects *d = &self.decoder.defects
        cdef size_t i, count = d.count
        cdef uint8_t *known = <uint8_t *>_zeroed(fw_bitmap_bytes(count), 1)
        for i in range(count):
            if d.ref_tag[i] != FW_NO_TAG:
                known[i >> 3] |= <uint8_t>(1 << (i & 7))
        validity = _buffer(<void **>&known, fw_bitmap_bytes(count))
        row = _buffer(<void **>&d.row, count * sizeof(int32_t))
        reason = _buffer(<void **>&d.reason, count)
        ref_tag = _buffer(<void **>&d.ref_tag, count * sizeof(int32_t))
        return pa.RecordBatch.from_arrays(
            [
                pa.Array.from_buffers(pa.int32(), count, [None, row], 0),
                pa.Array.from_buffers(pa.uint8(), count, [None, reason], 0),
                pa.Array.from_buffers(pa.int32(), count, [validity, ref_tag]),
            ],
            names=["row", "reason", "ref_tag"],
        )

    cdef object fields_of_first(self):
        cdef fw_decoder *d = self.decoder
        cdef const fw_field *field
        cdef size_t i
        cdef int wanted
        if fw_tokenise(&d.tokens, self.data[0], self.length[0]):
            raise MemoryError
        wanted = fw_choose_dictionaries(d, self.data[0])
        while wanted:
            self.load(wanted - 1)
            wanted = fw_choose_dictionaries(d, self.data[0])
        fw_check_dictionary(d, 0, self.data[0], False)
        found = []
        for i in range(d.tokens.count):
            field = &d.tokens.fields[i]
            tag = None if field.tag == FW_NO_TAG else field.tag
            found.append((tag, field.start, field.length, field.depth, field.first != 0))
        return found, d.tokens.end


def decode_batch(
    messages, bint lenient, bint tolerant, bint frame_only, size_t max_message_bytes, str default_version
):
    """Decode a sequence of bytes (None: empty) or an Arrow binary array.

    Returns `(columns, verdicts, defects, secret_rows)` as `decoder.Decoded` describes them.
    """
    cdef _Batch batch = _Batch(
        messages,
        lenient=lenient,
        tolerant=tolerant,
        frame_only=frame_only,
        max_message_bytes=max_message_bytes,
        default_version=default_version,
    )
    batch.run()
    return batch.take_columns(), batch.take_verdicts(), batch.take_defects(), batch.take_secrets()


def read_fields(bytes message, bint tolerant, str default_version):
    """The fields of one message, for people.

    Returns a list of `(tag, start, length, depth, first)`: the value is `message[start : start + length]`, `depth`
    says how many repeating groups it is inside of, `first` if it begins an instance of one; `tag` is None for
    what has no tag. Then the offset where reading stopped.
    """
    cdef _Batch batch = _Batch(
        [message],
        lenient=True,
        tolerant=tolerant,
        frame_only=False,
        max_message_bytes=0,
        default_version=default_version,
    )
    return batch.fields_of_first()
