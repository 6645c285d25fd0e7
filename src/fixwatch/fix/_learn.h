/* The layout of a message that was read field by field and is valid. */
#ifndef FIXWATCH_LEARN_H
#define FIXWATCH_LEARN_H

#include "_decoder.h"

/* The type's own format is what filling a column of this kind finds out. */
static inline int fw_kind_tells(int kind, uint8_t type) {
    switch (kind) {
    case FW_INT: return type == FW_TYPE_INT;
    case FW_DECIMAL: return type == FW_TYPE_DECIMAL;
    case FW_TIMESTAMP: return type == FW_TYPE_TIMESTAMP;
    case FW_DATE: return type == FW_TYPE_DATE || type == FW_TYPE_LOCAL_DATE;
    case FW_BOOLEAN: return type == FW_TYPE_BOOLEAN;
    default: return 0;
    }
}

/* If other values of the field could change more than the row. */
static inline int fw_decides(const fw_field *field) {
    return field->tag == 35 || field->tag == 1128 || field->counter;
}

/* Say how field `i` must begin. Returns 0 where that is more than 8 bytes, or the field may hold SOH. */
static inline int fw_learn_begin(const fw_decoder *d, const uint8_t *p, size_t i, fw_layout *l) {
    const fw_field *field = &d->tokens.fields[i];
    size_t head = field->start - field->at;
    size_t bytes = fw_decides(field) ? head + field->length + 1 : i == 0 ? 8 : head;
    if (bytes > 8 || field->length == 0) return 0;
    if (field->tag > 0 && field->tag < FW_ROLE_TAGS && d->tokens.role[field->tag] & 0x80) return 0;
    l->masks[i] = fw_first_bytes((unsigned)bytes);
    l->literals[i] = fw_load8(p + field->at);
    l->heads[i] = (uint16_t)(head + 1);
    return 1;
}

/* Say where field `i`'s value goes. */
static inline void fw_learn_target(size_t i, int column, fw_layout *l) {
    fw_target *target = &l->targets[l->column_count];
    /* In front of the first field is UINT16_MAX: what is carried into the other half of the span is taken off. */
    target->head = i == 0 ? (uint32_t)l->heads[i] - 0x10000u : l->heads[i];
    target->spans = (uint32_t)column * FW_STRIDE;
    target->field = (uint16_t)i;
    l->columns[l->column_count++] = (uint16_t)column;
}

/* Say what is asked of a field's value whose column, if any, is of `kind`. Returns if anything is. */
static inline int fw_learn_demand(const fw_decoder *d, size_t i, int kind, fw_demand *demand) {
    const fw_field *field = &d->tokens.fields[i];
    const fw_dictionary *dictionary = field->session ? d->check.session : d->check.body;
    if (i == 0 || field->number == 0 || field->tag == 35) return 0; /* all of the first field is literal */
    uint8_t type = dictionary->type[field->number];
    uint16_t set = dictionary->enum_of[field->number];
    int text = type == FW_TYPE_STRING || type == FW_TYPE_CHAR;
    if (set == 0 && (type == FW_TYPE_STRING || fw_kind_tells(kind, type))) return 0;
    demand->dictionary = dictionary;
    demand->number = field->number;
    demand->field = (uint16_t)i;
    demand->head = (uint16_t)(field->start - field->at + 1);
    demand->accepted_length = 0;
    demand->what = FW_ASK_ANY;
    if (set == 0 && type == FW_TYPE_CHAR) demand->what = FW_ASK_CHAR;
    if (set == 0 && type == FW_TYPE_SEQ_NUM && kind == FW_INT) demand->what = FW_ASK_UNSIGNED; /* of an int */
    if (set && text) demand->what = FW_ASK_SINGLE;
    demand->single = dictionary->single + (size_t)set * 4;
    return 1;
}

static inline int fw_learn_fields(const fw_decoder *d, const uint8_t *p, fw_layout *l) {
    const fw_tokens *t = &d->tokens;
    for (size_t i = 0; i + 1 < t->count; i++) {
        const fw_field *field = &t->fields[i];
        int column = field->depth ? -1 : fw_column_of(d, field->tag), kind = -1;
        if (!fw_learn_begin(d, p, i, l)) return 0;
        for (unsigned k = 0; column >= 0 && k < l->column_count; k++)
            if (l->columns[k] == column) column = -1; /* the first of a tag counts */
        if (column >= 0) {
            fw_learn_target(i, column, l);
            kind = d->columns[column].kind;
        }
        if (field->tag == 554 || field->tag == 925) l->secret = 1;
        if (!d->frame_only && fw_learn_demand(d, i, kind, &l->demands[l->demand_count])) l->demand_count++;
    }
    return 1;
}

static inline void fw_keep_layout(fw_layouts *all, fw_layout *l) {
    fw_layout **set = all->ways[l->signature >> 40 & (FW_LAYOUT_SETS - 1)];
    fw_layout_free(set[FW_LAYOUT_WAYS - 1]);
    memmove(set + 1, set, (FW_LAYOUT_WAYS - 1) * sizeof *set);
    set[0] = l;
}

/* Keep the layout of the message at `p` that was just read, if its like was seen before. */
static inline void fw_learn(fw_decoder *d, uint64_t signature, const uint8_t *p) {
    fw_layouts *all = &d->layouts;
    size_t count = d->tokens.count, end = d->tokens.fields[0].start + d->tokens.fields[0].length;
    uint32_t glimpse = (uint32_t)(signature >> 20), *glimpsed = &all->glimpsed[signature >> 52 & (FW_GLIMPSES - 1)];
    if (signature == 0) return;
    if (*glimpsed != glimpse) {
        *glimpsed = glimpse;
        return;
    }
    if (fw_find_layout(all, signature)) return;
    fw_layout *l = (fw_layout *)calloc(1, sizeof *l);
    if (!l) return; /* memory has run out: the next batch will say so */
    l->literals = (uint64_t *)calloc(count + FW_AT_ONCE, sizeof(uint64_t));
    l->masks = (uint64_t *)calloc(count + FW_AT_ONCE, sizeof(uint64_t));
    l->heads = (uint16_t *)calloc(count, sizeof(uint16_t));
    l->demands = (fw_demand *)calloc(count, sizeof(fw_demand));
    l->targets = (fw_target *)calloc(count, sizeof(fw_target));
    l->columns = (uint16_t *)calloc(count, sizeof(uint16_t));
    l->signature = signature;
    l->count = (uint32_t)count;
    l->begin_end = (uint32_t)end;
    l->begin_literal = fw_load8(p + end - 7);
    if (l->literals && l->masks && l->heads && l->demands && l->targets && l->columns && fw_learn_fields(d, p, l))
        fw_keep_layout(all, l);
    else fw_layout_free(l);
}

#endif
