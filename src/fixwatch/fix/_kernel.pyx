"""One call a batch: messages to Arrow columns, verdicts and defects, with no Python object per message or field.

The work on a message is in the headers beside this file, one idea each; `_batch.h` puts them together. Here a
batch is taken in, the GIL is let go, and the memory that was filled is handed to Arrow.
"""

import os
from array import array
from weakref import WeakKeyDictionary

from cpython.array cimport array
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free

import pyarrow as pa

from fixwatch.fix._tables cimport DictionaryTables

from fixwatch.errors import SettingsError
from fixwatch.fix.columns import COLUMNS
from fixwatch.fix.data_fields import DATA_LENGTH_TAG
from fixwatch.fix.dictionary import ADMIN_MSG_TYPES, APPL_VER_IDS, VERSIONS
from fixwatch.fix.tables import flatten

cdef extern from "Python.h":
    PyObject **PySequence_Fast_ITEMS(object)
    int PyBytes_CheckExact(PyObject *)

# Objects between one whose memory is asked for and the one in hand: as many as memory takes to answer.
cdef int AHEAD = 32

# By dictionary: its tables are made when a message of its version comes by, and stay as long as it does.
TABLES = WeakKeyDictionary()
# By options, what is decoded with; the oldest goes when there are more than a process can have use for.
cdef dict SETUPS = {}
cdef int MOST_SETUPS = 32
# Decoders of a setup that wait for the next batch. More are made when as many threads decode at once.
cdef int IDLE_DECODERS = 4
# Of `fw_forms`.
cdef int FORM = 0

_NO_DEFECTS = pa.RecordBatch.from_arrays(
    [pa.array([], pa.int32()), pa.array([], pa.uint8()), pa.array([], pa.int32())], names=["row", "reason", "ref_tag"]
)
_NO_ROWS = pa.array([], pa.int32())


cdef object _copied(const void *pointer, size_t size):
    """An Arrow buffer with a copy of some bytes."""
    return pa.py_buffer(PyBytes_FromStringAndSize(<const char *>pointer, <Py_ssize_t>size))


cdef class _Setup:
    """What distinct options come to: the columns and their schema, the dictionaries, and idle decoders."""

    cdef object options
    cdef tuple columns
    cdef object schema
    cdef list tables
    cdef list idle

    def __init__(self, options):
        self.options = options
        self.columns = (*COLUMNS, *options.columns)
        self.schema = options.schema
        self.tables = [None] * len(VERSIONS)
        self.idle = []
        for own in options.dictionaries:
            self.load(VERSIONS.index(own.version))

    cdef DictionaryTables load(self, int version):
        if self.tables[version] is None:
            dictionary = self.options.dictionary_of(VERSIONS[version])
            if dictionary not in TABLES:
                TABLES[dictionary] = DictionaryTables(flatten(dictionary))
            self.tables[version] = TABLES[dictionary]
        return self.tables[version]


cdef _Setup _setup(object options):
    cdef _Setup setup = SETUPS.get(options)
    if setup is None:
        setup = _Setup(options)
        if len(SETUPS) >= MOST_SETUPS:
            del SETUPS[next(iter(SETUPS))]
        SETUPS[options] = setup
    return setup


