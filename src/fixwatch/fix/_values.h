/* One value: bytes to a number, a time, a text. Every function takes a pointer and a length, reads nothing
 * outside of them, and says how it went; there is no terminator to run to.
 *
 * Formats: FIX 5.0 SP2 volume 1, "FIX data types". Nothing is rounded and no float is used.
 */
#ifndef FIXWATCH_VALUES_H
#define FIXWATCH_VALUES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef __int128 fw_int128;

enum { FW_OK = 0, FW_BAD_FORMAT = 1, FW_NO_FIT = 2 };

/* Digits behind the point of every decimal: columns.DECIMAL_SCALE. */
#define FW_SCALE 18
/* Digits in front of it: columns.DECIMAL_PRECISION less the scale. */
#define FW_WHOLE_DIGITS 20

static inline int fw_digit(uint8_t byte) { return (uint8_t)(byte - '0') <= 9; }

/* FIX int: an optional minus, digits, leading zeros allowed, no plus. */
static inline int fw_int(const uint8_t *p, size_t n, int64_t *out) {
    size_t i = 0;
    int negative = n > 0 && p[0] == '-';
    uint64_t value = 0;
    int fits = 1;
    if (negative) i = 1;
    if (i == n) return FW_BAD_FORMAT;
    for (; i < n; i++) {
        uint8_t digit = (uint8_t)(p[i] - '0');
        if (digit > 9) return FW_BAD_FORMAT;
        if (value > (UINT64_MAX - digit) / 10) fits = 0;
        else value = value * 10 + digit;
    }
    if (!fits || value > (uint64_t)INT64_MAX + (uint64_t)negative) return FW_NO_FIT;
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return FW_OK;
}

static const uint64_t fw_power_of_ten[FW_SCALE + 1] = {
    1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u,
    100000000000u, 1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u, 10000000000000000u,
    100000000000000000u, 1000000000000000000u};

/* Digits on their way to a number: 18 at a time fit 64 bits, where multiplying is cheap. */
typedef struct {
    fw_int128 high;
    uint64_t low;
    unsigned low_digits;
} fw_digits;

static inline fw_int128 fw_digits_value(const fw_digits *d) {
    return d->high * (fw_int128)fw_power_of_ten[d->low_digits] + (fw_int128)d->low;
}

static inline void fw_add_digit(fw_digits *d, uint8_t byte) {
    if (d->low_digits == FW_SCALE) {
        d->high = fw_digits_value(d);
        d->low = 0;
        d->low_digits = 0;
    }
    d->low = d->low * 10 + (uint64_t)(byte - '0');
    d->low_digits++;
}

/* FIX float: an optional minus, digits with at most one point among them, at least one digit. */
static inline int fw_decimal(const uint8_t *p, size_t n, fw_int128 *out) {
    size_t i = 0, whole = 0, fraction = 0;
    int negative = n > 0 && p[0] == '-', any = 0, fits = 1;
    fw_digits digits = {0, 0, 0};
    if (negative) i = 1;
    for (; i < n && fw_digit(p[i]); i++) {
        any = 1;
        if (whole == 0 && p[i] == '0') continue; /* 00023.23 */
        if (++whole > FW_WHOLE_DIGITS) fits = 0;
        else fw_add_digit(&digits, p[i]);
    }
    if (i < n && p[i] == '.') {
        for (i++; i < n && fw_digit(p[i]); i++) {
            any = 1;
            if (fraction < FW_SCALE) {
                fraction++;
                fw_add_digit(&digits, p[i]);
            } else if (p[i] != '0') {
                fits = 0;
            }
        }
    }
    if (i != n || !any) return FW_BAD_FORMAT;
    if (!fits) return FW_NO_FIT;
    fw_int128 value = fw_digits_value(&digits) * (fw_int128)fw_power_of_ten[FW_SCALE - fraction];
    *out = negative ? -value : value;
    return FW_OK;
}

/* If fw_decimal would take it, fitting or not. */
static inline int fw_is_decimal(const uint8_t *p, size_t n) {
    size_t i = n > 0 && p[0] == '-', digits = 0;
    for (; i < n && fw_digit(p[i]); i++) digits++;
    if (i < n && p[i] == '.')
        for (i++; i < n && fw_digit(p[i]); i++) digits++;
    return i == n && digits > 0;
}

static inline int fw_two(const uint8_t *p) { return (p[0] - '0') * 10 + (p[1] - '0'); }

static inline int fw_all_digits(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!fw_digit(p[i])) return 0;
    return 1;
}

static inline int fw_days_in_month(int year, int month) {
    static const uint8_t days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) return 29;
    return days[month];
}

/* Days from 1970-01-01 to a date of the Gregorian calendar: whole 400-year cycles, years counted from March so
 * that the leap day is a year's last. */
static inline int32_t fw_days(int year, int month, int day) {
    int y = year - (month <= 2);
    int cycle = y / 400;
    int year_of_cycle = y - cycle * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
    return cycle * 146097 + day_of_cycle - 719468;
}

/* YYYYMMDD, a day that exists, year 0001 and later. */
static inline int fw_date(const uint8_t *p, size_t n, int32_t *out) {
    if (n != 8 || !fw_all_digits(p, 8)) return FW_BAD_FORMAT;
    int year = fw_two(p) * 100 + fw_two(p + 2), month = fw_two(p + 4), day = fw_two(p + 6);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > fw_days_in_month(year, month))
        return FW_BAD_FORMAT;
    *out = fw_days(year, month, day);
    return FW_OK;
}

