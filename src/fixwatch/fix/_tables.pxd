from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "_dictionary.h" nogil:
    ctypedef struct fw_context:
        pass
    ctypedef struct fw_dictionary:
        const uint16_t *number_of
        const uint8_t *section_of
        uint32_t tags
        const uint8_t *type
        const uint8_t *multiple
        const uint16_t *enum_of
        const uint64_t *single
        uint32_t *enum_slots
        uint32_t enum_mask
        const uint8_t *enum_bytes
        const uint64_t *bitsets
        uint32_t words
        const fw_context *contexts
        const uint16_t *group_field
        const uint32_t *group_context
        const int32_t *required_tag
        const uint16_t *order_field
        const uint16_t *order_place
        uint64_t *message_keys
        uint32_t *message_contexts
        uint32_t message_mask
        uint32_t header, trailer
    uint64_t fw_message_key(const uint8_t *, size_t)
    uint32_t fw_message_slot(const fw_dictionary *, uint64_t key)
    uint32_t fw_enum_slot(const fw_dictionary *, uint32_t set, const uint8_t *, size_t)

cdef class DictionaryTables:
    cdef fw_dictionary dictionary
    cdef object held  # the bytes that `dictionary` points into
