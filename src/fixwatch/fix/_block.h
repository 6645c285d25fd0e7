/* The messages in hand, FW_BLOCK at a time, and where the values of their columns are.
 *
 * Values are found message by message and converted column by column: a column's loop then has one kind of value,
 * and what it writes to stays in registers. A block's messages and places fit the first two levels of cache.
 */
#ifndef FIXWATCH_BLOCK_H
#define FIXWATCH_BLOCK_H

#include "_columns.h"
#include "_words.h"

/* Where a value begins and ends in its message: of a message with a layout, which is short, and of any message. */
typedef struct {
    uint16_t start, end;
} fw_span;

typedef struct {
    uint32_t start, end;
} fw_wide_span;

/* Places of a column. A little more than a block: at a power of two, all columns of a row would share a few sets
 * of the cache. */
#define FW_STRIDE (FW_BLOCK + 16)

typedef struct {
    int64_t first; /* row of the batch, a multiple of FW_BLOCK */
    unsigned count;
    const uint8_t *data[FW_BLOCK];
    const uint8_t *readable[FW_BLOCK]; /* the same, or where a message has no 8 bytes, other 8 bytes */
    size_t length[FW_BLOCK];
    size_t bytes; /* of all its messages */
    uint64_t signature[FW_BLOCK]; /* of the layout; 0: it cannot have one */
    /* Rows, a bit each: */
    uint64_t plain_path; /* to be read field by field */
    uint64_t careful;    /* texts may be anything, and anywhere in the message */
    uint64_t secret;
    /* By column: */
    fw_span *spans;           /* FW_STRIDE each, and as many to write what has no column to */
    fw_wide_span *wide_spans; /* FW_BLOCK each: of the texts of rows that are read field by field */
    uint64_t *present;        /* rows that have a span */
    uint8_t *touched;  /* the column is in `columns` */
    uint16_t *columns;
    unsigned column_count;
} fw_block;

static inline fw_span *fw_spans_of(const fw_block *b, unsigned column) {
    return b->spans + (size_t)column * FW_STRIDE;
}

static inline fw_wide_span *fw_wide_spans_of(const fw_block *b, unsigned column) {
    return b->wide_spans + (size_t)column * FW_BLOCK;
}

static inline uint64_t fw_all_rows(const fw_block *b) {
    return b->count == FW_BLOCK ? ~(uint64_t)0 : ((uint64_t)1 << b->count) - 1;
}

/* Say that a column has values in this block. Returns 0, or -1 when memory has run out. */
static inline int fw_touch(fw_block *b, fw_column *columns, unsigned column, int64_t rows) {
    if (b->touched[column]) return 0;
    if (!columns[column].validity && fw_column_open(&columns[column], rows)) return -1;
    fw_column_reach(&columns[column], b->first);
    b->touched[column] = 1;
    b->columns[b->column_count++] = (uint16_t)column;
    return 0;
}

/* Begin with the rows at `first`. */
static inline void fw_block_begin(fw_block *b, int64_t first, unsigned count) {
    for (unsigned i = 0; i < b->column_count; i++) {
        b->touched[b->columns[i]] = 0;
        b->present[b->columns[i]] = 0;
    }
    b->column_count = 0;
    b->first = first;
    b->count = count;
    b->bytes = 0;
    b->plain_path = b->careful = b->secret = 0;
}

#endif
