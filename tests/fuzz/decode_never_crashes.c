/* Whatever the bytes are: decoding ends, stays within its memory, and what it says is well formed.
 *
 * Well formed: a verdict of the three; a garbled message has a defect of the frame first, a rejected one has a
 * defect, a valid one has none; rows of defects ascend and are at most FW_MAX_DEFECTS a message; offsets of text
 * ascend and end within the text; a text is UTF-8 without NUL; a secret's row is named once.
 */
#include "batch.h"

#define EXPECT(what) ((what) ? (void)0 : (fprintf(stderr, "not so: %s\n", #what), abort()))

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    load_dictionaries();
    return 0;
}

static void expect_defects(const fw_decoder *d, int64_t rows) {
    size_t at = 0;
    for (int64_t row = 0; row < rows; row++) {
        size_t first = at;
        for (; at < d->defects.count && d->defects.row[at] == row; at++) continue;
        uint8_t verdict = d->verdicts[row];
        EXPECT(verdict == FW_VALID || verdict == FW_REJECTED || verdict == FW_GARBLED);
        EXPECT((verdict == FW_VALID) == (first == at));
        EXPECT(at - first <= FW_MAX_DEFECTS);
        if (verdict == FW_GARBLED) EXPECT(d->defects.reason[first] < FW_FIRST_DICTIONARY_CODE);
    }
    EXPECT(at == d->defects.count);
}

static void expect_texts(const fw_decoder *d, int64_t rows) {
    for (size_t i = 0; i < COUNT(given_column_tags); i++) {
        const fw_column *column = &d->columns[i];
        if (!column->offsets) continue;
        EXPECT(column->offsets[0] == 0 && (size_t)column->offsets[rows] == column->used);
        for (int64_t row = 0; row < rows; row++) {
            int32_t start = column->offsets[row], end = column->offsets[row + 1];
            EXPECT(start <= end);
            if (start == end) continue;
            EXPECT(has_value(column, row));
            EXPECT(fw_utf8(column->values + start, (size_t)(end - start)));
            EXPECT(memchr(column->values + start, 0, (size_t)(end - start)) == NULL);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static fw_decoder *made[32];
    batch b;
    batch_read(&b, input, size);
    /* A layout is glimpsed, then learned, then used. */
    for (int times = 0; times < 3; times++) {
        fw_decoder *d = begin(made, b.options, b.rows);
        if (times == 0) unlearn(d);
        for (int64_t row = 0; row < b.rows; row++) place(d, &b, row, row);
        decode_rows(d);
        expect_defects(d, b.rows);
        expect_texts(d, b.rows);
        for (int64_t i = 0; i < d->secret_count; i++)
            EXPECT(d->secrets[i] < b.rows && (i == 0 || d->secrets[i] > d->secrets[i - 1]));
    }
#ifdef PLANT_OVER_READ
    if (b.rows && ((volatile const uint8_t *)b.data[0])[b.length[0]] == 'x') EXPECT(b.rows);
#endif
#ifdef PLANT_OVERFLOW
    volatile int most = INT32_MAX;
    most += b.rows > 0;
#endif
    batch_free(&b);
    return 0;
}
