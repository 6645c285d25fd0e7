/* Integers, decimals and timestamps of eight rows at once, with AVX-512. A lane is a row; what a lane cannot tell, the loops of
 * `_fill.h` read. A row without a value has a lane of zeros, and zeros come out.
 */
#ifndef FIXWATCH_FILL_X86_H
#define FIXWATCH_FILL_X86_H

#ifdef FW_HAS_X86

/* Eight rows' values: their numbers of bytes (0: none) and where the 8 bytes are that end with each. */
typedef struct {
    __m512i length, last;
} fw_lanes;

FW_WITH_AVX512 static inline fw_lanes fw_lanes_of(const fw_block *b, const fw_span *spans, unsigned row,
                                                  __mmask8 has) {
    fw_lanes lanes;
    __m512i places = _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)(spans + row)));
    __m512i start = _mm512_and_si512(places, _mm512_set1_epi64(0xFFFF)), end = _mm512_srli_epi64(places, 16);
    lanes.length = _mm512_maskz_sub_epi64(has, end, start);
    lanes.last = _mm512_add_epi64(_mm512_loadu_si512(b->data + row), _mm512_sub_epi64(end, _mm512_set1_epi64(8)));
    return lanes;
}

/* The 8 bytes at each address; 0 where there is none. */
FW_WITH_AVX512 static inline __m512i fw_gather8(__mmask8 has, __m512i addresses) {
    return _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), has, addresses, NULL, 1);
}

/* fw_last_digits */
FW_WITH_AVX512 static inline __m512i fw_last_digits_x8(__m512i words, __m512i digits) {
    /* A shift by 64 or more, for no digits, leaves nothing. */
    __m512i unwanted = _mm512_sub_epi64(_mm512_set1_epi64(64), _mm512_slli_epi64(digits, 3));
    __m512i wanted = _mm512_sllv_epi64(_mm512_set1_epi64(-1), unwanted);
    return _mm512_and_si512(_mm512_xor_si512(words, _mm512_set1_epi8('0')), wanted);
}

/* Lanes with a byte of more than `most`, given as 127 less that. */
FW_WITH_AVX512 static inline __mmask8 fw_exceed_x8(__m512i words, __m512i below_127) {
    return _mm512_test_epi64_mask(_mm512_or_si512(words, _mm512_add_epi8(words, below_127)),
                                  _mm512_set1_epi8((char)0x80));
}

/* fw_eight_digits */
FW_WITH_AVX512 static inline __m512i fw_eight_digits_x8(__m512i words) {
    __m512i pairs = _mm512_maddubs_epi16(words, _mm512_set1_epi16(1 << 8 | 10));
    __m512i fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(1 << 16 | 100));
    return _mm512_add_epi64(_mm512_mul_epu32(fours, _mm512_set1_epi64(10000)), _mm512_srli_epi64(fours, 32));
}

/* Integers of up to 8 digits. */
FW_WITH_AVX512 static uint64_t fw_fill_ints_avx512(uint8_t *out, const fw_block *b, const fw_span *spans,
                                                   uint64_t bits) {
    const __m512i not_digits = _mm512_set1_epi8(127 - 9);
    uint64_t rest = 0;
    for (unsigned row = 0; row < FW_BLOCK; row += 8) {
        __mmask8 has = (__mmask8)(bits >> row);
        fw_lanes lanes = fw_lanes_of(b, spans, row, has);
        __m512i word = fw_last_digits_x8(fw_gather8(has, lanes.last), lanes.length);
        __mmask8 longer = _mm512_cmpgt_epi64_mask(lanes.length, _mm512_set1_epi64(8));
        rest |= (uint64_t)(uint8_t)(has & (longer | fw_exceed_x8(word, not_digits))) << row;
        _mm512_storeu_si512(out + 8 * row, _mm512_maskz_mov_epi64(has, fw_eight_digits_x8(word)));
    }
    return rest ? fw_fill_ints((int64_t *)out, b, spans, rest) : 0;
}

