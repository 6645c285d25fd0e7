/* The forms of the decoder, by the processor's instructions: the same code, compiled for each, around the scan that is
 * written for it. All but the portable one are called only where the processor has the instructions.
 */
#ifndef FIXWATCH_FORMS_H
#define FIXWATCH_FORMS_H

#include "_batch.h"

/* Everything that a form calls becomes part of it, but for the path field by field. */
#define FW_FORM __attribute__((flatten)) static int

typedef struct {
    const char *name;
    int (*runs)(void); /* if this processor has what it takes */
    fw_instructions with;
    int (*decode_rows)(fw_decoder *, int64_t *); /* fw_decode_rows */
} fw_form;

static int fw_runs_everywhere(void) { return 1; }

FW_FORM fw_decode_rows_portable(fw_decoder *d, int64_t *row) { return fw_decode_rows(FW_PORTABLE, d, row); }

#ifdef FW_HAS_X86
FW_WITH_AVX512 FW_FORM fw_decode_rows_avx512(fw_decoder *d, int64_t *row) {
    return fw_decode_rows(FW_AVX512, d, row);
}

FW_WITH_AVX2 FW_FORM fw_decode_rows_avx2(fw_decoder *d, int64_t *row) { return fw_decode_rows(FW_AVX2, d, row); }
#endif

#ifdef FW_HAS_NEON
FW_FORM fw_decode_rows_neon(fw_decoder *d, int64_t *row) { return fw_decode_rows(FW_NEON, d, row); }
#endif

/* The fastest first; the last runs everywhere. */
static const fw_form fw_forms[] = {
#ifdef FW_HAS_X86
    {"avx512", fw_has_avx512, FW_AVX512, fw_decode_rows_avx512},
    {"avx2", fw_has_avx2, FW_AVX2, fw_decode_rows_avx2},
#endif
#ifdef FW_HAS_NEON
    {"neon", fw_runs_everywhere, FW_NEON, fw_decode_rows_neon},
#endif
    {"portable", fw_runs_everywhere, FW_PORTABLE, fw_decode_rows_portable},
};
enum { FW_FORMS = sizeof fw_forms / sizeof *fw_forms };

#endif
