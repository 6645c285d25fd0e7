/* Layouts: what is known of a message from its tags alone.
 *
 * Flows repeat a few sequences of tags. Which fields those are, that they are defined for the message, in order,
 * not twice, that none is missing, how the groups nest and how many instances they have: all that follows from
 * BeginString(8), MsgType(35), ApplVerID(1128), the group counts and the sequence of tags. So a message that was
 * read field by field and found valid leaves its layout (`_learn.h`), and of the next message with these very
 * bytes in front of each value only the values remain to be checked. A message that differs in anything, or that
 * fails any check here, is read field by field as if there were no layouts.
 */
#ifndef FIXWATCH_LAYOUT_H
#define FIXWATCH_LAYOUT_H

#include "_block.h"
#include "_digits.h"
#include "_formats.h"
#include "_structural.h"

/* Fields of a message that has a layout. */
#define FW_LAYOUT_FIELDS 256
/* The layouts that are kept: sets of four, a set by the signature. Real flows have tens; all of them, as large as
 * they may be, take 12 MB. */
#define FW_LAYOUT_SETS 64
#define FW_LAYOUT_WAYS 4
/* Signatures of messages that were read field by field, so that a layout is made only of what comes twice. */
#define FW_GLIMPSES 4096

/* A field as it must begin, and where its value's place goes. */
typedef struct {
    uint64_t literal; /* its first bytes, moved to the top: the tag, '=', and where the layout hangs on it the value
                         and SOH */
    uint32_t spans;   /* index of the column's places in the block's spans */
    uint16_t head;    /* bytes of the tag and '=' */
    uint16_t other;   /* bits of the 8 bytes that are not of the literal */
} fw_step;

/* What is asked of a value, apart from what filling its column finds out. */
enum { FW_ASK_CHAR, FW_ASK_SINGLE, FW_ASK_ANY };

typedef struct {
    const fw_dictionary *dictionary;
    const uint64_t *single; /* FW_ASK_SINGLE: the values of one byte */
    uint64_t accepted;      /* FW_ASK_ANY: the last value of up to 8 bytes that passed, and its length */
    uint32_t accepted_length;
    uint16_t number; /* of the field in the dictionary */
    uint16_t field;  /* of the message */
    int what;
} fw_demand;

typedef struct {
    uint64_t signature;
    uint64_t begin_literal; /* the last 8 bytes of the first field, SOH included */
    uint32_t begin_end;     /* where that SOH is */
    uint64_t rows;          /* of the block in hand */
    fw_step *steps;         /* of all fields but CheckSum(10) */
    uint16_t *heads;        /* of each bytes of the tag and '=' and one of the SOH in front; then some of 1 */
    fw_demand *demands;
    uint16_t *columns;
    uint32_t count; /* fields */
    uint32_t demand_count, column_count;
    uint8_t secret;
} fw_layout;

typedef struct {
    fw_layout *ways[FW_LAYOUT_SETS][FW_LAYOUT_WAYS]; /* the latest first */
    fw_layout *used[FW_BLOCK]; /* by the block in hand */
    unsigned used_count;
    uint64_t recognised; /* messages so far */
    uint32_t glimpsed[FW_GLIMPSES];
    uint64_t keys[FW_LAYOUT_FIELDS];
    uint16_t soh[FW_SCAN_ROOM];
} fw_layouts;

static inline void fw_layout_free(fw_layout *l) {
    if (!l) return;
    free(l->steps);
    free(l->heads);
    free(l->demands);
    free(l->columns);
    free(l);
}

static inline void fw_layouts_begin(fw_layouts *all) {
    uint64_t key = 0x9E3779B97F4A7C15u;
    for (unsigned i = 0; i < FW_LAYOUT_FIELDS; i++) {
        key ^= key << 13; /* xorshift64: any numbers that have nothing to do with each other */
        key ^= key >> 7;
        key ^= key << 17;
        all->keys[i] = key | 1;
    }
}

static inline void fw_layouts_free(fw_layouts *all) {
    for (unsigned set = 0; set < FW_LAYOUT_SETS; set++)
        for (unsigned way = 0; way < FW_LAYOUT_WAYS; way++) fw_layout_free(all->ways[set][way]);
}

/* A number by which a message's layout is found: of BeginString(8), MsgType(35) and the first two bytes of every
 * field, which no value has a part in. Others may have the same: `fw_matches` decides. */
static inline uint64_t fw_signature(const fw_layouts *all, const uint8_t *p, const uint16_t *soh, uint32_t count) {
    uint64_t sum = count + fw_load8(p + 1) * all->keys[0] + (fw_load8(p + soh[1] + 1) & fw_first_bytes(5)) * all->keys[1];
    for (uint32_t i = 2; i < count; i++) sum += fw_load2(p + soh[i - 1] + 1) * all->keys[i];
    return sum | 1;
}

/* If every field begins as the layout says. Tells the places of the columns' values. */
static inline int fw_begins(const fw_layout *l, const uint8_t *p, const uint16_t *soh, fw_span *row) {
    uint64_t wrong = (fw_load8(p + soh[0] - 7) ^ l->begin_literal) | (soh[0] ^ l->begin_end);
    uint32_t at = 0;
    for (uint32_t i = 0; i + 1 < l->count; i++) {
        const fw_step *step = &l->steps[i];
        wrong |= (fw_load8(p + at) << step->other) ^ step->literal;
        row[step->spans].start = (uint16_t)(at + step->head);
        row[step->spans].end = soh[i];
        at = (uint32_t)soh[i] + 1;
    }
    return wrong == 0;
}

