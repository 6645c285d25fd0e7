"""The loop of `group_entries.py`: fields of a raw message, from its counter on, one entry after the other."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint16_t, uint8_t
from libc.string cimport memchr

from fixwatch.fix.data_fields import LENGTH_DATA_TAG

cdef enum:
    SOH = 1
    TAGS = 65536  # every tag of the dictionaries is below; a greater one is read as one that nobody asks for
    NO_TAG = 0

#: By the tag of a length field, the tag of the data field that follows it; 0: it is no length field.
cdef uint16_t[TAGS] DATA_TAG
for length_tag, data_tag in LENGTH_DATA_TAG.items():
    DATA_TAG[<int>length_tag] = <uint16_t>data_tag

cdef struct Field:
    int tag
    int64_t begin
    int64_t size


cdef int64_t number(const uint8_t *text, int64_t size) noexcept nogil:
    """What an int of at most nine digits says, -1 for anything else."""
    cdef int64_t value = 0
    cdef int64_t i
    if size < 1 or size > 9:
        return -1
    for i in range(size):
        if text[i] < c"0" or text[i] > c"9":
            return -1
        value = 10 * value + (text[i] - c"0")
    return value


cdef int64_t read_field(
    const uint8_t *raw, int64_t size, int64_t at, int data_tag, int64_t data_size, Field *field
) noexcept nogil:
    """Read the field at `at`, and return where the next one is.

    `data_tag` is the field that `data_size` bytes are said to be of; where they do not end with SOH, the length
    lies, and the field ends where any other does.
    """
    cdef const uint8_t *end = <const uint8_t *>memchr(raw + at, SOH, <size_t>(size - at))
    cdef const uint8_t *equals
    cdef int64_t stop = end - raw if end is not NULL else size
    cdef int64_t tag
    field.tag = NO_TAG
    equals = <const uint8_t *>memchr(raw + at, c"=", <size_t>(stop - at))
    if equals is NULL:
        return stop + 1
    tag = number(raw + at, equals - raw - at)
    field.tag = <int>tag if 0 < tag < TAGS else NO_TAG
    field.begin = equals - raw + 1
    if field.tag != NO_TAG and field.tag == data_tag and field.begin + data_size < size:
        if raw[field.begin + data_size] == SOH:
            stop = field.begin + data_size
    field.size = stop - field.begin
    return stop + 1


def entries(bytes raw not None, int counter, int first, int most):
    """See `group_entries.group_entries`."""
    cdef const uint8_t *bytes_of = <const uint8_t *>PyBytes_AS_STRING(raw)
    cdef int64_t size = PyBytes_GET_SIZE(raw)
    cdef int64_t at = 0
    cdef int64_t data_size = 0
    cdef int64_t count = -1
    cdef int data_tag = NO_TAG
    cdef int delimiter = NO_TAG
    cdef Field field
    cdef list found = []
    cdef dict entry = None
    while at < size:
        at = read_field(bytes_of, size, at, data_tag, data_size, &field)
        data_tag = NO_TAG
        if field.tag == NO_TAG:
            continue
        if DATA_TAG[field.tag] != NO_TAG:
            data_size = number(bytes_of + field.begin, field.size)
            if data_size >= 0:
                data_tag = DATA_TAG[field.tag]
        if count < 0:
            if field.tag == counter:
                count = number(bytes_of + field.begin, field.size)
                if count < 1:
                    return found
                count = min(count, most)
            continue
        if field.tag == 10 or field.tag == 89 or field.tag == 93:  # the trailer
            break
        if delimiter == NO_TAG:
            delimiter = field.tag
        if field.tag == delimiter:
            if len(found) == count:
                break
            entry = {}
            found.append(entry)
        if field.tag not in entry:
            entry[field.tag] = raw[field.begin : field.begin + field.size]
    return [entry for entry in found if first in entry]
