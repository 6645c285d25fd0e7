"""The kernel's side of `tables.py`: a dictionary's arrays in C's hands, and its two hashes built."""

from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from fixwatch.errors import DictionaryError


cdef class DictionaryTables:
    """A `tables.Tables` for the kernel: it does not change, and any number of threads may read it."""

    def __init__(self, tables):
        cdef fw_dictionary *d = &self.dictionary
        if self.held is not None:
            raise TypeError("DictionaryTables are made once")
        held = self.held = [
            bytes(part)
            for part in (
                tables.number_of, tables.section_of, tables.type, tables.multiple, tables.enum_of, tables.single,
                tables.bitsets, tables.contexts, tables.group_field, tables.group_context, tables.required_tag,
                tables.order_field, tables.order_place,
                b"".join(
                    number.to_bytes(2, "little") + len(value).to_bytes(2, "little") + value
                    for number, value in tables.long_values
                ),
            )
        ]  # fmt: skip
        d.number_of = <const uint16_t *><const char *>held[0]
        d.section_of = <const uint8_t *><const char *>held[1]
        d.tags = len(tables.section_of)
        d.type = <const uint8_t *><const char *>held[2]
        d.multiple = <const uint8_t *><const char *>held[3]
        d.enum_of = <const uint16_t *><const char *>held[4]
        d.single = <const uint64_t *><const char *>held[5]
        d.bitsets = <const uint64_t *><const char *>held[6]
        d.words = tables.words
        d.contexts = <const fw_context *><const char *>held[7]
        d.group_field = <const uint16_t *><const char *>held[8]
        d.group_context = <const uint32_t *><const char *>held[9]
        d.required_tag = <const int32_t *><const char *>held[10]
        d.order_field = <const uint16_t *><const char *>held[11]
        d.order_place = <const uint16_t *><const char *>held[12]
        d.enum_bytes = <const uint8_t *><const char *>held[13]
        d.header = tables.header
        d.trailer = tables.trailer
        _hash_values(d, tables.long_values)
        _hash_messages(d, tables.messages)

    def __dealloc__(self):
        free(self.dictionary.enum_slots)
        free(self.dictionary.message_keys)
        free(self.dictionary.message_contexts)


cdef int _hash_values(fw_dictionary *d, list values) except -1:
    cdef uint32_t size = _size_for(len(values)), offset = 0, slot
    cdef bytes value
    d.enum_slots = <uint32_t *>calloc(size, sizeof(uint32_t))
    if d.enum_slots is NULL:
        raise MemoryError
    d.enum_mask = size - 1
    for number, value in values:
        slot = fw_enum_slot(d, number, <const uint8_t *><const char *>value, len(value))
        d.enum_slots[slot] = offset + 1
        offset += 4 + <uint32_t>len(value)
    return 0


cdef int _hash_messages(fw_dictionary *d, list messages) except -1:
    cdef uint32_t size = _size_for(len(messages)), slot
    cdef uint64_t key
    cdef bytes msg_type
    d.message_keys = <uint64_t *>calloc(size, sizeof(uint64_t))
    d.message_contexts = <uint32_t *>calloc(size, sizeof(uint32_t))
    if d.message_keys is NULL or d.message_contexts is NULL:
        raise MemoryError
    d.message_mask = size - 1
    for msg_type, context in messages:
        key = fw_message_key(<const uint8_t *><const char *>msg_type, len(msg_type))
        if key == 0:
            raise DictionaryError(f"MsgType {msg_type!r} is not 1 to 8 characters.")
        slot = fw_message_slot(d, key)
        d.message_keys[slot] = key
        d.message_contexts[slot] = context
    return 0


cdef uint32_t _size_for(Py_ssize_t entries):
    """A power of two that leaves at least half of a hash free."""
    cdef uint32_t size = 16
    while size < 2 * entries + 1:
        size *= 2
    return size
