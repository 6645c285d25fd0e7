/* A batch as the extension makes one, for targets that know no Python: decoder, messages, rows.
 *
 * Every message is copied to memory of exactly its length, so that AddressSanitizer sees a read of one byte more.
 */
#ifndef FIXWATCH_FUZZ_BATCH_H
#define FIXWATCH_FUZZ_BATCH_H

#include <stdio.h>

#include "_forms.h"

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
    APPL_VERSION_42 = 16,
    FRAMED_ANEW = 32 /* BodyLength(9) and CheckSum(10) are made true: what is behind them is reached */
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

/* A decoder that has seen nothing. */
static fw_decoder *new_decoder(uint8_t options) {
    fw_decoder *d = (fw_decoder *)zeroed(1, sizeof(fw_decoder));
    if (fw_decoder_begin(d, given_column_tags, given_column_kinds, COUNT(given_column_tags))) abort();
    for (size_t i = 0; i < 256; i++) d->version_of_appl_ver_id[i] = -1;
    for (size_t i = 0; i < COUNT(given_appl_ver_ids); i++)
        d->version_of_appl_ver_id[given_appl_ver_ids[i]] = (int8_t)given_appl_versions[i];
    for (size_t i = 0; i < COUNT(given_admin_msg_types); i++) d->admin[given_admin_msg_types[i]] = 1;
    for (size_t i = 0; i < COUNT(given_data_tags); i++) {
        d->tokens.role[given_length_tags[i]] = (uint8_t)(i + 1);
        d->tokens.role[given_data_tags[i]] = (uint8_t)((i + 1) | 0x80);
    }
    for (size_t v = 0; v < COUNT(given_versions); v++) d->dictionaries[v] = &dictionaries[v];
    d->lenient = (options & LENIENT) != 0;
    d->check.tolerant = (options & TOLERANT) != 0;
    d->check.ordered = !d->check.tolerant; /* no bit of its own: the two have nothing to do with each other */
    d->frame_only = (options & FRAME_ONLY) != 0;
    d->max_bytes = options & SHORT_LIMIT ? 96 : 1 << 20;
    d->default_version = options & APPL_VERSION_42 ? 2 : FW_VERSION_FIXT - 1;
    return d;
}

/* The decoder of these options, for a batch of `rows` messages: one each, as the extension keeps them, with the
 * layouts that it has learned. `made` has 32 places. */
static fw_decoder *begin(fw_decoder **made, uint8_t options, int64_t rows) {
    options &= 31;
    if (!made[options]) made[options] = new_decoder(options);
    fw_batch_end(made[options]);
    if (fw_batch_begin(made[options], rows)) abort();
    return made[options];
}

/* Forget the layouts. */
static void unlearn(fw_decoder *d) {
    fw_layouts_free(&d->layouts);
    memset(&d->layouts, 0, sizeof d->layouts);
    fw_layouts_begin(&d->layouts);
}

static void batch_add(batch *b, const uint8_t *p, size_t n) {
    uint8_t *copy = (uint8_t *)malloc(n); /* of 0 bytes, too: a pointer that must not be read */
    if (n && !copy) abort();
    if (n) memcpy(copy, p, n);
    b->data[b->rows] = copy;
    b->length[b->rows++] = n;
}

/* Add a message with a true BodyLength(9) and CheckSum(10), where it has something in their places. */
static void batch_add_framed(batch *b, const uint8_t *p, size_t n) {
    static uint8_t framed[1 << 20];
    size_t begin = fw_next_soh(p, 0, n), body = fw_next_soh(p, begin + 1, n) + 1, end = n;
    while (end > body && !(n - end >= 4 && memcmp(p + end - 1, "\00110=", 4) == 0)) end--;
    if (begin > 64 || end <= body || n > sizeof framed / 2) {
        batch_add(b, p, n);
        return;
    }
    size_t used = begin;
    memcpy(framed, p, begin);
    used += (size_t)snprintf((char *)framed + used, 32, "\0019=%zu\001", end - body);
    memcpy(framed + used, p + body, end - body);
    used += end - body;
    used += (size_t)snprintf((char *)framed + used, 16, "10=%03d\001", fw_byte_sum(framed, used));
    batch_add(b, framed, used);
}

static void batch_read(batch *b, const uint8_t *input, size_t size) {
    b->rows = 0;
    b->options = size ? input[0] : 0;
    size_t at = 1;
    while (at < size && b->rows < MAX_MESSAGES) {
        const uint8_t *end = b->rows == MAX_MESSAGES - 1 ? NULL : memchr(input + at, '\n', size - at);
        size_t stop = end ? (size_t)(end - input) : size;
        if (b->options & FRAMED_ANEW) batch_add_framed(b, input + at, stop - at);
        else batch_add(b, input + at, stop - at);
        at = stop + 1;
    }
}

static void batch_free(batch *b) {
    for (int64_t i = 0; i < b->rows; i++) free((void *)b->data[i]);
}

/* Say that row `row` is the batch's message `from`. */
static void place(fw_decoder *d, const batch *b, int64_t from, int64_t row) {
    d->data[row] = b->data[from];
    d->length[row] = b->length[from];
}

/* In another form for each number of rows, so that all are fuzzed. */
static void decode_rows(fw_decoder *d) {
    int64_t row = 0;
    const fw_form *form = &fw_forms[d->rows % FW_FORMS];
    if (!form->runs()) form = &fw_forms[FW_FORMS - 1];
    if (form->decode_rows(d, &row) != 0 || row != d->rows) {
        fprintf(stderr, "every version is loaded and memory has not run out, but that is what was said\n");
        abort();
    }
    for (unsigned i = 0; i < d->column_count; i++)
        if (d->columns[i].validity) fw_column_reach(&d->columns[i], d->rows);
}

/* If a column has a value in a row. */
static int has_value(const fw_column *column, int64_t row) {
    return column->validity && column->validity[row / FW_BLOCK] >> (row % FW_BLOCK) & 1;
}

#endif
