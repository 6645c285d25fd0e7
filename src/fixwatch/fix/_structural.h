/* Where a message's SOH are, and the sum of its bytes: the two passes over raw bytes that vector instructions
 * can do many bytes at a time. This is the portable form.
 */
#ifndef FIXWATCH_STRUCTURAL_H
#define FIXWATCH_STRUCTURAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FW_SOH 0x01

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

#endif
