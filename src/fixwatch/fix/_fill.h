/* A column's values of a block, in one loop a kind.
 *
 * The loops of fixed width return the rows whose value is not of the kind or does not fit: those messages are then
 * read field by field, where defects are named.
 */
#ifndef FIXWATCH_FILL_H
#define FIXWATCH_FILL_H

#include "_block.h"
#include "_digits.h"

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

/* Fill a column of fixed width, and the bitmap, with the rows of `bits`; the other rows of the block are zero. */
static inline uint64_t fw_fill_fixed(fw_column *c, const fw_block *b, const fw_span *spans, uint64_t bits) {
    uint8_t *out = c->values + fw_values_bytes(c->kind, b->first);
    uint64_t failed;
    if (bits != ~(uint64_t)0) memset(out, 0, fw_values_bytes(c->kind, FW_BLOCK));
    switch (c->kind) {
    case FW_INT: failed = fw_fill_ints((int64_t *)out, b, spans, bits); break;
    case FW_DECIMAL: failed = fw_fill_decimals(out, b, spans, bits); break;
    case FW_TIMESTAMP: failed = fw_fill_timestamps((int64_t *)out, b, spans, bits); break;
    case FW_DATE: failed = fw_fill_dates((int32_t *)out, b, spans, bits); break;
    default: failed = fw_fill_booleans((uint64_t *)out, b, spans, bits);
    }
    for (uint64_t left = c->kind == FW_BOOLEAN ? 0 : failed; left; left &= left - 1)
        memset(out + fw_lowest(left) * (fw_bits(c->kind) / 8), 0, fw_bits(c->kind) / 8);
    c->validity[b->first / FW_BLOCK] = bits & ~failed;
    c->filled = b->first + FW_BLOCK;
    return failed;
}

/* 1 to 16 bytes in two steps of eight that overlap; a text of fewer than eight takes what is behind it along. */
static inline void fw_copy_short(uint8_t *to, const uint8_t *from, uint32_t n) {
    uint32_t second = n > 8 ? n - 8 : 0;
    uint64_t head = fw_load8(from), tail = fw_load8(from + second);
    memcpy(to, &head, 8);
    memcpy(to + second, &tail, 8);
}

/* Append the texts of the rows of `bits`. Each has at most FW_MAX_ID_BYTES where that is a limit. Returns 0, or -1
 * when memory has run out. */
static int fw_fill_texts(fw_column *c, const fw_block *b, const fw_span *spans, uint64_t bits) {
    uint32_t length[FW_BLOCK], longest = 0;
    uint64_t total = 0;
    for (unsigned row = 0; row < b->count; row++) {
        length[row] = (spans[row].end - spans[row].start) & (0 - (uint32_t)(bits >> row & 1));
        longest |= length[row];
        total += length[row];
    }
    uint64_t careful = b->careful & bits;
    if (fw_column_room(c, careful ? 3 * total : total)) return -1;
    int32_t *offsets = c->offsets + b->first + 1;
    uint8_t *to = c->values + c->used;
    const uint8_t *begin = c->values;
    if (longest < 16 && !careful) {
        /* A row without a text copies 8 bytes of anything; the next text writes over them. */
        static const uint8_t nothing[8];
        for (unsigned row = 0; row < b->count; row++) {
            const uint8_t *from = bits >> row & 1 ? b->data[row] + spans[row].start : nothing;
            fw_copy_short(to, from, length[row]);
            to += length[row];
            offsets[row] = (int32_t)(to - begin);
        }
    } else {
        for (unsigned row = 0; row < b->count; row++) {
            const uint8_t *from = b->data[row] + spans[row].start;
            uint32_t n = length[row];
            if (careful >> row & 1 && !fw_plain(from, n)) to += fw_text(from, n, to);
            else if (n) to = (uint8_t *)memcpy(to, from, n) + n;
            offsets[row] = (int32_t)(to - begin);
        }
    }
    c->used = (size_t)(to - begin);
    c->filled = b->first + b->count;
    c->validity[b->first / FW_BLOCK] = bits;
    return 0;
}

#endif
