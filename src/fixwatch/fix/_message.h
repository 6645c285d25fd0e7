/* One message to its row: fields, dictionary, frame, checks, columns, verdict. Everything that a batch's messages
 * share is in fw_decoder.
 */
#ifndef FIXWATCH_MESSAGE_H
#define FIXWATCH_MESSAGE_H

#include "_checks.h"
#include "_columns.h"
#include "_frame.h"

/* defects.Verdict */
enum { FW_VALID = 0, FW_REJECTED = 1, FW_GARBLED = 2 };

/* Versions are numbered as in dictionary.VERSIONS. */
#define FW_VERSIONS 9
#define FW_VERSION_FIXT 8

/* Columns are of tags below this. */
#define FW_COLUMN_TAGS 5000

/* What fw_decode_message says, apart from 0 and the number of a version plus one. */
#define FW_OUT_OF_MEMORY (-1)

typedef struct {
    fw_tokens tokens;
    fw_defects defects;
    fw_check check;
    const fw_dictionary *dictionaries[FW_VERSIONS]; /* NULL: not loaded yet */
    int8_t version_of_appl_ver_id[256];             /* by the byte of ApplVerID(1128), -1: none of ours */
    uint8_t admin[256];                             /* MsgTypes of the session layer */
    int default_version; /* of FIXT.1.1 messages without ApplVerID(1128) */
    int lenient;
    int frame_only; /* no dictionary checks: groups are not told apart either */
    size_t max_bytes;
    fw_column *columns;
    int16_t column_of[FW_COLUMN_TAGS]; /* by tag, -1: no column */
    uint8_t *verdicts;
    int32_t *secrets; /* rows that have one */
    int64_t secret_count;
} fw_decoder;

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

/* Fill the row with the first value of each tag at the root. `record`: what does not fit is a defect. */
static inline int fw_write_columns(fw_decoder *d, int32_t row, const uint8_t *p, int record) {
    /* The last field of a cut message is left out: 38=10 may have been 38=1000. */
    size_t count = d->tokens.count - (d->tokens.cut_field ? 1 : 0);
    for (size_t i = 0; i < count; i++) {
        const fw_field *field = &d->tokens.fields[i];
        if (field->tag <= 0 || field->tag >= FW_COLUMN_TAGS || field->depth || field->length == 0) continue;
        int number = d->column_of[field->tag];
        if (number < 0) continue;
        fw_column *column = &d->columns[number];
        if (column->seen == (int64_t)row + 1) continue;
        column->seen = (int64_t)row + 1;
        int outcome = fw_column_put(column, row, p + field->start, field->length);
        if (outcome == FW_OK) continue;
        if (outcome == FW_NO_MEMORY) return FW_OUT_OF_MEMORY;
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

/* Decode p[0..n) into its row. Returns 0; FW_OUT_OF_MEMORY; or the number of a version, plus one, that must be
 * loaded before this message can be decoded. */
static inline int fw_decode_message(fw_decoder *d, int32_t row, const uint8_t *p, size_t n) {
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
    }
    fw_defects_end(&d->defects);
    d->verdicts[row] = verdict;
    if (n && fw_has_secret(&d->tokens, p, n, verdict == FW_GARBLED)) d->secrets[d->secret_count++] = row;
    return d->defects.failed ? FW_OUT_OF_MEMORY : 0;
}

#endif
