-- Tables filled with copies of what was ingested, each copy older than the one before: offsets and order keys below,
-- ids of its own, and times `shift` earlier. What was ingested stays the newest.

-- keep_source --
CREATE UNLOGGED TABLE source_messages AS SELECT * FROM messages;
CREATE UNLOGGED TABLE source_orders AS SELECT * FROM orders;
CREATE UNLOGGED TABLE source_order_ids AS SELECT * FROM order_ids;
CREATE UNLOGGED TABLE source_trades AS SELECT * FROM trades;
CREATE UNLOGGED TABLE source_trade_changes AS SELECT * FROM trade_changes;
CREATE UNLOGGED TABLE source_trade_minutes AS SELECT * FROM trade_minutes;
CREATE UNLOGGED TABLE source_message_minutes AS SELECT * FROM message_minutes;
CREATE UNLOGGED TABLE source_defect_minutes AS SELECT * FROM defect_minutes;
CREATE UNLOGGED TABLE source_latency_minutes AS SELECT * FROM latency_minutes;
CREATE UNLOGGED TABLE source_session_epochs AS SELECT * FROM session_epochs;
CREATE UNLOGGED TABLE source_session_numbers AS SELECT * FROM session_numbers;
CREATE UNLOGGED TABLE source_session_events AS SELECT * FROM session_events;
CREATE TABLE copies (copy bigint PRIMARY KEY)

-- count --
SELECT (SELECT count(*) FROM messages), (SELECT coalesce(max(copy), 0) FROM copies)

-- count_copy --
INSERT INTO copies VALUES (%(copy)s)

-- make_partitions --
SELECT make_message_partitions((min(ingested_at) AT TIME ZONE 'UTC' - %(shift)s * %(copy)s::bigint)::date, 2)
FROM source_messages

-- copy_messages --
INSERT INTO messages (stream_id, kafka_offset, kafka_time, ingested_at, session_id, order_key, verdict, quarantined,
                      defects, msg_type, msg_seq_num, poss_dup, sending_time, cl_ord_id, orig_cl_ord_id, order_id,
                      symbol, side, order_qty, price, transact_time, exec_id, exec_type, ord_status, last_qty, last_px,
                      cum_qty, leaves_qty, avg_px, raw, extra)
SELECT stream_id, kafka_offset - 1000000 * %(copy)s::bigint, kafka_time - %(shift)s * %(copy)s::bigint,
       ingested_at - %(shift)s * %(copy)s::bigint, session_id, order_key - 1000000000 * %(copy)s::bigint, verdict,
       quarantined, defects, msg_type, msg_seq_num, poss_dup, sending_time - %(shift)s * %(copy)s::bigint,
       cl_ord_id || '~' || %(copy)s::text, orig_cl_ord_id || '~' || %(copy)s::text, order_id || '~' || %(copy)s::text,
       symbol, side, order_qty, price, transact_time - %(shift)s * %(copy)s::bigint, exec_id || '~' || %(copy)s::text,
       exec_type, ord_status, last_qty, last_px, cum_qty, leaves_qty, avg_px, raw, extra
FROM source_messages

-- copy_orders --
-- What was open or waited more than a day ago has expired since: a longer log has no more orders that are open.
INSERT INTO orders (order_key, pair_id, trading_day, cl_ord_id, order_id, list_id, account, symbol, side, ord_type,
                    time_in_force, currency, order_qty, price, stop_px, ord_status, exec_type, cum_qty, leaves_qty,
                    avg_px, text, ord_rej_reason, cxl_rej_reason, state_time, state_seq_num, terms_time,
                    terms_seq_num, sent_at, answered_at, first_fill_at, waiting_for, waiting_since, fills, defects,
                    legs, messages, repeats, first_seen, last_seen, events, merged_into)
SELECT order_key - 1000000000 * %(copy)s::bigint, pair_id,
       (first_seen AT TIME ZONE 'UTC' - %(shift)s * %(copy)s::bigint)::date, cl_ord_id || '~' || %(copy)s::text,
       order_id || '~' || %(copy)s::text, list_id, account, symbol, side, ord_type, time_in_force, currency, order_qty,
       price, stop_px, CASE WHEN is_over THEN 'C' ELSE ord_status END, exec_type, cum_qty, leaves_qty, avg_px, text,
       ord_rej_reason, cxl_rej_reason, state_time - %(shift)s * %(copy)s::bigint, state_seq_num,
       terms_time - %(shift)s * %(copy)s::bigint, terms_seq_num, sent_at - %(shift)s * %(copy)s::bigint,
       answered_at - %(shift)s * %(copy)s::bigint, first_fill_at - %(shift)s * %(copy)s::bigint,
       CASE WHEN NOT is_over THEN waiting_for END,
       CASE WHEN NOT is_over THEN waiting_since - %(shift)s * %(copy)s::bigint END, fills, defects, legs,
       messages, repeats, first_seen - %(shift)s * %(copy)s::bigint, last_seen - %(shift)s * %(copy)s::bigint, events,
       merged_into - 1000000000 * %(copy)s::bigint
FROM (
    SELECT *, first_seen - %(shift)s * %(copy)s::bigint < now() - interval '1 day'
              AND (ord_status IS NULL OR ord_status NOT IN ('2', '3', '4', '8', 'B', 'C')
                   OR waiting_for IS NOT NULL) AS is_over
    FROM source_orders
) AS o

-- copy_order_ids --
INSERT INTO order_ids (pair_id, id, kind, day, starts, order_key)
SELECT pair_id, id || '~' || %(copy)s::text, kind,
       day - round(extract(epoch FROM %(shift)s * %(copy)s::bigint) / 86400)::integer, starts,
       order_key - 1000000000 * %(copy)s::bigint
