/* Values in Postgres' binary form: a length in four bytes (-1: null), then the value, all of it big-endian
 * (Postgres, "Binary Format" of COPY; the types' own forms are those of their `_recv` functions). Read from Arrow's
 * buffers (arrow.apache.org, "Columnar Format").
 */
#ifndef FIXWATCH_BINARY_H
#define FIXWATCH_BINARY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What a column's values are; the numbers are those of `_binary.pyx`. */
enum { FW_BOOL = 0, FW_INT4 = 1, FW_INT8 = 2, FW_TIMESTAMPTZ = 3, FW_DATE = 4, FW_NUMERIC = 5, FW_TEXT = 6, FW_BYTEA = 7,
       FW_JSONB = 8, FW_TEXTS = 9 };

/* Digits behind the point of every decimal: columns.DECIMAL_SCALE. */
#define FW_DECIMAL_SCALE 18

typedef struct fw_source {
    int kind;
    const uint8_t *valid;          /* a bit a row, NULL: all are */
    const uint8_t *values;         /* of fixed width; of texts their bytes */
    const int32_t *ends;           /* of texts and lists: where each begins, and the last one's end */
    const int64_t *wide_ends;      /* the same for large ones; `ends` is then NULL */
    const struct fw_source *items; /* of a list: its texts */
    int64_t shift;                 /* the array's first row in its buffers */
} fw_source;

#define FW_TEXT_OID 25
/* Microseconds and days from 1970 to 2000, where Postgres begins to count. */
#define FW_EPOCH_US 946684800000000
#define FW_EPOCH_DAYS 10957

static inline uint8_t *fw_put2(uint8_t *out, uint16_t value) {
    value = __builtin_bswap16(value);
    memcpy(out, &value, 2);
    return out + 2;
}

static inline uint8_t *fw_put4(uint8_t *out, uint32_t value) {
    value = __builtin_bswap32(value);
    memcpy(out, &value, 4);
    return out + 4;
}

static inline uint8_t *fw_put8(uint8_t *out, uint64_t value) {
    value = __builtin_bswap64(value);
    memcpy(out, &value, 8);
    return out + 8;
}

static inline int fw_is_null(const fw_source *s, int64_t row) {
    row += s->shift;
    return s->valid && !(s->valid[row >> 3] >> (row & 7) & 1);
}

/* Where a text or a list begins and ends. */
static inline int64_t fw_begin(const fw_source *s, int64_t row) {
    row += s->shift;
    return s->ends ? s->ends[row] : s->wide_ends[row];
}

/* numeric: how many digits to the base of 10,000, the weight of the first, the sign, the digits behind the point to
 * show, the digits. No zeros lead, none end it, and no more are shown than there are. */
static inline uint8_t *fw_put_numeric(uint8_t *out, const uint8_t *value) {
    __int128 number;
    memcpy(&number, value, 16);
    int negative = number < 0;
    unsigned __int128 size = negative ? -(unsigned __int128)number : (unsigned __int128)number;
    const uint64_t fives = 3814697265625u; /* 5^18; two to that power is a shift */
    uint16_t digits[12];
    unsigned __int128 whole;
    uint64_t fraction;
    int first = 7, last = 12, shown = FW_DECIMAL_SCALE; /* 7 groups in front of the point, 5 behind it */
    if (size >> 82 == 0) whole = (uint64_t)(size >> 18) / fives; /* nearly all: below 4.8 million */
    else whole = size / ((unsigned __int128)fives << 18);
    fraction = (uint64_t)(size - whole * ((unsigned __int128)fives << 18));
    if (fraction == 0) {
        last = 7;
        shown = 0;
    } else {
        uint64_t upper = fraction / 1000000; /* 12 of the 18 digits */
        uint32_t lower = (uint32_t)(fraction % 1000000) * 100;
        digits[7] = (uint16_t)(upper / 100000000);
        digits[8] = (uint16_t)(upper / 10000 % 10000);
        digits[9] = (uint16_t)(upper % 10000);
        digits[10] = (uint16_t)(lower / 10000);
        digits[11] = (uint16_t)(lower % 10000);
        while (digits[last - 1] == 0) last--;
        shown = 4 * (last - 7);
        for (uint16_t group = digits[last - 1]; group % 10 == 0; group /= 10) shown--;
    }
    if (whole >> 64 == 0)
        for (uint64_t left = (uint64_t)whole; left; left /= 10000) digits[--first] = (uint16_t)(left % 10000);
    else
        for (; whole; whole /= 10000) digits[--first] = (uint16_t)(whole % 10000);
    int weight = 6 - first;
    while (first < last && digits[first] == 0) { /* only where nothing is in front of the point */
        first++;
        weight--;
    }
    int end = last;
    while (end > first && digits[end - 1] == 0) end--;
    if (first == end) weight = 0; /* zero */
    out = fw_put4(out, (uint32_t)(8 + 2 * (end - first)));
    out = fw_put2(out, (uint16_t)(end - first));
    out = fw_put2(out, (uint16_t)weight);
    out = fw_put2(out, negative ? 0x4000 : 0);
    out = fw_put2(out, (uint16_t)shown);
    for (int i = first; i < end; i++) out = fw_put2(out, digits[i]);
    return out;
}

