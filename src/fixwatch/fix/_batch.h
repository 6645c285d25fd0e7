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
#include "_texts.h"

/* Texts that would not fit Arrow's 31-bit offsets are defects, which only the field-by-field path tells: it is
 * taken for all messages once a column comes near that. */
static inline int fw_texts_are_near_full(const fw_decoder *d) {
    for (unsigned column = 0; column < d->column_count; column++)
        if (d->columns[column].used + 3 * d->block.bytes > INT32_MAX) return 1;
    return 0;
}

/* Messages between the one in hand and the one whose memory is asked for. */
#define FW_AHEAD 32

static inline void fw_recognise_all(fw_instructions with, fw_decoder *d) {
    fw_block *b = &d->block;
    size_t most = d->max_bytes < FW_SCAN_BYTES ? d->max_bytes : FW_SCAN_BYTES;
    d->layouts.used_count = 0;
    if (fw_texts_are_near_full(d)) {
        memset(b->signature, 0, sizeof b->signature);
        b->plain_path = fw_all_rows(b);
        return;
    }
    fw_coming coming = {d->data + b->first + FW_AHEAD, d->length + b->first + FW_AHEAD, d->rows - b->first - FW_AHEAD};
    fw_recognise(with, &d->layouts, b, most, &coming);
}

/* Which rows have which columns, by their layouts. */
static inline int fw_gather_columns(fw_decoder *d) {
    for (unsigned i = 0; i < d->layouts.used_count; i++) {
        fw_layout *l = d->layouts.used[i];
        if (!l->rows) continue;
        for (uint32_t k = 0; k < l->column_count; k++) {
            if (fw_touch(&d->block, d->columns, l->columns[k], d->rows)) return FW_OUT_OF_MEMORY;
            d->block.present[l->columns[k]] |= l->rows;
        }
        l->rows = 0;
    }
    return 0;
}

static inline void fw_fill_fixed_columns(fw_instructions with, fw_decoder *d) {
    fw_block *b = &d->block;
    uint64_t failed = 0;
    for (unsigned i = 0; i < b->column_count; i++) {
        unsigned number = b->columns[i];
        fw_column *column = &d->columns[number];
        if (!fw_is_text(column->kind))
            failed |= fw_fill_fixed(with, column, b, fw_spans_of(b, number), b->present[number]);
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

static inline int fw_fill_text_columns(fw_instructions with, fw_decoder *d) {
    fw_block *b = &d->block;
    for (unsigned i = 0; i < b->column_count; i++) {
        unsigned number = b->columns[i];
        fw_column *column = &d->columns[number];
        if (!fw_is_text(column->kind)) continue;
        column->noted = 0;
        if (fw_fill_texts(with, column, b, number)) return FW_OUT_OF_MEMORY;
    }
    return 0;
}

/* Decode the `count` messages from `first` on. Returns as fw_decode_message; after the number of a version the
 * block is to be decoded again. */
static inline int fw_decode_block(fw_instructions with, fw_decoder *d, int64_t first, unsigned count) {
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
    fw_recognise_all(with, d);
    int outcome = fw_gather_columns(d);
    if (outcome) return outcome;
    fw_fill_fixed_columns(with, d);
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
    if (fw_fill_text_columns(with, d)) return FW_OUT_OF_MEMORY;
    for (uint64_t left = b->secret; left; left &= left - 1)
        d->secrets[d->secret_count++] = (int32_t)(first + fw_lowest(left));
    return 0;
}

/* Decode from row `*row` on; it is then the first that is not decoded. Returns as fw_decode_message. */
static inline int fw_decode_rows(fw_instructions with, fw_decoder *d, int64_t *row) {
    while (*row < d->rows) {
        unsigned count = d->rows - *row < FW_BLOCK ? (unsigned)(d->rows - *row) : FW_BLOCK;
        int outcome = fw_decode_block(with, d, *row, count);
        if (outcome) return outcome;
        *row += count;
    }
    return 0;
}

#endif
