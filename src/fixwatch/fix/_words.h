/* Eight bytes as one number, and what can be asked of all eight at once. The first byte in memory is the number's
 * lowest.
 */
#ifndef FIXWATCH_WORDS_H
#define FIXWATCH_WORDS_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "fixwatch needs a little-endian processor, as Arrow's files and nearly all machines are"
#endif

/* A byte times this is that byte eight times. */
#define FW_EACH 0x0101010101010101u
/* The top bit of each byte. */
#define FW_TOPS 0x8080808080808080u

static inline uint64_t fw_load8(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

static inline uint64_t fw_load2(const uint8_t *p) { return (uint64_t)p[0] | (uint64_t)p[1] << 8; }

/* The top bit of each byte that is 0. */
static inline uint64_t fw_zero_bytes(uint64_t word) {
    return ~(((word & ~FW_TOPS) + ~FW_TOPS) | word | ~FW_TOPS);
}

/* Ask for memory that will be read soon. */
static inline void fw_prefetch(const void *p) { __builtin_prefetch(p); }

/* Likewise, of memory that will be written. */
static inline void fw_prefetch_to_write(const void *p) { __builtin_prefetch(p, 1); }

/* The number of the lowest bit that is set; some is. */
static inline unsigned fw_lowest(uint64_t word) { return (unsigned)__builtin_ctzll(word); }

/* A mask of the first `n` bytes, 0 <= n <= 8. */
static inline uint64_t fw_first_bytes(unsigned n) { return n >= 8 ? UINT64_MAX : ((uint64_t)1 << 8 * n) - 1; }

#endif
