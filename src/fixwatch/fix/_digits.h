/* Digits eight at a time. What is asked here has an answer for nearly every value; where it has not, the value is
 * read byte by byte (`_values.h`), which also says what is wrong with it.
 *
 * Every function reads the 8 or 16 bytes that END with the value: the caller knows that the message has as many in
 * front of it. Nothing is read behind.
 */
#ifndef FIXWATCH_DIGITS_H
#define FIXWATCH_DIGITS_H

#include "_values.h"
#include "_words.h"

#define FW_ZEROS (FW_EACH * '0')

/* The last `n` of the 8 bytes in front of `end`, 1 <= n <= 8, less '0' each; the others are 0. */
static inline uint64_t fw_last_digits(const uint8_t *end, size_t n) {
    return (fw_load8(end - 8) ^ FW_ZEROS) & ~(uint64_t)0 << (64 - 8 * n);
}

/* If each byte is at most 9. A carry only leaves a byte that is past that itself. */
static inline int fw_are_digits(uint64_t word) { return ((word | (word + FW_EACH * 0x76)) & FW_TOPS) == 0; }

/* The number that 8 digits are, the first in the lowest byte: pairs, then fours, then all. */
static inline uint64_t fw_eight_digits(uint64_t word) {
    word = word * 10 + (word >> 8);
    return ((word & 0x000000FF000000FFu) * (100u + ((uint64_t)1000000u << 32)) +
            (word >> 16 & 0x000000FF000000FFu) * (1u + ((uint64_t)10000u << 32))) >> 32;
}

/* 1 to 16 digits. */
static inline int fw_quick_int(const uint8_t *end, size_t n, uint64_t *out) {
    if (n - 1 < 8) {
        uint64_t word = fw_last_digits(end, n);
        *out = fw_eight_digits(word);
        return fw_are_digits(word);
    }
    if (n - 1 >= 16) return 0;
    uint64_t low = fw_last_digits(end, 8), high = fw_last_digits(end - 8, n - 8);
    *out = fw_eight_digits(high) * 100000000u + fw_eight_digits(low);
    return fw_are_digits(low) && fw_are_digits(high);
}

/* The digits of a word on both sides of its lowest byte that is `point`, closed up; `behind` is how many are behind
 * it. The others move one byte up, and a 0 comes in in front. */
static inline uint64_t fw_without_point(uint64_t word, uint64_t point, unsigned *behind) {
    uint64_t below = (point & (0 - point)) >> 7; /* the point's byte, 1 */
    *behind = (unsigned)(7 - (fw_lowest(below) >> 3));
    below -= 1;
    return (word & ~(below << 8 | 0xFF)) | (word & below) << 8;
}

/* 1 to 16 bytes of digits with at most one point among them, as a multiple of 10^-FW_SCALE. */
static inline int fw_quick_decimal(const uint8_t *end, size_t n, fw_int128 *out) {
    const uint64_t dots = FW_EACH * ('.' ^ '0');
    unsigned behind = 0;
    uint64_t mantissa;
    if (n - 1 < 8) {
        uint64_t word = fw_last_digits(end, n), point = fw_zero_bytes(word ^ dots);
        if (point) {
            if (n == 1) return 0;
            word = fw_without_point(word, point, &behind);
        }
        if (!fw_are_digits(word)) return 0;
        mantissa = fw_eight_digits(word);
    } else if (n - 1 < 16) {
        uint64_t low = fw_last_digits(end, 8), high = fw_last_digits(end - 8, n - 8);
        uint64_t point = fw_zero_bytes(low ^ dots);
        if (point) {
            uint64_t crossing = high >> 56;
            low = fw_without_point(low, point, &behind) | crossing;
            high <<= 8;
        } else if ((point = fw_zero_bytes(high ^ dots)) != 0) {
            high = fw_without_point(high, point, &behind);
            behind += 8;
        }
        if (!fw_are_digits(low) || !fw_are_digits(high)) return 0;
        mantissa = fw_eight_digits(high) * 100000000u + fw_eight_digits(low);
    } else {
        return 0;
    }
    *out = (fw_int128)((unsigned __int128)mantissa * fw_power_of_ten[FW_SCALE - behind]);
    return 1;
}

/* HH:MM:SS, 8 bytes at `p`, as seconds of the day; not a leap second. */
static inline int fw_quick_clock(const uint8_t *p, uint32_t *seconds) {
    /* Colons become 0, digits their values. */
    uint64_t word = fw_load8(p) ^ 0x30303A30303A3030u;
    if ((word | (word + 0x76767F76767F7676u)) & FW_TOPS) return 0;
    word = word * 10 + (word >> 8);
    uint32_t hour = word & 0xFF, minute = word >> 24 & 0xFF, second = word >> 48 & 0xFF;
    *seconds = hour * 3600 + minute * 60 + second;
    return (hour < 24) & (minute < 60) & (second < 60);
}

/* The day of a timestamp that was read before: nearly all of a column's have the same. */
typedef struct {
    uint64_t text; /* its 8 bytes */
    int32_t days;
} fw_day;

/* 19700101 */
#define FW_FIRST_DAY {0x3130313030373931u, 0}

static inline int fw_quick_date(const uint8_t *p, fw_day *day) {
    uint64_t text = fw_load8(p);
    if (text == day->text) return 1;
    if (fw_date(p, 8, &day->days) != FW_OK) return 0;
    day->text = text;
    return 1;
}

/* A timestamp without a fraction or with one of 1 to 6 digits, as microseconds since 1970. */
static inline int fw_quick_timestamp(const uint8_t *end, size_t n, fw_day *day, int64_t *out) {
    const uint8_t *p = end - n;
    uint32_t seconds;
    uint64_t fraction = 0;
    if (n < 17 || n == 18 || n > 24 || p[8] != '-' || !fw_quick_date(p, day) || !fw_quick_clock(p + 9, &seconds))
        return 0;
    if (n > 17) {
        uint64_t word = fw_last_digits(end, n - 18);
        if (p[17] != '.' || !fw_are_digits(word)) return 0;
        fraction = fw_eight_digits(word) * fw_power_of_ten[24 - n];
    }
    *out = (int64_t)day->days * 86400000000 + (int64_t)seconds * 1000000 + (int64_t)fraction;
    return 1;
}

#endif
