/* Where a message's SOH are, and the sum of its bytes: the passes over raw bytes that vector instructions can do
 * many bytes at a time. Here is the portable form; `_structural_x86.h` and `_structural_neon.h` have the others.
 */
#ifndef FIXWATCH_STRUCTURAL_H
#define FIXWATCH_STRUCTURAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "_words.h"

/* The instructions that a form of the decoder is compiled for (`_forms.h`). Each pass takes them as a constant. */
typedef enum { FW_PORTABLE, FW_NEON, FW_AVX2, FW_AVX512 } fw_instructions;

#define FW_SOH 0x01

/* Longer messages are read field by field. A scan's positions have 16 bits and one buffer that stays in cache. */
#define FW_SCAN_BYTES 8192
/* Positions are written some at a time, past the last one. */
#define FW_SCAN_ROOM (FW_SCAN_BYTES + 64)

typedef struct {
    uint32_t count; /* of SOH */
    uint8_t sum;    /* of all bytes, modulo 256: CheckSum(10) is of those in front of it */
    uint8_t odd;    /* NUL or a byte past ASCII is among them */
} fw_scanned;

/* The offset of the first SOH in [from, n), or n. */
static inline size_t fw_next_soh(const uint8_t *p, size_t from, size_t n) {
    if (from >= n) return n;
    const uint8_t *found = (const uint8_t *)memchr(p + from, FW_SOH, n - from);
    return found ? (size_t)(found - p) : n;
}

/* The sum of n bytes modulo 256 (CheckSum(10)). In 8-bit lanes, where wrapping is the modulo. */
static inline uint8_t fw_byte_sum(const uint8_t *p, size_t n) {
    uint8_t sum = 0;
    for (size_t i = 0; i < n; i++) sum = (uint8_t)(sum + p[i]);
    return sum;
}

/* What is scanned behind a message's end, so that the last block is a whole one: it is no SOH and not odd. */
#define FW_PADDING '0'

/* The last bytes of a message, fewer than 64, as a block of 64. */
static inline void fw_pad_block(const uint8_t *p, size_t n, uint8_t *block) {
    memset(block, FW_PADDING, 64);
    memcpy(block, p, n);
}

static inline void fw_scan_portable(const uint8_t *p, size_t n, uint16_t *soh, fw_scanned *found) {
    uint8_t padded[64];
    uint64_t sums = 0, odd = 0;
    uint32_t count = 0;
    for (size_t at = 0; at < n; at += 64) {
        const uint8_t *block = p + at;
        uint64_t hits = 0, pairs = 0;
        if (n - at < 64) {
            fw_pad_block(block, n - at, padded);
            block = padded;
        }
        for (unsigned i = 0; i < 8; i++) {
            uint64_t word = fw_load8(block + 8 * i), zero = fw_zero_bytes(word ^ (FW_EACH * FW_SOH));
            /* One bit of each byte, gathered in the top byte by a product in which no two terms meet. */
            hits |= ((zero >> 7) * 0x0102040810204080u >> 56) << (8 * i);
            odd |= word | (word - FW_EACH); /* a borrow runs on only from a byte that is NUL and so odd itself */
            /* Four sums of 16 bits: 16 bytes of at most 255 each. */
            pairs += (word & 0x00FF00FF00FF00FFu) + (word >> 8 & 0x00FF00FF00FF00FFu);
        }
        sums += pairs * 0x0001000100010001u >> 48;
        for (; hits; hits &= hits - 1) soh[count++] = (uint16_t)(at + (size_t)fw_lowest(hits));
    }
    found->count = count;
    found->sum = (uint8_t)(sums - FW_PADDING * (64 - n % 64) * (n % 64 != 0));
    found->odd = (odd & FW_TOPS) != 0;
}

#include "_structural_neon.h"
#include "_structural_x86.h"

/* Scan p[0..n), n <= FW_SCAN_BYTES: the offsets of the SOH into `soh`, which has FW_SCAN_ROOM places. */
static inline void fw_scan(fw_instructions with, const uint8_t *p, size_t n, uint16_t *soh, fw_scanned *found) {
    switch (with) {
#ifdef FW_HAS_X86
    case FW_AVX512: fw_scan_avx512(p, n, soh, found); return;
    case FW_AVX2: fw_scan_avx2(p, n, soh, found); return;
#endif
#ifdef FW_HAS_NEON
    case FW_NEON: fw_scan_neon(p, n, soh, found); return;
#endif
    default: fw_scan_portable(p, n, soh, found);
    }
}

#endif
