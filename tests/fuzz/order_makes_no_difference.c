/* A message's row is the same whatever messages come before it, in its batch or in those before: a batch, read field
 * by field by a decoder that has seen nothing, gives the same verdicts, defects, columns and secrets as the same
 * batch backwards, then again and again until its layouts are known. Nothing that is kept from one message to the
 * next may be seen in an answer.
 */
#include "batch.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    load_dictionaries();
    return 0;
}

static void differ(const char *what, int64_t row) {
    fprintf(stderr, "message %lld has other %s elsewhere in the batch\n", (long long)row, what);
    abort();
}

static size_t first_defect(const fw_decoder *d, int64_t row) {
    size_t at = 0;
    while (at < d->defects.count && d->defects.row[at] < row) at++;
    return at;
}

static void same_defects(const fw_decoder *a, int64_t row, const fw_decoder *b, int64_t other) {
    size_t i = first_defect(a, row), k = first_defect(b, other);
    for (;; i++, k++) {
        int more = i < a->defects.count && a->defects.row[i] == row;
        if (more != (k < b->defects.count && b->defects.row[k] == other)) differ("defects", row);
        if (!more) return;
        if (a->defects.reason[i] != b->defects.reason[k]) differ("reasons", row);
        if (a->defects.ref_tag[i] != b->defects.ref_tag[k]) differ("tags of defects", row);
    }
}

static void same_column(const fw_column *a, int64_t row, const fw_column *b, int64_t other) {
    int has = has_value(a, row);
    if (has != has_value(b, other)) differ("nulls", row);
    if (!has) return;
    if (a->kind == FW_BOOLEAN) {
        if (((a->values[row >> 3] >> (row & 7)) & 1) != ((b->values[other >> 3] >> (other & 7)) & 1))
            differ("booleans", row);
    } else if (a->offsets) {
        int32_t length = a->offsets[row + 1] - a->offsets[row];
        if (length != b->offsets[other + 1] - b->offsets[other]) differ("lengths of text", row);
        if (length && memcmp(a->values + a->offsets[row], b->values + b->offsets[other], (size_t)length) != 0)
            differ("texts", row);
    } else {
        size_t width = fw_bits(a->kind) / 8;
        if (memcmp(a->values + (size_t)row * width, b->values + (size_t)other * width, width) != 0)
            differ("values", row);
    }
}

static int is_secret(const fw_decoder *d, int64_t row) {
    for (int64_t i = 0; i < d->secret_count; i++)
        if (d->secrets[i] == row) return 1;
    return 0;
}

static void same_row(const fw_decoder *a, int64_t row, const fw_decoder *b, int64_t other) {
    if (a->verdicts[row] != b->verdicts[other]) differ("verdicts", row);
    if (is_secret(a, row) != is_secret(b, other)) differ("secrets", row);
    same_defects(a, row, b, other);
    for (size_t i = 0; i < COUNT(given_column_tags); i++) same_column(&a->columns[i], row, &b->columns[i], other);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static fw_decoder *fresh[32], *made[32];
    batch b;
    batch_read(&b, input, size);
    fw_decoder *wanted = begin(fresh, b.options, b.rows);
    unlearn(wanted);
    for (int64_t row = 0; row < b.rows; row++) place(wanted, &b, row, row);
    decode_rows(wanted);
    for (int times = 0; times < 3 && b.rows; times++) {
        /* The last time more than a block, so that one begins amid the messages. */
        fw_decoder *d = begin(made, b.options, times == 2 ? FW_BLOCK + b.rows : b.rows);
        if (times == 0) unlearn(d);
        for (int64_t row = 0; row < d->rows; row++) place(d, &b, b.rows - 1 - row % b.rows, row);
        decode_rows(d);
        for (int64_t row = d->rows - b.rows; row < d->rows; row++)
            same_row(wanted, b.rows - 1 - row % b.rows, d, row);
    }
    batch_free(&b);
    return 0;
}
