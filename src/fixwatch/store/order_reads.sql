-- What is asked of orders. Lists are in the order of keys, which ascend with the log: a page is a bounded stretch of an
-- index, `scan` orders at most, whatever the filter leaves of it. Values are parameters, always.

-- keys_of_id --
-- The orders that ever had an id, the latest use first. The key of order_ids begins with the session pair, of which
-- there are few.
SELECT DISTINCT o.order_key, i.day
FROM session_pairs AS p
JOIN order_ids AS i ON i.pair_id = p.pair_id AND i.id = %(id)s
JOIN orders AS f ON f.order_key = i.order_key
JOIN orders AS o ON o.order_key = coalesce(f.merged_into, f.order_key)
WHERE %(pairs)s::integer[] IS NULL OR p.pair_id = ANY (%(pairs)s::integer[])
ORDER BY i.day DESC, o.order_key DESC
LIMIT %(limit)s

-- orders --
SELECT o.order_key, p.ends, o.trading_day, o.cl_ord_id, o.order_id, o.list_id, o.account, o.symbol, o.side, o.ord_type,
       o.time_in_force, o.currency, o.order_qty, o.price, o.stop_px, o.ord_status, o.exec_type, o.cum_qty, o.leaves_qty,
       o.avg_px, o.text, o.ord_rej_reason, o.cxl_rej_reason, o.state_time, o.sent_at, o.answered_at, o.first_fill_at,
       o.waiting_for, o.waiting_since, o.fills, o.defects, o.legs, o.messages, o.repeats, o.first_seen, o.last_seen
FROM orders AS f
JOIN orders AS o ON o.order_key = coalesce(f.merged_into, f.order_key)
JOIN session_pairs AS p ON p.pair_id = o.pair_id
WHERE f.order_key = ANY (%(keys)s)

-- timeline --
SELECT m.stream_id, m.kafka_offset, i.topic, i.partition, m.kafka_time, m.ingested_at, m.verdict::text AS verdict,
       m.quarantined, m.defects, m.msg_type, m.msg_seq_num, m.poss_dup, m.sending_time, m.transact_time, m.cl_ord_id,
       m.orig_cl_ord_id, m.exec_id, m.exec_type, m.ord_status, m.order_qty, m.price, m.last_qty, m.last_px, m.cum_qty,
       m.leaves_qty, m.avg_px, substring(m.raw FOR %(most_bytes)s) AS raw,
       s.sender_comp_id, s.sender_sub_id, s.sender_location_id,
       s.target_comp_id, s.target_sub_id, s.target_location_id
FROM messages AS m
JOIN ingest_offsets AS i ON i.stream_id = m.stream_id
LEFT JOIN sessions AS s ON s.session_id = m.session_id
WHERE m.order_key = %(order_key)s
  AND (m.ingested_at, m.stream_id, m.kafka_offset)
      > (coalesce(%(after_time)s::timestamptz, '-infinity'), %(after_stream)s::integer, %(after_offset)s::bigint)
ORDER BY m.ingested_at, m.stream_id, m.kafka_offset
LIMIT %(limit)s

-- list_all --
-- Every order, the newest first. Keys ascend with the log.
WITH scanned AS (
    SELECT o.*
    FROM orders AS o
    WHERE TRUE AND o.merged_into IS NULL AND o.order_key < %(before)s
    ORDER BY o.order_key DESC
    LIMIT %(scan)s
), matching AS (
    SELECT *
    FROM scanned AS o
    WHERE (%(symbols)s::text[] IS NULL OR o.symbol = ANY (%(symbols)s::text[]))
      AND (%(accounts)s::text[] IS NULL OR o.account = ANY (%(accounts)s::text[]))
      AND (%(pairs)s::integer[] IS NULL OR o.pair_id = ANY (%(pairs)s::integer[]))
    ORDER BY o.order_key DESC
    LIMIT %(limit)s
)
SELECT o.order_key, p.ends, o.trading_day, o.cl_ord_id, o.order_id, o.list_id, o.account, o.symbol, o.side, o.ord_type,
       o.time_in_force, o.currency, o.order_qty, o.price, o.stop_px, o.ord_status, o.exec_type, o.cum_qty, o.leaves_qty,
       o.avg_px, o.text, o.ord_rej_reason, o.cxl_rej_reason, o.state_time, o.sent_at, o.answered_at, o.first_fill_at,
       o.waiting_for, o.waiting_since, o.fills, o.defects, o.legs, o.messages, o.repeats, o.first_seen, o.last_seen,
       (SELECT min(order_key) FROM scanned HAVING count(*) = %(scan)s) AS reach
