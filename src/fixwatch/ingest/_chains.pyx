"""Which ids of a batch are of one order: the one loop of the folds that columns cannot say.

Every id is numbered as it is met, row by row; the ids of one row are joined (union-find with path halving). Ids are
found by a hash whose seed nobody knows, so that nobody can choose ids that all meet in one place.
"""

import os

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcmp, memcpy

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    static inline uint64_t fw_mix(uint64_t a, uint64_t b) {
        unsigned __int128 product = (unsigned __int128)a * b;
        return (uint64_t)product ^ (uint64_t)(product >> 64);
    }
    static inline uint64_t fw_hash(uint64_t seed, uint64_t space, const uint8_t *p, uint64_t n) {
        uint64_t hash = fw_mix(seed ^ space, 0x9E3779B97F4A7C15u ^ n), word;
        for (; n >= 8; n -= 8, p += 8) {
            memcpy(&word, p, 8);
            hash = fw_mix(hash ^ word, seed | 1);
        }
        word = 0;
        memcpy(&word, p, n);
        return fw_mix(hash ^ word, seed | 1);
    }
    """
    uint64_t fw_hash(uint64_t seed, uint64_t space, const uint8_t *p, uint64_t n) nogil

cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little")

cdef struct Texts:
    const uint8_t *valid
    const int64_t *ends
    const uint8_t *bytes
    int64_t shift

cdef struct Id:
    const uint8_t *text
    int64_t length
    int32_t pair
    int32_t row
    uint8_t column


cdef class Links:
    """The ids of a batch, numbered in the order of its rows, and what each is joined with.

    `pairs`: an Arrow int32 array, null where a row is of no order; `columns`: large strings of as many rows, the ids
    of each row; those with the same number in `kinds` are of one kind. At most 2^30 rows.
    """

    cdef object keeper
    cdef Texts *texts
    cdef int columns
    cdef int64_t rows
    cdef const int32_t *pair
    cdef const uint8_t *pair_valid
    cdef int64_t pair_shift
    cdef Id *ids
    cdef int32_t *parent
    cdef int32_t *slots
    cdef int32_t *first
    cdef uint64_t mask
    cdef uint8_t kind[8]
    cdef readonly int32_t count

    def __cinit__(self, pairs, list columns, list kinds):
        cdef int i
        cdef int64_t most, size = 16
        self.columns = <int>len(columns)
        self.rows = len(pairs)
        if self.columns > 8 or len(kinds) != self.columns or self.rows > 1 << 30:
            raise ValueError("too many columns or rows of ids")
        buffers = [pairs.buffers(), *(column.buffers() for column in columns)]
        self.keeper = buffers
        most = self.rows * self.columns + 1
        while size < 2 * most:
            size *= 2
        self.mask = <uint64_t>(size - 1)
        self.texts = <Texts *>calloc(<size_t>self.columns + 1, sizeof(Texts))
        self.ids = <Id *>malloc(<size_t>most * sizeof(Id))
        self.parent = <int32_t *>malloc(<size_t>most * sizeof(int32_t))
        self.slots = <int32_t *>calloc(<size_t>size, sizeof(int32_t))
        self.first = <int32_t *>malloc((<size_t>self.rows + 1) * sizeof(int32_t))
        if not (self.texts and self.ids and self.parent and self.slots and self.first):
            raise MemoryError
        self.pair_shift = pairs.offset
        self.pair_valid = <const uint8_t *>address(buffers[0][0])
        self.pair = <const int32_t *>address(buffers[0][1])
        for i in range(self.columns):
            self.kind[i] = kinds[i]
            self.texts[i].shift = columns[i].offset
            self.texts[i].valid = <const uint8_t *>address(buffers[i + 1][0])
            self.texts[i].ends = <const int64_t *>address(buffers[i + 1][1])
            self.texts[i].bytes = <const uint8_t *>address(buffers[i + 1][2])
        with nogil:
            self.join_rows()

    def __dealloc__(self):
        free(self.texts)
        free(self.ids)
        free(self.parent)
        free(self.slots)
        free(self.first)

    cdef void join_rows(self) noexcept nogil:
        cdef int64_t row, at
        cdef int32_t number, first, a, b
        cdef int i
        cdef Texts *texts
        for row in range(self.rows):
            self.first[row] = first = -1
            at = row + self.pair_shift
            if self.pair_valid and not (self.pair_valid[at >> 3] >> (at & 7)) & 1:
                continue
            for i in range(self.columns):
                texts = &self.texts[i]
                at = row + texts.shift
                if texts.valid and not (texts.valid[at >> 3] >> (at & 7)) & 1:
                    continue
                number = self.number_of(
                    self.pair[row + self.pair_shift],
                    self.kind[i],
                    texts.bytes + texts.ends[at],
                    texts.ends[at + 1] - texts.ends[at],
                    <int32_t>row,
                    <uint8_t>i,
                )
                if first < 0:
                    self.first[row] = first = number
                    continue
                a = self.root(first)
                b = self.root(number)
                # The smaller one stays the root: an order's name is its first id.
                if a < b:
                    self.parent[b] = a
                else:
                    self.parent[a] = b

    cdef int32_t number_of(
        self, int32_t pair, uint8_t kind, const uint8_t *text, int64_t length, int32_t row, uint8_t column
    ) noexcept nogil:
        """The number of an id; a new one where it is not known and `row` says where it stands, else -1."""
        cdef uint64_t space = (<uint64_t>pair << 8) | kind
        cdef uint64_t slot = fw_hash(SEED, space, text, <uint64_t>length) & self.mask
        cdef int32_t number
        cdef Id *known
        while self.slots[slot]:
            number = self.slots[slot] - 1
            known = &self.ids[number]
            if (
                known.pair == pair
                and self.kind[known.column] == kind
                and known.length == length
                and memcmp(known.text, text, <size_t>length) == 0
            ):
                return number
            slot = (slot + 1) & self.mask
        if row < 0:
            return -1
        number = self.count
        self.count += 1
        self.slots[slot] = number + 1
        self.ids[number] = Id(text=text, length=length, pair=pair, row=row, column=column)
        self.parent[number] = number
        return number

    cdef int32_t root(self, int32_t number) noexcept nogil:
        cdef int32_t *parent = self.parent
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    def places(self):
        """Of each id, the row and the column that it was met in first: bytes of `count` int32, bytes of `count` uint8."""
        cdef bytearray rows = bytearray(self.count * 4)
        cdef bytearray columns = bytearray(self.count)
        cdef char *out = rows
        cdef char *which = columns
        cdef int32_t number
        for number in range(self.count):
            memcpy(out + 4 * number, &self.ids[number].row, 4)
            which[number] = <char>self.ids[number].column
        return rows, columns

    def assign(self, list known, list kind_names, take_keys):
        """Give every order a key: the lowest that any of its ids has in `known`, or a new one, in the order of rows.

        `known`: tuples of pair, a name of `kind_names` (whose place there is the kind), id and key; `take_keys(n)`
        gives n new keys. Returns the key of each row (bytes of int64), if it has one (bytes of bits), the key of each
        id (bytes of int64), if it had none before (bytes of bits), and the new keys.
        """
        cdef int32_t number, root
        cdef int64_t row, key
        cdef int64_t *keys
        cdef bytes text
        cdef bytearray row_keys = bytearray(8 * self.rows)
        cdef bytearray row_bits = bytearray((self.rows + 7) // 8)
        cdef bytearray id_keys = bytearray(8 * self.count)
        cdef int64_t *of_row = <int64_t *><char *>row_keys
        cdef uint8_t *bits = <uint8_t *><char *>row_bits
        cdef int64_t *of_id = <int64_t *><char *>id_keys
        cdef bytearray fresh_bits = bytearray(b"\xff" * ((self.count + 7) // 8))
        cdef uint8_t *is_fresh = <uint8_t *><char *>fresh_bits
        keys = <int64_t *>calloc(<size_t>self.count + 1, sizeof(int64_t))  # by root; 0: none
        if keys is NULL:
            raise MemoryError
        try:
            kinds = {name: kind for kind, name in enumerate(kind_names)}
            for pair, name, id_, order_key in known:
                text = id_.encode()
                number = self.number_of(pair, kinds[name], <const uint8_t *><const char *>text, len(text), -1, 0)
                if number < 0:
                    continue
                is_fresh[number >> 3] &= <uint8_t>~(1 << (number & 7))
                root = self.root(number)
                if keys[root] == 0 or order_key < keys[root]:
                    keys[root] = order_key
            fresh = [number for number in range(self.count) if self.parent[number] == number and keys[number] == 0]
            taken = take_keys(len(fresh))
            for number, order_key in zip(fresh, taken, strict=True):
                keys[number] = order_key
            for number in range(self.count):
                of_id[number] = keys[self.root(number)]
            for row in range(self.rows):
                if self.first[row] >= 0:
                    of_row[row] = keys[self.root(self.first[row])]
                    bits[row >> 3] |= <uint8_t>(1 << (row & 7))
        finally:
            free(keys)
        return row_keys, row_bits, id_keys, fresh_bits, taken


cdef size_t address(object buffer) except? 0:
    return 0 if buffer is None else buffer.address
