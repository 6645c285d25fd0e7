/* The texts of a block's rows that are plain ASCII, with AVX-512: first where they end, sixteen at once, then the texts,
 * each in one step. Behind a text's end nothing is read; what is written there the next one writes over.
 */
#ifndef FIXWATCH_TEXTS_X86_H
#define FIXWATCH_TEXTS_X86_H

#ifdef FW_HAS_X86

/* Tell the `offsets` of where the texts of `bits` end, the first beginning at `used`. Returns the bits of all
 * lengths. */
FW_WITH_AVX512 static inline uint32_t fw_measure_texts(uint32_t used, int32_t *offsets, const fw_span *spans,
                                                       unsigned count, uint64_t bits) {
    const __m512i zeros = _mm512_setzero_si512(), last = _mm512_set1_epi32(15);
    __m512i begin = _mm512_set1_epi32((int)used), all = zeros;
    for (unsigned row = 0; row < count; row += 16) {
        __m512i places = _mm512_loadu_si512(spans + row), starts = _mm512_and_si512(places, _mm512_set1_epi32(0xFFFF));
        __m512i sums = _mm512_maskz_sub_epi32((__mmask16)(bits >> row), _mm512_srli_epi32(places, 16), starts);
        all = _mm512_or_si512(all, sums);
        sums = _mm512_add_epi32(sums, _mm512_alignr_epi32(sums, zeros, 15));
        sums = _mm512_add_epi32(sums, _mm512_alignr_epi32(sums, zeros, 14));
        sums = _mm512_add_epi32(sums, _mm512_alignr_epi32(sums, zeros, 12));
        sums = _mm512_add_epi32(sums, _mm512_alignr_epi32(sums, zeros, 8));
        sums = _mm512_add_epi32(sums, begin);
        begin = _mm512_permutexvar_epi32(last, sums);
        _mm512_storeu_si512(offsets + row, sums); /* the column has room for whole blocks */
    }
    return (uint32_t)_mm512_reduce_or_epi32(all);
}

/* Texts of one byte each. */
FW_WITH_AVX512 static inline void fw_fill_chars_avx512(uint8_t *out, const fw_block *b, const fw_span *spans,
                                                       uint64_t bits) {
    for (unsigned row = 0; row < FW_BLOCK; row += 8) {
        __mmask8 has = (__mmask8)(bits >> row);
        __m512i places = _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)(spans + row)));
        __m512i from = _mm512_add_epi64(_mm512_loadu_si512(b->readable + row),
                                        _mm512_and_si512(places, _mm512_set1_epi64(0xFFFF)));
        __m512i texts = _mm512_maskz_compress_epi64(has, fw_gather8(has, from));
        _mm_storel_epi64((__m128i *)out, _mm512_cvtepi64_epi8(texts));
        out += _mm_popcnt_u32(has);
    }
}

/* fw_fill_plain */
FW_WITH_AVX512 static uint32_t fw_fill_plain_avx512(uint8_t *out, uint32_t used, int32_t *offsets, const fw_block *b,
                                                    const fw_span *spans, uint64_t bits) {
    uint32_t lengths = fw_measure_texts(used, offsets, spans, b->count, bits);
    uint32_t end = (uint32_t)offsets[b->count - 1];
    if (lengths <= 1) {
        fw_fill_chars_avx512(out + used, b, spans, bits);
        return end;
    }
    for (uint64_t left = bits; left; left &= left - 1) {
        unsigned row = fw_lowest(left);
        uint32_t start = spans[row].start, n = spans[row].end - start;
        const uint8_t *from = b->readable[row] + start;
        uint8_t *to = out + used;
        used += n;
        if (lengths < 16)
            _mm_storeu_si128((__m128i *)to, _mm_maskz_loadu_epi8((__mmask16)_bzhi_u32(UINT16_MAX, n), from));
        else if (n <= 32)
            _mm256_storeu_si256((__m256i *)to, _mm256_maskz_loadu_epi8(_bzhi_u32(UINT32_MAX, n), from));
        else
            memcpy(to, from, n);
    }
    return end;
}

#endif
#endif
