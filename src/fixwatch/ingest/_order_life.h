/* The life of one order out of what was said of it: a loop over its messages in the order in which they were sent.
 *
 * States as in FIX 4.4 volume 4, "Order State Change Matrices" (FIX 4.2 appendix D). The sender's clock and
 * MsgSeqNum(34) order what one side said; requests and reports come from two sides, whose clocks are not compared:
 * a request is answered by the report that carries its ClOrdID(11). */
#ifndef FW_ORDER_LIFE_H
#define FW_ORDER_LIFE_H

#include "_order_event.h"

/* Messages of an order that are kept: reports, requests. */
#define FW_MOST_REPORTS 64
#define FW_MOST_REQUESTS 32

/* What is wrong with an order: a bit each; `orders.py` has their names. */
enum { FW_QUANTITIES_DISAGREE = 1, FW_CUM_QTY_WENT_BACK = 2, FW_AVG_PX_DISAGREES = 4, FW_FILL_AFTER_END = 8,
       FW_OVERFILLED = 16 };

/* What an order waits for; `orders.py` has their names. */
enum { FW_NOTHING, FW_NEW, FW_CANCEL, FW_REPLACE, FW_PENDING_NEW, FW_PENDING_CANCEL, FW_PENDING_REPLACE };

typedef struct {
    fw_text text[FW_TEXTS];     /* FW_NOTE: Text(58) of the latest report */
    __int128 number[FW_NUMBERS]; /* terms, CumQty, LeavesQty, AvgPx; FW_LAST_QTY, FW_LAST_PX: sums, see below */
    uint8_t has;
    uint8_t ord_status, exec_type; /* 0: no report yet */
    uint8_t settled_status;        /* the last OrdStatus(39) that was not pending cancel or pending replace */
    uint8_t ended;                 /* after Canceled, Expired, Rejected */
    uint8_t reported_terms;        /* the terms are from a report, not from a request */
    uint8_t unsummed;              /* fills that could not be summed up, or busts of fills that are not known */
    uint32_t defects;
    int64_t ord_rej_reason, cxl_rej_reason;
    int64_t sent_at, answered_at, first_fill_at;
    int64_t state_time, state_seq, state_kafka_time;
    int64_t terms_time, terms_seq;
    int32_t answer_session, fill_session;
    int64_t fills;       /* that stand */
    __int128 ended_cum;  /* CumQty(14) when it ended */
    __int128 filled_qty; /* their LastQty(32) summed up, 18 digits behind the point */
    __int128 filled_value; /* LastQty(32) times LastPx(31) summed up, `value_scale` digits behind the point */
    int32_t value_scale;
    int64_t latest_sent, latest_seq; /* of the reports that have been lived through and are kept no longer */
} fw_order;

static void fw_begin_life(fw_order *order) {
    memset(order, 0, sizeof *order);
    for (int i = 0; i < FW_TEXTS; i++) order->text[i].size = -1;
    order->ord_rej_reason = order->cxl_rej_reason = FW_NO_REASON;
    order->sent_at = order->answered_at = order->first_fill_at = order->state_time = FW_NEVER;
    order->state_kafka_time = order->terms_time = order->latest_sent = FW_NEVER;
    order->state_seq = order->terms_seq = order->latest_seq = -1;
}

static inline int fw_is_bust(const fw_event *event) {
    return event->type == '8' && event->ref && (event->exec_type == 'H' || event->trans == '1');
}

static inline int fw_is_correction(const fw_event *event) {
    return event->type == '8' && event->ref && (event->exec_type == 'G' || event->trans == '2');
}

/* Up to FIX 4.2 ExecTransType(20)=0 and ExecType(150) 1 or 2 (4.0: OrdStatus(39)); since 4.3 ExecType=F. */
static inline int fw_is_fill(const fw_event *event) {
    if (event->type != '8' || !(event->has >> FW_LAST_QTY & 1)) return 0;
    if (event->exec_type == 'F') return event->trans == 0 || event->trans == '0';
    uint8_t kind = event->exec_type ? event->exec_type : event->ord_status;
    return event->trans == '0' && (kind == '1' || kind == '2') && event->number[FW_LAST_QTY] > 0;
}

static inline int fw_has_ended(uint8_t ord_status) {
    return ord_status == '4' || ord_status == 'C' || ord_status == '8';
}

static inline int fw_is_pending(uint8_t exec_type, uint8_t ord_status) {
    uint8_t kind = exec_type ? exec_type : ord_status;
    return kind == '6' || kind == 'E';
}

/* A column's number, which has 18 digits behind the point, without trailing zeros. */
static inline void fw_strip(__int128 *value, int32_t *scale) { *scale = *value ? 18 - fw_strip_zeros(value) : 0; }

