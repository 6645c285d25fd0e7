/* One message to its row, read field by field: fields, dictionary, frame, checks, columns, verdict. This path takes
 * anything, and says of anything what is wrong with it; `_layout.h` has a shorter one for what is like a message
 * that this one found valid.
 */
#ifndef FIXWATCH_MESSAGE_H
#define FIXWATCH_MESSAGE_H

#include "_decoder.h"
#include "_learn.h"

/* The version of a BeginString(8), or -1. */
static inline int fw_session_version(const uint8_t *p, size_t n) {
    if (n == 8 && memcmp(p, "FIXT.1.1", 8) == 0) return FW_VERSION_FIXT;
    return n == 7 && memcmp(p, "FIX.4.", 6) == 0 && p[6] >= '0' && p[6] <= '4' ? p[6] - '0' : -1;
}

static inline const fw_field *fw_find_field(const fw_tokens *t, int32_t tag) {
    for (size_t i = 0; i < t->count; i++)
        if (t->fields[i].tag == tag) return &t->fields[i];
    return NULL;
}

static inline int fw_body_version(const fw_decoder *d, const uint8_t *p, int session, const fw_field *msg_type) {
    if (session != FW_VERSION_FIXT) return session;
    if (msg_type && msg_type->length == 1 && d->admin[p[msg_type->start]]) return session;
    const fw_field *said = fw_find_field(&d->tokens, 1128);
    if (!said) return d->default_version;
    return said->length == 1 ? d->version_of_appl_ver_id[p[said->start]] : -1;
}

/* Set the check's dictionaries and context by BeginString(8), MsgType(35) and ApplVerID(1128). Returns the number
 * of a version, plus one, that must be loaded first, or 0. */
static inline int fw_choose_dictionaries(fw_decoder *d, const uint8_t *p) {
    fw_check *c = &d->check;
    const fw_tokens *t = &d->tokens;
    c->session = c->body = NULL;
    c->context = FW_NO_CONTEXT;
    if (t->count == 0 || t->fields[0].tag != 8) return 0;
    int session = fw_session_version(p + t->fields[0].start, t->fields[0].length);
    if (session < 0) return 0;
    const fw_field *msg_type = fw_find_field(t, 35);
    int body = fw_body_version(d, p, session, msg_type);
    if (!d->dictionaries[session]) return session + 1;
    if (body >= 0 && !d->dictionaries[body]) return body + 1;
    c->session = d->dictionaries[session];
    if (body < 0) return 0;
    c->body = d->dictionaries[body];
    if (!msg_type) return 0;
    c->context = fw_message_context(c->body, p + msg_type->start, msg_type->length);
    if (c->context == FW_NO_CONTEXT && c->body != c->session) {
        /* XMLnonFIX(n) is the session layer's, whatever the application version. */
        c->context = fw_message_context(c->session, p + msg_type->start, msg_type->length);
        if (c->context != FW_NO_CONTEXT) c->body = c->session;
    }
    return 0;
}

/* Check the fields, and find which are inside groups. `record`: defects are wanted. */
static inline void fw_check_dictionary(fw_decoder *d, int32_t row, const uint8_t *p, int record) {
    fw_check *c = &d->check;
    c->row = row;
    c->p = p;
    c->fields = d->tokens.fields;
    c->count = d->tokens.count;
    c->defects = &d->defects;
    c->record = record;
    if (!c->session) fw_note(c, FW_UNSUPPORTED_VERSION, 8, fw_rank(FW_PHASE_VERSION, 0, 0, 0));
    else if (!c->body) fw_note(c, FW_UNSUPPORTED_VERSION, 1128, fw_rank(FW_PHASE_VERSION, 0, 0, 0));
    fw_check_message(c);
}

static inline uint8_t fw_frame_verdict(const fw_decoder *d) {
    for (size_t i = d->defects.first; i < d->defects.count; i++)
        if (!d->lenient || !fw_lenient_passes(d->defects.reason[i])) return FW_GARBLED;
    return FW_VALID;
}

/* Note where a row's text is: texts are written in the order of the rows, when the block's other columns are done. */
static inline int fw_note_text(fw_decoder *d, fw_column *column, int number, int32_t row, const fw_field *field,
                               const uint8_t *p) {
    const uint8_t *value = p + field->start;
    int plain = fw_plain(value, field->length);
    size_t most = plain ? field->length : 3 * (size_t)field->length;
    if (column->kind == FW_ID && !plain && field->length <= FW_MAX_ID_BYTES)
        most = fw_text_bytes(value, field->length);
    if (column->kind == FW_ID && (field->length > FW_MAX_ID_BYTES || most > FW_MAX_ID_BYTES)) return FW_LONG_ID;
    if (most > INT32_MAX - column->used - column->noted) return FW_NO_FIT; /* Arrow's offsets have 31 bits */
    unsigned place = (unsigned)(row - d->block.first);
    fw_wide_span *span = fw_wide_spans_of(&d->block, (unsigned)number) + place;
    column->noted += most;
    span->start = field->start;
    span->end = field->start + field->length;
    d->block.present[number] |= (uint64_t)1 << place;
    return FW_OK;
}

