/* A hash of texts. Where it is stored it has to be the same for everybody; where texts meet in a table it begins with a
 * number that nobody knows. */
#ifndef FW_TEXT_HASH_H
#define FW_TEXT_HASH_H

#include <stdint.h>

#include "_rows.h"

static inline uint64_t fw_stir(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Goes on from `hash`; never 0. */
static inline uint64_t fw_text_hash(uint64_t hash, fw_text text) {
    uint64_t word;
    if (text.size < 0) return fw_stir(hash ^ 0xA0761D6478BD642Fu, 0xE7037ED1A0B428DBu) | 1;
    hash ^= (uint64_t)text.size * 0x9E3779B97F4A7C15u;
    for (int32_t at = 0; at < text.size; at += 8) {
        int32_t left = text.size - at < 8 ? text.size - at : 8;
        word = 0;
        for (int32_t i = 0; i < left; i++) word |= (uint64_t)text.bytes[at + i] << (8 * i);
        hash = fw_stir(hash ^ word, 0xE7037ED1A0B428DBu) + 0x8EBC6AF09C88C6E3u;
    }
    return fw_stir(hash ^ 0xA0761D6478BD642Fu, 0x589965CC75374CC3u) | 1;
}

#endif
