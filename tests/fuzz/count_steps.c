/* How much work a message is: the branches taken while it is decoded, and the bytes that libc looks at, in sixteens.
 * The same number at every run, on every machine that is as busy as it likes. Compiled with
 * -fsanitize-coverage=trace-pc, which calls __sanitizer_cov_trace_pc at every branch.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __clang__
#define UNCOUNTED __attribute__((no_sanitize("coverage")))
#else
#define UNCOUNTED __attribute__((no_sanitize_coverage))
#endif

static uint64_t steps;

UNCOUNTED void __sanitizer_cov_trace_pc(void);
UNCOUNTED void __sanitizer_cov_trace_pc(void) { steps++; }

UNCOUNTED static void *counted_memchr(const void *p, int byte, size_t n) {
    void *found = memchr(p, byte, n);
    steps += (found ? (size_t)((uint8_t *)found - (const uint8_t *)p) : n) / 16;
    return found;
}

UNCOUNTED static void *counted_memcpy(void *to, const void *from, size_t n) {
    steps += n / 16;
    return memcpy(to, from, n);
}

UNCOUNTED static int counted_memcmp(const void *a, const void *b, size_t n) {
    steps += n / 16;
    return memcmp(a, b, n);
}

#define memchr counted_memchr
#define memcpy counted_memcpy
#define memcmp counted_memcmp

#include "batch.h"

int main(int argc, char **argv) {
    static fw_decoder *made[32];
    load_dictionaries();
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file || fseek(file, 0, SEEK_END) != 0) return 1;
        size_t size = (size_t)ftell(file);
        rewind(file);
        batch b = {{NULL}, {0}, 0, 0};
        uint8_t *message = (uint8_t *)malloc(size + 1);
        if (!message || fread(message, 1, size, file) != size) return 1;
        fclose(file);
        batch_add(&b, message, size);
        free(message);
        steps = 0;
        /* Field by field, then as a layout that is learned, then as one that is known. */
        for (int times = 0; times < 3; times++) {
            fw_decoder *d = begin(made, LENIENT | TOLERANT, 1);
            if (times == 0) unlearn(d);
            place(d, &b, 0, 0);
            decode_rows(d);
        }
        printf("%llu\n", (unsigned long long)steps);
        batch_free(&b);
    }
    return 0;
}
