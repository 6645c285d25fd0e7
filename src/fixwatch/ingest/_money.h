/* Sums of decimals that are whole numbers of 10^-18, exact or not at all. */
#ifndef FW_MONEY_H
#define FW_MONEY_H

#include <stdint.h>
#include <string.h>

/* 10^9: a quantity and a price of at most nine digits behind the point make a product of at most eighteen. */
#define FW_NINE_DIGITS 1000000000

typedef struct {
    __int128 qty, priced_qty, notional;
} fw_sums;

static inline __int128 fw_decimal(const uint8_t *value) {
    __int128 number;
    memcpy(&number, value, 16);
    return number;
}

/* Add a fill's quantity, and where it has a price (else NULL) its notional. 0: a sum would not be exact, nothing is
 * added. */
static inline int fw_add_fill(fw_sums *sums, const uint8_t *qty_at, const uint8_t *px_at) {
    fw_sums sum = *sums;
    __int128 qty = fw_decimal(qty_at), px, product;
    if (__builtin_add_overflow(sum.qty, qty, &sum.qty)) return 0;
    if (px_at != NULL) {
        px = fw_decimal(px_at);
        if (qty % FW_NINE_DIGITS != 0 || px % FW_NINE_DIGITS != 0) return 0;
        if (__builtin_mul_overflow(qty / FW_NINE_DIGITS, px / FW_NINE_DIGITS, &product)) return 0;
        if (__builtin_add_overflow(sum.notional, product, &sum.notional)) return 0;
        if (__builtin_add_overflow(sum.priced_qty, qty, &sum.priced_qty)) return 0;
    }
    *sums = sum;
    return 1;
}

#endif