/* HH:MM:SS with 1 to 12 digits behind a point, as microseconds of the day; finer digits are cut, not rounded.
 * A leap second :60 is the first second of the next minute. */
static inline int fw_time(const uint8_t *p, size_t n, int64_t *out) {
    if (n < 8 || p[2] != ':' || p[5] != ':') return FW_BAD_FORMAT;
    if (!fw_all_digits(p, 2) || !fw_all_digits(p + 3, 2) || !fw_all_digits(p + 6, 2)) return FW_BAD_FORMAT;
    int hour = fw_two(p), minute = fw_two(p + 3), second = fw_two(p + 6);
    if (hour > 23 || minute > 59 || second > 60) return FW_BAD_FORMAT;
    int64_t micros = 0;
    if (n > 8) {
        size_t digits = n - 9;
        if (p[8] != '.' || digits < 1 || digits > 12 || !fw_all_digits(p + 9, digits)) return FW_BAD_FORMAT;
        for (size_t i = 0; i < 6; i++) micros = micros * 10 + (i < digits ? p[9 + i] - '0' : 0);
    }
    *out = (int64_t)(hour * 3600 + minute * 60 + second) * 1000000 + micros;
    return FW_OK;
}

#define FW_DAY 86400000000 /* microseconds */

/* If microseconds since 1970 are of the years 1 to 9999: what Python and most readers of columns have no more than. */
static inline int fw_has_four_digit_year(int64_t micros) {
    return micros >= -719162 * FW_DAY && micros < 2932897 * FW_DAY;
}

/* UTCTimestamp, YYYYMMDD-HH:MM:SS[.s to .ssssssssssss], as microseconds since 1970. FW_NO_FIT: the leap second that
 * ends the year 9999. */
static inline int fw_timestamp(const uint8_t *p, size_t n, int64_t *out) {
    int32_t days;
    int64_t micros;
    if (n < 17 || p[8] != '-' || fw_date(p, 8, &days) != FW_OK || fw_time(p + 9, n - 9, &micros) != FW_OK)
        return FW_BAD_FORMAT;
    *out = (int64_t)days * FW_DAY + micros;
    return fw_has_four_digit_year(*out) ? FW_OK : FW_NO_FIT;
}

static inline int fw_boolean(const uint8_t *p, size_t n, int *out) {
    if (n != 1 || (p[0] != 'Y' && p[0] != 'N')) return FW_BAD_FORMAT;
    *out = p[0] == 'Y';
    return FW_OK;
}

/* ASCII without NUL: what nearly every text is, and can be copied as it stands. */
static inline int fw_plain(const uint8_t *p, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, 8);
        if ((word | (word - 0x0101010101010101u)) & 0x8080808080808080u) return 0;
    }
    for (; i < n; i++)
        if (p[i] == 0 || p[i] >= 0x80) return 0;
    return 1;
}

/* If the bytes are UTF-8: RFC 3629, no surrogates, no overlong forms. */
static inline int fw_utf8(const uint8_t *p, size_t n) {
    size_t i = 0;
    while (i < n) {
        uint8_t lead = p[i];
        size_t more;
        uint8_t low = 0x80, high = 0xBF;
        if (lead < 0x80) { i++; continue; }
        if (lead >= 0xC2 && lead <= 0xDF) more = 1;
        else if (lead >= 0xE0 && lead <= 0xEF) {
            more = 2;
            if (lead == 0xE0) low = 0xA0;
            if (lead == 0xED) high = 0x9F;
        } else if (lead >= 0xF0 && lead <= 0xF4) {
            more = 3;
            if (lead == 0xF0) low = 0x90;
            if (lead == 0xF4) high = 0x8F;
        } else return 0;
        if (n - i <= more || p[i + 1] < low || p[i + 1] > high) return 0;
        for (size_t j = 2; j <= more; j++)
            if ((p[i + j] & 0xC0) != 0x80) return 0;
        i += more + 1;
    }
    return 1;
}

/* How many bytes fw_text writes. */
static inline size_t fw_text_bytes(const uint8_t *p, size_t n) {
    int utf8 = fw_utf8(p, n);
    size_t bytes = n;
    for (size_t i = 0; i < n; i++) bytes += p[i] == 0 ? 2 : !utf8 && p[i] >= 0x80;
    return bytes;
}

/* Text that is not plain, as UTF-8 into `out`, which holds 3 * n bytes: bytes that are not UTF-8 are Latin-1,
 * and NUL is U+FFFD. Returns the bytes written. */
static inline size_t fw_text(const uint8_t *p, size_t n, uint8_t *out) {
    int utf8 = fw_utf8(p, n);
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == 0) {
            out[used++] = 0xEF;
            out[used++] = 0xBF;
            out[used++] = 0xBD;
        } else if (utf8 || p[i] < 0x80) {
            out[used++] = p[i];
        } else {
            out[used++] = (uint8_t)(0xC0 | (p[i] >> 6));
            out[used++] = (uint8_t)(0x80 | (p[i] & 0x3F));
        }
    }
    return used;
}

#endif
