/* Buckets of latencies: signed and logarithmic, 16 to a power of two, so that none is wider than a sixteenth of its
 * values. Magnitudes below 16 us have a bucket each; the bucket of -v is minus that of v. `fixwatch/histogram.py` says
 * the bounds of a bucket. */
#ifndef FW_HISTOGRAM_H
#define FW_HISTOGRAM_H

#include <stdint.h>

/* The bucket of so many microseconds: -960 to 960. */
static inline int fw_bucket(int64_t microseconds) {
    uint64_t magnitude = microseconds < 0 ? 0 - (uint64_t)microseconds : (uint64_t)microseconds;
    int bucket;
    if (magnitude < 16) {
        bucket = (int)magnitude;
    } else {
        int shift = 59 - __builtin_clzll(magnitude); /* leaves five bits, the highest of them set */
        bucket = shift * 16 + (int)(magnitude >> shift);
    }
    return microseconds < 0 ? -bucket : bucket;
}

#endif