static inline uint8_t *fw_put_bytes(uint8_t *out, const uint8_t *from, size_t n) {
    out = fw_put4(out, (uint32_t)n);
    if (n) memcpy(out, from, n);
    return out + n;
}

/* text[]: one dimension from 1 on, if any of it is null, the type of its items, the items. */
static inline uint8_t *fw_put_texts(uint8_t *out, const fw_source *texts, int64_t begin, int64_t end) {
    uint8_t *length = out;
    out = fw_put4(out + 4, begin < end);
    out = fw_put4(out, 0);
    out = fw_put4(out, FW_TEXT_OID);
    if (begin < end) {
        out = fw_put4(out, (uint32_t)(end - begin));
        out = fw_put4(out, 1);
    }
    for (int64_t i = begin; i < end; i++) {
        int64_t from = fw_begin(texts, i);
        out = fw_put_bytes(out, texts->values + from, (size_t)(fw_begin(texts, i + 1) - from));
    }
    fw_put4(length, (uint32_t)(out - length - 4));
    return out;
}

/* A row's value behind its length. */
static inline uint8_t *fw_put_value(uint8_t *out, const fw_source *s, int64_t row) {
    int32_t number;
    int64_t large;
    if (fw_is_null(s, row)) return fw_put4(out, UINT32_MAX);
    size_t at = (size_t)(row + s->shift);
    switch (s->kind) {
    case FW_BOOL:
        out = fw_put4(out, 1);
        *out++ = s->values[at >> 3] >> (at & 7) & 1;
        return out;
    case FW_INT4:
    case FW_DATE:
        memcpy(&number, s->values + 4 * at, 4);
        if (s->kind == FW_DATE) number -= FW_EPOCH_DAYS;
        return fw_put4(fw_put4(out, 4), (uint32_t)number);
    case FW_INT8:
    case FW_TIMESTAMPTZ:
        memcpy(&large, s->values + 8 * at, 8);
        if (s->kind == FW_TIMESTAMPTZ) large -= FW_EPOCH_US;
        return fw_put8(fw_put4(out, 8), (uint64_t)large);
    case FW_NUMERIC: return fw_put_numeric(out, s->values + 16 * at);
    case FW_TEXTS: return fw_put_texts(out, s->items, fw_begin(s, row), fw_begin(s, row + 1));
    default: {
        int64_t begin = fw_begin(s, row);
        size_t n = (size_t)(fw_begin(s, row + 1) - begin);
        if (s->kind != FW_JSONB) return fw_put_bytes(out, s->values + begin, n);
        out = fw_put4(out, (uint32_t)n + 1);
        *out++ = 1; /* the version of its form */
        memcpy(out, s->values + begin, n);
        return out + n;
    }
    }
}

/* The most bytes that the values of `rows` rows take. */
static inline size_t fw_most_bytes(const fw_source *s, int64_t rows) {
    if (rows == 0) return 0;
    if (s->kind == FW_NUMERIC) return (size_t)rows * (4 + 8 + 2 * 12);
    if (s->kind < FW_NUMERIC) return (size_t)rows * (4 + 8);
    int64_t begin = fw_begin(s, 0), end = fw_begin(s, rows);
    if (s->kind != FW_TEXTS) return (size_t)rows * (4 + 1) + (size_t)(end - begin);
    size_t items = (size_t)(end - begin), bytes = (size_t)(fw_begin(s->items, end) - fw_begin(s->items, begin));
    return (size_t)rows * (4 + 20) + 4 * items + bytes;
}

/* Rows as COPY takes them: how many values, then the values. Returns where they end. */
static inline uint8_t *fw_put_rows(uint8_t *out, const fw_source *columns, int count, int64_t rows) {
    for (int64_t row = 0; row < rows; row++) {
        out = fw_put2(out, (uint16_t)count);
        for (int i = 0; i < count; i++) out = fw_put_value(out, &columns[i], row);
    }
    return out;
}

/* The values of a column as an array of Postgres: see fw_put_texts. */
static inline uint8_t *fw_put_array(uint8_t *out, const fw_source *s, uint32_t oid, int64_t rows) {
    out = fw_put4(out, rows > 0);
    out = fw_put4(out, 1);
    out = fw_put4(out, oid);
    if (rows == 0) return out;
    out = fw_put4(out, (uint32_t)rows);
    out = fw_put4(out, 1);
    for (int64_t row = 0; row < rows; row++) out = fw_put_value(out, s, row);
    return out;
}

#endif
