/* The MsgSeqNum(34)s of a session as they were sent: how, when and how often each.
 *
 * They are kept by epoch and by chunk of 128 numbers. What is kept is a set: it comes out the same in whatever order
 * its members come, and it can be divided when an epoch turns out to be two. A chunk also has the number after its
 * last one (offset 128), so that it can say how many of its numbers are followed by the next one. */
#ifndef FW_SESSION_NUMBERS_H
#define FW_SESSION_NUMBERS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "_packed.h"

enum {
    FW_CHUNK_BITS = 7,
    FW_CHUNK = 1 << FW_CHUNK_BITS,
    /* Sendings of one number that are told apart: the earliest; later ones are counted with the last of these. */
    FW_SENDINGS = 4
};

/* The epoch before every reset. */
#define FW_BEFORE INT64_MIN

typedef struct {
    int64_t began; /* the epoch */
    int64_t chunk;
    int64_t sent; /* microseconds since 1970 */
    int64_t count;
    uint8_t offset; /* in the chunk; FW_CHUNK: of the next one */
    uint8_t resent; /* with PossDupFlag(43)=Y */
} fw_number;

typedef struct {
    uint64_t direct[3], resent[3]; /* a bit an offset */
    int64_t direct_messages, direct_numbers, direct_pairs, seen_numbers, last_sent;
    int first_direct, last_direct, first_seen, last_seen; /* offsets, -1: none */
} fw_chunk_figures;

static inline int fw_compare_numbers(const void *left, const void *right) {
    const fw_number *a = (const fw_number *)left, *b = (const fw_number *)right;
    if (a->began != b->began) return a->began < b->began ? -1 : 1;
    if (a->chunk != b->chunk) return a->chunk < b->chunk ? -1 : 1;
    if (a->offset != b->offset) return a->offset < b->offset ? -1 : 1;
    if (a->resent != b->resent) return a->resent < b->resent ? -1 : 1;
    return a->sent < b->sent ? -1 : a->sent > b->sent;
}

/* Mostly they come in order: sorting is for when they do not. */
static inline void fw_sort_numbers(fw_number *numbers, int64_t count) {
    for (int64_t at = 1; at < count; at++)
        if (fw_compare_numbers(&numbers[at - 1], &numbers[at]) > 0) {
            qsort(numbers, (size_t)count, sizeof *numbers, fw_compare_numbers);
            return;
        }
}

static inline int fw_same_number(const fw_number *a, const fw_number *b) {
    return a->began == b->began && a->chunk == b->chunk && a->offset == b->offset && a->resent == b->resent;
}

/* Sorted numbers with each sending once, in place; how many are left. */
static inline int64_t fw_unite_numbers(fw_number *numbers, int64_t count) {
    int64_t kept = 0, of_one = 0; /* how many of the number at hand are kept */
    for (int64_t at = 0; at < count; at++) {
        fw_number *last = kept ? &numbers[kept - 1] : NULL;
        if (!last || !fw_same_number(last, &numbers[at])) of_one = 0;
        if (of_one && (last->sent == numbers[at].sent || of_one == FW_SENDINGS)) {
            last->count += numbers[at].count;
            continue;
        }
        numbers[kept++] = numbers[at];
        of_one++;
    }
    return kept;
}

/* The epoch of a number among `count` that began at `begins` (ascending) with the numbers `firsts`: the last one that
 * had begun when it was sent. What was sent in the moment of a reset is after it only if its number says so. */
static inline int64_t fw_epoch_of(const int64_t *begins, const int64_t *firsts, int64_t count, int64_t sent,
                                  int64_t number) {
    int64_t low = 0, high = count; /* begins[low - 1] <= sent < begins[high] */
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (begins[middle] <= sent)
            low = middle + 1;
        else
            high = middle;
    }
    if (low && begins[low - 1] == sent && (number < firsts[low - 1] || number - firsts[low - 1] >= FW_CHUNK)) low--;
    return low ? begins[low - 1] : FW_BEFORE;
}

