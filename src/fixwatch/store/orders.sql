-- Orders: what is stored of them is read, merged outside and written, in one transaction. Rows come as parameters, an
-- array a column, sorted by key: two ingesters that touch the same rows then wait for each other instead of
-- deadlocking.

-- lock_orders --
SELECT order_key, pair_id, merged_into, events
FROM orders
WHERE order_key = ANY (%(keys)s)
ORDER BY order_key
FOR UPDATE

-- update_orders --
UPDATE orders AS o SET
    trading_day = n.trading_day, cl_ord_id = n.cl_ord_id, order_id = n.order_id, list_id = n.list_id, account =
    n.account, symbol = n.symbol, side = n.side, ord_type = n.ord_type, time_in_force = n.time_in_force,
    currency = n.currency, order_qty = n.order_qty, price = n.price, stop_px = n.stop_px, ord_status =
    n.ord_status, exec_type = n.exec_type, cum_qty = n.cum_qty, leaves_qty = n.leaves_qty, avg_px = n.avg_px,
    text = n.text, ord_rej_reason = n.ord_rej_reason, cxl_rej_reason = n.cxl_rej_reason, state_time =
    n.state_time, state_seq_num = n.state_seq_num, terms_time = n.terms_time, terms_seq_num = n.terms_seq_num,
    sent_at = n.sent_at, answered_at = n.answered_at, first_fill_at = n.first_fill_at, waiting_for =
    n.waiting_for, waiting_since = n.waiting_since, fills = n.fills, defects = string_to_array(n.defects, ','),
    legs = n.legs::jsonb, messages = n.messages, repeats = n.repeats, first_seen = n.first_seen, last_seen =
    n.last_seen, events = n.events
FROM unnest(
    %(order_key)s, %(pair_id)s, %(trading_day)s, %(cl_ord_id)s, %(order_id)s, %(list_id)s, %(account)s,
    %(symbol)s, %(side)s, %(ord_type)s, %(time_in_force)s, %(currency)s, %(order_qty)s, %(price)s, %(stop_px)s,
    %(ord_status)s, %(exec_type)s, %(cum_qty)s, %(leaves_qty)s, %(avg_px)s, %(text)s, %(ord_rej_reason)s,
    %(cxl_rej_reason)s, %(state_time)s, %(state_seq_num)s, %(terms_time)s, %(terms_seq_num)s, %(sent_at)s,
    %(answered_at)s, %(first_fill_at)s, %(waiting_for)s, %(waiting_since)s, %(fills)s, %(defects)s, %(legs)s,
    %(messages)s, %(repeats)s, %(first_seen)s, %(last_seen)s, %(events)s)
    AS n (
        order_key, pair_id, trading_day, cl_ord_id, order_id, list_id, account, symbol, side, ord_type,
        time_in_force, currency, order_qty, price, stop_px, ord_status, exec_type, cum_qty, leaves_qty, avg_px,
        text, ord_rej_reason, cxl_rej_reason, state_time, state_seq_num, terms_time, terms_seq_num, sent_at,
        answered_at, first_fill_at, waiting_for, waiting_since, fills, defects, legs, messages, repeats,
        first_seen, last_seen, events)
WHERE o.order_key = n.order_key

-- mark_moved --
-- A sign where an order was: an ingester that has its key in hand finds the order that it is a part of.
INSERT INTO orders AS o (order_key, pair_id, merged_into)
SELECT m.moved, m.pair, m.target
FROM unnest(%(moved)s::bigint[], %(targets)s::bigint[], %(pairs)s::integer[]) AS m (moved, target, pair)
ORDER BY m.moved
ON CONFLICT (order_key) DO UPDATE SET
    merged_into = excluded.merged_into,
    trading_day = NULL, cl_ord_id = NULL, order_id = NULL, list_id = NULL, account = NULL, symbol = NULL, side =
    NULL, ord_type = NULL, time_in_force = NULL, currency = NULL, order_qty = NULL, price = NULL, stop_px =
    NULL, ord_status = NULL, exec_type = NULL, cum_qty = NULL, leaves_qty = NULL, avg_px = NULL, text = NULL,
    ord_rej_reason = NULL, cxl_rej_reason = NULL, state_time = NULL, state_seq_num = NULL, terms_time = NULL,
    terms_seq_num = NULL, sent_at = NULL, answered_at = NULL, first_fill_at = NULL, waiting_for = NULL,
    waiting_since = NULL, fills = 0, defects = NULL, legs = NULL, messages = 0, repeats = 0, first_seen = NULL,
    last_seen = NULL, events = NULL

-- follow_moved --
UPDATE orders AS o SET merged_into = m.target
FROM unnest(%(moved)s::bigint[], %(targets)s::bigint[]) AS m (moved, target)
WHERE o.merged_into = m.moved

-- move_messages --
UPDATE messages AS s SET order_key = m.target
FROM unnest(%(moved)s::bigint[], %(targets)s::bigint[]) AS m (moved, target)
WHERE s.order_key = m.moved

-- move_ids --
UPDATE order_ids AS o SET order_key = m.target
FROM unnest(%(pair_id)s, %(kind)s, %(id)s) AS i (pair_id, kind, id),
     unnest(%(moved)s::bigint[], %(targets)s::bigint[]) AS m (moved, target)
WHERE (o.pair_id, o.id, o.kind) = (i.pair_id, i.id, i.kind::order_id_kind) AND o.order_key = m.moved
