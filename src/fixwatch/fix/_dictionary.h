/* A version's dictionary as flat tables: what `tables.py` makes of a Dictionary, and how it is asked.
 *
 * Fields are numbered from 1 (0: no such field); contexts are the places that have members: the header, the
 * trailer, each message's body, each repeating group.
 */
#ifndef FIXWATCH_DICTIONARY_H
#define FIXWATCH_DICTIONARY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* tables.FieldType */
enum {
    FW_TYPE_STRING = 0,
    FW_TYPE_CHAR = 1,
    FW_TYPE_INT = 2,
    FW_TYPE_DECIMAL = 3,
    FW_TYPE_BOOLEAN = 4,
    FW_TYPE_TIMESTAMP = 5,
    FW_TYPE_DATE = 6,
    FW_TYPE_TIME = 7,
    FW_TYPE_SEQ_NUM = 8,
    /* From here on: formats that the specification has and QuickFIX does not check. */
    FW_TYPE_LOCAL_DATE = 9,
    FW_TYPE_MONTH_YEAR = 10,
    FW_TYPE_DAY_OF_MONTH = 11,
    FW_TYPE_TZ_TIMESTAMP = 12,
    FW_TYPE_TZ_TIME = 13,
    FW_TYPE_LOCAL_TIME = 14
};

enum { FW_BODY = 0, FW_HEADER = 1, FW_TRAILER = 2 };

#define FW_NO_CONTEXT UINT32_MAX

typedef struct {
    uint32_t members;  /* number of the bit set of field numbers */
    uint32_t delimiter; /* the field number that begins an instance; 0 where there are no instances */
    uint32_t groups, group_count;      /* range of group_field and group_context, by field number */
    uint32_t required, required_count; /* range of required_tag, ascending */
    uint32_t order, order_count;       /* range of order_field and order_place, by field number; groups alone */
} fw_context;

typedef struct {
    const uint16_t *number_of; /* by tag */
    const uint8_t *section_of; /* by tag */
    uint32_t tags;
    const uint8_t *type;       /* by field number */
    const uint8_t *multiple;   /* by field number: values are separated by blanks */
    const uint16_t *enum_of;   /* by field number: number of its value set, 0: any value */
    const uint64_t *single;    /* 4 words a value set: its values of one byte */
    uint32_t *enum_slots;      /* hash of longer values: offset in enum_bytes plus one */
    uint32_t enum_mask;
    const uint8_t *enum_bytes; /* entries: set (2 bytes), length (2 bytes), the value */
    const uint64_t *bitsets;
    uint32_t words;            /* of one bit set */
    const fw_context *contexts;
    const uint16_t *group_field;
    const uint32_t *group_context;
    const int32_t *required_tag;
    const uint16_t *order_field;
    const uint16_t *order_place; /* from 1, the delimiter's */
    uint64_t *message_keys;    /* hash of MsgType(35), 0: free */
    uint32_t *message_contexts;
    uint32_t message_mask;
    uint32_t header, trailer;  /* contexts */
} fw_dictionary;

static inline uint32_t fw_number_of(const fw_dictionary *d, int32_t tag) {
    return tag > 0 && (uint32_t)tag < d->tags ? d->number_of[tag] : 0;
}

static inline int fw_section_of(const fw_dictionary *d, int32_t tag) {
    return tag > 0 && (uint32_t)tag < d->tags ? d->section_of[tag] : FW_BODY;
}

static inline int fw_is_member(const fw_dictionary *d, uint32_t context, uint32_t number) {
    const uint64_t *set = d->bitsets + (size_t)d->contexts[context].members * d->words;
    return (int)((set[number >> 6] >> (number & 63)) & 1);
}

/* Where in fields[begin..end), which ascend, a number is first; `end` where it is not. */
static inline uint32_t fw_find_number(const uint16_t *fields, uint32_t begin, uint32_t end, uint32_t number) {
    uint32_t low = begin, high = end;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (fields[middle] < number) low = middle + 1;
        else high = middle;
    }
    return low < end && fields[low] == number ? low : end;
}

