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

/* Arrays of a layout are this many fields longer than needed: passes take as many at once. */
#define FW_AT_ONCE 8

/* A field whose value a column takes. */
typedef struct {
    uint32_t head;  /* what the offsets of the SOH in front of it and behind it, as an fw_span, become its place by */
    uint32_t spans; /* index of the column's places in the block's spans */
    uint16_t field;
} fw_target;

/* What is asked of a value, apart from what filling its column finds out. */
enum { FW_ASK_CHAR, FW_ASK_UNSIGNED, FW_ASK_SINGLE, FW_ASK_ANY };

typedef struct {
    const fw_dictionary *dictionary;
    const uint64_t *single; /* FW_ASK_SINGLE: the values of one byte */
    uint64_t accepted;      /* FW_ASK_ANY: the last value of up to 8 bytes that passed, and its length */
    uint32_t accepted_length;
    uint16_t number; /* of the field in the dictionary */
    uint16_t field;  /* of the message */
    uint16_t head; /* bytes of its tag and '=' and one of the SOH in front */
    int what;
} fw_demand;

typedef struct {
    uint64_t signature;
    uint64_t begin_literal; /* the last 8 bytes of the first field, SOH included */
    uint32_t begin_end;     /* where that SOH is */
    uint64_t rows;          /* of the block in hand */
    /* By field, but CheckSum(10): its first bytes as they must be (the tag, '=', and where the layout hangs on it
     * the value and SOH), and which of the first 8 those are. */
    uint64_t *literals, *masks;
    uint16_t *heads; /* by field: bytes of the tag and '=' and one of the SOH in front */
    fw_demand *demands;
    fw_target *targets;
    uint16_t *columns; /* by target */
    uint32_t count;    /* fields */
    uint32_t demand_count, column_count;
    uint8_t secret;
} fw_layout;

/* A message that may have a known layout. */
typedef struct {
    const uint8_t *p;
    size_t n;
    uint16_t *soh;    /* offsets of its SOH; in front of them UINT16_MAX, one byte in front of its first field */
    uint64_t *begins; /* the first 8 bytes of each field but CheckSum(10) */
    uint32_t count;   /* fields; 0: it has none */
    uint8_t sum, odd; /* as fw_scanned */
} fw_candidate;

typedef struct {
    fw_layout *ways[FW_LAYOUT_SETS][FW_LAYOUT_WAYS]; /* the latest first */
    fw_layout *used[FW_BLOCK]; /* by the block in hand */
    unsigned used_count;
    uint64_t recognised; /* messages so far */
    uint32_t glimpsed[FW_GLIMPSES];
    uint32_t keys[FW_LAYOUT_FIELDS + FW_AT_ONCE];
    /* Of the block's messages, one behind the other: */
    fw_candidate candidates[FW_BLOCK];
    uint16_t soh[FW_BLOCK * FW_SCAN_ROOM];
    uint64_t begins[FW_BLOCK * (FW_LAYOUT_FIELDS + FW_AT_ONCE)];
} fw_layouts;

static inline void fw_layout_free(fw_layout *l) {
    if (!l) return;
    free(l->literals);
    free(l->masks);
    free(l->heads);
    free(l->targets);
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
        all->keys[i] = (uint32_t)(key >> 32);
    }
}

static inline void fw_layouts_free(fw_layouts *all) {
    for (unsigned set = 0; set < FW_LAYOUT_SETS; set++)
        for (unsigned way = 0; way < FW_LAYOUT_WAYS; way++) fw_layout_free(all->ways[set][way]);
}

/* Take the first 8 bytes of each field but CheckSum(10), which is as long itself. Returns a sum of what no value has a
 * part in: the first two of each. */
static inline uint64_t fw_take_begins_portable(const uint32_t *keys, fw_candidate *c) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i + 1 < c->count; i++) {
        c->begins[i] = fw_load8(c->p + (uint16_t)(c->soh[(int32_t)i - 1] + 1));
        sum += (uint64_t)(uint16_t)c->begins[i] * keys[i];
    }
    return sum;
}

