/* A batch, block by block:
 *
 *   1. Every message is held against the layouts that are known. One that is valid and has one of them tells where
 *      its columns' values are.
 *   2. The columns of fixed width are filled with those values, a column at a time.
 *   3. All other messages are read field by field, and those in whose values step 2 found something wrong.
 *   4. The texts are filled, in the order of the rows.
 */
#ifndef FIXWATCH_BATCH_H
#define FIXWATCH_BATCH_H

#include "_fill.h"
#include "_message.h"

/* Texts that would not fit Arrow's 31-bit offsets are defects, which only the field-by-field path tells: it is
 * taken for all messages once a column comes near that. */
static inline int fw_texts_are_near_full(const fw_decoder *d) {
    for (unsigned column = 0; column < d->column_count; column++)
        if (d->columns[column].used + 3 * d->block.bytes > INT32_MAX) return 1;
    return 0;
}

/* Messages between the one in hand and the one whose memory is asked for, and the most bytes that are. */
#define FW_AHEAD 8
#define FW_AHEAD_BYTES 512

static inline void fw_ask_for(const fw_decoder *d, int64_t row) {
    if (row >= d->rows) return;
    size_t n = d->length[row] < FW_AHEAD_BYTES ? d->length[row] : FW_AHEAD_BYTES;
    for (size_t at = 0; at < n; at += 64) fw_prefetch(d->data[row] + at);
}

static inline void fw_recognise_all(fw_decoder *d, fw_scanner scan) {
    fw_block *b = &d->block;
    d->layouts.used_count = 0;
    if (fw_texts_are_near_full(d)) {
        memset(b->signature, 0, sizeof b->signature);
        b->plain_path = fw_all_rows(b);
        return;
    }
    for (unsigned row = 0; row < b->count; row++) {
        size_t n = b->length[row];
        fw_ask_for(d, b->first + row + FW_AHEAD);
        b->signature[row] = 0;
        if (n > d->max_bytes || !fw_recognise(&d->layouts, b, row, b->data[row], n, scan))
            b->plain_path |= (uint64_t)1 << row;
    }
}

/* Which rows have which columns, by their layouts. */
static inline int fw_gather_columns(fw_decoder *d) {
    for (unsigned i = 0; i < d->layouts.used_count; i++) {
        fw_layout *l = d->layouts.used[i];
        for (uint32_t k = 0; k < l->column_count; k++) {
            if (fw_touch(&d->block, d->columns, l->columns[k], d->rows)) return FW_OUT_OF_MEMORY;
            d->block.present[l->columns[k]] |= l->rows;
        }
        l->rows = 0;
    }
    return 0;
}

static inline void fw_fill_fixed_columns(fw_decoder *d) {
    fw_block *b = &d->block;
    uint64_t failed = 0;
    for (unsigned i = 0; i < b->column_count; i++) {
        unsigned number = b->columns[i];
        fw_column *column = &d->columns[number];
        if (!fw_is_text(column->kind))
            failed |= fw_fill_fixed(column, b, fw_spans_of(b, number), b->present[number]);
    }
    if (!failed) return;
    b->plain_path |= failed;
    b->secret &= ~failed;
    for (unsigned i = 0; i < b->column_count; i++) {
        fw_column *column = &d->columns[b->columns[i]];
        b->present[b->columns[i]] &= ~failed;
        if (!fw_is_text(column->kind)) column->validity[b->first / FW_BLOCK] &= ~failed;
    }
}

static inline int fw_read_the_others(fw_decoder *d) {
    fw_block *b = &d->block;
    b->careful |= b->plain_path;
    for (uint64_t left = b->plain_path; left; left &= left - 1) {
        unsigned row = fw_lowest(left);
        int outcome = fw_decode_message(d, (int32_t)(b->first + row), b->data[row], b->length[row]);
        if (outcome) return outcome;
    }
    return 0;
}

static inline int fw_fill_text_columns(fw_decoder *d) {
    fw_block *b = &d->block;
    for (unsigned i = 0; i < b->column_count; i++) {
        unsigned number = b->columns[i];
        fw_column *column = &d->columns[number];
        if (!fw_is_text(column->kind)) continue;
        column->noted = 0;
        if (fw_fill_texts(column, b, number)) return FW_OUT_OF_MEMORY;
    }
    return 0;
}

/* Decode the `count` messages from `first` on. Returns as fw_decode_message; after the number of a version the
 * block is to be decoded again. */
static inline int fw_decode_block(fw_decoder *d, int64_t first, unsigned count, fw_scanner scan) {
    fw_block *b = &d->block;
    size_t defects = d->defects.count;
    fw_block_begin(b, first, count);
    for (unsigned row = 0; row < count; row++) {
        static const uint8_t nothing[8];
        b->data[row] = d->data[first + row];
        b->readable[row] = d->length[first + row] < sizeof nothing ? nothing : b->data[row];
        b->length[row] = d->length[first + row];
        b->bytes += b->length[row];
    }
    memset(d->verdicts + first, FW_VALID, count);
    fw_recognise_all(d, scan);
    int outcome = fw_gather_columns(d);
    if (outcome) return outcome;
    fw_fill_fixed_columns(d);
    outcome = fw_read_the_others(d);
    if (outcome) {
        d->defects.count = defects;
        for (unsigned i = 0; i < b->column_count; i++) {
            fw_column *column = &d->columns[b->columns[i]];
            column->validity[first / FW_BLOCK] = 0;
            column->noted = 0;
            column->seen = 0;
        }
        return outcome;
    }
    if (fw_fill_text_columns(d)) return FW_OUT_OF_MEMORY;
    for (uint64_t left = b->secret; left; left &= left - 1)
        d->secrets[d->secret_count++] = (int32_t)(first + fw_lowest(left));
    return 0;
}

/* Decode from row `*row` on; it is then the first that is not decoded. Returns as fw_decode_message. */
static inline int fw_decode_rows(fw_decoder *d, int64_t *row, fw_scanner scan) {
    while (*row < d->rows) {
        unsigned count = d->rows - *row < FW_BLOCK ? (unsigned)(d->rows - *row) : FW_BLOCK;
        int outcome = fw_decode_block(d, *row, count, scan);
        if (outcome) return outcome;
        *row += count;
    }
    return 0;
}

#endif