FROM (VALUES (1)) AS one LEFT JOIN matching AS o ON true LEFT JOIN session_pairs AS p ON p.pair_id = o.pair_id
ORDER BY o.order_key DESC

-- list_open --
-- By the partial index orders_open.
WITH scanned AS (
    SELECT o.*
    FROM orders AS o
    WHERE (o.ord_status IS NULL OR o.ord_status NOT IN ('2', '3', '4', '8', 'B', 'C')) AND o.merged_into IS NULL AND o.order_key < %(before)s
    ORDER BY o.order_key DESC
    LIMIT %(scan)s
), matching AS (
    SELECT *
    FROM scanned AS o
    WHERE (%(symbols)s::text[] IS NULL OR o.symbol = ANY (%(symbols)s::text[]))
      AND (%(accounts)s::text[] IS NULL OR o.account = ANY (%(accounts)s::text[]))
      AND (%(pairs)s::integer[] IS NULL OR o.pair_id = ANY (%(pairs)s::integer[]))
    ORDER BY o.order_key DESC
    LIMIT %(limit)s
)
SELECT o.order_key, p.ends, o.trading_day, o.cl_ord_id, o.order_id, o.list_id, o.account, o.symbol, o.side, o.ord_type,
       o.time_in_force, o.currency, o.order_qty, o.price, o.stop_px, o.ord_status, o.exec_type, o.cum_qty, o.leaves_qty,
       o.avg_px, o.text, o.ord_rej_reason, o.cxl_rej_reason, o.state_time, o.sent_at, o.answered_at, o.first_fill_at,
       o.waiting_for, o.waiting_since, o.fills, o.defects, o.legs, o.messages, o.repeats, o.first_seen, o.last_seen,
       (SELECT min(order_key) FROM scanned HAVING count(*) = %(scan)s) AS reach
FROM (VALUES (1)) AS one LEFT JOIN matching AS o ON true LEFT JOIN session_pairs AS p ON p.pair_id = o.pair_id
ORDER BY o.order_key DESC

-- list_rejected --
-- By orders_rejected.
WITH scanned AS (
    SELECT o.*
    FROM orders AS o
    WHERE o.ord_status = '8' AND o.merged_into IS NULL AND o.order_key < %(before)s
    ORDER BY o.order_key DESC
    LIMIT %(scan)s
), matching AS (
    SELECT *
    FROM scanned AS o
    WHERE (%(symbols)s::text[] IS NULL OR o.symbol = ANY (%(symbols)s::text[]))
      AND (%(accounts)s::text[] IS NULL OR o.account = ANY (%(accounts)s::text[]))
      AND (%(pairs)s::integer[] IS NULL OR o.pair_id = ANY (%(pairs)s::integer[]))
    ORDER BY o.order_key DESC
    LIMIT %(limit)s
)
SELECT o.order_key, p.ends, o.trading_day, o.cl_ord_id, o.order_id, o.list_id, o.account, o.symbol, o.side, o.ord_type,
       o.time_in_force, o.currency, o.order_qty, o.price, o.stop_px, o.ord_status, o.exec_type, o.cum_qty, o.leaves_qty,
       o.avg_px, o.text, o.ord_rej_reason, o.cxl_rej_reason, o.state_time, o.sent_at, o.answered_at, o.first_fill_at,
       o.waiting_for, o.waiting_since, o.fills, o.defects, o.legs, o.messages, o.repeats, o.first_seen, o.last_seen,
       (SELECT min(order_key) FROM scanned HAVING count(*) = %(scan)s) AS reach
