/* A message's row is the same whatever messages come before it: a batch forwards, the same batch backwards and
 * twice over, and each message in a decoder of its own give the same verdicts, defects and columns. Nothing that is
 * kept from one message to the next may be seen in an answer.
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
    int has = (a->validity[row >> 3] >> (row & 7)) & 1;
    if (has != ((b->validity[other >> 3] >> (other & 7)) & 1)) differ("nulls", row);
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
        size_t width = fw_width(a->kind);
        if (memcmp(a->values + (size_t)row * width, b->values + (size_t)other * width, width) != 0)
            differ("values", row);
    }
}

static void same_row(const fw_decoder *a, int64_t row, const fw_decoder *b, int64_t other) {
    if (a->verdicts[row] != b->verdicts[other]) differ("verdicts", row);
    same_defects(a, row, b, other);
    for (size_t i = 0; i < COUNT(given_column_tags); i++) same_column(&a->columns[i], row, &b->columns[i], other);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    batch b;
    batch_read(&b, input, size);
    static fw_decoder *made[2 * MAX_MESSAGES + 1], *made_backwards[2 * MAX_MESSAGES + 1], *made_alone;
    fw_decoder *forwards = begin(&made[b.rows], b.options, b.rows);
    fw_decoder *backwards = begin(&made_backwards[2 * b.rows], b.options, 2 * b.rows);
    for (int64_t row = 0; row < b.rows; row++) decode_row(forwards, &b, row, row);
    for (int64_t row = 0; row < 2 * b.rows; row++) decode_row(backwards, &b, b.rows - 1 - row % b.rows, row);
    end_columns(forwards, b.rows);
    end_columns(backwards, 2 * b.rows);
    for (int64_t row = 0; row < b.rows; row++) {
        same_row(forwards, row, backwards, b.rows - 1 - row);
        same_row(forwards, row, backwards, 2 * b.rows - 1 - row);
    }
    if (b.rows) { /* the last one has most before it: hold it against a decoder that has seen nothing */
        fw_decoder *alone = begin(&made_alone, b.options, 1);
        decode_row(alone, &b, b.rows - 1, 0);
        end_columns(alone, 1);
        same_row(forwards, b.rows - 1, alone, 0);
    }
    batch_free(&b);
    return 0;
}
