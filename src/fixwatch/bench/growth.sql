-- Tables filled with copies of what was ingested, each copy under streams, keys and ids of its own, and each stored
-- `shift` before the one before.

-- keep_source --
CREATE UNLOGGED TABLE source_messages AS SELECT * FROM messages;
CREATE UNLOGGED TABLE source_orders AS SELECT * FROM orders;
CREATE UNLOGGED TABLE source_order_ids AS SELECT * FROM order_ids;
CREATE UNLOGGED TABLE source_trades AS SELECT * FROM trades;
CREATE UNLOGGED TABLE source_trade_minutes AS SELECT * FROM trade_minutes;
CREATE UNLOGGED TABLE source_message_minutes AS SELECT * FROM message_minutes;
CREATE TABLE copies (copy bigint PRIMARY KEY);
-- Far behind the keys of all copies, as new keys are behind old ones.
SELECT setval('order_keys', 1000000000000000)

-- count --
SELECT (SELECT count(*) FROM messages), (SELECT coalesce(max(copy), 0) FROM copies)

-- count_copy --
INSERT INTO copies VALUES (%(copy)s)

-- copy_messages --
INSERT INTO messages (stream_id, kafka_offset, kafka_time, ingested_at, session_id, order_key, verdict, quarantined,
                      defects, msg_type, msg_seq_num, poss_dup, sending_time, cl_ord_id, orig_cl_ord_id, order_id,
                      symbol, side, order_qty, price, transact_time, exec_id, exec_type, ord_status, last_qty, last_px,
                      cum_qty, leaves_qty, avg_px, raw, extra)
SELECT stream_id + 1000 * %(copy)s::integer, kafka_offset, kafka_time - %(shift)s * %(copy)s,
       ingested_at - %(shift)s * %(copy)s, session_id,
       order_key + 1000000000 * %(copy)s::bigint, verdict, quarantined, defects, msg_type, msg_seq_num, poss_dup,
       sending_time, cl_ord_id, orig_cl_ord_id, order_id, symbol, side, order_qty, price, transact_time, exec_id,
       exec_type, ord_status, last_qty, last_px, cum_qty, leaves_qty, avg_px, raw, extra
FROM source_messages LIMIT %(rows)s

-- copy_ingest_offsets --
INSERT INTO ingest_offsets (stream_id, topic, topic_id, partition, next_offset, high_watermark) OVERRIDING SYSTEM VALUE
SELECT stream_id + 1000 * %(copy)s::integer, topic || '~' || %(copy)s::text, topic_id, partition, next_offset,
       high_watermark
FROM ingest_offsets WHERE stream_id < 1000

-- copy_orders --
INSERT INTO orders
SELECT (copied).*
FROM (SELECT jsonb_populate_record(o, jsonb_build_object('order_key', order_key + 1000000000 * %(copy)s::bigint)) AS copied
      FROM source_orders AS o) AS c

-- copy_order_ids --
INSERT INTO order_ids (pair_id, id, kind, day, starts, order_key)
SELECT pair_id, id || '~' || %(copy)s::text, kind, day, starts, order_key + 1000000000 * %(copy)s::bigint FROM source_order_ids

-- copy_trades --
INSERT INTO trades (session_id, exec_id, side_no, trading_day, ingested_at, stream_id, kafka_offset, sent, msg_seq_num,
                    cl_ord_id, order_id, account, symbol, side, currency, last_mkt, trade_date, settl_date,
                    transact_time, last_qty, last_px, content, reports, contents, bust_exec_id, correct_exec_id,
                    corrected_at, corrected_qty, corrected_px, changed_at)
SELECT session_id, exec_id || '~' || %(copy)s::text, side_no, trading_day, ingested_at - %(shift)s * %(copy)s,
       stream_id + 1000 * %(copy)s::integer, kafka_offset, sent, msg_seq_num, cl_ord_id, order_id, account, symbol,
       side, currency, last_mkt, trade_date, settl_date, transact_time, last_qty, last_px, content, reports, contents,
       bust_exec_id, correct_exec_id, corrected_at, corrected_qty, corrected_px,
       changed_at
FROM source_trades

-- copy_trade_minutes --
INSERT INTO trade_minutes AS m
SELECT minute - %(shift)s * %(copy)s, symbol, account, currency, session_id, side, trades, qty, priced_qty, notional
FROM source_trade_minutes
ON CONFLICT (minute, symbol, account, currency, session_id, side) DO UPDATE SET
    trades = m.trades + excluded.trades, qty = m.qty + excluded.qty, priced_qty = m.priced_qty + excluded.priced_qty,
    notional = m.notional + excluded.notional

-- copy_message_minutes --
INSERT INTO message_minutes AS m
SELECT minute - %(shift)s * %(copy)s, session_id, msg_type, verdict, messages, bytes, quarantined
FROM source_message_minutes
ON CONFLICT (minute, session_id, msg_type, verdict) DO UPDATE SET
    messages = m.messages + excluded.messages, bytes = m.bytes + excluded.bytes,
    quarantined = m.quarantined + excluded.quarantined
