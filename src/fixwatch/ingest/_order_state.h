/* An order's state: the set of what was said of it, in bytes.
 *
 * What is said again is in it once, and the order of arrival makes no difference. Of an order that goes on and on
 * the newest messages are kept. Those that were sent before them are lived through for good, and of each an id is
 * kept; one of their time that comes later still counts once, but does not change what is known. Of an order that
 * goes on for thousands of messages not all ids are kept: then what comes so late is taken for a repeat. */
#ifndef FW_ORDER_STATE_H
#define FW_ORDER_STATE_H

#include "_histogram.h"
#include "_order_life.h"

#define FW_STATE_VERSION 2
/* Ids of messages that are kept no longer: 16 KB. The least are kept, which no order of arrival changes. */
#define FW_MOST_GONE 2048

typedef struct {
    int64_t messages; /* all of them, repeats too */
    int64_t gone;     /* distinct ones that are kept no longer */
    int64_t first_seen, last_seen; /* Kafka's times */
    int32_t day;      /* the first trading day */
    int lived;        /* there is a past */
    fw_order past;
    uint64_t *gone_ids; /* identities of distinct ones that are kept no longer, ascending; the least FW_MOST_GONE */
    int32_t gone_count;
    fw_event *events; /* requests, then reports, once settled */
    int32_t count, room, requests;
    int failed; /* 1: no memory, 2: not the bytes of a state */
} fw_state;

/* Kinds of latencies; `orders.py` has their names. */
enum { FW_ACK, FW_TO_CANCEL, FW_TO_REPLACE, FW_TO_FILL };

typedef struct {
    int64_t minute;
    int32_t session_id;
    int32_t kind;
    int32_t bucket;
    int64_t count;
} fw_latency;

typedef struct {
    fw_latency *items;
    int64_t count, room;
    int failed;
} fw_latencies;

static void fw_begin_state(fw_state *state) {
    state->messages = state->gone = 0;
    state->first_seen = INT64_MAX;
    state->last_seen = INT64_MIN;
    state->day = INT32_MAX;
    state->lived = 0;
    state->gone_count = 0;
    state->count = state->requests = 0;
}

static void fw_free_state(fw_state *state) {
    free(state->events);
    free(state->gone_ids);
}

/* Where an identity is among those that are gone, or would be. */
static int32_t fw_gone_place(const fw_state *state, uint64_t identity) {
    int32_t low = 0, high = state->gone_count;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (state->gone_ids[middle] < identity)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int fw_is_gone(const fw_state *state, uint64_t identity) {
    int32_t at = fw_gone_place(state, identity);
    return at < state->gone_count && state->gone_ids[at] == identity;
}

static void fw_remember(fw_state *state, uint64_t identity) {
    int32_t at = fw_gone_place(state, identity);
    if (at == FW_MOST_GONE || (at < state->gone_count && state->gone_ids[at] == identity)) return;
    if (!state->gone_ids) state->gone_ids = (uint64_t *)malloc(FW_MOST_GONE * sizeof(uint64_t));
    if (!state->gone_ids) {
        state->failed = 1;
        return;
    }
    if (state->gone_count < FW_MOST_GONE) state->gone_count++;
    memmove(&state->gone_ids[at + 1], &state->gone_ids[at], (size_t)(state->gone_count - at - 1) * sizeof(uint64_t));
    state->gone_ids[at] = identity;
}

static fw_event *fw_new_event(fw_state *state) {
    if (state->count == state->room) {
        int32_t room = state->room ? 2 * state->room : 128;
        fw_event *events = (fw_event *)realloc(state->events, (size_t)room * sizeof(fw_event));
        if (!events) {
            state->failed = 1;
            return NULL;
        }
        state->events = events;
        state->room = room;
    }
    return &state->events[state->count++];
}

static void fw_put_life(fw_bytes *out, const fw_order *order) {
    const int64_t numbers[] = {
        order->ord_status, order->exec_type, order->ended, order->reported_terms, order->unsummed, order->defects,
        order->ord_rej_reason, order->cxl_rej_reason, order->sent_at, order->answered_at, order->first_fill_at,
        order->state_time, order->state_seq, order->state_kafka_time, order->terms_time, order->terms_seq,
        order->answer_session, order->fill_session, order->fills, order->value_scale, order->latest_sent,
        order->latest_seq, order->settled_status};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) fw_put_signed(out, numbers[i]);
    fw_put_signed(out, order->ended_cum);
    fw_put_signed(out, order->filled_qty);
    fw_put_signed(out, order->filled_value);
    fw_put_values(out, order->text, order->number, order->has, NULL, NULL, 0);
}