/* If every field has a value, of no more bytes than `most`, which is a power of two less one. In 16 bits, where an
 * empty value is too long as well: the first field's length is known. */
static inline int fw_have_values(const fw_layout *l, const uint16_t *soh, uint16_t most) {
    uint16_t lengths = 0;
    for (uint32_t i = 1; i < (l->count + 6) / 8 * 8 + 1; i++) { /* to the end of a vector */
        uint16_t length = (uint16_t)(soh[i] - soh[i - 1] - l->heads[i]);
        lengths |= length | (uint16_t)(length - 1);
    }
    return lengths <= most;
}

/* SOH, 10= */
#define FW_TRAILER_BEGIN 0x3D303101u

/* If BodyLength(9) and CheckSum(10) are true. */
static inline int fw_frame_holds(const uint8_t *p, size_t n, const uint16_t *soh, uint8_t sum) {
    uint64_t said, body = fw_last_digits(p + soh[1], (size_t)(soh[1] - soh[0] - 3));
    uint64_t trailer = fw_load8(p + n - 8); /* SOH, 10=, three digits, SOH */
    uint64_t digits = (trailer >> 32 ^ FW_ZEROS) & 0xFFFFFF;
    if ((uint32_t)trailer != FW_TRAILER_BEGIN || !fw_are_digits(body) || !fw_are_digits(digits)) return 0;
    said = fw_eight_digits(body);
    if (said != n - 8 - soh[1]) return 0;
    /* The sum is of all bytes: take the trailer's off. */
    sum = (uint8_t)(sum - ('1' + '0' + '=' + 3 * '0' + FW_SOH) - (digits & 0xFF) - (digits >> 8 & 0xFF) - (digits >> 16));
    return (digits & 0xFF) * 100 + (digits >> 8 & 0xFF) * 10 + (digits >> 16) == sum;
}

static inline int fw_answers(fw_demand *demand, const uint8_t *p, uint32_t start, uint32_t end) {
    uint32_t n = end - start;
    if (demand->what == FW_ASK_CHAR) return n == 1;
    if (demand->what == FW_ASK_SINGLE && n == 1) return (int)(demand->single[p[start] >> 6] >> (p[start] & 63) & 1);
    uint64_t value = n <= 8 ? fw_load8(p + end - 8) >> (64 - 8 * n) : 0;
    if (n <= 8 && demand->accepted == value && demand->accepted_length == n) return 1;
    const fw_dictionary *d = demand->dictionary;
    if (!fw_has_format(d->type[demand->number], p + start, n) || !fw_in_enum(d, demand->number, p + start, n)) return 0;
    if (n <= 8) {
        demand->accepted = value;
        demand->accepted_length = n;
    }
    return 1;
}

static inline int fw_answers_all(fw_layout *l, const uint8_t *p, const uint16_t *soh) {
    for (uint32_t i = 0; i < l->demand_count; i++) {
        fw_demand *demand = &l->demands[i];
        uint32_t start = soh[demand->field - 1] + 1 + l->steps[demand->field].head;
        if (!fw_answers(demand, p, start, soh[demand->field])) return 0;
    }
    return 1;
}

static inline fw_layout *fw_find_layout(fw_layouts *all, uint64_t signature) {
    fw_layout **set = all->ways[signature >> 40 & (FW_LAYOUT_SETS - 1)];
    for (unsigned way = 0; way < FW_LAYOUT_WAYS; way++)
        if (set[way] && set[way]->signature == signature) return set[way];
    return NULL;
}

/* If p[0..n), the block's message `row`, is valid and its layout known; tells the places of its columns' values. */
static inline int fw_recognise(fw_layouts *all, fw_block *b, unsigned row, const uint8_t *p, size_t n,
                               fw_scanner scan) {
    fw_scanned found;
    const uint16_t *soh = all->soh;
    /* Shorter than any frame. */
    if (n < 24 || n > FW_SCAN_BYTES) return 0;
    scan(p, n, all->soh, &found);
    /* BeginString(8) with its SOH has 10 bytes at least, BodyLength(9) 1 to 8 digits, the trailer 7 bytes. */
    if (found.count < 4 || found.count > FW_LAYOUT_FIELDS || soh[found.count - 1] != n - 1 ||
        soh[found.count - 2] != n - 8 || soh[0] < 9 || soh[0] > 15 || soh[1] - soh[0] < 4 || soh[1] - soh[0] > 11)
        return 0;
    /* Behind the last field, as many with values of one byte as fw_have_values may look at. */
    for (uint32_t i = 0; i < 8; i++) all->soh[found.count - 1 + i] = (uint16_t)(n - 1 + 2 * i);
    if (found.odd) b->careful |= (uint64_t)1 << row;
    b->signature[row] = fw_signature(all, p, soh, found.count);
    fw_layout *l = fw_find_layout(all, b->signature[row]);
    /* What may be too long for an identifier, as UTF-8 too, is left to the other path. */
    if (!l || l->count != found.count || !fw_begins(l, p, soh, b->spans + row) ||
        !fw_have_values(l, soh, found.odd ? FW_MAX_ID_BYTES / 4 : FW_MAX_ID_BYTES) ||
        !fw_frame_holds(p, n, soh, found.sum) || !fw_answers_all(l, p, soh))
        return 0;
    if (l->rows == 0) all->used[all->used_count++] = l;
    l->rows |= (uint64_t)1 << row;
    all->recognised++;
    if (l->secret) b->secret |= (uint64_t)1 << row;
    return 1;
}

#endif
