/* Every form of the structural scan that this processor runs finds what a plain loop finds: the SOH, the sum of all
 * bytes, if any is NUL or past ASCII. The input is scanned from each of its first bytes on, in memory of exactly its
 * length.
 */
#include "batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    return 0;
}

static void expect_same(const uint8_t *p, size_t n) {
    static uint16_t wanted_soh[FW_SCAN_ROOM], soh[FW_SCAN_ROOM];
    fw_scanned wanted = {0, 0, 0};
    for (size_t i = 0; i < n; i++) {
        if (p[i] == FW_SOH) wanted_soh[wanted.count++] = (uint16_t)i;
        wanted.sum = (uint8_t)(wanted.sum + p[i]);
        if (p[i] == 0 || p[i] >= 0x80) wanted.odd = 1;
    }
    for (size_t i = 0; i < FW_FORMS; i++) {
        if (!fw_forms[i].runs()) continue;
        fw_scanned found;
        fw_scan(fw_forms[i].with, p, n, soh, &found);
        if (found.count != wanted.count || found.sum != wanted.sum || !found.odd != !wanted.odd ||
            memcmp(soh, wanted_soh, wanted.count * sizeof *soh) != 0) {
            fprintf(stderr, "%s finds something else\n", fw_forms[i].name);
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    for (size_t start = 0; start < 4 && start < size; start++) {
        size_t n = size - start < FW_SCAN_BYTES ? size - start : FW_SCAN_BYTES;
        uint8_t *copy = (uint8_t *)malloc(n);
        if (!copy) abort();
        memcpy(copy, input + start, n);
        expect_same(copy, n);
        free(copy);
    }
    return 0;
}
