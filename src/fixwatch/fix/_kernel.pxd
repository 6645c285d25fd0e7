# What the kernel uses of its C headers.

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t

from fixwatch.fix._tables cimport fw_dictionary

cdef extern from "_forms.h" nogil:
    int32_t FW_NO_TAG
    int FW_ROLE_TAGS, FW_MAX_PAIRS, FW_VERSIONS, FW_OUT_OF_MEMORY, FW_FORMS
    ctypedef struct fw_field:
        int32_t tag
        uint32_t at, start, length
        uint8_t depth, first
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
        int tolerant, ordered
    ctypedef struct fw_column:
        pass
    ctypedef struct fw_layouts:
        uint64_t recognised
    ctypedef struct fw_decoder:
        fw_tokens tokens
        fw_defects defects
        fw_check check
        fw_layouts layouts
        const fw_dictionary **dictionaries
        int8_t *version_of_appl_ver_id
        uint8_t *admin
        int default_version, lenient, frame_only
        size_t max_bytes
        unsigned int column_count
        int64_t rows
        const uint8_t **data
        size_t *length
        fw_column *columns
        uint8_t *verdicts
        int32_t *secrets
        int64_t secret_count
    ctypedef struct fw_form:
        const char *name
        int (*runs)() noexcept nogil
        int (*decode_rows)(fw_decoder *, int64_t *row) noexcept nogil
    const fw_form *fw_forms
    int fw_decoder_begin(fw_decoder *, const int32_t *tags, const uint8_t *kinds, unsigned int count)
    void fw_decoder_end(fw_decoder *)
    int fw_batch_begin(fw_decoder *, int64_t rows)
    void fw_batch_end(fw_decoder *)
    void *fw_take(size_t)
    void fw_give(void *)
    void fw_prefetch_to_write(const void *)
    int fw_tokenise(fw_tokens *, const uint8_t *, size_t)
    int fw_choose_dictionaries(fw_decoder *, const uint8_t *)
    void fw_check_dictionary(fw_decoder *, int32_t row, const uint8_t *, int record)

cdef extern from "_arrow.h" nogil:
    ctypedef struct ArrowArray "struct ArrowArray":
        void (*release)(ArrowArray *)
    int fw_export(fw_column *, unsigned int count, int64_t rows, ArrowArray *)
