"""The numbers of sessions that a batch touches, merged with what is stored of them. See `sessions.py`."""

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc, realloc

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE

from fixwatch.ingest._sessions cimport Number, Sessions

cdef extern from "_session_numbers.h" nogil:
    enum:
        FW_CHUNK_BITS
        FW_CHUNK
    const int64_t FW_BEFORE
    ctypedef struct fw_bytes:
        uint8_t *bytes
        size_t size
        int failed
    ctypedef struct fw_number:
        int64_t began, chunk, sent, count
        uint8_t offset, resent
    ctypedef struct fw_chunk_figures:
        uint64_t direct[3]
        uint64_t resent[3]
        int64_t direct_messages, direct_numbers, direct_pairs, seen_numbers, last_sent
    void fw_sort_numbers(fw_number *, int64_t)
    int64_t fw_unite_numbers(fw_number *, int64_t)
    int64_t fw_epoch_of(const int64_t *, const int64_t *, int64_t, int64_t, int64_t)
    void fw_put_numbers(fw_bytes *, const fw_number *, int64_t)
    int64_t fw_get_numbers(const uint8_t *, int64_t, int64_t, int64_t, fw_number *)
    void fw_count_numbers(const fw_number *, int64_t, fw_chunk_figures *)
    int fw_bit_at(const uint64_t *, int)


def merge(Sessions said, dict epochs, dict stored):
    """What the chunks of numbers that a batch touches come to.

    `epochs`: by session, sorted lists of when epochs began and of their first numbers, all that what was sent
    may be of; `stored`: by session, by (begin of the epoch, chunk) what is stored. The epoch before every reset
    begins at None. Returns lists: session, epoch, chunk, entries, direct and resent numbers (as Postgres writes
    multiranges), direct_messages, direct_numbers, direct_pairs, seen_numbers, last_sent; only of what is another
    than before. Of a chunk that has no numbers any more, entries are empty.
    """
    cdef Merger merger = Merger()
    cdef int64_t group
    for group in said.order():
        session_id = said.groups.keys[group].a
        begins, firsts = epochs.get(session_id, ((), ()))
        merger.begin(session_id, begins, firsts, stored.get(session_id, {}))
        merger.add(said.numbers + (said.ends[group - 1] if group else 0), said.numbers + said.ends[group])
        merger.finish()
    return merger.found


cdef class Merger:
    """Merges chunks, one session after the other."""

    cdef fw_number *items
    cdef int64_t room, count
    cdef int64_t *begins
    cdef int64_t *firsts
    cdef int64_t epochs
    cdef fw_bytes bytes
    cdef object session_id
    cdef dict stored
    cdef readonly list found

    def __cinit__(self):
        self.found = [[] for _ in range(11)]

    def __dealloc__(self):
        free(self.items)
        free(self.begins)
        free(self.bytes.bytes)

    cdef int more(self, int64_t count) except -1:
        cdef fw_number *items
        if self.count + count > self.room:
            self.room = (self.count + count) * 2
            items = <fw_number *>realloc(self.items, <size_t>self.room * sizeof(fw_number))
            if items is NULL:
                raise MemoryError
            self.items = items
        return 0

    cdef int begin(self, session_id, begins, firsts, dict stored) except -1:
        cdef int64_t at, count, epoch, chunk
        cdef bytes entries
        self.session_id = session_id
        self.stored = stored
        self.count = 0
        self.epochs = len(begins)
        free(self.begins)
        self.begins = <int64_t *>malloc((2 * <size_t>self.epochs + 1) * sizeof(int64_t))
        if self.begins is NULL:
            raise MemoryError
        self.firsts = self.begins + self.epochs
        for at in range(self.epochs):
            self.begins[at] = begins[at]
            self.firsts[at] = firsts[at]
        for (began, chunk), entries in stored.items():
            epoch = FW_BEFORE if began is None else began
            self.more(PyBytes_GET_SIZE(entries))
            count = fw_get_numbers(
                <const uint8_t *>PyBytes_AS_STRING(entries), PyBytes_GET_SIZE(entries), epoch, chunk,
                self.items + self.count,
            )
            if count < 0:
                raise ValueError(f"what is stored of the numbers of session {session_id} is damaged")
            for at in range(self.count, self.count + count):
                self.place(&self.items[at], chunk * FW_CHUNK + self.items[at].offset)
            self.count += count
        return 0

    cdef inline void place(self, fw_number *item, int64_t number) noexcept:
        item.began = fw_epoch_of(self.begins, self.firsts, self.epochs, item.sent, number)

    cdef int add(self, const Number *at, const Number *end) except -1:
        cdef fw_number *item
        cdef int64_t number
        self.more(2 * (end - at))
        while at < end:
            number = at.number
            item = &self.items[self.count]
            item.chunk = number >> FW_CHUNK_BITS
            item.offset = <uint8_t>(number & (FW_CHUNK - 1))
            item.resent = at.resent
            item.sent = at.sent
            item.count = 1
            self.place(item, number)
            self.count += 1
            if item.offset == 0 and item.chunk:
                # What comes first here is sorted last there.
                self.items[self.count] = item[0]
                item.chunk -= 1
                item.offset = FW_CHUNK
                self.count += 1
            at += 1
        return 0

    cdef int finish(self) except -1:
        cdef int64_t at = 0, end
        fw_sort_numbers(self.items, self.count)
        self.count = fw_unite_numbers(self.items, self.count)
        left = set(self.stored)
        while at < self.count:
            end = at + 1
            while (
                end < self.count
                and self.items[end].began == self.items[at].began
                and self.items[end].chunk == self.items[at].chunk
            ):
                end += 1
            key = (None if self.items[at].began == FW_BEFORE else self.items[at].began, self.items[at].chunk)
            left.discard(key)
            self.put(key, at, end)
            at = end
        for key in sorted(left, key=lambda key: (key[0] is not None, key)):
            self.append((self.session_id, *key, b"", "{}", "{}", 0, 0, 0, 0, None))
        return 0

    cdef int put(self, tuple key, int64_t at, int64_t end) except -1:
        cdef fw_chunk_figures figures
        cdef int64_t base = self.items[at].chunk * FW_CHUNK
        self.bytes.size = 0
        fw_put_numbers(&self.bytes, self.items + at, end - at)
        if self.bytes.failed:
            raise MemoryError
        entries = PyBytes_FromStringAndSize(<char *>self.bytes.bytes, <Py_ssize_t>self.bytes.size)
        if self.stored.get(key) == entries:
            return 0
        fw_count_numbers(self.items + at, end - at, &figures)
        self.append((
            self.session_id, *key, entries, ranges(figures.direct, base), ranges(figures.resent, base),
            figures.direct_messages, figures.direct_numbers, figures.direct_pairs, figures.seen_numbers,
            figures.last_sent,
        ))
        return 0

    cdef int append(self, tuple row) except -1:
        for column, value in zip(self.found, row):
            column.append(value)
        return 0


cdef str ranges(const uint64_t *bits, int64_t base):
    """The chunk's own numbers, as a multirange is written."""
    cdef int offset = 0, begin
    found = []
    while offset < FW_CHUNK:
        begin = offset
        while offset < FW_CHUNK and fw_bit_at(bits, offset):
            offset += 1
        if offset > begin:
            found.append(f"[{base + begin},{base + offset})")
        offset += 1
    return "{" + ",".join(found) + "}"
