/* The scan with NEON, which every 64-bit ARM has. */
#ifndef FIXWATCH_STRUCTURAL_NEON_H
#define FIXWATCH_STRUCTURAL_NEON_H

#if defined(__aarch64__) && defined(__ARM_NEON) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FW_HAS_NEON 1

#include <arm_neon.h>

/* 64 lanes of 0 or 255 as 64 bits: a bit of its own is kept of each, and neighbours are added three times. */
static inline uint64_t fw_neon_mask(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d) {
    const uint8x16_t bits = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t low = vpaddq_u8(vandq_u8(a, bits), vandq_u8(b, bits));
    uint8x16_t high = vpaddq_u8(vandq_u8(c, bits), vandq_u8(d, bits));
    uint8x16_t all = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

static void fw_scan_neon(const uint8_t *p, size_t n, uint16_t *soh, fw_scanned *found) {
    const uint8x16_t one = vdupq_n_u8(FW_SOH);
    uint8x16_t odd = vdupq_n_u8(0);
    uint8_t padded[64];
    uint32_t count = 0, sum = 0;
    for (size_t at = 0; at < n; at += 64) {
        const uint8_t *block = p + at;
        uint8x16_t lane[4], hit[4];
        if (n - at < 64) {
            fw_pad_block(block, n - at, padded);
            block = padded;
        }
        for (int i = 0; i < 4; i++) {
            lane[i] = vld1q_u8(block + 16 * i);
            hit[i] = vceqq_u8(lane[i], one);
            sum += vaddlvq_u8(lane[i]);
            odd = vorrq_u8(odd, vorrq_u8(lane[i], vsubq_u8(lane[i], one)));
        }
        for (uint64_t hits = fw_neon_mask(hit[0], hit[1], hit[2], hit[3]); hits; hits &= hits - 1)
            soh[count++] = (uint16_t)(at + fw_lowest(hits));
    }
    found->count = count;
    found->sum = (uint8_t)(sum - FW_PADDING * (64 - n % 64) * (n % 64 != 0));
    found->odd = vmaxvq_u8(odd) >= 0x80;
}

#endif
#endif
