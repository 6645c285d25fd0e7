/* If a message's frame holds: BeginString(8), BodyLength(9), MsgType(35) first and in that order, a true
 * BodyLength, a true CheckSum(10) of three digits last, nothing behind it (FIX 4.4 volume 1, "Message format";
 * volume 2, "Garbled message").
 */
#ifndef FIXWATCH_FRAME_H
#define FIXWATCH_FRAME_H

#include "_defects.h"
#include "_tokens.h"

/* Defects of the frame come before all others, in the order in which they are found. */
#define FW_FRAME_RANK 0

/* Defects that `lenient` framing reads on after: lengths and sums that a demo feed leaves out. */
static inline int fw_lenient_passes(uint8_t reason) {
    return reason == FW_BODY_LENGTH_MISSING || reason == FW_BODY_LENGTH_FORMAT ||
           reason == FW_BODY_LENGTH_WRONG || reason == FW_CHECKSUM_MISSING || reason == FW_CHECKSUM_FORMAT ||
           reason == FW_CHECKSUM_WRONG;
}

static inline void fw_check_body_length(const fw_tokens *t, const uint8_t *p, size_t body_end, int32_t row,
                                        fw_defects *d) {
    const fw_field *field = &t->fields[1];
    int64_t said;
    size_t body = field->start + (size_t)field->length + 1;
    if (!fw_all_digits(p + field->start, field->length) ||
        fw_int(p + field->start, field->length, &said) == FW_BAD_FORMAT) {
        fw_defect(d, row, FW_BODY_LENGTH_FORMAT, 9, FW_FRAME_RANK);
    } else if (fw_int(p + field->start, field->length, &said) != FW_OK || body_end < body ||
               (uint64_t)said != body_end - body) {
        fw_defect(d, row, FW_BODY_LENGTH_WRONG, 9, FW_FRAME_RANK);
    }
}

static inline void fw_check_checksum(const fw_tokens *t, const uint8_t *p, int32_t row, fw_defects *d) {
    const fw_field *field = &t->fields[t->checksum_at];
    const uint8_t *said = p + field->start;
    if (field->length != 3 || !fw_all_digits(said, 3))
        fw_defect(d, row, FW_CHECKSUM_FORMAT, 10, FW_FRAME_RANK);
    else if (fw_two(said) * 10 + (said[2] - '0') != fw_byte_sum(p, field->at))
        fw_defect(d, row, FW_CHECKSUM_WRONG, 10, FW_FRAME_RANK);
}

/* Record the frame's defects of a tokenised message p[0..n), n > 0. */
static inline void fw_check_frame(const fw_tokens *t, const uint8_t *p, size_t n, int32_t row, fw_defects *d) {
    if (t->count == 0 || t->fields[0].tag != 8 || t->fields[0].length < 3 ||
        memcmp(p + t->fields[0].start, "FIX", 3) != 0) {
        fw_defect(d, row, FW_NOT_FIX, FW_NO_TAG, FW_FRAME_RANK);
        return;
    }
    if (t->too_many) fw_defect(d, row, FW_TOO_MANY_FIELDS, FW_NO_TAG, FW_FRAME_RANK);
    if (t->unterminated) fw_defect(d, row, FW_TRUNCATED, FW_NO_TAG, FW_FRAME_RANK);
    size_t body_end = t->checksum_at >= 0 ? t->fields[t->checksum_at].at : n;
    size_t msg_type = 1;
    if (t->count > 1 && t->fields[1].tag == 9) {
        msg_type = 2;
        fw_check_body_length(t, p, body_end, row, d);
    } else {
        fw_defect(d, row, FW_BODY_LENGTH_MISSING, 9, FW_FRAME_RANK);
    }
    if (t->count <= msg_type || t->fields[msg_type].tag != 35)
        fw_defect(d, row, FW_MSG_TYPE_NOT_THIRD, 35, FW_FRAME_RANK);
    if (t->bad_tag) fw_defect(d, row, FW_TAG_FORMAT, FW_NO_TAG, FW_FRAME_RANK);
    if (t->data_wrong) fw_defect(d, row, FW_DATA_LENGTH_WRONG, t->data_wrong, FW_FRAME_RANK);
    if (t->checksum_at >= 0) fw_check_checksum(t, p, row, d);
    else fw_defect(d, row, FW_CHECKSUM_MISSING, 10, FW_FRAME_RANK);
    if (t->end < n && !t->too_many) fw_defect(d, row, FW_TRAILING_BYTES, FW_NO_TAG, FW_FRAME_RANK);
}

#endif