static void fw_get_life(fw_reader *in, fw_order *order, int version) {
    int64_t numbers[23] = {0};
    fw_begin_life(order);
    for (int i = 0; i < (version == 1 ? 22 : 23); i++) numbers[i] = (int64_t)fw_get_signed(in);
    order->ord_status = (uint8_t)numbers[0];
    order->exec_type = (uint8_t)numbers[1];
    order->ended = (uint8_t)numbers[2];
    order->reported_terms = (uint8_t)numbers[3];
    order->unsummed = (uint8_t)numbers[4];
    order->defects = (uint32_t)numbers[5];
    order->ord_rej_reason = numbers[6];
    order->cxl_rej_reason = numbers[7];
    order->sent_at = numbers[8];
    order->answered_at = numbers[9];
    order->first_fill_at = numbers[10];
    order->state_time = numbers[11];
    order->state_seq = numbers[12];
    order->state_kafka_time = numbers[13];
    order->terms_time = numbers[14];
    order->terms_seq = numbers[15];
    order->answer_session = (int32_t)numbers[16];
    order->fill_session = (int32_t)numbers[17];
    order->fills = numbers[18];
    order->value_scale = (int32_t)numbers[19];
    order->latest_sent = numbers[20];
    order->latest_seq = numbers[21];
    order->settled_status = (uint8_t)numbers[22];
    order->ended_cum = fw_get_signed(in);
    order->filled_qty = fw_get_signed(in);
    order->filled_value = fw_get_signed(in);
    order->has = (uint8_t)fw_get_values(in, order->text, order->number, NULL, NULL);
    if (order->value_scale < 0 || order->value_scale > 36) in->failed = 1;
}

static void fw_put_state(fw_bytes *out, const fw_state *state) {
    fw_put_byte(out, FW_STATE_VERSION);
    fw_put_signed(out, state->messages);
    fw_put_signed(out, state->gone);
    fw_put_signed(out, state->first_seen);
    fw_put_signed(out, (__int128)state->last_seen - state->first_seen);
    fw_put_signed(out, state->day);
    fw_put_byte(out, (uint8_t)state->lived);
    if (state->lived) fw_put_life(out, &state->past);
    fw_put_signed(out, state->gone_count);
    for (int32_t i = 0; i < state->gone_count; i++) fw_put_u64(out, state->gone_ids[i]);
    fw_put_signed(out, state->count);
    for (int32_t i = 0; i < state->count; i++)
        fw_put_event(out, &state->events[i], i ? &state->events[i - 1] : NULL);
}

