/* The columns of a batch as Arrow's buffers: a bitmap of which rows have a value, the values, and for texts the
 * offsets. Rows are written in order; a row that a column is not told of stays null.
 */
#ifndef FIXWATCH_COLUMNS_H
#define FIXWATCH_COLUMNS_H

#include <stdlib.h>

#include "_values.h"

/* columns.Kind */
enum { FW_TEXT = 0, FW_ID = 1, FW_INT = 2, FW_DECIMAL = 3, FW_TIMESTAMP = 4, FW_DATE = 5, FW_BOOLEAN = 6 };

/* columns.MAX_ID_BYTES */
#define FW_MAX_ID_BYTES 255

/* More than a value's own outcomes (FW_OK, FW_BAD_FORMAT, FW_NO_FIT): */
enum { FW_LONG_ID = 3, FW_NO_MEMORY = 4 };

typedef struct {
    int kind;
    uint8_t *validity; /* one bit a row */
    uint8_t *values;   /* fixed width; for FW_BOOLEAN one bit a row; for texts the bytes */
    int32_t *offsets;  /* texts: rows + 1 */
    size_t used, capacity; /* texts: bytes */
    int64_t filled;        /* texts: offsets[0..filled] are set */
    int64_t seen;          /* the last row that had the tag, plus one */
} fw_column;

static inline size_t fw_bitmap_bytes(int64_t rows) { return ((size_t)rows + 7) / 8; }

static inline size_t fw_width(int kind) {
    return kind == FW_DECIMAL ? 16 : kind == FW_DATE ? 4 : 8;
}

/* Make room for `rows` rows, all null. Returns 0, or -1 when memory has run out. */
static inline int fw_column_begin(fw_column *c, int kind, int64_t rows) {
    memset(c, 0, sizeof *c);
    c->kind = kind;
    c->validity = (uint8_t *)calloc(fw_bitmap_bytes(rows) + 1, 1);
    if (!c->validity) return -1;
    if (kind == FW_TEXT || kind == FW_ID) {
        c->offsets = (int32_t *)malloc(((size_t)rows + 1) * sizeof(int32_t));
        if (!c->offsets) return -1;
        c->offsets[0] = 0;
    } else if (kind == FW_BOOLEAN) {
        c->values = (uint8_t *)calloc(fw_bitmap_bytes(rows) + 1, 1);
        if (!c->values) return -1;
    } else {
        c->values = (uint8_t *)calloc((size_t)rows + 1, fw_width(kind));
        if (!c->values) return -1;
    }
    return 0;
}

/* Texts: say that rows up to `rows` are over. */
static inline void fw_column_fill(fw_column *c, int64_t rows) {
    int32_t *offsets = c->offsets, used = (int32_t)c->used;
    for (int64_t row = c->filled; row < rows; row++) offsets[row + 1] = used;
    if (c->filled < rows) c->filled = rows;
}

static inline int fw_column_text(fw_column *c, int64_t row, const uint8_t *p, size_t n) {
    int plain = fw_plain(p, n);
    size_t most = plain ? n : 3 * n;
    if (c->kind == FW_ID && n > FW_MAX_ID_BYTES) return FW_LONG_ID;
    if (most > INT32_MAX - c->used) return FW_NO_FIT; /* Arrow's offsets have 31 bits */
    if (most > c->capacity - c->used) {
        size_t capacity = c->capacity ? c->capacity : 1024;
        while (capacity - c->used < most) capacity *= 2;
        uint8_t *grown = (uint8_t *)realloc(c->values, capacity);
        if (!grown) return FW_NO_MEMORY;
        c->values = grown;
        c->capacity = capacity;
    }
    if (plain) {
        memcpy(c->values + c->used, p, n);
    } else {
        n = fw_text(p, n, c->values + c->used);
        if (c->kind == FW_ID && n > FW_MAX_ID_BYTES) return FW_LONG_ID;
    }
    fw_column_fill(c, row);
    c->used += n;
    return FW_OK;
}

/* Write the value p[0..n), n > 0, of a row; where it is not FW_OK the row stays null. */
static inline int fw_column_put(fw_column *c, int64_t row, const uint8_t *p, size_t n) {
    int outcome, boolean;
    int64_t number;
    int32_t days;
    fw_int128 decimal;
    switch (c->kind) {
    case FW_INT:
        if ((outcome = fw_int(p, n, &number)) == FW_OK) memcpy(c->values + (size_t)row * 8, &number, 8);
        break;
    case FW_DECIMAL:
        if ((outcome = fw_decimal(p, n, &decimal)) == FW_OK) memcpy(c->values + (size_t)row * 16, &decimal, 16);
        break;
    case FW_TIMESTAMP:
        if ((outcome = fw_timestamp(p, n, &number)) == FW_OK) memcpy(c->values + (size_t)row * 8, &number, 8);
        break;
    case FW_DATE:
        if ((outcome = fw_date(p, n, &days)) == FW_OK) memcpy(c->values + (size_t)row * 4, &days, 4);
        break;
    case FW_BOOLEAN:
        if ((outcome = fw_boolean(p, n, &boolean)) == FW_OK)
            c->values[row >> 3] = (uint8_t)(c->values[row >> 3] | (boolean << (row & 7)));
        break;
    default:
        outcome = fw_column_text(c, row, p, n);
    }
    if (outcome == FW_OK) c->validity[row >> 3] = (uint8_t)(c->validity[row >> 3] | (1 << (row & 7)));
    return outcome;
}

#endif
