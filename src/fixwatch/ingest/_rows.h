/* Arrow columns as the folds' loops read them: one value of one row at a time, without a Python object. */
#ifndef FW_ROWS_H
#define FW_ROWS_H

#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *valid; /* a bit a row; NULL: every row has a value */
    const uint8_t *values;
    const int32_t *ends; /* of texts: where each begins, and one more */
    int64_t shift;       /* the row that an array's first value is in its buffers */
} fw_column;

typedef struct {
    const uint8_t *bytes;
    int32_t size; /* -1: null */
} fw_text;

static inline int fw_bit(const uint8_t *bits, int64_t at) { return (bits[at >> 3] >> (at & 7)) & 1; }

static inline int fw_has(const fw_column *column, int64_t row) {
    return column->valid == NULL || fw_bit(column->valid, row + column->shift);
}

static inline int64_t fw_i64(const fw_column *column, int64_t row) {
    int64_t value;
    memcpy(&value, column->values + 8 * (row + column->shift), 8);
    return value;
}

static inline int32_t fw_i32(const fw_column *column, int64_t row) {
    int32_t value;
    memcpy(&value, column->values + 4 * (row + column->shift), 4);
    return value;
}

static inline __int128 fw_i128(const fw_column *column, int64_t row) {
    __int128 value;
    memcpy(&value, column->values + 16 * (row + column->shift), 16);
    return value;
}

/* A boolean, false where there is none. */
static inline int fw_is(const fw_column *column, int64_t row) {
    return fw_has(column, row) && fw_bit(column->values, row + column->shift);
}

static inline fw_text fw_text_at(const fw_column *column, int64_t row) {
    fw_text text = {NULL, -1};
    if (fw_has(column, row)) {
        int64_t at = row + column->shift;
        text.bytes = column->values + column->ends[at];
        text.size = column->ends[at + 1] - column->ends[at];
    }
    return text;
}

/* The only byte of a text of one byte, 0 for any other text and for none: a FIX char. */
static inline uint8_t fw_char_at(const fw_column *column, int64_t row) {
    fw_text text = fw_text_at(column, row);
    return text.size == 1 ? text.bytes[0] : 0;
}

static inline int fw_same(fw_text a, fw_text b) {
    return a.size == b.size && (a.size <= 0 || memcmp(a.bytes, b.bytes, (size_t)a.size) == 0);
}

#endif