/* Two pasts: the later one's state, and both their fills; the sums are no longer trusted. */
static void fw_join_pasts(fw_order *into, const fw_order *other) {
    fw_order later = *into, earlier = *other;
    if (other->latest_sent > into->latest_sent ||
        (other->latest_sent == into->latest_sent && other->latest_seq > into->latest_seq)) {
        later = *other;
        earlier = *into;
    }
    *into = later;
    if (earlier.sent_at != FW_NEVER && (into->sent_at == FW_NEVER || earlier.sent_at < into->sent_at))
        into->sent_at = earlier.sent_at;
    if (earlier.answered_at != FW_NEVER && (into->answered_at == FW_NEVER || earlier.answered_at < into->answered_at)) {
        into->answered_at = earlier.answered_at;
        into->answer_session = earlier.answer_session;
    }
    if (earlier.first_fill_at != FW_NEVER &&
        (into->first_fill_at == FW_NEVER || earlier.first_fill_at < into->first_fill_at)) {
        into->first_fill_at = earlier.first_fill_at;
        into->fill_session = earlier.fill_session;
    }
    into->fills += earlier.fills;
    into->defects |= earlier.defects;
    into->unsummed = 1;
}

/* Add what is stored to a state; texts point into the bytes, which have to stay. */
static void fw_add_stored(fw_state *state, const uint8_t *bytes, size_t size) {
    fw_reader in = {bytes, bytes + size, 0};
    fw_order past;
    int64_t first_seen, last_seen, count, gone;
    int complete = state->gone == state->gone_count;
    int32_t day, version = fw_get_byte(&in);
    if (version < 1 || version > FW_STATE_VERSION) in.failed = 1;
    state->messages += (int64_t)fw_get_signed(&in);
    gone = (int64_t)fw_get_signed(&in);
    first_seen = (int64_t)fw_get_signed(&in);
    last_seen = (int64_t)((uint64_t)fw_get_signed(&in) + (uint64_t)first_seen);
    day = (int32_t)fw_get_signed(&in);
    if (first_seen < state->first_seen) state->first_seen = first_seen;
    if (last_seen > state->last_seen) state->last_seen = last_seen;
    if (day < state->day) state->day = day;
    if (fw_get_byte(&in)) {
        fw_get_life(&in, &past, version);
        if (state->lived)
            fw_join_pasts(&state->past, &past);
        else
            state->past = past;
        state->lived = 1;
    }
    count = version == 1 ? 0 : (int64_t)fw_get_signed(&in); /* version 1 kept no ids */
    complete = complete && gone == count;
    for (int64_t i = 0; i < count && !in.failed; i++) fw_remember(state, fw_get_u64(&in));
    /* What both let go went once. */
    state->gone = complete && state->gone_count < FW_MOST_GONE ? state->gone_count : state->gone + gone;
    count = (int64_t)fw_get_signed(&in);
    for (int64_t i = 0; i < count && !in.failed; i++) {
        fw_event *event = fw_new_event(state);
        if (!event) return;
        fw_get_event(&in, event, i ? event - 1 : NULL);
    }
    if (in.failed || in.at != in.end) state->failed = 2;
}

static void fw_add_event(fw_state *state, const fw_event *said, int32_t day) {
    fw_event *event = fw_new_event(state);
    if (!event) return;
    *event = *said;
    state->messages++;
    if (said->kafka_time < state->first_seen) state->first_seen = said->kafka_time;
    if (said->kafka_time > state->last_seen) state->last_seen = said->kafka_time;
    if (day < state->day) state->day = day;
}

/* Live through a report that is kept no longer. */
static void fw_let_go(fw_order *past, const fw_event *event, int late) {
    int is_bust = fw_is_bust(event);
    if (fw_is_fill(event)) fw_sum_fill(past, event->number[FW_LAST_QTY], event->number[FW_LAST_PX], 1);
    if (is_bust) past->fills--;
    if (late || is_bust || fw_is_correction(event)) past->unsummed = 1;
    if (late) {
        if (event->type == '8') fw_take_times(past, event);
        return;
    }
    fw_live_report(past, event);
    past->latest_sent = event->sent;
    past->latest_seq = event->seq;
}

static int fw_is_late(const fw_state *state, const fw_event *event) {
    const fw_order *past = &state->past;
    if (!fw_is_report(event) || past->latest_sent == FW_NEVER) return 0;
    return event->sent < past->latest_sent || (event->sent == past->latest_sent && event->seq <= past->latest_seq);
}

