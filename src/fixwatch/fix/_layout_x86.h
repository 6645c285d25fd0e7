/* The passes of `_layout.h` over a message's fields, eight of them at once or more, with AVX-512. */
#ifndef FIXWATCH_LAYOUT_X86_H
#define FIXWATCH_LAYOUT_X86_H

#ifdef FW_HAS_X86

FW_WITH_AVX512 static inline uint64_t fw_take_begins_avx512(const uint32_t *keys, fw_candidate *c) {
    const __m512i zeros = _mm512_setzero_si512(), tag = _mm512_set1_epi64(0xFFFF);
    __m512i sums = zeros;
    for (uint32_t i = 0; i + 1 < c->count; i += 8) {
        __mmask8 there = (__mmask8)_bzhi_u32(0xFF, c->count - 1 - i);
        __m128i ends = _mm_loadu_si128((const __m128i *)(c->soh + (int32_t)i - 1));
        __m512i at = _mm512_cvtepu16_epi64(_mm_add_epi16(ends, _mm_set1_epi16(1)));
        __m512i begins = _mm512_mask_i64gather_epi64(zeros, there, at, c->p, 1);
        _mm512_storeu_si512(c->begins + i, begins);
        __m512i wide_keys = _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)(keys + i)));
        sums = _mm512_add_epi64(sums, _mm512_mul_epu32(_mm512_and_si512(begins, tag), wide_keys));
    }
    return (uint64_t)_mm512_reduce_add_epi64(sums);
}

FW_WITH_AVX512 static inline int fw_begins_avx512(const fw_layout *l, const uint64_t *begins) {
    __m512i wrong = _mm512_setzero_si512();
    for (uint32_t i = 0; i + 1 < l->count; i += 8) {
        __m512i other = _mm512_xor_si512(_mm512_loadu_si512(begins + i), _mm512_loadu_si512(l->literals + i));
        wrong = _mm512_or_si512(wrong, _mm512_and_si512(other, _mm512_loadu_si512(l->masks + i)));
    }
    return _mm512_test_epi64_mask(wrong, wrong) == 0;
}

FW_WITH_AVX512 static inline int fw_have_values_avx512(const fw_layout *l, const uint16_t *soh, uint16_t most) {
    const __m512i one = _mm512_set1_epi16(1);
    __m512i lengths = _mm512_setzero_si512();
    for (uint32_t i = 1; i < l->count; i += 32) {
        __mmask32 there = _bzhi_u32(UINT32_MAX, l->count - i);
        __m512i ends = _mm512_maskz_loadu_epi16(there, soh + i);
        __m512i taken = _mm512_add_epi16(_mm512_maskz_loadu_epi16(there, soh + i - 1),
                                         _mm512_maskz_loadu_epi16(there, l->heads + i));
        __m512i length = _mm512_sub_epi16(ends, taken);
        __m512i wide = _mm512_or_si512(length, _mm512_sub_epi16(length, one));
        lengths = _mm512_or_si512(lengths, _mm512_maskz_mov_epi16(there, wide));
    }
    return _mm512_test_epi16_mask(lengths, _mm512_set1_epi16((short)~most)) == 0;
}

#endif
#endif