FROM source_order_ids

-- copy_trades --
INSERT INTO trades (session_id, exec_id, side_no, trading_day, ingested_at, stream_id, kafka_offset, sent, msg_seq_num,
                    cl_ord_id, order_id, account, symbol, side, currency, last_mkt, trade_date, settl_date,
                    transact_time, last_qty, last_px, content, reports, contents, bust_exec_id, correct_exec_id,
                    corrected_at, corrected_qty, corrected_px, changed_at)
SELECT session_id, exec_id || '~' || %(copy)s::text, side_no,
       (sent AT TIME ZONE 'UTC' - %(shift)s * %(copy)s::bigint)::date, ingested_at - %(shift)s * %(copy)s::bigint,
       stream_id, kafka_offset - 1000000 * %(copy)s::bigint, sent - %(shift)s * %(copy)s::bigint, msg_seq_num,
       cl_ord_id || '~' || %(copy)s::text, order_id || '~' || %(copy)s::text, account, symbol, side, currency,
       last_mkt, trade_date, settl_date, transact_time - %(shift)s * %(copy)s::bigint, last_qty, last_px, content,
       reports, contents, bust_exec_id || '~' || %(copy)s::text, correct_exec_id || '~' || %(copy)s::text,
       corrected_at - %(shift)s * %(copy)s::bigint, corrected_qty, corrected_px,
       changed_at - %(shift)s * %(copy)s::bigint
FROM source_trades

-- copy_trade_changes --
INSERT INTO trade_changes (session_id, ref_id, exec_id, side_no, trading_day, content, ingested_at, stream_id,
                           kafka_offset, sent, msg_seq_num, is_bust, trade_date, last_qty, last_px)
SELECT session_id, ref_id || '~' || %(copy)s::text, exec_id || '~' || %(copy)s::text, side_no,
       (sent AT TIME ZONE 'UTC' - %(shift)s * %(copy)s::bigint)::date, content,
       ingested_at - %(shift)s * %(copy)s::bigint, stream_id, kafka_offset - 1000000 * %(copy)s::bigint,
       sent - %(shift)s * %(copy)s::bigint, msg_seq_num, is_bust, trade_date, last_qty, last_px
FROM source_trade_changes

-- copy_trade_minutes --
INSERT INTO trade_minutes AS m
SELECT minute - %(shift)s * %(copy)s::bigint, symbol, account, currency, session_id, side, trades, qty, priced_qty,
       notional
FROM source_trade_minutes
ON CONFLICT (minute, symbol, account, currency, session_id, side) DO UPDATE SET
    trades = m.trades + excluded.trades, qty = m.qty + excluded.qty, priced_qty = m.priced_qty + excluded.priced_qty,
    notional = m.notional + excluded.notional

-- copy_message_minutes --
INSERT INTO message_minutes AS m
SELECT minute - %(shift)s * %(copy)s::bigint, session_id, msg_type, verdict, messages, bytes, quarantined
FROM source_message_minutes
ON CONFLICT (minute, session_id, msg_type, verdict) DO UPDATE SET
    messages = m.messages + excluded.messages, bytes = m.bytes + excluded.bytes,
    quarantined = m.quarantined + excluded.quarantined

-- copy_defect_minutes --
INSERT INTO defect_minutes AS m
SELECT minute - %(shift)s * %(copy)s::bigint, session_id, reason, ref_tag, defects
FROM source_defect_minutes
ON CONFLICT (minute, session_id, reason, ref_tag) DO UPDATE SET defects = m.defects + excluded.defects

-- copy_latency_minutes --
INSERT INTO latency_minutes AS m
SELECT minute - %(shift)s * %(copy)s::bigint, session_id, kind, bucket, count
FROM source_latency_minutes
ON CONFLICT (minute, session_id, kind, bucket) DO UPDATE SET count = m.count + excluded.count

-- copy_session_epochs --
-- What began before every reset is there.
INSERT INTO session_epochs
SELECT session_id, began_at - %(shift)s * %(copy)s::bigint, kind, first_number, direct_messages, direct_numbers,
       direct_pairs, seen_numbers
FROM source_session_epochs
ON CONFLICT DO NOTHING

-- copy_session_numbers --
INSERT INTO session_numbers
SELECT session_id, began_at - %(shift)s * %(copy)s::bigint, chunk, entries, direct, resent, direct_messages,
       direct_numbers, direct_pairs, seen_numbers, last_sent - %(shift)s * %(copy)s::bigint
FROM source_session_numbers
ON CONFLICT DO NOTHING

-- copy_session_events --
INSERT INTO session_events
SELECT session_id, sent - %(shift)s * %(copy)s::bigint, seq_num, kind, begin_number, end_number, ref_seq_num, ref_tag,
       ref_msg_type, reason, ref_id, text
FROM source_session_events
ON CONFLICT DO NOTHING

-- copy_quarantine_actions --
-- As if somebody had looked at every message that was kept back: half of them were dismissed.
INSERT INTO quarantine_actions (stream_id, kafka_offset, ingested_at, kind, requested_by, note, requested_at, done_at,
                                outcome, defects_before, done_by)
SELECT stream_id, kafka_offset - 1000000 * %(copy)s::bigint, ingested_at - %(shift)s * %(copy)s::bigint,
       CASE WHEN kafka_offset %% 2 = 0 THEN 'dismiss' ELSE 'reingest' END, 'bench', 'looked at',
       ingested_at - %(shift)s * %(copy)s::bigint, ingested_at - %(shift)s * %(copy)s::bigint,
       CASE WHEN kafka_offset %% 2 = 0 THEN 'dismissed' ELSE 'still_kept_back' END, defects, 'bench:1'
FROM source_messages
WHERE quarantined