/* Drop what is kept no longer, and what is of its time. */
static void fw_drop_late(fw_state *state) {
    int32_t kept = 0;
    for (int32_t i = 0; i < state->count; i++) {
        const fw_event *event = &state->events[i];
        if (fw_is_gone(state, event->identity)) continue;
        if (fw_is_late(state, event)) {
            if (state->gone > state->gone_count) continue;
            fw_let_go(&state->past, event, 1);
            fw_remember(state, event->identity);
            state->gone++;
            continue;
        }
        if (kept < i) state->events[kept] = *event;
        kept++;
    }
    state->count = kept;
}

/* Every message once, requests before reports, each in the order in which they were sent. */
static void fw_settle(fw_state *state) {
    fw_event *events = state->events;
    int32_t kept = 0;
    if (state->count > 1) {
        qsort(events, (size_t)state->count, sizeof *events, fw_compare_identity);
        for (int32_t i = 1; i < state->count; i++) {
            if (events[i].identity != events[kept].identity)
                events[++kept] = events[i];
            else if (events[i].kafka_time < events[kept].kafka_time)
                events[kept].kafka_time = events[i].kafka_time;
        }
        state->count = kept + 1;
        qsort(events, (size_t)state->count, sizeof *events, fw_compare_events);
    }
    if (state->lived) fw_drop_late(state);
    state->requests = 0;
    while (state->requests < state->count && !fw_is_report(&events[state->requests])) state->requests++;
}

/* Let the oldest of the messages from `from` on go. */
static void fw_drop_first(fw_state *state, int32_t from, int32_t count) {
    for (int32_t i = from; i < from + count; i++) fw_remember(state, state->events[i].identity);
    memmove(&state->events[from], &state->events[from + count],
            (size_t)(state->count - from - count) * sizeof(fw_event));
    state->count -= count;
    state->gone += count;
}

/* Let one request go. */
static void fw_drop_request(fw_state *state, int32_t at) {
    fw_live_request(&state->past, &state->events[at]);
    fw_drop_first(state, at, 1);
    state->requests--;
}

/* Keep no more than the newest messages; a request goes with its answer. The state is settled. */
static void fw_shorten(fw_state *state) {
    int32_t reports = state->count - state->requests - FW_MOST_REPORTS;
    if (reports <= 0 && state->requests <= FW_MOST_REQUESTS) return;
    if (!state->lived) {
        fw_begin_life(&state->past);
        state->lived = 1;
    }
    for (int32_t i = 0; i < reports; i++) fw_let_go(&state->past, &state->events[state->requests + i], 0);
    for (int32_t i = 0; i < state->requests;) {
        const fw_event *request = &state->events[i];
        if (request->type != 'D' && fw_answer(request, state->events + state->requests, reports))
            fw_drop_request(state, i);
        else
            i++;
    }
    while (state->requests > FW_MOST_REQUESTS) fw_drop_request(state, 0);
    if (reports > 0) fw_drop_first(state, state->requests, reports);
}

/* Live through what is kept, after what is not. The state is settled; texts are where the events' are. */
static void fw_live_through(const fw_state *state, fw_order *order) {
    if (state->lived)
        *order = state->past;
    else
        fw_begin_life(order);
    for (int32_t i = 0; i < state->requests; i++) fw_live_request(order, &state->events[i]);
    for (int32_t i = state->requests; i < state->count; i++) fw_live_report(order, &state->events[i]);
}

