# What the kernel uses of its C headers.

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t

from fixwatch.fix._tables cimport fw_dictionary

cdef extern from "_message.h" nogil:
    int32_t FW_NO_TAG
    int FW_ROLE_TAGS, FW_MAX_PAIRS, FW_LEVELS, FW_SEEN_TAGS, FW_VERSIONS, FW_COLUMN_TAGS, FW_OUT_OF_MEMORY
    enum:
        FW_BOOLEAN
    ctypedef struct fw_field:
        int32_t tag
        uint32_t at, start, length
        int16_t depth, first
    ctypedef struct fw_tokens:
        fw_field *fields
        size_t count, end
        uint8_t *role
    ctypedef struct fw_defects:
        int32_t *row
        uint8_t *reason
        int32_t *ref_tag
        size_t count
    ctypedef struct fw_check:
        int tolerant
        uint64_t *seen
    ctypedef struct fw_column:
        int kind
        uint8_t *validity
        uint8_t *values
        int32_t *offsets
        size_t used
    ctypedef struct fw_decoder:
        fw_tokens tokens
        fw_defects defects
        fw_check check
        const fw_dictionary **dictionaries
        int8_t *version_of_appl_ver_id
        uint8_t *admin
        int default_version, lenient, frame_only
        size_t max_bytes
        fw_column *columns
        int16_t *column_of
        uint8_t *verdicts
        int32_t *secrets
        int64_t secret_count
    size_t fw_bitmap_bytes(int64_t rows)
    size_t fw_width(int kind)
    int fw_column_begin(fw_column *, int kind, int64_t rows)
    void fw_column_fill(fw_column *, int64_t rows)
    int fw_tokenise(fw_tokens *, const uint8_t *, size_t)
    int fw_choose_dictionaries(fw_decoder *, const uint8_t *)
    void fw_check_dictionary(fw_decoder *, int32_t row, const uint8_t *, int record)
    int fw_decode_message(fw_decoder *, int32_t row, const uint8_t *, size_t)