/* Decimals of up to 8 bytes. */
FW_WITH_AVX512 static uint64_t fw_fill_decimals_avx512(uint8_t *out, const fw_block *b, const fw_span *spans,
                                                       uint64_t bits) {
    const __m512i one = _mm512_set1_epi64(1), not_digits = _mm512_set1_epi8(127 - 9);
    /* By the digits behind the point, what makes the number one of 10^-FW_SCALE. */
    const __m512i powers = _mm512_set_epi64(100000000000, 1000000000000, 10000000000000, 100000000000000,
                                            1000000000000000, 10000000000000000, 100000000000000000,
                                            1000000000000000000);
    const __m512i first_halves = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
    const __m512i second_halves = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
    uint64_t rest = 0;
    for (unsigned row = 0; row < FW_BLOCK; row += 8) {
        __mmask8 has = (__mmask8)(bits >> row);
        fw_lanes lanes = fw_lanes_of(b, spans, row, has);
        __m512i word = fw_last_digits_x8(fw_gather8(has, lanes.last), lanes.length);
        /* fw_without_point: 1 in the byte of the lowest point. */
        __m512i points = _mm512_maskz_set1_epi8(_mm512_cmpeq_epi8_mask(word, _mm512_set1_epi8('.' ^ '0')), 1);
        __m512i point = _mm512_and_si512(points, _mm512_sub_epi64(_mm512_setzero_si512(), points));
        __m512i below = _mm512_sub_epi64(point, one);
        __mmask8 pointed = _mm512_test_epi64_mask(point, point);
        __m512i up_to_point = _mm512_or_si512(_mm512_slli_epi64(below, 8), _mm512_set1_epi64(0xFF));
        __m512i moved = _mm512_slli_epi64(_mm512_and_si512(word, below), 8);
        word = _mm512_mask_or_epi64(word, pointed, _mm512_andnot_si512(up_to_point, word), moved);
        /* Of no point 64 zeros lead: 8, of which the table's index takes the low bits, 0. */
        __m512i behind = _mm512_srli_epi64(_mm512_lzcnt_epi64(point), 3);
        __mmask8 lone_point = pointed & _mm512_cmpeq_epi64_mask(lanes.length, one);
        __mmask8 longer = _mm512_cmpgt_epi64_mask(lanes.length, _mm512_set1_epi64(8));
        rest |= (uint64_t)(uint8_t)(has & (lone_point | longer | fw_exceed_x8(word, not_digits))) << row;
        /* 27 bits times 60, in two halves. */
        __m512i mantissa = fw_eight_digits_x8(word), power = _mm512_permutexvar_epi64(behind, powers);
        __m512i low = _mm512_mul_epu32(mantissa, power);
        __m512i high = _mm512_mul_epu32(mantissa, _mm512_srli_epi64(power, 32));
        __m512i sum = _mm512_add_epi64(low, _mm512_slli_epi64(high, 32));
        high = _mm512_srli_epi64(high, 32);
        high = _mm512_mask_add_epi64(high, _mm512_cmplt_epu64_mask(sum, low), high, one);
        _mm512_storeu_si512(out + 16 * row, _mm512_permutex2var_epi64(sum, first_halves, high));
        _mm512_storeu_si512(out + 16 * row + 64, _mm512_permutex2var_epi64(sum, second_halves, high));
    }
    return rest ? fw_fill_decimals(out, b, spans, rest) : 0;
}

