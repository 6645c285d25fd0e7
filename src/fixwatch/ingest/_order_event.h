/* What one message says of an order, and how an order keeps what was said: compact, in bytes that are the same on
 * every machine, so that two orders that were told the same are the same.
 *
 * A number is its digits without trailing zeros and how many zeros these were; a text or number that is that of the
 * event before is a bit. */
#ifndef FW_ORDER_EVENT_H
#define FW_ORDER_EVENT_H

#include "_packed.h"

enum { FW_CL_ORD_ID, FW_ORIG_CL_ORD_ID, FW_ORDER_ID, FW_LIST_ID, FW_ACCOUNT, FW_SYMBOL, FW_SIDE, FW_ORD_TYPE,
       FW_TIME_IN_FORCE, FW_CURRENCY, FW_NOTE, FW_LEGS, FW_TEXTS };
enum { FW_ORDER_QTY, FW_PRICE, FW_STOP_PX, FW_CUM_QTY, FW_LEAVES_QTY, FW_AVG_PX, FW_LAST_QTY, FW_LAST_PX, FW_NUMBERS };

#define FW_NEVER INT64_MIN
#define FW_NO_REASON (-1)

typedef struct {
    int64_t sent;       /* microseconds since 1970 */
    int64_t seq;        /* MsgSeqNum(34), -1: none */
    int64_t kafka_time; /* of the first copy that came */
    uint64_t identity;  /* of what is said: equal for a repeat */
    uint64_t exec;      /* of ExecID(17), 0: none */
    uint64_t ref;       /* of ExecRefID(19), 0: none */
    int64_t reason;     /* OrdRejReason(103), CxlRejReason(102), or FW_NO_REASON */
    int32_t session_id; /* who says it */
    uint8_t type;       /* D (also for a list's orders and multilegs), F, G, 8, 9 */
    uint8_t exec_type, ord_status, trans;
    uint8_t has; /* a bit a number */
    __int128 number[FW_NUMBERS];
    fw_text text[FW_TEXTS];
} fw_event;

static inline int fw_is_report(const fw_event *event) { return event->type == '8' || event->type == '9'; }

/* Texts and numbers, those that are as they were `before` as bits only. */
static inline void fw_put_values(fw_bytes *out, const fw_text *text, const __int128 *number, uint32_t has,
                                 const fw_text *text_before, const __int128 *number_before, uint32_t had) {
    uint32_t there = 0, same = 0;
    for (int i = 0; i < FW_TEXTS; i++) {
        if (text[i].size < 0) continue;
        there |= 1u << i;
        if (text_before && fw_same(text[i], text_before[i])) same |= 1u << i;
    }
    for (int i = 0; i < FW_NUMBERS; i++) {
        if (!(has >> i & 1)) continue;
        there |= 1u << (FW_TEXTS + i);
        if (number_before && (had >> i & 1) && number[i] == number_before[i]) same |= 1u << (FW_TEXTS + i);
    }
    fw_put_varint(out, there);
    fw_put_varint(out, same);
    for (int i = 0; i < FW_TEXTS; i++)
        if (there & ~same & (1u << i)) fw_put_text(out, text[i]);
    for (int i = 0; i < FW_NUMBERS; i++)
        if (there & ~same & (1u << (FW_TEXTS + i))) fw_put_number(out, number[i]);
}

static inline uint32_t fw_get_values(fw_reader *in, fw_text *text, __int128 *number, const fw_text *text_before,
                                     const __int128 *number_before) {
    uint32_t there = (uint32_t)fw_get_varint(in), same = (uint32_t)fw_get_varint(in), has = 0;
    if ((same && !text_before) || (same & ~there)) in->failed = 1;
    for (int i = 0; i < FW_TEXTS; i++) {
        text[i].bytes = NULL;
        text[i].size = -1;
        if (in->failed || !(there >> i & 1)) continue;
        text[i] = same >> i & 1 ? text_before[i] : fw_get_text(in);
    }
    for (int i = 0; i < FW_NUMBERS; i++) {
        number[i] = 0;
        if (in->failed || !(there >> (FW_TEXTS + i) & 1)) continue;
        has |= 1u << i;
        number[i] = same >> (FW_TEXTS + i) & 1 ? number_before[i] : fw_get_number(in);
    }
    return has;
}