/* If every field begins as the layout says. */
static inline int fw_begins_portable(const fw_layout *l, const uint64_t *begins) {
    uint64_t wrong = 0;
    for (uint32_t i = 0; i + 1 < l->count; i++) wrong |= (begins[i] ^ l->literals[i]) & l->masks[i];
    return wrong == 0;
}

/* If every field has a value, of no more bytes than `most`, which is a power of two less one. In 16 bits, where an
 * empty value is too long as well: the first field's length is known. */
static inline int fw_have_values_portable(const fw_layout *l, const uint16_t *soh, uint16_t most) {
    uint16_t lengths = 0;
    for (uint32_t i = 1; i < l->count; i++) {
        uint16_t length = (uint16_t)(soh[i] - soh[i - 1] - l->heads[i]);
        lengths |= length | (uint16_t)(length - 1);
    }
    return lengths <= most;
}

#include "_layout_x86.h"

static inline uint64_t fw_take_begins(fw_instructions with, const uint32_t *keys, fw_candidate *c) {
#ifdef FW_HAS_X86
    if (with == FW_AVX512) return fw_take_begins_avx512(keys, c);
#endif
    return fw_take_begins_portable(keys, c);
}

static inline int fw_begins(fw_instructions with, const fw_layout *l, const uint64_t *begins) {
#ifdef FW_HAS_X86
    if (with == FW_AVX512) return fw_begins_avx512(l, begins);
#endif
    return fw_begins_portable(l, begins);
}

static inline int fw_have_values(fw_instructions with, const fw_layout *l, const uint16_t *soh, uint16_t most) {
#ifdef FW_HAS_X86
    if (with == FW_AVX512) return fw_have_values_avx512(l, soh, most);
#endif
    return fw_have_values_portable(l, soh, most);
}

/* A number by which a message's layout is found: of BeginString(8), MsgType(35) and the first two bytes of every
 * field, which no value has a part in. Others may have the same: `fw_begins` decides. */
