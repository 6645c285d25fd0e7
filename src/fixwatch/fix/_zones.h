/* Times that say how far they are from UTC: TZTimeOnly and TZTimestamp of FIX 5.0. */
#ifndef FIXWATCH_ZONES_H
#define FIXWATCH_ZONES_H

#include "_values.h"

/* Z, or an offset +HH[:MM] or -HH[:MM], in minutes. FW_NO_FIT: there is none, it is local time. */
static inline int fw_offset(const uint8_t *p, size_t n, int *minutes) {
    *minutes = 0;
    if (n == 0) return FW_NO_FIT;
    if (p[0] == 'Z') return n == 1 ? FW_OK : FW_BAD_FORMAT;
    if ((n != 3 && n != 6) || !fw_all_digits(p + 1, 2) || fw_two(p + 1) > 14) return FW_BAD_FORMAT;
    if (n == 6 && (p[3] != ':' || !fw_all_digits(p + 4, 2) || fw_two(p + 4) > 59)) return FW_BAD_FORMAT;
    *minutes = fw_two(p + 1) * 60 + (n == 6 ? fw_two(p + 4) : 0);
    if (p[0] == '-') *minutes = -*minutes;
    return FW_OK;
}

/* HH:MM[:SS[.s...]] and what fw_offset takes, as microseconds from the begin of its day, if that were one of UTC: before
 * it or behind its end, too. FW_NO_FIT: local time. */
static inline int fw_tz_time(const uint8_t *p, size_t n, int64_t *out) {
    size_t end = 0;
    uint8_t padded[8];
    int minutes, outcome;
    while (end < n && p[end] != 'Z' && p[end] != '+' && p[end] != '-') end++;
    if (end == 5) {
        memcpy(padded, p, 5);
        memcpy(padded + 5, ":00", 3);
        outcome = fw_time(padded, 8, out);
    } else {
        outcome = fw_time(p, end, out);
    }
    if (outcome == FW_OK) outcome = fw_offset(p + end, n - end, &minutes);
    if (outcome == FW_OK) *out -= (int64_t)minutes * 60000000;
    return outcome;
}

/* TZTimestamp, YYYYMMDD- and what fw_tz_time takes, as microseconds since 1970. FW_NO_FIT: local time, which is no
 * instant, or a year that has not four digits. */
static inline int fw_tz_timestamp(const uint8_t *p, size_t n, int64_t *out) {
    int32_t days;
    int outcome;
    if (n < 9 || p[8] != '-' || fw_date(p, 8, &days) != FW_OK) return FW_BAD_FORMAT;
    outcome = fw_tz_time(p + 9, n - 9, out);
    if (outcome != FW_OK) return outcome;
    *out += (int64_t)days * FW_DAY;
    return fw_has_four_digit_year(*out) ? FW_OK : FW_NO_FIT;
}

/* A time of day in [0, FW_DAY): what is before midnight or behind it is another day's. */
static inline int64_t fw_time_of_day(int64_t micros) { return ((micros % FW_DAY) + FW_DAY) % FW_DAY; }

#endif
