/* A column's values of a block, in one loop a kind; those of texts are in `_texts.h`.
 *
 * The loops return the rows whose value is not of the kind or does not fit: those messages are then
 * read field by field, where defects are named.
 */
#ifndef FIXWATCH_FILL_H
#define FIXWATCH_FILL_H

#include "_block.h"
#include "_digits.h"
#include "_structural.h"

static uint64_t fw_fill_ints(int64_t *out, const fw_block *b, const fw_span *spans, uint64_t bits) {
    uint64_t failed = 0;
    for (uint64_t left = bits; left; left &= left - 1) {
        unsigned row = fw_lowest(left);
        const uint8_t *p = b->data[row];
        uint32_t start = spans[row].start, end = spans[row].end;
        uint64_t number;
        if (fw_quick_int(p + end, end - start, &number)) out[row] = (int64_t)number;
        else if (fw_int(p + start, end - start, &out[row]) != FW_OK) failed |= (uint64_t)1 << row;
    }
    return failed;
}

static uint64_t fw_fill_decimals(uint8_t *out, const fw_block *b, const fw_span *spans, uint64_t bits) {
    uint64_t failed = 0;
    for (uint64_t left = bits; left; left &= left - 1) {
        unsigned row = fw_lowest(left);
        const uint8_t *p = b->data[row];
        uint32_t start = spans[row].start, end = spans[row].end;
        fw_int128 decimal = 0;
        if (!fw_quick_decimal(p + end, end - start, &decimal) &&
            fw_decimal(p + start, end - start, &decimal) != FW_OK)
            failed |= (uint64_t)1 << row;
        memcpy(out + 16 * row, &decimal, 16);
    }
    return failed;
}

static uint64_t fw_fill_timestamps(int64_t *out, const fw_block *b, const fw_span *spans, uint64_t bits) {
    uint64_t failed = 0;
    fw_day day = FW_FIRST_DAY;
    for (uint64_t left = bits; left; left &= left - 1) {
        unsigned row = fw_lowest(left);
        const uint8_t *p = b->data[row];
        uint32_t start = spans[row].start, end = spans[row].end;
        if (!fw_quick_timestamp(p + end, end - start, &day, &out[row]) &&
            fw_timestamp(p + start, end - start, &out[row]) != FW_OK)
            failed |= (uint64_t)1 << row;
    }
    return failed;
}

static uint64_t fw_fill_dates(int32_t *out, const fw_block *b, const fw_span *spans, uint64_t bits) {
    uint64_t failed = 0;
    fw_day day = FW_FIRST_DAY;
    for (uint64_t left = bits; left; left &= left - 1) {
        unsigned row = fw_lowest(left);
        const uint8_t *p = b->data[row];
        uint32_t start = spans[row].start;
        if (spans[row].end - start == 8 && fw_quick_date(p + start, &day)) out[row] = day.days;
        else failed |= (uint64_t)1 << row;
    }
    return failed;
}

static uint64_t fw_fill_booleans(uint64_t *out, const fw_block *b, const fw_span *spans, uint64_t bits) {
    uint64_t failed = 0, values = 0;
    for (uint64_t left = bits; left; left &= left - 1) {
        unsigned row = fw_lowest(left);
        int boolean = 0;
        if (fw_boolean(b->data[row] + spans[row].start, spans[row].end - spans[row].start, &boolean) != FW_OK)
            failed |= (uint64_t)1 << row;
        values |= (uint64_t)boolean << row;
    }
    *out = values;
    return failed;
}

__attribute__((noinline)) static uint64_t fw_fill_rare_times(int kind, int64_t *out, const fw_block *b, const fw_span *spans, uint64_t bits) {
    uint64_t failed = 0;
    for (uint64_t left = bits; left; left &= left - 1) {
        unsigned row = fw_lowest(left);
        const uint8_t *value = b->data[row] + spans[row].start;
        if (fw_rare_time(kind, value, spans[row].end - spans[row].start, &out[row]) != FW_OK)
            failed |= (uint64_t)1 << row;
    }
    return failed;
}

#include "_fill_x86.h"

/* Zero `bytes`, a multiple of 64 or 8, in steps of known size, which are plain stores. */
static inline void fw_clear(uint8_t *out, size_t bytes) {
    for (; bytes >= 64; bytes -= 64, out += 64) memset(out, 0, 64);
    for (; bytes; bytes -= 8, out += 8) memset(out, 0, 8);
}

/* A column's values of the rows of `bits`, at `out`; of the other rows of the block, zeros. */
static inline uint64_t fw_fill_values(fw_instructions with, int kind, uint8_t *out, const fw_block *b,
                                      const fw_span *spans, uint64_t bits) {
#ifdef FW_HAS_X86
    if (with == FW_AVX512 && kind == FW_INT) return fw_fill_ints_avx512(out, b, spans, bits);
    if (with == FW_AVX512 && kind == FW_DECIMAL) return fw_fill_decimals_avx512(out, b, spans, bits);
    if (with == FW_AVX512 && kind == FW_TIMESTAMP) return fw_fill_timestamps_avx512(out, b, spans, bits);
#endif
    if (bits != ~(uint64_t)0) fw_clear(out, fw_values_bytes(kind, FW_BLOCK));
    switch (kind) {
    case FW_INT: return fw_fill_ints((int64_t *)out, b, spans, bits);
    case FW_DECIMAL: return fw_fill_decimals(out, b, spans, bits);
    case FW_TIMESTAMP: return fw_fill_timestamps((int64_t *)out, b, spans, bits);
    case FW_DATE: return fw_fill_dates((int32_t *)out, b, spans, bits);
    case FW_BOOLEAN: return fw_fill_booleans((uint64_t *)out, b, spans, bits);
    default: return fw_fill_rare_times(kind, (int64_t *)out, b, spans, bits);
    }
}

/* Fill a column of fixed width, and the bitmap, with the rows of `bits`; the other rows of the block are zero. */
static inline uint64_t fw_fill_fixed(fw_instructions with, fw_column *c, const fw_block *b, const fw_span *spans,
                                     uint64_t bits) {
    uint8_t *out = c->values + fw_values_bytes(c->kind, b->first);
    uint64_t failed = fw_fill_values(with, c->kind, out, b, spans, bits);
    for (uint64_t left = c->kind == FW_BOOLEAN ? 0 : failed; left; left &= left - 1)
        memset(out + fw_lowest(left) * (fw_bits(c->kind) / 8), 0, fw_bits(c->kind) / 8);
    c->validity[b->first / FW_BLOCK] = bits & ~failed;
    c->filled = b->first + FW_BLOCK;
    return failed;
}

#endif