static inline int fw_rescale(__int128 *value, int32_t from, int32_t to) {
    for (; from < to; from++)
        if (__builtin_mul_overflow(*value, (__int128)10, value)) return 0;
    return 1;
}

/* Add a fill, or take it back (`sign` -1). */
static void fw_sum_fill(fw_order *order, __int128 qty, __int128 px, int sign) {
    int32_t qty_scale = 18, px_scale = 18, scale;
    __int128 product;
    order->fills += sign;
    if (__builtin_add_overflow(order->filled_qty, sign * qty, &order->filled_qty)) order->unsummed = 1;
    fw_strip(&qty, &qty_scale);
    fw_strip(&px, &px_scale);
    scale = qty_scale + px_scale;
    if (__builtin_mul_overflow(qty, px, &product)) {
        order->unsummed = 1;
        return;
    }
    if (scale > order->value_scale) {
        if (!fw_rescale(&order->filled_value, order->value_scale, scale)) order->unsummed = 1;
        order->value_scale = scale;
    } else if (!fw_rescale(&product, scale, order->value_scale)) {
        order->unsummed = 1;
        return;
    }
    if (__builtin_add_overflow(order->filled_value, sign * product, &order->filled_value)) order->unsummed = 1;
}

static inline void fw_take_text(fw_order *order, const fw_event *event, int text) {
    if (event->text[text].size >= 0) order->text[text] = event->text[text];
}

static inline void fw_take_number(fw_order *order, const fw_event *event, int number) {
    if (!(event->has >> number & 1)) return;
    order->number[number] = event->number[number];
    order->has |= (uint8_t)(1 << number);
}

static void fw_take_terms(fw_order *order, const fw_event *event) {
    for (int i = FW_ACCOUNT; i <= FW_CURRENCY; i++) fw_take_text(order, event, i);
    for (int i = FW_ORDER_QTY; i <= FW_STOP_PX; i++) fw_take_number(order, event, i);
    order->terms_time = event->sent;
    order->terms_seq = event->seq;
}

/* A request: what a NewOrder asks for are the terms until a report says what they are; a replace's are not yet. */
static void fw_live_request(fw_order *order, const fw_event *event) {
    if (event->type != 'D') return;
    if (order->sent_at == FW_NEVER || event->sent < order->sent_at) order->sent_at = event->sent;
    fw_take_text(order, event, FW_LIST_ID);
    fw_take_text(order, event, FW_LEGS);
    if (order->reported_terms) return;
    fw_take_text(order, event, FW_CL_ORD_ID);
    fw_take_terms(order, event);
}

static inline int fw_number(const fw_order *order, const fw_event *event, int number, __int128 *value) {
    if (event->has >> number & 1)
        *value = event->number[number];
    else if (order->has >> number & 1)
        *value = order->number[number];
    else
        return 0;
    return 1;
}

/* If LeavesQty(151) is what OrderQty(38) and CumQty(14) leave; numbers of 38 digits may be too far apart for a word. */
static inline int fw_is_rest(__int128 leaves, __int128 qty, __int128 cum) {
    __int128 rest;
    return !__builtin_sub_overflow(qty, cum, &rest) && leaves == rest;
}

/* CumQty(14) and LeavesQty(151) against OrderQty(38), as OrdStatus(39) has it (FIX 4.4, LeavesQty). */
static int fw_quantities_agree(const fw_order *order, const fw_event *event, __int128 cum, __int128 leaves) {
    __int128 qty;
    if (!fw_number(order, event, FW_ORDER_QTY, &qty)) return 1;
    switch (event->ord_status) {
    case '4': case 'C': case '8': case '3': case 'B': /* not active: 0, or what was open */
        return leaves == 0 || fw_is_rest(leaves, qty, cum);
    case '2': /* an overfill is another matter */
        return leaves == 0 && cum >= qty;
    case '0': case '1': case '5': case '6': case '7': case '9': case 'A': case 'E':
        return fw_is_rest(leaves, qty, cum) || (cum > qty && leaves == 0);
    default:
        return 1;
    }
}

/* The first answer, and the first fill. */
static void fw_take_times(fw_order *order, const fw_event *event) {
    if (order->answered_at == FW_NEVER || event->sent < order->answered_at) {
        order->answered_at = event->sent;
        order->answer_session = event->session_id;
    }
    if (fw_is_fill(event) && (order->first_fill_at == FW_NEVER || event->sent < order->first_fill_at)) {
        order->first_fill_at = event->sent;
        order->fill_session = event->session_id;
    }
}