/* What the order is by now. The state is settled and short. */
static void fw_live(const fw_state *state, fw_order *order) {
    const fw_event *reports = state->events + state->requests;
    int32_t count = state->count - state->requests, px_scale = 0;
    fw_live_through(state, order);
    /* What nobody reported, as it was asked for. A request has an id of its own and names the order by another one. */
    for (int32_t i = 0; i < state->count && order->text[FW_CL_ORD_ID].size < 0; i++)
        order->text[FW_CL_ORD_ID] = state->events[i].text[FW_ORIG_CL_ORD_ID];
    for (int32_t i = 0; i < state->count; i++)
        for (int text = 0; text <= FW_CURRENCY; text++)
            if (text != FW_ORIG_CL_ORD_ID && order->text[text].size < 0) fw_take_text(order, &state->events[i], text);
    fw_sum_fills(order, reports, count, state->lived);
    for (int32_t i = 0; i < count; i++) {
        __int128 px = reports[i].number[FW_LAST_PX];
        int32_t scale = 18;
        if (!fw_is_fill(&reports[i]) && !fw_is_correction(&reports[i])) continue;
        fw_strip(&px, &scale);
        if (scale > px_scale) px_scale = scale;
    }
    if (!state->lived && !fw_avg_px_agrees(order, px_scale)) order->defects |= FW_AVG_PX_DISAGREES;
}

static void fw_add_latency(fw_latencies *out, int kind, int64_t from, int64_t to, int32_t session_id, int64_t count) {
    int64_t minute = to - to % 60000000;
    fw_latency *item;
    if (to < 0 && to % 60000000) minute -= 60000000;
    if (out->count == out->room) {
        int64_t room = out->room ? 2 * out->room : 256;
        fw_latency *items = (fw_latency *)realloc(out->items, (size_t)room * sizeof(fw_latency));
        if (!items) {
            out->failed = 1;
            return;
        }
        out->items = items;
        out->room = room;
    }
    item = &out->items[out->count++];
    item->minute = minute;
    item->session_id = session_id;
    item->kind = kind;
    item->bucket = fw_bucket((int64_t)((uint64_t)to - (uint64_t)from));
    item->count = count;
}

/* The latencies of an order, each `count` times (-1: taken back). The state is settled. */
static void fw_add_latencies(fw_latencies *out, const fw_state *state, const fw_order *order, int64_t count) {
    const fw_event *reports = state->events + state->requests, *answer;
    int32_t answered = state->count - state->requests;
    if (order->sent_at != FW_NEVER && order->answered_at != FW_NEVER)
        fw_add_latency(out, FW_ACK, order->sent_at, order->answered_at, order->answer_session, count);
    if (order->sent_at != FW_NEVER && order->first_fill_at != FW_NEVER)
        fw_add_latency(out, FW_TO_FILL, order->sent_at, order->first_fill_at, order->fill_session, count);
    for (int32_t i = 0; i < state->requests; i++) {
        const fw_event *request = &state->events[i];
        if (request->type == 'D' || !(answer = fw_answer(request, reports, answered))) continue;
        fw_add_latency(out, request->type == 'F' ? FW_TO_CANCEL : FW_TO_REPLACE, request->sent, answer->sent,
                       answer->session_id, count);
    }
}

static int fw_compare_latencies(const void *left, const void *right) {
    const fw_latency *a = (const fw_latency *)left, *b = (const fw_latency *)right;
    FW_COMPARE(a->minute, b->minute);
    FW_COMPARE(a->session_id, b->session_id);
    FW_COMPARE(a->kind, b->kind);
    FW_COMPARE(a->bucket, b->bucket);
    return 0;
}

/* Sum up what is of one bucket; what comes to nothing goes. */
static void fw_sum_latencies(fw_latencies *all) {
    int64_t kept = 0;
    if (!all->count) return;
    qsort(all->items, (size_t)all->count, sizeof *all->items, fw_compare_latencies);
    for (int64_t i = 0; i < all->count; kept++) {
        fw_latency sum = all->items[i];
        for (i++; i < all->count && fw_compare_latencies(&sum, &all->items[i]) == 0; i++) sum.count += all->items[i].count;
        if (sum.count)
            all->items[kept] = sum;
        else
            kept--;
    }
    all->count = kept;
}

#endif
