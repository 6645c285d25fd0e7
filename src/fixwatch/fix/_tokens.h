/* A message's bytes to its fields: tag, where the value starts, how long it is. Values of data fields are
 * taken by the length in front of them, so SOH and '=' inside them are not structure.
 *
 * A field that cannot be read is skipped to the next SOH and noted; reading always goes forward by at least one
 * byte, so any input ends, in time linear in its length.
 */
#ifndef FIXWATCH_TOKENS_H
#define FIXWATCH_TOKENS_H

#include <stdlib.h>

#include "_structural.h"
#include "_values.h"

/* Fields of one message: the largest market data snapshots have some tens of thousands; past this a message
 * is garbled, so that one record cannot take the memory of all. */
#define FW_MAX_FIELDS 65536

/* Tags past this are not length or data fields. */
#define FW_ROLE_TAGS 43200
/* Length and data fields from this tag on are in FIXT.1.1 messages alone: before, such tags were the users'. */
#define FW_USER_TAGS 5000
#define FW_MAX_PAIRS 127

/* The tag of what stands where a field should and has no integer in front of an '='. */
#define FW_NO_TAG INT32_MIN

typedef struct {
    int32_t tag;     /* 0 and negative tags are read, and rejected later */
    uint32_t at;     /* where the tag begins */
    uint32_t start;  /* where the value begins */
    uint32_t length; /* bytes of the value */
    uint8_t depth;   /* 0 at the root, else how many repeating groups it is inside of */
    uint8_t first;   /* it begins an instance of a group */
    uint8_t counter; /* it counts a group's instances */
    uint8_t session; /* `number` is of the session layer's dictionary */
    uint16_t number; /* in the dictionary; 0: unknown there, or not looked up */
} fw_field;

typedef struct {
    fw_field *fields;
    size_t count, capacity;
    size_t end;           /* where reading stopped: behind CheckSum(10), or the message's end */
    int bad_tag;          /* a field has no tag that is an integer */
    int32_t data_wrong;   /* the first data field whose length lies or is missing, or 0 */
    int unterminated;     /* the message ends inside of a field */
    int cut_field;        /* ... of the last one in `fields`, whose value is not all there */
    int too_many;         /* more than FW_MAX_FIELDS */
    int checksum_at;      /* index of the CheckSum(10) field, or -1 */
    /* Which tags are length fields (pair number) and data fields (pair number | 0x80); 0: neither. */
    uint8_t role[FW_ROLE_TAGS];
    /* The length last read for each pair, and in which message. */
    int64_t pair_length[FW_MAX_PAIRS + 1];
    uint64_t pair_message[FW_MAX_PAIRS + 1];
    uint64_t message;
} fw_tokens;

static inline int fw_push_field(fw_tokens *t, int32_t tag, size_t at, size_t start, size_t length) {
    if (t->count == t->capacity) {
        size_t capacity = t->capacity ? t->capacity * 2 : 256;
        fw_field *grown = (fw_field *)realloc(t->fields, capacity * sizeof(fw_field));
        if (!grown) return -1;
        t->fields = grown;
        t->capacity = capacity;
    }
    fw_field *field = &t->fields[t->count++];
    field->tag = tag;
    field->at = (uint32_t)at;
    field->start = (uint32_t)start;
    field->length = (uint32_t)length;
    field->depth = field->first = field->counter = field->session = 0;
    field->number = 0;
    return 0;
}

/* A tag and its '=' at `at`: the offset behind the '=', or 0 where there is no integer of 32 bits without
 * leading zeros in front of an '='. */
static inline size_t fw_tag(const uint8_t *p, size_t at, size_t n, int32_t *tag) {
    size_t i = at;
    int negative = i < n && p[i] == '-';
    int64_t value = 0;
    if (negative) i++;
    size_t first = i;
    for (; i < n && i - first < 10 && fw_digit(p[i]); i++) value = value * 10 + (p[i] - '0');
    if (i == first || i >= n || p[i] != '=' || value > INT32_MAX) return 0;
    if (p[first] == '0' && i - first > 1) return 0;
    *tag = (int32_t)(negative ? -value : value);
    return i + 1;
}

/* Read the fields of p[0..n) into t. Returns 0, or -1 when memory has run out. */
static inline int fw_tokenise(fw_tokens *t, const uint8_t *p, size_t n) {
    int fixt = n >= 6 && memcmp(p, "8=FIXT", 6) == 0;
    int32_t role_tags = fixt ? FW_ROLE_TAGS : FW_USER_TAGS;
    size_t at = 0;
    t->count = 0;
    t->bad_tag = t->unterminated = t->cut_field = t->too_many = 0;
    t->data_wrong = 0;
    t->checksum_at = -1;
    t->message++;
    while (at < n) {
        int32_t tag;
        if (t->count == FW_MAX_FIELDS) {
            t->too_many = 1;
            break;
        }
        size_t start = fw_tag(p, at, n, &tag);
        if (start == 0) {
            size_t end = fw_next_soh(p, at, n);
            t->bad_tag = 1;
            if (end == n) t->unterminated = 1;
            if (fw_push_field(t, FW_NO_TAG, at, at, end - at)) return -1;
            at = end + 1;
            continue;
        }
        uint8_t role = tag > 0 && tag < role_tags ? t->role[tag] : 0;
        size_t stop = n;
        int by_length = 0;
        if (role & 0x80) {
            uint8_t pair = role & 0x7F;
            int64_t length = t->pair_message[pair] == t->message ? t->pair_length[pair] : -1;
            t->pair_message[pair] = 0;
            if (length >= 0 && (uint64_t)length < n - start && p[start + (size_t)length] == FW_SOH) {
                stop = start + (size_t)length;
                by_length = 1;
            } else if (t->data_wrong == 0) {
                t->data_wrong = tag;
            }
        }
        if (!by_length) stop = fw_next_soh(p, start, n);
        if (role && !(role & 0x80)) {
            int64_t length;
            if (fw_int(p + start, stop - start, &length) != FW_OK) length = -1;
            t->pair_length[role] = length;
            t->pair_message[role] = t->message;
        }
        if (fw_push_field(t, tag, at, start, stop - start)) return -1;
        if (stop == n) t->unterminated = t->cut_field = 1;
        at = stop + 1;
        if (tag == 10) {
            t->checksum_at = (int)t->count - 1;
            break;
        }
    }
    t->end = at < n ? at : n;
    return 0;
}

#endif
