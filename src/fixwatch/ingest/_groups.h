/* Groups of rows: a key of two integers and a text is numbered when it is met first. Keys are found by a hash whose
 * seed nobody knows, so that nobody can choose keys that all meet in one place. */
#ifndef FW_GROUPS_H
#define FW_GROUPS_H

#include <stdlib.h>

#include "_rows.h"

typedef struct {
    int64_t a, b;
    fw_text text;
} fw_key;

typedef struct {
    fw_key *keys;
    int32_t *slots; /* the number of a key and one, 0: free; twice as many as there is room for keys */
    int64_t count, room;
    uint64_t seed;
} fw_groups;

static inline uint64_t fw_mixed(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t fw_key_hash(uint64_t seed, fw_key key) {
    uint64_t hash = fw_mixed(seed ^ (uint64_t)key.a, 0x9E3779B97F4A7C15u ^ (uint64_t)key.b), word;
    const uint8_t *p = key.text.bytes;
    int32_t n = key.text.size < 0 ? 0 : key.text.size;
    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&word, p, 8);
        hash = fw_mixed(hash ^ word, seed | 1);
    }
    word = (uint64_t)n << 56;
    if (n) memcpy(&word, p, (size_t)n);
    return fw_mixed(hash ^ word, seed | 1);
}

static inline void fw_free_groups(fw_groups *groups) {
    free(groups->keys);
    free(groups->slots);
}

static inline int64_t fw_slot_of(const fw_groups *groups, fw_key key) {
    uint64_t mask = (uint64_t)groups->room * 2 - 1, slot = fw_key_hash(groups->seed, key) & mask;
    while (groups->slots[slot]) {
        const fw_key *known = &groups->keys[groups->slots[slot] - 1];
        if (known->a == key.a && known->b == key.b && fw_same(known->text, key.text)) break;
        slot = (slot + 1) & mask;
    }
    return (int64_t)slot;
}

/* Room for twice as many keys; `groups` begins as zeros with a seed. 0: there is no memory, or 2^30 keys. */
static inline int fw_more_groups(fw_groups *groups) {
    int64_t room = groups->room ? groups->room * 2 : 64;
    int32_t *slots = groups->room < 1 << 29 ? (int32_t *)calloc((size_t)room * 2, sizeof *slots) : NULL;
    fw_key *keys = slots ? (fw_key *)realloc(groups->keys, (size_t)room * sizeof *keys) : NULL;
    if (!keys) {
        free(slots);
        return 0;
    }
    free(groups->slots);
    groups->keys = keys;
    groups->slots = slots;
    groups->room = room;
    for (int64_t number = 0; number < groups->count; number++)
        slots[fw_slot_of(groups, keys[number])] = (int32_t)number + 1;
    return 1;
}

/* The number of a key's group, a new one (`count` before) where it is met first; -1: there is no memory. The text is
 * not copied. */
static inline int64_t fw_group(fw_groups *groups, int64_t a, int64_t b, fw_text text) {
    fw_key key = {a, b, text};
    if (groups->count == groups->room && !fw_more_groups(groups)) return -1;
    int64_t slot = fw_slot_of(groups, key);
    if (!groups->slots[slot]) {
        groups->keys[groups->count] = key;
        groups->slots[slot] = (int32_t)++groups->count;
    }
    return groups->slots[slot] - 1;
}

#endif
