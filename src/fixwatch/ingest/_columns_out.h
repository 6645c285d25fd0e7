/* Arrow columns as they are made, a value at a time: what Arrow calls validity, offsets and values. */
#ifndef FW_COLUMNS_OUT_H
#define FW_COLUMNS_OUT_H

#include "_packed.h"

typedef struct {
    fw_bytes valid, values, ends;
    int64_t rows;
} fw_column_out;

static inline void fw_out_row(fw_column_out *out, int valid) {
    if (out->rows % 8 == 0) fw_put_byte(&out->valid, 0);
    if (valid && !out->valid.failed) out->valid.bytes[out->rows / 8] |= (uint8_t)(1 << (out->rows % 8));
    out->rows++;
}

static inline void fw_out_i64(fw_column_out *out, int64_t value, int valid) {
    fw_out_row(out, valid);
    if (!valid) value = 0;
    fw_put(&out->values, &value, 8);
}

static inline void fw_out_i32(fw_column_out *out, int32_t value, int valid) {
    fw_out_row(out, valid);
    if (!valid) value = 0;
    fw_put(&out->values, &value, 4);
}

static inline void fw_out_i128(fw_column_out *out, __int128 value, int valid) {
    fw_out_row(out, valid);
    if (!valid) value = 0;
    fw_put(&out->values, &value, 16);
}

static inline void fw_out_bytes(fw_column_out *out, const uint8_t *bytes, int64_t size) {
    int32_t end;
    if (!out->rows) {
        end = 0;
        fw_put(&out->ends, &end, 4);
    }
    fw_out_row(out, size >= 0);
    if (size > 0) fw_put(&out->values, bytes, (size_t)size);
    if (out->values.size > INT32_MAX) out->values.failed = 1;
    end = (int32_t)out->values.size;
    fw_put(&out->ends, &end, 4);
}

static inline void fw_out_text(fw_column_out *out, fw_text text) { fw_out_bytes(out, text.bytes, text.size); }

static inline void fw_out_char(fw_column_out *out, uint8_t value) { fw_out_bytes(out, &value, value ? 1 : -1); }

static inline int fw_out_failed(const fw_column_out *out) {
    return out->valid.failed || out->values.failed || out->ends.failed;
}

static inline void fw_out_free(fw_column_out *out) {
    free(out->valid.bytes);
    free(out->values.bytes);
    free(out->ends.bytes);
}

#endif