/* One chunk's numbers as they are stored. */
static inline void fw_put_numbers(fw_bytes *out, const fw_number *numbers, int64_t count) {
    int64_t unit = 1000, before = 0; /* milliseconds, where all times are whole ones */
    unsigned offset = 0;
    for (int64_t at = 0; at < count; at++)
        if (numbers[at].sent % 1000) unit = 1;
    fw_put_byte(out, unit == 1000);
    for (int64_t at = 0; at < count; at++) {
        const fw_number *number = &numbers[at];
        unsigned often = number->count > 1;
        fw_put_varint(out, (number->offset - offset) << 2 | often << 1 | number->resent);
        if (often) fw_put_varint(out, (uint64_t)number->count);
        fw_put_signed(out, (__int128)(number->sent / unit) - before);
        offset = number->offset;
        before = number->sent / unit;
    }
}

/* Reads what `fw_put_numbers` wrote into `numbers`, which has room for an entry every two bytes. Returns how many, -1:
 * it is damaged. */
static inline int64_t fw_get_numbers(const uint8_t *bytes, int64_t size, int64_t began, int64_t chunk,
                                     fw_number *numbers) {
    fw_reader in = {bytes, bytes + size, 0};
    int64_t count = 0, unit = 1;
    __int128 time = 0;
    unsigned offset = 0;
    if (size) {
        uint8_t is_ms = fw_get_byte(&in);
        if (is_ms > 1) return -1;
        if (is_ms) unit = 1000;
    }
    while (in.at < in.end) {
        unsigned __int128 head = fw_get_varint(&in), often = head & 2 ? fw_get_varint(&in) : 1;
        __int128 step = fw_get_signed(&in);
        const __int128 most = (__int128)1 << 64;
        if (in.failed || head >> 2 > FW_CHUNK - offset || often > (unsigned __int128)1 << 40) return -1;
        if (step > most || step < -most) return -1;
        offset += (unsigned)(head >> 2);
        time += step;
        if (time > INT64_MAX / unit || time < INT64_MIN / unit) return -1;
        numbers[count++] = (fw_number){
            .began = began,
            .chunk = chunk,
            .sent = (int64_t)time * unit,
            .count = (int64_t)often,
            .offset = (uint8_t)offset,
            .resent = head & 1,
        };
    }
    return count;
}

static inline int fw_bit_at(const uint64_t *bits, int at) { return (int)(bits[at >> 6] >> (at & 63) & 1); }

/* What one chunk's numbers come to. */
static inline void fw_count_numbers(const fw_number *numbers, int64_t count, fw_chunk_figures *figures) {
    memset(figures, 0, sizeof *figures);
    figures->last_sent = INT64_MIN;
    for (int64_t at = 0; at < count; at++) {
        const fw_number *number = &numbers[at];
        (number->resent ? figures->resent : figures->direct)[number->offset >> 6] |= UINT64_C(1) << (number->offset & 63);
        if (number->sent > figures->last_sent) figures->last_sent = number->sent;
        if (!number->resent && number->offset < FW_CHUNK) figures->direct_messages += number->count;
    }
    figures->first_direct = figures->last_direct = figures->first_seen = figures->last_seen = -1;
    for (int offset = 0; offset < FW_CHUNK; offset++) {
        int direct = fw_bit_at(figures->direct, offset);
        if (direct) {
            figures->direct_numbers++;
            figures->direct_pairs += fw_bit_at(figures->direct, offset + 1);
            if (figures->first_direct < 0) figures->first_direct = offset;
            figures->last_direct = offset;
        }
        if (direct || fw_bit_at(figures->resent, offset)) {
            figures->seen_numbers++;
            if (figures->first_seen < 0) figures->first_seen = offset;
            figures->last_seen = offset;
        }
    }
}

#endif