static inline uint64_t fw_signature(fw_instructions with, const uint32_t *keys, fw_candidate *c) {
    uint64_t sum = c->count + fw_take_begins(with, keys, c);
    sum += fw_load8(c->p + 1) * keys[0] + (c->begins[2] & fw_first_bytes(5)) * keys[1];
    return (sum * 0x9E3779B97F4A7C15u) | 1; /* what tells layouts apart goes into the high bits */
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
    if (demand->what == FW_ASK_UNSIGNED) return p[start] != '-';
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
        uint32_t start = soh[demand->field - 1] + demand->head;
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

/* Messages whose memory is asked for, a few lines at a time: a processor waits when it is asked for too many. */
typedef struct {
    const uint8_t *const *data;
    const size_t *length;
    int64_t count;
} fw_coming;

static inline void fw_ask_for(const fw_coming *coming, unsigned i, size_t from, size_t to) {
    if (i >= coming->count) return;
    if (to > coming->length[i]) to = coming->length[i];
    for (; from < to; from += 64) fw_prefetch(coming->data[i] + from);
}

/* Find the fields of a message that may have a layout: of `most` bytes, at most FW_SCAN_BYTES. Its SOH go to `soh`.
 * Returns where the next one's may go. */
static inline uint16_t *fw_find_fields(fw_instructions with, fw_candidate *c, uint16_t *soh, size_t most) {
    fw_scanned found;
    size_t n = c->n;
    c->count = 0;
    /* Shorter than any frame. */
    if (n < 24 || n > most) return soh;
    *soh++ = UINT16_MAX;
    fw_scan(with, c->p, n, soh, &found);
    /* BeginString(8) with its SOH has 10 bytes at least, BodyLength(9) 1 to 8 digits, the trailer 7 bytes. */
    if (found.count < 4 || found.count > FW_LAYOUT_FIELDS || soh[found.count - 1] != n - 1 ||
        soh[found.count - 2] != n - 8 || soh[0] < 9 || soh[0] > 15 || soh[1] - soh[0] < 4 || soh[1] - soh[0] > 11)
        return soh;
    c->soh = soh;
    c->count = found.count;
    c->sum = found.sum;
    c->odd = found.odd;
    return soh + found.count;
}

/* If a message is valid by its layout. What may be too long for an identifier, as UTF-8 too, is left to the other
 * path. */
static inline int fw_holds(fw_instructions with, fw_layout *l, const fw_candidate *c) {
    return l->count == c->count && fw_load8(c->p + c->soh[0] - 7) == l->begin_literal && c->soh[0] == l->begin_end &&
           fw_begins(with, l, c->begins) &&
           fw_have_values(with, l, c->soh, c->odd ? FW_MAX_ID_BYTES / 4 : FW_MAX_ID_BYTES) &&
           fw_frame_holds(c->p, c->n, c->soh, c->sum) && fw_answers_all(l, c->p, c->soh);
}

/* Tell the places of the columns' values of the messages that have this layout. */
static inline void fw_place_values(const fw_layout *l, const fw_candidate *candidates, fw_span *spans) {
    const uint16_t *soh[FW_BLOCK];
    uint8_t rows[FW_BLOCK];
    unsigned count = 0;
    for (uint64_t left = l->rows; left; left &= left - 1) {
        rows[count] = (uint8_t)fw_lowest(left);
        soh[count] = candidates[rows[count]].soh - 1;
        count++;
    }
    for (uint32_t i = 0; i < l->column_count; i++) {
        fw_target target = l->targets[i];
        for (unsigned k = 0; k < count; k++) {
            uint32_t place;
            memcpy(&place, soh[k] + target.field, sizeof place);
            place += target.head;
            memcpy(spans + target.spans + rows[k], &place, sizeof place);
        }
    }
}

/* Recognise the block's messages, of which those of more than `most` bytes cannot be. Those that are valid and have a
 * known layout have the places of their columns' values told; the others are left to be read field by field.
 *
 * In steps that each take all messages: what no processor can foretell (how long a message is, which layout it has)
 * is then known when a step's branches hang on it, and a wrong guess costs little. */
static inline void fw_recognise(fw_instructions with, fw_layouts *all, fw_block *b, size_t most,
                                const fw_coming *coming) {
    fw_candidate *candidates = all->candidates;
    uint16_t *soh = all->soh;
    uint64_t *begins = all->begins;
    for (unsigned row = 0; row < b->count; row++) {
        fw_ask_for(coming, row, 0, 128);
        candidates[row].p = b->data[row];
        candidates[row].n = b->length[row];
        soh = fw_find_fields(with, &candidates[row], soh, most);
    }
    for (unsigned row = 0; row < b->count; row++) {
        fw_candidate *c = &candidates[row];
        fw_ask_for(coming, row, 128, 256);
        b->signature[row] = 0;
        if (!c->count) continue;
        c->begins = begins;
        begins += (c->count + FW_AT_ONCE - 1) & ~(uint32_t)(FW_AT_ONCE - 1);
        b->signature[row] = fw_signature(with, all->keys, c);
        if (c->odd) b->careful |= (uint64_t)1 << row;
    }
    for (unsigned row = 0; row < b->count; row++) {
        fw_layout *l = b->signature[row] ? fw_find_layout(all, b->signature[row]) : NULL;
        fw_ask_for(coming, row, 256, 512);
        if (!l) {
            b->plain_path |= (uint64_t)1 << row;
            continue;
        }
        if (l->rows == 0) all->used[all->used_count++] = l;
        l->rows |= (uint64_t)1 << row;
    }
    for (unsigned i = 0; i < all->used_count; i++) {
        fw_layout *l = all->used[i];
        for (uint64_t left = l->rows; left; left &= left - 1)
            if (!fw_holds(with, l, &candidates[fw_lowest(left)])) {
                l->rows ^= left & (0 - left);
                b->plain_path |= left & (0 - left);
            }
        fw_place_values(l, candidates, b->spans);
        if (l->secret) b->secret |= l->rows;
        all->recognised += (unsigned)__builtin_popcountll(l->rows);
    }
}

#endif
