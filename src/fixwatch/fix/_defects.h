/* The defects of a batch. The codes are those of defects.DefectReason; a test holds the two together. */
#ifndef FIXWATCH_DEFECTS_H
#define FIXWATCH_DEFECTS_H

#include "_tokens.h"

enum {
    FW_EMPTY = 0,
    FW_TOO_LONG = 1,
    FW_NOT_FIX = 2,
    FW_BODY_LENGTH_MISSING = 3,
    FW_BODY_LENGTH_FORMAT = 4,
    FW_BODY_LENGTH_WRONG = 5,
    FW_MSG_TYPE_NOT_THIRD = 6,
    FW_CHECKSUM_MISSING = 7,
    FW_CHECKSUM_FORMAT = 8,
    FW_CHECKSUM_WRONG = 9,
    FW_TAG_FORMAT = 10,
    FW_TRUNCATED = 11,
    FW_TRAILING_BYTES = 12,
    FW_DATA_LENGTH_WRONG = 13,
    FW_TOO_MANY_FIELDS = 14,
    FW_FIRST_DICTIONARY_CODE = 64,
    FW_INVALID_TAG_NUMBER = 64,
    FW_REQUIRED_TAG_MISSING = 65,
    FW_TAG_NOT_DEFINED_FOR_MESSAGE = 66,
    FW_UNDEFINED_TAG = 67,
    FW_TAG_WITHOUT_VALUE = 68,
    FW_VALUE_OUT_OF_RANGE = 69,
    FW_INCORRECT_DATA_FORMAT = 70,
    FW_INVALID_MSG_TYPE = 71,
    FW_TAG_APPEARS_MORE_THAN_ONCE = 72,
    FW_TAG_OUT_OF_ORDER = 73,
    FW_GROUP_FIELDS_OUT_OF_ORDER = 74,
    FW_GROUP_COUNT_WRONG = 75,
    FW_UNSUPPORTED_VERSION = 76,
    FW_VALUE_DOES_NOT_FIT = 77,
    FW_ID_TOO_LONG = 78
};

/* The most defects that are recorded of one message. A megabyte of "=" would have half a million, all of them
 * one and the same news. */
#define FW_MAX_DEFECTS 256

typedef struct {
    int32_t *row;
    uint8_t *reason;
    int32_t *ref_tag; /* FW_NO_TAG: no field is to blame */
    size_t count, capacity;
    /* Of the message in hand: */
    size_t first;       /* its first defect */
    size_t best;        /* its primary defect */
    uint64_t best_rank; /* whose rank is the lowest; equal ranks: the earlier one */
    int failed;         /* memory has run out */
} fw_defects;

static inline void fw_defects_begin(fw_defects *d) {
    d->first = d->best = d->count;
    d->best_rank = UINT64_MAX;
}

static inline int fw_defects_grow(fw_defects *d) {
    size_t capacity = d->capacity ? d->capacity * 2 : 64;
    int32_t *row = (int32_t *)realloc(d->row, capacity * sizeof(int32_t));
    if (row) d->row = row;
    uint8_t *reason = (uint8_t *)realloc(d->reason, capacity);
    if (reason) d->reason = reason;
    int32_t *ref_tag = (int32_t *)realloc(d->ref_tag, capacity * sizeof(int32_t));
    if (ref_tag) d->ref_tag = ref_tag;
    if (!row || !reason || !ref_tag) {
        d->failed = 1;
        return -1;
    }
    d->capacity = capacity;
    return 0;
}

/* Record a defect; `rank` says how early an engine that stops at the first defect would come upon it. */
static inline void fw_defect(fw_defects *d, int32_t row, uint8_t reason, int32_t ref_tag, uint64_t rank) {
    size_t at = d->count;
    if (at - d->first == FW_MAX_DEFECTS) {
        if (rank >= d->best_rank) return;
        at = d->count - 1; /* the primary defect is kept in any case */
    } else {
        if (at == d->capacity && fw_defects_grow(d)) return;
        d->count++;
    }
    d->row[at] = row;
    d->reason[at] = reason;
    d->ref_tag[at] = ref_tag;
    if (rank < d->best_rank) {
        d->best_rank = rank;
        d->best = at;
    }
}

static inline int fw_has_defect_of_tag(const fw_defects *d, int32_t tag) {
    for (size_t i = d->first; i < d->count; i++)
        if (d->ref_tag[i] == tag) return 1;
    return 0;
}

/* Put the primary defect first; the others keep the order in which they were found. */
static inline void fw_defects_end(fw_defects *d) {
    if (d->best == d->first || d->count == d->first) return;
    uint8_t reason = d->reason[d->best];
    int32_t ref_tag = d->ref_tag[d->best];
    for (size_t i = d->best; i > d->first; i--) {
        d->reason[i] = d->reason[i - 1];
        d->ref_tag[i] = d->ref_tag[i - 1];
    }
    d->reason[d->first] = reason;
    d->ref_tag[d->first] = ref_tag;
}

#endif
