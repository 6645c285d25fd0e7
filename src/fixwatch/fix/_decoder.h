/* What the messages of a batch share, and what stays from one batch to the next. */
#ifndef FIXWATCH_DECODER_H
#define FIXWATCH_DECODER_H

#include "_block.h"
#include "_checks.h"
#include "_frame.h"
#include "_layout.h"

/* defects.Verdict */
enum { FW_VALID = 0, FW_REJECTED = 1, FW_GARBLED = 2 };

/* Versions are numbered as in dictionary.VERSIONS. */
#define FW_VERSIONS 9
#define FW_VERSION_FIXT 8

/* Columns of tags below this are found in a table, those of larger tags one by one. */
#define FW_COLUMN_TAGS 43200

/* What decoding says, apart from 0 and the number of a version plus one. */
#define FW_OUT_OF_MEMORY (-1)

typedef struct {
    /* What is decoded with: */
    const fw_dictionary *dictionaries[FW_VERSIONS]; /* NULL: not loaded yet */
    int8_t version_of_appl_ver_id[256];             /* by the byte of ApplVerID(1128), -1: none of ours */
    uint8_t admin[256];                             /* MsgTypes of the session layer */
    int default_version; /* of FIXT.1.1 messages without ApplVerID(1128) */
    int lenient;
    int frame_only; /* no dictionary checks: groups are not told apart either */
    size_t max_bytes;
    unsigned column_count;
    int32_t *column_tags;              /* by column */
    int16_t column_of[FW_COLUMN_TAGS]; /* by tag, -1: no column */
    /* Of the batch: */
    int64_t rows;
    const uint8_t **data; /* by row */
    size_t *length;
    fw_column *columns;
    uint8_t *verdicts;
    int32_t *secrets; /* rows that have one */
    int64_t secret_count;
    fw_defects defects;
    /* Of the messages in hand: */
    fw_block block;
    fw_tokens tokens;
    fw_check check;
    fw_layouts layouts;
} fw_decoder;

/* The number of a tag's column, or -1. */
static inline int fw_column_of(const fw_decoder *d, int32_t tag) {
    if (tag <= 0) return -1;
    if (tag < FW_COLUMN_TAGS) return d->column_of[tag];
    for (unsigned i = 0; i < d->column_count; i++)
        if (d->column_tags[i] == tag) return (int)i;
    return -1;
}

/* Give a decoder that is all zero its columns, by tag and kind. Returns 0, or -1 when memory has run out;
 * fw_decoder_end is due in any case. */
static inline int fw_decoder_begin(fw_decoder *d, const int32_t *tags, const uint8_t *kinds, unsigned count) {
    fw_block *b = &d->block;
    d->check.seen = (uint64_t *)calloc((size_t)(FW_LEVELS + 1) * FW_SEEN_TAGS, sizeof(uint64_t));
    d->columns = (fw_column *)calloc(count + 1, sizeof(fw_column));
    d->column_tags = (int32_t *)calloc(count + 1, sizeof(int32_t));
    b->spans = (fw_span *)calloc(((size_t)count + 1) * FW_STRIDE, sizeof(fw_span));
    b->wide_spans = (fw_wide_span *)calloc(((size_t)count + 1) * FW_BLOCK, sizeof(fw_wide_span));
    b->present = (uint64_t *)calloc(count + 1, sizeof(uint64_t));
    b->touched = (uint8_t *)calloc(count + 1, 1);
    b->columns = (uint16_t *)calloc(count + 1, sizeof(uint16_t));
    if (!d->check.seen || !d->columns || !d->column_tags || !b->spans || !b->wide_spans || !b->present || !b->touched || !b->columns)
        return -1;
    d->column_count = count;
    memset(d->column_of, 0xFF, sizeof d->column_of);
    for (unsigned i = 0; i < count; i++) {
        d->columns[i].kind = kinds[i];
        d->column_tags[i] = tags[i];
        if (tags[i] < FW_COLUMN_TAGS) d->column_of[tags[i]] = (int16_t)i;
    }
    fw_layouts_begin(&d->layouts);
    return 0;
}

/* Make memory for a batch's messages and what is said of them. Returns 0, or -1 when memory has run out. */
static inline int fw_batch_begin(fw_decoder *d, int64_t rows) {
    size_t places = (size_t)rows + 1;
    d->rows = rows;
    d->data = (const uint8_t **)fw_take(places * sizeof *d->data);
    d->length = (size_t *)fw_take(places * sizeof *d->length);
    d->verdicts = (uint8_t *)fw_take(places);
    d->secrets = (int32_t *)fw_take(places * sizeof *d->secrets);
    return d->data && d->length && d->verdicts && d->secrets ? 0 : -1;
}

/* Let go of a batch. */
static inline void fw_batch_end(fw_decoder *d) {
    fw_give(d->data);
    fw_give(d->length);
    fw_give(d->verdicts);
    fw_give(d->secrets);
    d->data = NULL;
    d->length = NULL;
    d->verdicts = NULL;
    d->secrets = NULL;
    d->rows = d->secret_count = 0;
    d->defects.count = 0;
    for (unsigned i = 0; i < d->column_count; i++) fw_column_free(&d->columns[i]);
}

static inline void fw_decoder_end(fw_decoder *d) {
    fw_batch_end(d);
    fw_layouts_free(&d->layouts);
    free(d->columns);
    free(d->column_tags);
    free(d->block.spans);
    free(d->block.wide_spans);
    free(d->block.present);
    free(d->block.touched);
    free(d->block.columns);
    free(d->check.seen);
    free(d->tokens.fields);
    free(d->defects.row);
    free(d->defects.reason);
    free(d->defects.ref_tag);
}

#endif