FROM (VALUES (1)) AS one LEFT JOIN matching AS o ON true LEFT JOIN session_pairs AS p ON p.pair_id = o.pair_id
ORDER BY o.order_key DESC

-- list_defective --
-- By orders_defective.
WITH scanned AS (
    SELECT o.*
    FROM orders AS o
    WHERE o.defects IS NOT NULL AND o.merged_into IS NULL AND o.order_key < %(before)s
    ORDER BY o.order_key DESC
    LIMIT %(scan)s
), matching AS (
    SELECT *
    FROM scanned AS o
    WHERE (%(symbols)s::text[] IS NULL OR o.symbol = ANY (%(symbols)s::text[]))
      AND (%(accounts)s::text[] IS NULL OR o.account = ANY (%(accounts)s::text[]))
      AND (%(pairs)s::integer[] IS NULL OR o.pair_id = ANY (%(pairs)s::integer[]))
    ORDER BY o.order_key DESC
    LIMIT %(limit)s
)
SELECT o.order_key, p.ends, o.trading_day, o.cl_ord_id, o.order_id, o.list_id, o.account, o.symbol, o.side, o.ord_type,
       o.time_in_force, o.currency, o.order_qty, o.price, o.stop_px, o.ord_status, o.exec_type, o.cum_qty, o.leaves_qty,
       o.avg_px, o.text, o.ord_rej_reason, o.cxl_rej_reason, o.state_time, o.sent_at, o.answered_at, o.first_fill_at,
       o.waiting_for, o.waiting_since, o.fills, o.defects, o.legs, o.messages, o.repeats, o.first_seen, o.last_seen,
       (SELECT min(order_key) FROM scanned HAVING count(*) = %(scan)s) AS reach
FROM (VALUES (1)) AS one LEFT JOIN matching AS o ON true LEFT JOIN session_pairs AS p ON p.pair_id = o.pair_id
ORDER BY o.order_key DESC

-- list_waiting --
-- Few: those that are looked through are the ones that wait longest.
WITH scanned AS (
    SELECT o.*
    FROM orders AS o
    WHERE o.waiting_for IS NOT NULL AND o.merged_into IS NULL AND o.order_key < %(before)s
    ORDER BY o.order_key DESC
    LIMIT %(scan)s
), matching AS (
    SELECT *
    FROM scanned AS o
    WHERE (%(symbols)s::text[] IS NULL OR o.symbol = ANY (%(symbols)s::text[]))
      AND (%(accounts)s::text[] IS NULL OR o.account = ANY (%(accounts)s::text[]))
      AND (%(pairs)s::integer[] IS NULL OR o.pair_id = ANY (%(pairs)s::integer[]))
    ORDER BY o.order_key DESC
    LIMIT %(limit)s
)
SELECT o.order_key, p.ends, o.trading_day, o.cl_ord_id, o.order_id, o.list_id, o.account, o.symbol, o.side, o.ord_type,
       o.time_in_force, o.currency, o.order_qty, o.price, o.stop_px, o.ord_status, o.exec_type, o.cum_qty, o.leaves_qty,
       o.avg_px, o.text, o.ord_rej_reason, o.cxl_rej_reason, o.state_time, o.sent_at, o.answered_at, o.first_fill_at,
       o.waiting_for, o.waiting_since, o.fills, o.defects, o.legs, o.messages, o.repeats, o.first_seen, o.last_seen,
       (SELECT min(order_key) FROM scanned HAVING count(*) = %(scan)s) AS reach
FROM (VALUES (1)) AS one LEFT JOIN matching AS o ON true LEFT JOIN session_pairs AS p ON p.pair_id = o.pair_id
ORDER BY o.order_key DESC