static void fw_live_execution(fw_order *order, const fw_event *event) {
    __int128 cum = 0, leaves = 0, before = order->number[FW_CUM_QTY];
    int had_cum = order->has >> FW_CUM_QTY & 1, has_cum = event->has >> FW_CUM_QTY & 1;
    int moves_back = fw_is_bust(event) || fw_is_correction(event) || event->exec_type == 'D';
    uint8_t status = event->ord_status ? event->ord_status : order->ord_status;
    fw_take_times(order, event);
    /* One that takes the place of a busted one fills nothing more. */
    if (fw_is_fill(event) && order->ended && (!has_cum || event->number[FW_CUM_QTY] > order->ended_cum))
        order->defects |= FW_FILL_AFTER_END;
    if (has_cum) {
        cum = event->number[FW_CUM_QTY];
        if (had_cum && cum < before && !moves_back) order->defects |= FW_CUM_QTY_WENT_BACK;
    }
    if (has_cum && (event->has >> FW_LEAVES_QTY & 1)) {
        leaves = event->number[FW_LEAVES_QTY];
        if (!fw_quantities_agree(order, event, cum, leaves)) order->defects |= FW_QUANTITIES_DISAGREE;
    }
    order->reported_terms = 1;
    fw_take_text(order, event, FW_ORDER_ID);
    fw_take_text(order, event, FW_LIST_ID);
    /* While a request is pending its ClOrdID(11) is not the order's yet. */
    if (!fw_is_pending(event->exec_type, event->ord_status)) fw_take_text(order, event, FW_CL_ORD_ID);
    fw_take_terms(order, event);
    for (int i = FW_CUM_QTY; i <= FW_AVG_PX; i++) fw_take_number(order, event, i);
    if (has_cum && (order->has >> FW_ORDER_QTY & 1) && cum > order->number[FW_ORDER_QTY])
        order->defects |= FW_OVERFILLED;
    if (event->exec_type) order->exec_type = event->exec_type;
    if (!order->ended && fw_has_ended(status)) order->ended_cum = order->number[FW_CUM_QTY];
    order->ended = (uint8_t)fw_has_ended(status);
    if (event->reason != FW_NO_REASON) order->ord_rej_reason = event->reason;
}

/* What a pending order is once its request is rejected: as before, and with the fills that came since. */
static uint8_t fw_not_pending(const fw_order *order) {
    uint8_t status = order->settled_status ? order->settled_status : '0';
    __int128 cum = order->number[FW_CUM_QTY];
    if (cum <= 0 || !(status == '0' || status == '1' || status == '5' || status == 'A')) return status;
    return order->has >> FW_ORDER_QTY & 1 && cum >= order->number[FW_ORDER_QTY] ? '2' : '1';
}

/* A report: 8 tells all of the state, 9 (OrderCancelReject) OrdStatus(39) alone, in FIX 4.0 not even that. */
static void fw_live_report(fw_order *order, const fw_event *event) {
    /* CxlRejReason(102) 1: the receiver does not know the order, and what it says its state is means nothing. */
    int unknown_order = event->type == '9' && event->reason == 1;
    if (event->type == '8')
        fw_live_execution(order, event);
    else if (event->reason != FW_NO_REASON)
        order->cxl_rej_reason = event->reason;
    order->text[FW_NOTE] = event->text[FW_NOTE];
    if (event->ord_status && !unknown_order) order->ord_status = event->ord_status;
    if (event->type == '9' && !event->ord_status && fw_is_pending(0, order->ord_status))
        order->ord_status = fw_not_pending(order);
    if (!fw_is_pending(0, order->ord_status)) order->settled_status = order->ord_status;
    order->state_time = event->sent;
    order->state_seq = event->seq;
    order->state_kafka_time = event->kafka_time;
}

/* The report of this ExecID(17) that is a fill, else the correction, the one sent first; -1: there is none. */
static int32_t fw_find_exec(const fw_event *events, int32_t count, uint64_t exec) {
    int32_t correction = -1;
    for (int32_t i = 0; i < count; i++) {
        if (events[i].exec != exec) continue;
        if (fw_is_fill(&events[i])) return i;
        if (correction < 0 && fw_is_correction(&events[i])) correction = i;
    }
    return correction;
}

/* The fill that a bust or a correction is of; it may name a correction of it. -1: it is not among the events. */
static int32_t fw_find_fill(const fw_event *events, int32_t count, const fw_event *change) {
    for (int32_t step = 0; step <= count; step++) {
        int32_t at = fw_find_exec(events, count, change->ref);
        if (at < 0 || fw_is_fill(&events[at])) return at;
        change = &events[at];
    }
    return -1; /* they name each other in a ring */
}

/* The fills that stand: each once, less those that were busted, at the values that they were corrected to. A correction
 * is another name of its fill. `events` are the reports; a bust of none of them is of one in the past, if there is
 * one. */
