/* The columns of a batch as Arrow's buffers: a bitmap of which rows have a value, the values, and for texts the
 * offsets. Rows are written in order; a row that a column is not told of is null. A column that no message has
 * takes no memory.
 */
#ifndef FIXWATCH_COLUMNS_H
#define FIXWATCH_COLUMNS_H

#include "_memory.h"
#include "_zones.h"

/* columns.Kind */
enum { FW_TEXT = 0, FW_ID = 1, FW_INT = 2, FW_DECIMAL = 3, FW_TIMESTAMP = 4, FW_DATE = 5, FW_BOOLEAN = 6,
       FW_TIME = 7, FW_TZ_TIME = 8, FW_TZ_TIMESTAMP = 9 };

/* columns.MAX_ID_BYTES */
#define FW_MAX_ID_BYTES 255

/* More than a value's own outcomes (FW_OK, FW_BAD_FORMAT, FW_NO_FIT): */
enum { FW_LONG_ID = 3, FW_NO_MEMORY = 4 };

/* Rows are dealt with in blocks of as many, a bit each in one word of a bitmap. */
#define FW_BLOCK 64

typedef struct {
    int kind;
    uint64_t *validity; /* one bit a row, whole blocks; NULL: no row has a value */
    uint8_t *values;    /* fixed width, whole blocks; for FW_BOOLEAN one bit a row; for texts the bytes */
    int32_t *offsets;   /* texts: rows + 1 */
    size_t used, capacity; /* texts: bytes */
    size_t usual;          /* texts: bytes that the batch before had */
    size_t noted;          /* texts: the most bytes that the block in hand will add of messages read by field */
    int64_t filled;        /* rows in front of this one are dealt with, values or not */
    int64_t seen;          /* the last row that had the tag, plus one */
} fw_column;

static inline int fw_is_text(int kind) { return kind == FW_TEXT || kind == FW_ID; }

/* Bits of a fixed-width value. */
static inline size_t fw_bits(int kind) {
    return kind == FW_DECIMAL ? 128 : kind == FW_DATE ? 32 : kind == FW_BOOLEAN ? 1 : 64;
}

static inline size_t fw_blocks(int64_t rows) { return ((size_t)rows + FW_BLOCK - 1) / FW_BLOCK; }

/* Bytes of a fixed-width column's values up to a row that begins a block. */
static inline size_t fw_values_bytes(int kind, int64_t rows) { return fw_blocks(rows) * (FW_BLOCK / 8) * fw_bits(kind); }

static inline void fw_column_forget(fw_column *c) {
    c->validity = NULL;
    c->values = NULL;
    c->offsets = NULL;
    if (c->used) c->usual = c->used;
    c->used = c->capacity = c->noted = 0;
    c->filled = c->seen = 0;
}

static inline void fw_column_free(fw_column *c) {
    fw_give(c->validity);
    fw_give(c->values);
    fw_give(c->offsets);
    fw_column_forget(c);
}

/* Bytes that may be written behind a text. */
#define FW_TEXT_MARGIN 32

/* Have room for `bytes` more of text, and the margin. */
static inline int fw_column_room(fw_column *c, size_t bytes) {
    size_t wanted = c->used + bytes + FW_TEXT_MARGIN;
    if (wanted <= c->capacity) return 0;
    if (wanted < 2 * c->capacity) wanted = 2 * c->capacity;
    uint8_t *grown = (uint8_t *)fw_retake(c->values, c->used, wanted);
    if (!grown) return -1;
    c->values = grown;
    c->capacity = wanted;
    return 0;
}

/* Make memory for `rows` rows, all null. Returns 0, or -1 when memory has run out. */
static inline int fw_column_open(fw_column *c, int64_t rows) {
    size_t words = fw_blocks(rows);
    c->validity = (uint64_t *)fw_take(words * 8);
    if (!c->validity) return -1;
    memset(c->validity, 0, words * 8);
    if (!fw_is_text(c->kind)) {
        c->values = (uint8_t *)fw_take(fw_values_bytes(c->kind, rows));
        return c->values ? 0 : -1;
    }
    c->offsets = (int32_t *)fw_take((words * FW_BLOCK + 1) * sizeof(int32_t));
    if (!c->offsets) return -1;
    c->offsets[0] = 0;
    return fw_column_room(c, c->usual);
}

/* Rows up to `rows`, which begins a block or is the last, have no values: say so in the values, too, so that the
 * same messages always give the same bytes. */
static inline void fw_column_reach(fw_column *c, int64_t rows) {
    if (c->filled >= rows) return;
    if (fw_is_text(c->kind)) {
        int32_t *offsets = c->offsets, used = (int32_t)c->used;
        for (int64_t row = c->filled; row < rows; row++) offsets[row + 1] = used;
    } else {
        size_t from = fw_values_bytes(c->kind, c->filled);
        memset(c->values + from, 0, fw_values_bytes(c->kind, rows) - from);
    }
    c->filled = rows;
}

/* A value of the kinds that no declared column has: microseconds of the day, or since 1970. */
static inline int fw_rare_time(int kind, const uint8_t *p, size_t n, int64_t *out) {
    if (kind == FW_TZ_TIMESTAMP) return fw_tz_timestamp(p, n, out);
    int outcome = kind == FW_TZ_TIME ? fw_tz_time(p, n, out) : fw_time(p, n, out);
    if (outcome == FW_OK) *out = fw_time_of_day(*out);
    return outcome;
}

/* Write the value p[0..n), n > 0, of a row; where it is not FW_OK the row stays null. Not for texts. */
static inline int fw_column_put(fw_column *c, int64_t row, const uint8_t *p, size_t n) {
    int outcome = FW_OK, boolean;
    int64_t number;
    int32_t days;
    fw_int128 decimal;
    uint64_t bit = (uint64_t)1 << (row % FW_BLOCK);
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
            c->values[row >> 3] = (uint8_t)((c->values[row >> 3] & ~(1 << (row & 7))) | boolean << (row & 7));
        break;
    default:
        outcome = fw_rare_time(c->kind, p, n, &number);
        if (outcome == FW_OK) memcpy(c->values + (size_t)row * 8, &number, 8);
    }
    if (outcome == FW_OK) c->validity[row / FW_BLOCK] |= bit;
    return outcome;
}

#endif
