/* The scan with AVX2 and with AVX-512. The functions are compiled for their instructions whatever the rest of the
 * build is for, and called only where the processor has them.
 */
#ifndef FIXWATCH_STRUCTURAL_X86_H
#define FIXWATCH_STRUCTURAL_X86_H

#if defined(__x86_64__) && defined(__GNUC__)
#define FW_HAS_X86 1

#include <immintrin.h>

/* What came with AVX2 on every processor that has it, and with AVX-512's byte instructions. */
#define FW_WITH_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define FW_WITH_AVX512 __attribute__((target("avx2,bmi,bmi2,popcnt,avx512f,avx512bw,avx512cd,avx512vl,avx512vbmi2")))

static inline int fw_has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("popcnt");
}

static inline int fw_has_avx512(void) {
    return fw_has_avx2() && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2");
}

/* A block's hits as positions, eight at a time: the loop's count is then nearly always the same. */
FW_WITH_AVX2 static inline uint32_t fw_flatten(uint64_t hits, size_t at, uint16_t *soh) {
    uint32_t count = (uint32_t)_mm_popcnt_u64(hits);
    for (uint32_t done = 0; done < count; done += 8) {
        for (uint32_t i = 0; i < 8; i++) {
            soh[done + i] = (uint16_t)(at + _tzcnt_u64(hits)); /* 64 when none is left: written over */
            hits = _blsr_u64(hits);
        }
    }
    return count;
}

FW_WITH_AVX2 static void fw_scan_avx2(const uint8_t *p, size_t n, uint16_t *soh, fw_scanned *found) {
    const __m256i ones = _mm256_set1_epi8(FW_SOH), zeros = _mm256_setzero_si256();
    __m256i sums = zeros, odd = zeros;
    uint8_t padded[64];
    uint64_t lanes[4];
    uint32_t count = 0;
    for (size_t at = 0; at < n; at += 64) {
        const uint8_t *block = p + at;
        if (n - at < 64) {
            fw_pad_block(block, n - at, padded);
            block = padded;
        }
        __m256i low = _mm256_loadu_si256((const __m256i *)block);
        __m256i high = _mm256_loadu_si256((const __m256i *)(block + 32));
        uint64_t hits = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, ones)) |
                        (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, ones)) << 32;
        sums = _mm256_add_epi64(sums, _mm256_add_epi64(_mm256_sad_epu8(low, zeros), _mm256_sad_epu8(high, zeros)));
        /* The top bit of x | (x - 1) is set where x is past ASCII or NUL. */
        odd = _mm256_or_si256(odd, _mm256_or_si256(_mm256_or_si256(low, _mm256_sub_epi8(low, ones)),
                                                   _mm256_or_si256(high, _mm256_sub_epi8(high, ones))));
        count += fw_flatten(hits, at, soh + count);
    }
    _mm256_storeu_si256((__m256i *)lanes, sums);
    found->count = count;
    found->sum = (uint8_t)(lanes[0] + lanes[1] + lanes[2] + lanes[3] - FW_PADDING * (64 - n % 64) * (n % 64 != 0));
    found->odd = _mm256_movemask_epi8(odd) != 0;
}

FW_WITH_AVX512 static void fw_scan_avx512(const uint8_t *p, size_t n, uint16_t *soh, fw_scanned *found) {
    const __m512i ones = _mm512_set1_epi8(FW_SOH);
    const __m512i places = _mm512_set_epi64(
        0x3f3e3d3c3b3a3938, 0x3736353433323130, 0x2f2e2d2c2b2a2928, 0x2726252423222120, 0x1f1e1d1c1b1a1918,
        0x1716151413121110, 0x0f0e0d0c0b0a0908, 0x0706050403020100);
    __m512i sums = _mm512_setzero_si512();
    __mmask64 odd = 0;
    uint32_t count = 0;
    for (size_t at = 0; at < n; at += 64) {
        __mmask64 there = n - at < 64 ? ((__mmask64)1 << (n - at)) - 1 : ~(__mmask64)0;
        __m512i bytes = _mm512_maskz_loadu_epi8(there, p + at);
        __mmask64 hits = _mm512_cmpeq_epi8_mask(bytes, ones);
        sums = _mm512_add_epi64(sums, _mm512_sad_epu8(bytes, _mm512_setzero_si512()));
        /* NUL less 1 is the largest byte, so one comparison finds it and what is past ASCII. */
        odd |= _mm512_mask_cmpge_epu8_mask(there, _mm512_sub_epi8(bytes, ones), _mm512_set1_epi8(0x7F));
        __m512i packed = _mm512_maskz_compress_epi8(hits, places), base = _mm512_set1_epi16((short)at);
        uint32_t here = (uint32_t)_mm_popcnt_u64(hits);
        _mm512_storeu_si512(soh + count,
                            _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_castsi512_si256(packed)), base));
        if (here > 32)
            _mm512_storeu_si512(soh + count + 32,
                                _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(packed, 1)), base));
        count += here;
    }
    found->count = count;
    found->sum = (uint8_t)_mm512_reduce_add_epi64(sums);
    found->odd = odd != 0;
}

#endif
#endif
