/* A batch as the extension makes one, for targets that know no Python: decoder, messages, rows.
 *
 * Every message is copied to memory of exactly its length, so that AddressSanitizer sees a read of one byte more.
 */
#ifndef FIXWATCH_FUZZ_BATCH_H
#define FIXWATCH_FUZZ_BATCH_H

#include <stdio.h>

#include "_message.h"

typedef struct {
    fw_dictionary dictionary;
    const uint64_t *message_keys;
    const uint32_t *message_contexts;
    size_t messages;
    size_t long_values;
} given_tables;

#include "tables.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MAX_MESSAGES 16

/* An input is a byte of options, then messages with line ends between them. A printable letter from '@' on says
 * the same as its low bits, so that seeds can be read. */
enum {
    LENIENT = 1,
    TOLERANT = 2,
    FRAME_ONLY = 4,
    SHORT_LIMIT = 8, /* messages of more than 96 bytes are too long */
    APPL_VERSION_42 = 16
};

typedef struct {
    const uint8_t *data[MAX_MESSAGES];
    size_t length[MAX_MESSAGES];
    int64_t rows;
    uint8_t options;
} batch;

static fw_dictionary dictionaries[COUNT(given_versions)];

static uint32_t hash_size(size_t entries) {
    uint32_t size = 16;
    while (size < 2 * entries + 1) size *= 2;
    return size;
}

static void *zeroed(size_t count, size_t width) {
    void *memory = calloc(count + 1, width);
    if (!memory) abort();
    return memory;
}

static void load_dictionaries(void) {
    for (size_t v = 0; v < COUNT(given_versions); v++) {
        const given_tables *given = &given_versions[v];
        fw_dictionary *d = &dictionaries[v];
        *d = given->dictionary;
        uint32_t size = hash_size(given->long_values);
        d->enum_slots = (uint32_t *)zeroed(size, sizeof(uint32_t));
        d->enum_mask = size - 1;
        uint32_t offset = 0;
        for (size_t i = 0; i < given->long_values; i++) {
            const uint8_t *entry = d->enum_bytes + offset;
            uint32_t set = (uint32_t)(entry[0] | entry[1] << 8), length = (uint32_t)(entry[2] | entry[3] << 8);
            d->enum_slots[fw_enum_slot(d, set, entry + 4, length)] = offset + 1;
            offset += 4 + length;
        }
        size = hash_size(given->messages);
        d->message_keys = (uint64_t *)zeroed(size, sizeof(uint64_t));
        d->message_contexts = (uint32_t *)zeroed(size, sizeof(uint32_t));
        d->message_mask = size - 1;
        for (size_t i = 0; i < given->messages; i++) {
            uint32_t slot = fw_message_slot(d, given->message_keys[i]);
            d->message_keys[slot] = given->message_keys[i];
            d->message_contexts[slot] = given->message_contexts[i];
        }
    }
}

static fw_decoder *new_decoder(int64_t rows) {
    fw_decoder *d = (fw_decoder *)zeroed(1, sizeof(fw_decoder));
    for (size_t i = 0; i < FW_COLUMN_TAGS; i++) d->column_of[i] = -1;
    for (size_t i = 0; i < COUNT(given_column_tags); i++) d->column_of[given_column_tags[i]] = (int16_t)i;
    for (size_t i = 0; i < 256; i++) d->version_of_appl_ver_id[i] = -1;
    for (size_t i = 0; i < COUNT(given_appl_ver_ids); i++)
        d->version_of_appl_ver_id[given_appl_ver_ids[i]] = (int8_t)given_appl_versions[i];
    for (size_t i = 0; i < COUNT(given_admin_msg_types); i++) d->admin[given_admin_msg_types[i]] = 1;
    for (size_t i = 0; i < COUNT(given_data_tags); i++) {
        d->tokens.role[given_length_tags[i]] = (uint8_t)(i + 1);
        d->tokens.role[given_data_tags[i]] = (uint8_t)((i + 1) | 0x80);
    }
    for (size_t v = 0; v < COUNT(given_versions); v++) d->dictionaries[v] = &dictionaries[v];
    d->verdicts = (uint8_t *)zeroed((size_t)rows, 1);
    d->secrets = (int32_t *)zeroed((size_t)rows, sizeof(int32_t));
    d->check.seen = (uint64_t *)zeroed((FW_LEVELS + 1) * FW_SEEN_TAGS, sizeof(uint64_t));
    d->columns = (fw_column *)zeroed(COUNT(given_column_tags), sizeof(fw_column));
    return d;
}

