/* If a value has the format of its field's type. The formats that no column needs are here. */
#ifndef FIXWATCH_FORMATS_H
#define FIXWATCH_FORMATS_H

#include "_dictionary.h"
#include "_zones.h"

/* YYYYMM, YYYYMMDD or YYYYMMw1 to w5. */
static inline int fw_is_month_year(const uint8_t *p, size_t n) {
    int32_t days;
    if (n == 8 && fw_digit(p[6])) return fw_date(p, n, &days) == FW_OK;
    if (n != 6 && !(n == 8 && p[6] == 'w' && p[7] >= '1' && p[7] <= '5')) return 0;
    return fw_all_digits(p, 6) && fw_two(p + 4) >= 1 && fw_two(p + 4) <= 12;
}

static inline int fw_has_format(uint8_t type, const uint8_t *p, size_t n) {
    int64_t number;
    int32_t days;
    int boolean;
    switch (type) {
    case FW_TYPE_CHAR: return n == 1;
    case FW_TYPE_SEQ_NUM: return n && p[0] != '-' && fw_int(p, n, &number) != FW_BAD_FORMAT;
    case FW_TYPE_INT: return fw_int(p, n, &number) != FW_BAD_FORMAT;
    case FW_TYPE_DECIMAL: return fw_is_decimal(p, n);
    case FW_TYPE_BOOLEAN: return fw_boolean(p, n, &boolean) == FW_OK;
    case FW_TYPE_TIMESTAMP: return fw_timestamp(p, n, &number) != FW_BAD_FORMAT;
    case FW_TYPE_DATE:
    case FW_TYPE_LOCAL_DATE: return fw_date(p, n, &days) == FW_OK;
    case FW_TYPE_TIME:
    case FW_TYPE_LOCAL_TIME: return fw_time(p, n, &number) == FW_OK;
    case FW_TYPE_MONTH_YEAR: return fw_is_month_year(p, n);
    case FW_TYPE_DAY_OF_MONTH:
        return n <= 2 && fw_int(p, n, &number) == FW_OK && number >= 1 && number <= 31;
    case FW_TYPE_TZ_TIMESTAMP:
        return fw_tz_timestamp(p, n, &number) != FW_BAD_FORMAT;
    case FW_TYPE_TZ_TIME: return fw_tz_time(p, n, &number) != FW_BAD_FORMAT;
    default: return 1;
    }
}

#endif
