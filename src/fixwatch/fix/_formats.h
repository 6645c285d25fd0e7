/* If a value has the format of its field's type. The formats that no column needs are here. */
#ifndef FIXWATCH_FORMATS_H
#define FIXWATCH_FORMATS_H

#include "_dictionary.h"
#include "_values.h"

/* YYYYMM, YYYYMMDD or YYYYMMw1 to w5. */
static inline int fw_is_month_year(const uint8_t *p, size_t n) {
    int32_t days;
    if (n == 8 && fw_digit(p[6])) return fw_date(p, n, &days) == FW_OK;
    if (n != 6 && !(n == 8 && p[6] == 'w' && p[7] >= '1' && p[7] <= '5')) return 0;
    return fw_all_digits(p, 6) && fw_two(p + 4) >= 1 && fw_two(p + 4) <= 12;
}

/* HH:MM[:SS[.s...]] and Z, or an offset +HH[:MM] or -HH[:MM], or neither (local time). */
static inline int fw_is_tz_time(const uint8_t *p, size_t n) {
    int64_t micros;
    size_t end = 0;
    uint8_t padded[8];
    while (end < n && p[end] != 'Z' && p[end] != '+' && p[end] != '-') end++;
    if (end == 5) {
        memcpy(padded, p, 5);
        memcpy(padded + 5, ":00", 3);
        if (fw_time(padded, 8, &micros) != FW_OK) return 0;
    } else if (fw_time(p, end, &micros) != FW_OK) {
        return 0;
    }
    if (end == n || (p[end] == 'Z' && end + 1 == n)) return 1;
    if (p[end] == 'Z') return 0;
    p += end + 1;
    n -= end + 1;
    if ((n != 2 && n != 5) || !fw_all_digits(p, 2) || fw_two(p) > 14) return 0;
    return n == 2 || (p[2] == ':' && fw_all_digits(p + 3, 2) && fw_two(p + 3) < 60);
}

static inline int fw_has_format(uint8_t type, const uint8_t *p, size_t n) {
    int64_t number;
    int32_t days;
    int boolean;
    switch (type) {
    case FW_TYPE_CHAR: return n == 1;
    case FW_TYPE_INT: return fw_int(p, n, &number) != FW_BAD_FORMAT;
    case FW_TYPE_DECIMAL: return fw_is_decimal(p, n);
    case FW_TYPE_BOOLEAN: return fw_boolean(p, n, &boolean) == FW_OK;
    case FW_TYPE_TIMESTAMP: return fw_timestamp(p, n, &number) == FW_OK;
    case FW_TYPE_DATE:
    case FW_TYPE_LOCAL_DATE: return fw_date(p, n, &days) == FW_OK;
    case FW_TYPE_TIME: return fw_time(p, n, &number) == FW_OK;
    case FW_TYPE_MONTH_YEAR: return fw_is_month_year(p, n);
    case FW_TYPE_DAY_OF_MONTH:
        return n <= 2 && fw_int(p, n, &number) == FW_OK && number >= 1 && number <= 31;
    case FW_TYPE_TZ_TIMESTAMP:
        return n > 9 && p[8] == '-' && fw_date(p, 8, &days) == FW_OK && fw_is_tz_time(p + 9, n - 9);
    case FW_TYPE_TZ_TIME: return fw_is_tz_time(p, n);
    default: return 1;
    }
}

#endif