static void fw_sum_fills(fw_order *order, const fw_event *events, int32_t count, int has_past) {
    const fw_event *latest[FW_MOST_REPORTS];
    uint8_t busted[FW_MOST_REPORTS] = {0};
    if (count > FW_MOST_REPORTS) count = FW_MOST_REPORTS;
    for (int32_t i = 0; i < count; i++) latest[i] = &events[i];
    for (int32_t i = 0; i < count; i++) {
        int is_bust = fw_is_bust(&events[i]);
        if (!is_bust && !fw_is_correction(&events[i])) continue;
        int32_t fill = fw_find_fill(events, count, &events[i]);
        if (fill >= 0 && is_bust) busted[fill] = 1;
        if (fill >= 0 && !is_bust) latest[fill] = &events[i];
        if (fill < 0 && has_past) order->unsummed = 1;
        if (fill < 0 && has_past && is_bust) order->fills--;
    }
    for (int32_t i = 0; i < count; i++) {
        const fw_event *fill = &events[i];
        if (!fw_is_fill(fill) || busted[i]) continue;
        /* The same ExecID(17) with other content: a conflict, not a fill more. */
        if (fill->exec && fw_find_exec(events, count, fill->exec) != i) continue;
        __int128 qty = (latest[i]->has >> FW_LAST_QTY & 1 ? latest[i] : fill)->number[FW_LAST_QTY];
        __int128 px = (latest[i]->has >> FW_LAST_PX & 1 ? latest[i] : fill)->number[FW_LAST_PX];
        if (!(fill->has >> FW_LAST_PX & 1)) order->unsummed = 1;
        fw_sum_fill(order, qty, px, 1);
    }
}

/* AvgPx(6) against the fills, where all of CumQty(14) is made of fills that are known: off by no more than one unit
 * of its last digit. That is the last one that is not 0, or the second, if the prices have so many: a sender may round
 * to fewer digits than prices have. */
static int fw_avg_px_agrees(const fw_order *order, int32_t px_scale) {
    if (order->unsummed || !order->fills || !(order->has >> FW_AVG_PX & 1) || !(order->has >> FW_CUM_QTY & 1)) return 1;
    if (order->filled_qty != order->number[FW_CUM_QTY] || order->filled_qty <= 0) return 1;
    __int128 avg = order->number[FW_AVG_PX], qty = order->filled_qty, value = order->filled_value, off, unit;
    int32_t avg_scale = 18, qty_scale = 18, value_scale = order->value_scale;
    fw_strip(&avg, &avg_scale);
    fw_strip(&qty, &qty_scale);
    if (px_scale > 2) px_scale = 2;
    if (avg_scale > px_scale) px_scale = avg_scale;
    /* |avg * qty - value| <= qty * 10^-px_scale, all at one scale. */
    if (!fw_rescale(&avg, avg_scale, px_scale) || __builtin_mul_overflow(avg, qty, &avg)) return 1;
    int32_t scale = px_scale + qty_scale;
    unit = qty;
    if (scale < value_scale) {
        if (!fw_rescale(&avg, scale, value_scale) || !fw_rescale(&unit, scale, value_scale)) return 1;
    } else if (!fw_rescale(&value, value_scale, scale)) {
        return 1;
    }
    if (__builtin_sub_overflow(avg, value, &off)) return 1;
    return (off < 0 ? -off : off) <= unit;
}

/* The report that answers a request: not one that says it is pending. */
static const fw_event *fw_answer(const fw_event *request, const fw_event *reports, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        const fw_event *report = &reports[i];
        if (report->type == '8' && fw_is_pending(report->exec_type, report->ord_status)) continue;
        if (fw_same(report->text[FW_CL_ORD_ID], request->text[FW_CL_ORD_ID])) return report;
    }
    return NULL;
}

/* What is waited for since when (Kafka's time: the clocks of both sides may be wrong): the first request sent that
 * has no answer, or a state that is a promise. A filled order may be asked to become larger; of one that has ended nothing
 * more is expected. */
static int fw_waits_for(const fw_order *order, const fw_event *requests, int32_t asked, const fw_event *reports,
                        int32_t answered, int64_t *since) {
    int waits = FW_NOTHING;
    *since = FW_NEVER;
    if (fw_has_ended(order->ord_status)) return FW_NOTHING;
    switch (order->ord_status) {
    case 'A': waits = FW_PENDING_NEW; break;
    case '6': waits = FW_PENDING_CANCEL; break;
    case 'E': waits = FW_PENDING_REPLACE; break;
    }
    if (waits) {
        *since = order->state_kafka_time;
        return waits;
    }
    for (int32_t i = 0; i < asked; i++) {
        const fw_event *request = &requests[i];
        int kind = request->type == 'F' ? FW_CANCEL : request->type == 'G' ? FW_REPLACE : FW_NEW;
        if (kind == FW_NEW ? order->ord_status != 0 : fw_answer(request, reports, answered) != NULL) continue;
        *since = request->kafka_time;
        return kind;
    }
    return FW_NOTHING;
}

#endif