/* Timestamps of one day, with a fraction of up to 6 digits or none. */
FW_WITH_AVX512 static uint64_t fw_fill_timestamps_avx512(uint8_t *out, const fw_block *b, const fw_span *spans,
                                                         uint64_t bits) {
    const __m512i not_digits = _mm512_set1_epi8(127 - 9);
    /* HH:MM:SS, colons 0: at most 29:59:59, and how its digits weigh, first in pairs. */
    const __m512i colons = _mm512_set1_epi64(0x30303A30303A3030);
    const __m512i not_clock = _mm512_set1_epi64(0x767A7F767A7F767D);
    const __m512i pairs = _mm512_set1_epi64(0x010A00010A00010A);
    const __m512i seconds_of = _mm512_set1_epi64(3600 | 60ll << 16 | 60ll << 32 | 1ll << 48);
    const __m512i powers = _mm512_set_epi64(0, 0, 100000, 10000, 1000, 100, 10, 1);
    fw_day day = FW_FIRST_DAY;
    uint64_t rest = 0;
    if (bits) fw_quick_date(b->data[fw_lowest(bits)] + spans[fw_lowest(bits)].start, &day);
    for (unsigned row = 0; row < FW_BLOCK; row += 8) {
        __mmask8 has = (__mmask8)(bits >> row);
        fw_lanes lanes = fw_lanes_of(b, spans, row, has);
        __m512i n = lanes.length;
        __mmask8 fits = has & _mm512_cmpge_epi64_mask(n, _mm512_set1_epi64(17)) &
                        _mm512_cmple_epi64_mask(n, _mm512_set1_epi64(24)) &
                        _mm512_cmpneq_epi64_mask(n, _mm512_set1_epi64(18));
        __mmask8 fraction = _mm512_cmpgt_epi64_mask(n, _mm512_set1_epi64(17));
        __m512i first = _mm512_sub_epi64(_mm512_add_epi64(lanes.last, _mm512_set1_epi64(8)), n);
        __m512i date = fw_gather8(fits, first), last = fw_gather8(fits, lanes.last);
        __m512i middle = fw_gather8(fits, _mm512_add_epi64(first, _mm512_set1_epi64(8))); /* -HH:MM:S */
        __m512i from_end = _mm512_slli_epi64(_mm512_sub_epi64(_mm512_set1_epi64(24), n), 3);
        __m512i low_byte = _mm512_set1_epi64(0xFF);
        __m512i second = _mm512_srlv_epi64(last, from_end); /* its last digit is the lowest byte, a point follows */
        __m512i dot = _mm512_and_si512(_mm512_srli_epi64(second, 8), low_byte);
        __m512i clock = _mm512_or_si512(_mm512_srli_epi64(middle, 8), _mm512_slli_epi64(second, 56));
        clock = _mm512_xor_si512(clock, colons);
        __m512i parts = _mm512_maddubs_epi16(clock, pairs); /* hours, tens of minutes times 10, minutes, seconds */
        __m512i halves = _mm512_madd_epi16(parts, seconds_of);
        __m512i seconds = _mm512_add_epi64(_mm512_and_si512(halves, _mm512_set1_epi64(0xFFFFFFFF)),
                                           _mm512_srli_epi64(halves, 32));
        __m512i digits = fw_last_digits_x8(last, _mm512_sub_epi64(n, _mm512_set1_epi64(18)));
        digits = _mm512_maskz_mov_epi64(fraction, digits);
        __mmask8 good = fits & _mm512_cmpeq_epi64_mask(date, _mm512_set1_epi64((long long)day.text)) &
                        _mm512_cmpeq_epi64_mask(_mm512_and_si512(middle, low_byte), _mm512_set1_epi64('-')) &
                        _mm512_cmple_epi64_mask(_mm512_and_si512(parts, _mm512_set1_epi64(0xFFFF)),
                                                _mm512_set1_epi64(23)) &
                        (__mmask8) ~(fraction & _mm512_cmpneq_epi64_mask(dot, _mm512_set1_epi64('.'))) &
                        (__mmask8) ~(fw_exceed_x8(clock, not_clock) | fw_exceed_x8(digits, not_digits));
        rest |= (uint64_t)(uint8_t)(has & ~good) << row;
        __m512i power = _mm512_permutexvar_epi64(_mm512_sub_epi64(_mm512_set1_epi64(24), n), powers);
        __m512i micros = _mm512_mul_epu32(fw_eight_digits_x8(digits), power);
        micros = _mm512_add_epi64(micros, _mm512_mul_epu32(seconds, _mm512_set1_epi64(1000000)));
        micros = _mm512_add_epi64(micros, _mm512_set1_epi64((long long)day.days * 86400000000));
        _mm512_storeu_si512(out + 8 * row, _mm512_maskz_mov_epi64(good, micros));
    }
    return rest ? fw_fill_timestamps((int64_t *)out, b, spans, rest) : 0;
}

#endif
#endif