/* The context of the group that a field counts, or FW_NO_CONTEXT. */
static inline uint32_t fw_group_of(const fw_dictionary *d, uint32_t context, uint32_t number) {
    const fw_context *c = &d->contexts[context];
    uint32_t end = c->groups + c->group_count, at = fw_find_number(d->group_field, c->groups, end, number);
    return at < end ? d->group_context[at] : FW_NO_CONTEXT;
}

/* The place of a member among those of its group, from 1; 0: it is none. A few tags are members twice: the next
 * place behind `reached` counts. */
static inline uint32_t fw_place_of(const fw_dictionary *d, uint32_t context, uint32_t number, uint32_t reached) {
    const fw_context *c = &d->contexts[context];
    uint32_t end = c->order + c->order_count, at = fw_find_number(d->order_field, c->order, end, number);
    if (at == end) return 0;
    while (d->order_place[at] <= reached && at + 1 < end && d->order_field[at + 1] == number) at++;
    return d->order_place[at];
}

/* A MsgType(35) of 1 to 8 bytes as a number that is not 0; 0 for any other length, and for bytes of NUL. */
static inline uint64_t fw_message_key(const uint8_t *p, size_t n) {
    uint64_t key = 0;
    if (n > 8) return 0;
    memcpy(&key, p, n);
    return n && p[n - 1] == 0 ? 0 : key;
}

static inline uint32_t fw_message_slot(const fw_dictionary *d, uint64_t key) {
    uint32_t slot = (uint32_t)((key * 0x9E3779B97F4A7C15u) >> 40) & d->message_mask;
    while (d->message_keys[slot] != 0 && d->message_keys[slot] != key) slot = (slot + 1) & d->message_mask;
    return slot;
}

static inline uint32_t fw_message_context(const fw_dictionary *d, const uint8_t *p, size_t n) {
    uint64_t key = fw_message_key(p, n);
    if (key == 0) return FW_NO_CONTEXT;
    uint32_t slot = fw_message_slot(d, key);
    return d->message_keys[slot] == key ? d->message_contexts[slot] : FW_NO_CONTEXT;
}

/* Where a value of a set is in the hash, or the free slot where it would be. */
static inline uint32_t fw_enum_slot(const fw_dictionary *d, uint32_t set, const uint8_t *p, size_t n) {
    uint32_t hash = 2166136261u ^ set;
    for (size_t i = 0; i < n; i++) hash = (hash ^ p[i]) * 16777619u;
    hash ^= hash >> 15;
    for (uint32_t slot = hash & d->enum_mask;; slot = (slot + 1) & d->enum_mask) {
        if (d->enum_slots[slot] == 0) return slot;
        const uint8_t *entry = d->enum_bytes + d->enum_slots[slot] - 1;
        if ((uint32_t)(entry[0] | entry[1] << 8) == set && (size_t)(entry[2] | entry[3] << 8) == n &&
            memcmp(entry + 4, p, n) == 0)
            return slot;
    }
}

static inline int fw_in_set(const fw_dictionary *d, uint32_t set, const uint8_t *p, size_t n) {
    if (n == 1) return (int)((d->single[set * 4 + (p[0] >> 6)] >> (p[0] & 63)) & 1);
    /* No value is longer: the hash is not run over a megabyte to find that out. */
    return n <= UINT16_MAX && d->enum_slots[fw_enum_slot(d, set, p, n)] != 0;
}

/* If a value is one of those that its field may have. */
static inline int fw_in_enum(const fw_dictionary *d, uint32_t number, const uint8_t *p, size_t n) {
    uint32_t set = d->enum_of[number];
    if (set == 0) return 1;
    if (!d->multiple[number]) return fw_in_set(d, set, p, n);
    for (size_t start = 0; start <= n;) {
        const uint8_t *blank = (const uint8_t *)memchr(p + start, ' ', n - start);
        size_t stop = blank ? (size_t)(blank - p) : n;
        if (!fw_in_set(d, set, p + start, stop - start)) return 0;
        start = stop + 1;
    }
    return 1;
}

#endif