/* A decoder as it is before a batch of `rows` messages. Made once for each number of rows, so that memory of rows
 * ends where the extension's ends, and wiped afterwards: making the tables takes longer than decoding a batch. */
static fw_decoder *begin(fw_decoder **made, uint8_t options, int64_t rows) {
    static fw_decoder *fresh;
    if (!fresh) fresh = new_decoder(1);
    if (!*made) {
        *made = new_decoder(rows);
        for (size_t i = 0; i < COUNT(given_column_tags); i++)
            if (fw_column_begin(&(*made)->columns[i], given_column_kinds[i], rows)) abort();
    }
    fw_decoder *d = *made, before = *d;
    *d = *fresh;
    d->verdicts = before.verdicts;
    d->secrets = before.secrets;
    d->columns = before.columns;
    d->check.seen = before.check.seen;
    d->check.serial = before.check.serial; /* what makes the entries of `seen` old */
    free(before.tokens.fields);
    free(before.defects.row);
    free(before.defects.reason);
    free(before.defects.ref_tag);
    d->lenient = (options & LENIENT) != 0;
    d->check.tolerant = (options & TOLERANT) != 0;
    d->frame_only = (options & FRAME_ONLY) != 0;
    d->max_bytes = options & SHORT_LIMIT ? 96 : 1 << 20;
    d->default_version = options & APPL_VERSION_42 ? 2 : FW_VERSION_FIXT - 1;
    for (size_t i = 0; i < COUNT(given_column_tags); i++) {
        fw_column *column = &d->columns[i];
        memset(column->validity, 0, fw_bitmap_bytes(rows));
        column->seen = column->filled = 0;
        if (column->offsets) {
            free(column->values);
            column->values = NULL;
            column->used = column->capacity = 0;
        } else {
            memset(column->values, 0,
                   column->kind == FW_BOOLEAN ? fw_bitmap_bytes(rows) : (size_t)rows * fw_width(column->kind));
        }
    }
    return d;
}

static void batch_add(batch *b, const uint8_t *p, size_t n) {
    uint8_t *copy = (uint8_t *)malloc(n); /* of 0 bytes, too: a pointer that must not be read */
    if (n && !copy) abort();
    if (n) memcpy(copy, p, n);
    b->data[b->rows] = copy;
    b->length[b->rows++] = n;
}

static void batch_read(batch *b, const uint8_t *input, size_t size) {
    b->rows = 0;
    b->options = size ? input[0] : 0;
    size_t at = 1;
    while (at < size && b->rows < MAX_MESSAGES) {
        const uint8_t *end = b->rows == MAX_MESSAGES - 1 ? NULL : memchr(input + at, '\n', size - at);
        size_t stop = end ? (size_t)(end - input) : size;
        batch_add(b, input + at, stop - at);
        at = stop + 1;
    }
}

static void batch_free(batch *b) {
    for (int64_t i = 0; i < b->rows; i++) free((void *)b->data[i]);
}

/* Decode message `from` of the batch into `row`. */
static void decode_row(fw_decoder *d, const batch *b, int64_t from, int64_t row) {
    if (fw_decode_message(d, (int32_t)row, b->data[from], b->length[from]) != 0) {
        fprintf(stderr, "every version is loaded and memory has not run out, but that is what was said\n");
        abort();
    }
}

static void end_columns(fw_decoder *d, int64_t rows) {
    for (size_t i = 0; i < COUNT(given_column_tags); i++)
        if (d->columns[i].offsets) fw_column_fill(&d->columns[i], rows);
}

#endif