cdef class _Decoder:
    """A kernel's memory, which one thread at a time uses, with the layouts that it has learned."""

    cdef fw_decoder *d
    cdef _Setup setup
    cdef object keeper  # holds the array that the batch's messages are in
    cdef PyObject **held  # or the messages
    cdef int64_t held_count

    def __init__(self, _Setup setup):
        cdef fw_decoder *d
        cdef int i
        cdef array tags = array("i", [column.tag for column in setup.columns])
        cdef array kinds = array("B", [column.kind for column in setup.columns])
        options = setup.options
        self.setup = setup
        self.d = d = <fw_decoder *>calloc(1, sizeof(fw_decoder))
        if d is NULL or fw_decoder_begin(
            d, <const int32_t *>tags.data.as_ints, kinds.data.as_uchars, <unsigned int>len(tags)
        ):
            raise MemoryError
        d.lenient = options.frame == "lenient"
        d.frame_only = options.checks == "frame"
        d.check.tolerant = options.profile == "tolerant"
        d.check.ordered = options.group_order == "strict"
        d.max_bytes = options.max_message_bytes
        d.default_version = VERSIONS.index(options.appl_version)
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

    def __dealloc__(self):
        if self.d is not NULL:
            self.let_go()
            fw_decoder_end(self.d)
            free(self.d)

    cdef void forget(self) noexcept:
        """Let go of the batch."""
        fw_batch_end(self.d)
        self.let_go()
        self.keeper = None

    cdef void let_go(self) noexcept:
        cdef int64_t row
        # The last first: these are in the cache.
        for row in range(self.held_count - 1, -1, -1):
            if row >= AHEAD:
                fw_prefetch_to_write(self.held[row - AHEAD])
            Py_DECREF(<object>self.held[row])
        fw_give(self.held)
        self.held = NULL
        self.held_count = 0

    cdef int reserve(self, int64_t rows) except -1:
        if rows >= INT32_MAX:
            raise ValueError(f"a batch of {rows} messages; at most {INT32_MAX - 1}")
        if fw_batch_begin(self.d, rows):
            raise MemoryError
        return 0

    cdef int read(self, object messages) except -1:
        if isinstance(messages, pa.Array):
            return self.read_arrow(messages)
        return self.read_list(messages)

    cdef int read_list(self, object messages) except -1:
        cdef object sequence = messages if type(messages) in (list, tuple) else list(messages)
        cdef fw_decoder *d = self.d
        cdef int64_t row
        cdef PyObject **items
        cdef PyObject *message
        self.reserve(len(sequence))
        self.held = <PyObject **>fw_take((<size_t>d.rows + 1) * sizeof(PyObject *))
        if self.held is NULL:
            raise MemoryError
        items = PySequence_Fast_ITEMS(sequence)
        for row in range(d.rows):
            if row + AHEAD < d.rows:
                fw_prefetch_to_write(items[row + AHEAD])
            message = items[row]
            if PyBytes_CheckExact(message):
                d.data[row] = <const uint8_t *>PyBytes_AS_STRING(<object>message)
                d.length[row] = <size_t>PyBytes_GET_SIZE(<object>message)
            elif message is <PyObject *>None:
                d.data[row] = NULL
                d.length[row] = 0
            else:
                raise TypeError(f"message {row} is {type(<object>message).__name__}, not bytes")
            # A reference of our own: nobody can take the message away while the GIL is let go.
            Py_INCREF(<object>message)
            self.held[row] = message
            self.held_count = row + 1
        return 0

    cdef int read_arrow(self, object array) except -1:
        cdef int64_t row, begin, end, shift = array.offset
        cdef const int32_t *narrow = NULL
        cdef const int64_t *wide = NULL
        cdef const uint8_t *valid = NULL
        cdef const uint8_t *values = NULL
        cdef fw_decoder *d = self.d
        self.reserve(len(array))
        if d.rows == 0:
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
        for row in range(d.rows):
            d.data[row] = NULL
            d.length[row] = 0
            if valid is not NULL and not (valid[(row + shift) >> 3] >> ((row + shift) & 7)) & 1:
                continue
            if wide is not NULL:
                begin, end = wide[row], wide[row + 1]
            else:
                begin, end = narrow[row], narrow[row + 1]
            if end > begin:
                d.data[row] = values + begin
                d.length[row] = <size_t>(end - begin)
        return 0

    cdef int load(self, int version) except -1:
        self.d.dictionaries[version] = &self.setup.load(version).dictionary
        return 0

    cdef int run(self) except -1:
        cdef int64_t row = 0
        cdef int outcome, form = FORM
        while row < self.d.rows:
            with nogil:
                outcome = fw_forms[form].decode_rows(self.d, &row)
            if outcome == FW_OUT_OF_MEMORY:
                raise MemoryError
            if outcome:
                self.load(outcome - 1)
        return 0

    cdef object take_columns(self):
        cdef ArrowArray array
        if fw_export(self.d.columns, self.d.column_count, self.d.rows, &array):
            raise MemoryError
        try:
            return pa.RecordBatch._import_from_c(<size_t>&array, self.setup.schema)
        finally:
            if array.release is not NULL:
                array.release(&array)

    cdef object take_verdicts(self):
        return pa.Array.from_buffers(
            pa.uint8(), self.d.rows, [None, _copied(self.d.verdicts, <size_t>self.d.rows)], 0
        )

    cdef object take_secrets(self):
        cdef int64_t count = self.d.secret_count
        if count == 0:
            return _NO_ROWS
        rows = _copied(self.d.secrets, <size_t>count * sizeof(int32_t))
        return pa.Array.from_buffers(pa.int32(), count, [None, rows], 0)

    cdef object take_defects(self):
        cdef fw_defects *d = &self.d.defects
        cdef size_t i, count = d.count
        cdef bytearray known
        if count == 0:
            return _NO_DEFECTS
        known = bytearray((count + 7) // 8)
        for i in range(count):
            if d.ref_tag[i] != FW_NO_TAG:
                known[i >> 3] |= <uint8_t>(1 << (i & 7))
        row = _copied(d.row, count * sizeof(int32_t))
        reason = _copied(d.reason, count)
        ref_tag = _copied(d.ref_tag, count * sizeof(int32_t))
        return pa.RecordBatch.from_arrays(
            [
                pa.Array.from_buffers(pa.int32(), count, [None, row], 0),
                pa.Array.from_buffers(pa.uint8(), count, [None, reason], 0),
                pa.Array.from_buffers(pa.int32(), count, [pa.py_buffer(known), ref_tag]),
            ],
            names=["row", "reason", "ref_tag"],
        )

    cdef object fields(self):
        """The fields of the batch's only message."""
        cdef fw_decoder *d = self.d
        cdef const fw_field *field
        cdef size_t i
        cdef int wanted
        if fw_tokenise(&d.tokens, d.data[0], d.length[0]):
            raise MemoryError
        wanted = fw_choose_dictionaries(d, d.data[0])
        while wanted:
            self.load(wanted - 1)
            wanted = fw_choose_dictionaries(d, d.data[0])
        fw_check_dictionary(d, 0, d.data[0], False)
        found = []
        for i in range(d.tokens.count):
            field = &d.tokens.fields[i]
            tag = None if field.tag == FW_NO_TAG else field.tag
            found.append((tag, field.start, field.length, field.depth, field.first != 0))
        return found, d.tokens.end


def decode_batch(messages, options):
    """Decode a sequence of bytes (None: empty) or an Arrow binary array, with `decoder.DecodeOptions`.

    Returns `(columns, verdicts, defects, secret_rows)` as `decoder.Decoded` describes them.
    """
    cdef _Setup setup = _setup(options)
    cdef _Decoder decoder = setup.idle.pop() if setup.idle else _Decoder(setup)
    # Not given back where something is raised: nothing is then half done in the next batch.
    decoder.read(messages)
    decoder.run()
    answer = decoder.take_columns(), decoder.take_verdicts(), decoder.take_defects(), decoder.take_secrets()
    decoder.forget()
    if len(setup.idle) < IDLE_DECODERS:
        setup.idle.append(decoder)
    return answer


def read_fields(bytes message, options):
    """The fields of one message, for people.

    Returns a list of `(tag, start, length, depth, first)`: the value is `message[start : start + length]`, `depth`
    says how many repeating groups it is inside of, `first` if it begins an instance of one; `tag` is None for
    what has no tag. Then the offset where reading stopped.
    """
    cdef _Decoder decoder = _Decoder(_setup(options))
    decoder.read([message])
    return decoder.fields()


def recognised(options):
    """How many messages had a layout that was known, of all that were decoded with these options."""
    cdef _Setup setup = _setup(options)
    cdef _Decoder decoder
    cdef uint64_t count = 0
    for decoder in setup.idle:
        count += decoder.d.layouts.recognised
    return count


def forget():
    """Forget all layouts, as a process that begins knows none."""
    SETUPS.clear()


def simd_forms():
    """The forms of the decoder that this processor runs, the fastest first; `portable` is the last."""
    return [fw_forms[i].name.decode() for i in range(FW_FORMS) if fw_forms[i].runs()]


def simd_form():
    """The form of the decoder in use."""
    return fw_forms[FORM].name.decode()


def use_simd(str name):
    """Decode in the form `name` from now on, and forget all layouts. Returns the form that was used before.

    Raises SettingsError for a form that there is not, or that this processor does not run.
    """
    global FORM
    before = simd_form()
    if name not in simd_forms():
        raise SettingsError(f"FIXWATCH_SIMD is {name!r}; on this processor it may be {', '.join(simd_forms())}.")
    for i in range(FW_FORMS):
        if fw_forms[i].name.decode() == name:
            FORM = i
    forget()
    return before


use_simd(os.environ.get("FIXWATCH_SIMD") or simd_forms()[0])
