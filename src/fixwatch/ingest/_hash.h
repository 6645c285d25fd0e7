/* A hash of bytes: products of 128 bits, folded. With a seed that nobody knows, nobody can choose what meets. */
#ifndef FW_HASH_H
#define FW_HASH_H

#include <stdint.h>
#include <string.h>

static inline uint64_t fw_mix(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t fw_hash(uint64_t seed, uint64_t space, const uint8_t *p, uint64_t n) {
    uint64_t hash = fw_mix(seed ^ space, 0x9E3779B97F4A7C15u ^ n), word;
    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&word, p, 8);
        hash = fw_mix(hash ^ word, seed | 1);
    }
    word = 0;
    if (n) memcpy(&word, p, n);
    return fw_mix(hash ^ word, seed | 1);
}

#endif