static inline void fw_put_event(fw_bytes *out, const fw_event *event, const fw_event *before) {
    const uint8_t chars[4] = {event->type, event->exec_type, event->ord_status, event->trans};
    fw_put(out, chars, 4);
    fw_put_signed(out, (__int128)event->sent - (before ? before->sent : 0));
    fw_put_signed(out, event->seq);
    fw_put_signed(out, (__int128)event->kafka_time - event->sent);
    fw_put_u64(out, event->identity);
    fw_put_byte(out, (uint8_t)((event->exec != 0) | (event->ref != 0) << 1));
    if (event->exec) fw_put_u64(out, event->exec);
    if (event->ref) fw_put_u64(out, event->ref);
    fw_put_signed(out, event->reason);
    fw_put_signed(out, event->session_id);
    fw_put_values(out, event->text, event->number, event->has, before ? before->text : NULL,
                  before ? before->number : NULL, before ? before->has : 0);
}

static inline void fw_get_event(fw_reader *in, fw_event *event, const fw_event *before) {
    event->type = fw_get_byte(in);
    event->exec_type = fw_get_byte(in);
    event->ord_status = fw_get_byte(in);
    event->trans = fw_get_byte(in);
    /* Wrapped, not overflowed: whatever the bytes are. */
    event->sent = (int64_t)((uint64_t)fw_get_signed(in) + (uint64_t)(before ? before->sent : 0));
    event->seq = (int64_t)fw_get_signed(in);
    event->kafka_time = (int64_t)((uint64_t)fw_get_signed(in) + (uint64_t)event->sent);
    event->identity = fw_get_u64(in);
    uint8_t ids = fw_get_byte(in);
    event->exec = ids & 1 ? fw_get_u64(in) : 0;
    event->ref = ids & 2 ? fw_get_u64(in) : 0;
    event->reason = (int64_t)fw_get_signed(in);
    event->session_id = (int32_t)fw_get_signed(in);
    event->has = (uint8_t)fw_get_values(in, event->text, event->number, before ? before->text : NULL,
                                        before ? before->number : NULL);
}

/* FIX 4.4 volume 4, precedence of OrdStatus(39): which of two that say the same moment is the state. */
static inline int fw_precedence(uint8_t ord_status) {
    switch (ord_status) {
    case '6': return 11;
    case 'E': return 10;
    case '3': return 9;
    case 'B': return 8;
    case '2': return 7;
    case '7': return 6;
    case '9': return 5;
    case '4': return 4;
    case 'C': return 4;
    case '1': return 3;
    case '0': return 2;
    case '5': return 2;
    case '8': return 2;
    case 'A': return 2;
    case 'D': return 1;
    default: return 0;
    }
}

static inline int fw_compare_texts(fw_text a, fw_text b) {
    if (a.size < 0 || b.size < 0) return (a.size >= 0) - (b.size >= 0);
    int32_t size = a.size < b.size ? a.size : b.size;
    int order = size ? memcmp(a.bytes, b.bytes, (size_t)size) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

#define FW_COMPARE(a, b)                     \
    do {                                     \
        if ((a) != (b)) return (a) < (b) ? -1 : 1; \
    } while (0)

/* What is said, compared: an order of messages that does not depend on how they came. */
static int fw_compare_said(const fw_event *a, const fw_event *b) {
    FW_COMPARE(a->sent, b->sent);
    FW_COMPARE(a->seq, b->seq);
    FW_COMPARE(fw_precedence(a->ord_status), fw_precedence(b->ord_status));
    FW_COMPARE(a->type, b->type);
    FW_COMPARE(a->identity, b->identity);
    FW_COMPARE(a->exec_type, b->exec_type);
    FW_COMPARE(a->ord_status, b->ord_status);
    FW_COMPARE(a->trans, b->trans);
    FW_COMPARE(a->exec, b->exec);
    FW_COMPARE(a->ref, b->ref);
    FW_COMPARE(a->reason, b->reason);
    FW_COMPARE(a->session_id, b->session_id);
    FW_COMPARE(a->has, b->has);
    for (int i = 0; i < FW_NUMBERS; i++)
        if (a->has >> i & 1) FW_COMPARE(a->number[i], b->number[i]);
    for (int i = 0; i < FW_TEXTS; i++) {
        int order = fw_compare_texts(a->text[i], b->text[i]);
        if (order) return order;
    }
    return 0;
}

/* Requests before reports, each as they were sent. */
static int fw_compare_events(const void *left, const void *right) {
    const fw_event *a = (const fw_event *)left, *b = (const fw_event *)right;
    FW_COMPARE(fw_is_report(a), fw_is_report(b));
    return fw_compare_said(a, b);
}

/* Repeats beside each other, the first sent before the others. */
static int fw_compare_identity(const void *left, const void *right) {
    const fw_event *a = (const fw_event *)left, *b = (const fw_event *)right;
    FW_COMPARE(a->identity, b->identity);
    return fw_compare_said(a, b);
}

#endif
