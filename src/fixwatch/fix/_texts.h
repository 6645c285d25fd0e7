/* The texts of a block, a column at a time, in the order of the rows. */
#ifndef FIXWATCH_TEXTS_H
#define FIXWATCH_TEXTS_H

#include "_block.h"
#include "_structural.h"

/* A block of messages of some hundred bytes has as many; the texts of a column then need not be measured. */
#define FW_ROOM_BYTES 32768

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

#include "_texts_x86.h"

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
static inline int fw_fill_texts(fw_instructions with, fw_column *c, const fw_block *b, unsigned number) {
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
    uint32_t used = (uint32_t)c->used;
    const fw_span *spans = fw_spans_of(b, number);
    if (careful) c->used = fw_fill_careful(c->values, used, offsets, b, number, bits);
#ifdef FW_HAS_X86
    else if (with == FW_AVX512) c->used = fw_fill_plain_avx512(c->values, used, offsets, b, spans, bits);
#endif
    else c->used = fw_fill_plain(c->values, used, offsets, b, spans, bits);
    c->filled = b->first + b->count;
    c->validity[b->first / FW_BLOCK] = bits;
    return 0;
}

#endif
