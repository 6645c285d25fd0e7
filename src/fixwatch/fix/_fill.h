/* A column's values of a block, in one loop a kind.
 *
 * The loops of fixed width return the rows whose value is not of the kind or does not fit: those messages are then
 * read field by field, where defects are named.
 */
#ifndef FIXWATCH_FILL_H
#define FIXWATCH_FILL_H

#include "_block.h"
#include "_digits.h"

/* A block of messages of some hundred bytes has as many; the texts of a column then need not be measured. */
#define FW_ROOM_BYTES 32768

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

/* Zero `bytes`, a multiple of 64 or 8, in steps of known size, which are plain stores. */
static inline void fw_clear(uint8_t *out, size_t bytes) {
    for (; bytes >= 64; bytes -= 64, out += 64) memset(out, 0, 64);
    for (; bytes; bytes -= 8, out += 8) memset(out, 0, 8);
}

/* Fill a column of fixed width, and the bitmap, with the rows of `bits`; the other rows of the block are zero. */
static inline uint64_t fw_fill_fixed(fw_column *c, const fw_block *b, const fw_span *spans, uint64_t bits) {
    uint8_t *out = c->values + fw_values_bytes(c->kind, b->first);
    uint64_t failed;
    if (bits != ~(uint64_t)0) fw_clear(out, fw_values_bytes(c->kind, FW_BLOCK));
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

/* Up to 16 bytes are copied in one or two steps of eight, which take along what is behind a shorter text: the next
 * one writes over it, and its message has as much, for the trailer is behind every value. */
static inline void fw_copy(uint8_t *to, const uint8_t *from, uint32_t n) {
    uint64_t head = fw_load8(from), tail;
    if (n > 16) {
        memcpy(to, from, n);
        return;
    }
    memcpy(to, &head, 8);
    if (n <= 8) return;
    tail = fw_load8(from + n - 8);
    memcpy(to + n - 8, &tail, 8);
}

/* The texts of a block's rows with a layout, plain ASCII: nearly always all. Appends them at `out` + `used` and
 * returns where they end. */
static uint32_t fw_fill_plain(uint8_t *out, uint32_t used, int32_t *offsets, const fw_block *b, const fw_span *spans,
                              uint64_t bits) {
    unsigned row = 0, count = b->count;
    if (bits == fw_all_rows(b)) {
        for (; row < count; row++) {
            uint32_t n = (uint32_t)(spans[row].end - spans[row].start);
            fw_copy(out + used, b->data[row] + spans[row].start, n);
            offsets[row] = (int32_t)(used += n);
        }
    } else if (__builtin_popcountll(bits) < FW_BLOCK / 8) {
        for (; bits; bits &= bits - 1) {
            unsigned next = fw_lowest(bits);
            for (; row < next; row++) offsets[row] = (int32_t)used;
            uint32_t n = (uint32_t)(spans[row].end - spans[row].start);
            fw_copy(out + used, b->data[row] + spans[row].start, n);
            offsets[row++] = (int32_t)(used += n);
        }
        for (; row < count; row++) offsets[row] = (int32_t)used;
    } else {
        /* No branch on which rows have a text, which nobody could foretell: one that has none takes no bytes of the
         * message's beginning. */
        for (; row < count; row++) {
            uint32_t has = 0 - (uint32_t)(bits >> row & 1), start = spans[row].start & has;
            uint32_t n = (spans[row].end & has) - start;
            fw_copy(out + used, b->readable[row] + start, n);
            offsets[row] = (int32_t)(used += n);
        }
    }
    return used;
}

/* Texts of any bytes, anywhere in their messages. */
static uint32_t fw_fill_careful(uint8_t *out, uint32_t used, int32_t *offsets, const fw_block *b, unsigned number,
                                uint64_t bits) {
    const fw_span *spans = fw_spans_of(b, number);
    const fw_wide_span *wide = fw_wide_spans_of(b, number);
    for (unsigned row = 0; row < b->count; row++) {
        if (bits >> row & 1) {
            int by_field = b->plain_path >> row & 1;
            uint32_t start = by_field ? wide[row].start : spans[row].start;
            uint32_t n = (by_field ? wide[row].end : spans[row].end) - start;
            const uint8_t *from = b->data[row] + start;
            if (!(b->careful >> row & 1)) fw_copy(out + used, from, n);
            else if (fw_plain(from, n)) memcpy(out + used, from, n);
            else n = (uint32_t)fw_text(from, n, out + used);
            used += n;
        }
        offsets[row] = (int32_t)used;
    }
    return used;
}

/* Append the texts of the block to column `number`. Each has at most FW_MAX_ID_BYTES where that is a limit, and all
 * have room in 31 bits. Returns 0, or -1 when memory has run out. */
static int fw_fill_texts(fw_column *c, const fw_block *b, unsigned number) {
    uint64_t bits = b->present[number], careful = b->careful & bits;
    int32_t *offsets = c->offsets + b->first + 1;
    size_t most = b->bytes;
    if (most > FW_ROOM_BYTES) { /* too much to have room for what is not text, too */
        most = 0;
        for (uint64_t left = bits; left; left &= left - 1) {
            unsigned row = fw_lowest(left);
            const fw_wide_span *wide = fw_wide_spans_of(b, number) + row;
            const fw_span *span = fw_spans_of(b, number) + row;
            most += b->plain_path >> row & 1 ? wide->end - wide->start : (uint32_t)(span->end - span->start);
        }
    }
    if (fw_column_room(c, careful ? 3 * most : most)) return -1;
    c->used = careful ? fw_fill_careful(c->values, (uint32_t)c->used, offsets, b, number, bits)
                      : fw_fill_plain(c->values, (uint32_t)c->used, offsets, b, fw_spans_of(b, number), bits);
    c->filled = b->first + b->count;
    c->validity[b->first / FW_BLOCK] = bits;
    return 0;
}

#endif
