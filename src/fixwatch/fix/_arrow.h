/* Columns to Arrow by its C data interface (arrow.apache.org, "The Arrow C data interface"): a batch as one
 * structure with the columns as its children, whose memory comes back, all of it together, when the last of them is
 * let go.
 */
#ifndef FIXWATCH_ARROW_H
#define FIXWATCH_ARROW_H

#include "_columns.h"

/* As the interface prescribes. */
struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

/* What an exported batch holds, and one of these a column behind it. */
typedef struct {
    struct ArrowArray array;
    const void *buffers[3];
} fw_exported_column;

typedef struct {
    unsigned count;
    void *zeros; /* the values of all columns that no message has */
    const void *no_buffer;
    fw_exported_column columns[];
} fw_exported;

static void fw_release_child(struct ArrowArray *array) { array->release = NULL; }

static void fw_release_batch(struct ArrowArray *array) {
    fw_exported *held = (fw_exported *)array->private_data;
    for (unsigned i = 0; i < held->count; i++) {
        struct ArrowArray *child = &held->columns[i].array;
        if (child->release) child->release(child);
        for (int k = 0; k < 3; k++)
            if (held->columns[i].buffers[k] != held->zeros) fw_give((void *)held->columns[i].buffers[k]);
    }
    fw_give(held->zeros);
    free(array->children);
    fw_give(held);
    array->release = NULL;
}

/* Hand the columns of `rows` rows over; they are then empty. Returns 0, or -1 when memory has run out. */
static int fw_export(fw_column *columns, unsigned count, int64_t rows, struct ArrowArray *out) {
    fw_exported *held = (fw_exported *)fw_take(sizeof(fw_exported) + count * sizeof(fw_exported_column));
    struct ArrowArray **children = (struct ArrowArray **)malloc((count + 1) * sizeof *children);
    size_t zero_bytes = ((size_t)rows + 1) * 16; /* the widest values, and enough for offsets and bitmaps */
    void *zeros = fw_take(zero_bytes);
    if (!held || !children || !zeros) {
        fw_give(held);
        free(children);
        fw_give(zeros);
        return -1;
    }
    memset(zeros, 0, zero_bytes);
    held->count = count;
    held->zeros = zeros;
    held->no_buffer = NULL;
    for (unsigned i = 0; i < count; i++) {
        fw_column *c = &columns[i];
        fw_exported_column *e = &held->columns[i];
        int text = fw_is_text(c->kind), absent = c->validity == NULL;
        if (!absent) fw_column_reach(c, rows);
        memset(e, 0, sizeof *e);
        e->buffers[0] = absent ? zeros : c->validity;
        e->buffers[1] = absent ? zeros : text ? (const void *)c->offsets : c->values;
        e->buffers[2] = !text ? NULL : absent ? zeros : c->values;
        e->array.length = rows;
        e->array.null_count = absent ? rows : -1; /* to be counted when somebody asks */
        e->array.n_buffers = text ? 3 : 2;
        e->array.buffers = e->buffers;
        e->array.release = fw_release_child;
        children[i] = &e->array;
        fw_column_forget(c);
    }
    memset(out, 0, sizeof *out);
    out->length = rows;
    out->n_buffers = 1;
    out->n_children = count;
    out->buffers = &held->no_buffer;
    out->children = children;
    out->release = fw_release_batch;
    out->private_data = held;
    return 0;
}

#endif