/* Fill the row with the first value of each tag at the root. `record`: what does not fit is a defect. */
static inline int fw_write_columns(fw_decoder *d, int32_t row, const uint8_t *p, int record) {
    /* The last field of a cut message is left out: 38=10 may have been 38=1000. */
    size_t count = d->tokens.count - (d->tokens.cut_field ? 1 : 0);
    for (size_t i = 0; i < count; i++) {
        const fw_field *field = &d->tokens.fields[i];
        if (field->depth || field->length == 0) continue;
        int number = fw_column_of(d, field->tag);
        if (number < 0) continue;
        fw_column *column = &d->columns[number];
        if (column->seen == (int64_t)row + 1) continue;
        if (fw_touch(&d->block, d->columns, (unsigned)number, d->rows)) return FW_OUT_OF_MEMORY;
        if (!fw_is_text(column->kind)) fw_column_reach(column, d->block.first + FW_BLOCK);
        column->seen = (int64_t)row + 1;
        int outcome = fw_is_text(column->kind) ? fw_note_text(d, column, number, row, field, p)
                                               : fw_column_put(column, row, p + field->start, field->length);
        if (outcome == FW_OK) continue;
        if (!record || fw_has_defect_of_tag(&d->defects, field->tag)) continue;
        uint8_t reason = outcome == FW_BAD_FORMAT ? FW_INCORRECT_DATA_FORMAT
                         : outcome == FW_LONG_ID  ? FW_ID_TOO_LONG
                                                  : FW_VALUE_DOES_NOT_FIT;
        fw_defect(&d->defects, row, reason, field->tag, fw_rank(FW_PHASE_COLUMN, 0, i, 0));
    }
    return 0;
}

/* If the bytes have `554=`, `925=` or `96=` anywhere. */
static inline int fw_mentions_secret(const uint8_t *p, size_t n) {
    for (size_t i = 2; i < n; i++) {
        if (p[i] != '=') continue;
        if (memcmp(p + i - 2, "96", 2) == 0) return 1;
        if (i >= 3 && (memcmp(p + i - 3, "554", 3) == 0 || memcmp(p + i - 3, "925", 3) == 0)) return 1;
    }
    return 0;
}

/* If the message has a secret. Of a garbled message anything that looks like one counts. */
static inline int fw_has_secret(const fw_tokens *t, const uint8_t *p, size_t n, int garbled) {
    if (garbled) return fw_mentions_secret(p, n);
    int logon = 0, raw_data = 0;
    for (size_t i = 0; i < t->count; i++) {
        const fw_field *field = &t->fields[i];
        if (field->tag == 554 || field->tag == 925) return 1;
        if (field->tag == 35 && field->length == 1 && p[field->start] == 'A') logon = 1;
        if (field->tag == 96) raw_data = 1;
    }
    return logon && raw_data;
}

/* Decode the block's message p[0..n) into its row. Returns 0; FW_OUT_OF_MEMORY; or the number of a version, plus
 * one, that must be loaded before this message can be decoded. */
static __attribute__((noinline)) int fw_decode_message(fw_decoder *d, int32_t row, const uint8_t *p, size_t n) {
    uint8_t verdict = FW_GARBLED;
    fw_defects_begin(&d->defects);
    if (n == 0) {
        fw_defect(&d->defects, row, FW_EMPTY, FW_NO_TAG, FW_FRAME_RANK);
    } else if (n > d->max_bytes) {
        fw_defect(&d->defects, row, FW_TOO_LONG, FW_NO_TAG, FW_FRAME_RANK);
    } else {
        if (fw_tokenise(&d->tokens, p, n)) return FW_OUT_OF_MEMORY;
        int wanted = d->frame_only ? 0 : fw_choose_dictionaries(d, p);
        if (wanted) return wanted;
        fw_check_frame(&d->tokens, p, n, row, &d->defects);
        verdict = fw_frame_verdict(d);
        if (!d->frame_only) fw_check_dictionary(d, row, p, verdict != FW_GARBLED);
        if (fw_write_columns(d, row, p, verdict != FW_GARBLED)) return FW_OUT_OF_MEMORY;
        if (verdict == FW_VALID && d->defects.count > d->defects.first) verdict = FW_REJECTED;
        if (verdict == FW_VALID) fw_learn(d, d->block.signature[row - d->block.first], p);
    }
    fw_defects_end(&d->defects);
    d->verdicts[row] = verdict;
    if (n && fw_has_secret(&d->tokens, p, n, verdict == FW_GARBLED))
        d->block.secret |= (uint64_t)1 << (row - d->block.first);
    return d->defects.failed ? FW_OUT_OF_MEMORY : 0;
}

#endif
