-- What is asked of the log: bounded stretches of its indexes. Names in braces are other statements here.

-- columns --
m.stream_id, m.kafka_offset, i.topic, i.topic_id, i.partition, m.kafka_time, m.ingested_at, m.session_id, m.order_key,
m.verdict::text AS verdict, m.quarantined, coalesce(m.defects, ARRAY[]::text[]) AS defects, m.msg_type, m.msg_seq_num,
m.poss_dup, m.sending_time,
m.transact_time, m.cl_ord_id, m.orig_cl_ord_id, m.order_id, m.exec_id, m.exec_type, m.ord_status, m.symbol, m.side,
m.order_qty, m.price, m.last_qty, m.last_px, m.cum_qty, m.leaves_qty, m.avg_px,
substring(m.raw FOR %(most_bytes)s) AS raw, octet_length(m.raw) AS raw_bytes,
s.sender_comp_id, s.sender_sub_id, s.sender_location_id, s.target_comp_id, s.target_sub_id, s.target_location_id

-- named --
JOIN ingest_offsets AS i ON i.stream_id = m.stream_id
LEFT JOIN sessions AS s ON s.session_id = m.session_id

-- at_place --
SELECT {columns}
FROM messages AS m
{named}
WHERE m.stream_id = %(stream_id)s AND m.kafka_offset = %(kafka_offset)s

-- at_offset --
-- Of the newest incarnation of the topic that has it.
SELECT {columns}
FROM ingest_offsets AS o
JOIN messages AS m ON m.stream_id = o.stream_id AND m.kafka_offset = %(kafka_offset)s
{named}
WHERE o.topic = %(topic)s AND o.partition = %(partition)s
  AND (%(topic_id)s::text IS NULL OR o.topic_id = %(topic_id)s)
ORDER BY o.stream_id DESC
LIMIT 1

-- of_order --
SELECT {columns}
FROM messages AS m
{named}
WHERE m.order_key = (SELECT coalesce(merged_into, order_key) FROM orders WHERE order_key = %(order_key)s)
  AND (m.ingested_at, m.stream_id, m.kafka_offset)
      > (coalesce(%(after_time)s::timestamptz, '-infinity'), %(after_stream)s::bigint, %(after_offset)s::bigint)
  AND m.ingested_at >= coalesce(%(after_time)s::timestamptz, '-infinity')
ORDER BY m.ingested_at, m.stream_id, m.kafka_offset
LIMIT %(limit)s

-- of_id --
-- Those that bear an id: out of the messages of the orders that ever had it, `scan` of each at most, and by the places
-- of the trades, busts and corrections whose ExecID or TradeReportID it is.
WITH keys AS (
    SELECT DISTINCT coalesce(f.merged_into, f.order_key) AS order_key
    FROM session_pairs AS p
    CROSS JOIN (VALUES ('cl_ord_id'::order_id_kind), ('order_id')) AS k (kind)
    CROSS JOIN LATERAL (
        SELECT order_key FROM order_ids WHERE pair_id = p.pair_id AND id = %(id)s AND kind = k.kind
        ORDER BY day DESC LIMIT 100
    ) AS u
    JOIN orders AS f ON f.order_key = u.order_key
), of_trades AS (
    SELECT t.session_id, t.stream_id, t.kafka_offset, t.cl_ord_id, t.order_id
    FROM sessions AS s CROSS JOIN LATERAL (
        SELECT * FROM trades WHERE session_id = s.session_id AND exec_id = %(id)s LIMIT 100
    ) AS t
), places AS (
    SELECT stream_id, kafka_offset FROM of_trades
    UNION
    SELECT c.stream_id, c.kafka_offset
    FROM sessions AS s CROSS JOIN LATERAL (
        SELECT * FROM trade_changes WHERE session_id = s.session_id AND exec_id = %(id)s LIMIT 100
    ) AS c
    LIMIT 100
), found AS (
    SELECT m.ingested_at, m.stream_id, m.kafka_offset
    FROM keys CROSS JOIN LATERAL (
        SELECT * FROM messages AS m
        WHERE m.order_key = keys.order_key AND m.ingested_at <= coalesce(%(before_time)s::timestamptz, 'infinity')
        ORDER BY m.ingested_at DESC
        LIMIT %(scan)s
    ) AS m
    WHERE %(id)s IN (m.cl_ord_id, m.orig_cl_ord_id, m.order_id, m.exec_id)
    UNION
    SELECT m.ingested_at, m.stream_id, m.kafka_offset
    FROM places AS p JOIN messages AS m ON m.stream_id = p.stream_id AND m.kafka_offset = p.kafka_offset
), page AS (
    SELECT *
    FROM found
    WHERE (ingested_at, stream_id, kafka_offset)
          < (coalesce(%(before_time)s::timestamptz, 'infinity'), %(before_stream)s::bigint, %(before_offset)s::bigint)
    ORDER BY ingested_at DESC, stream_id DESC, kafka_offset DESC
    LIMIT %(limit)s
)
SELECT {columns}
FROM page AS f
JOIN messages AS m ON m.stream_id = f.stream_id AND m.kafka_offset = f.kafka_offset AND m.ingested_at = f.ingested_at
{named}
ORDER BY f.ingested_at DESC, f.stream_id DESC, f.kafka_offset DESC

-- defective --
-- Messages with defects, the newest first, out of the newest `scan` of them before a place.
SELECT m.stream_id, m.kafka_offset, m.kafka_time, m.ingested_at, m.session_id, m.verdict::text AS verdict,
       m.quarantined, m.defects, m.msg_type, m.msg_seq_num, m.symbol, m.cl_ord_id, i.topic, i.partition,
       d.is_dismissed IS NOT NULL AS dismissed,
       (SELECT q.kind FROM quarantine_actions AS q
        WHERE q.stream_id = m.stream_id AND q.kafka_offset = m.kafka_offset AND q.done_at IS NULL
        ORDER BY q.action_id LIMIT 1) AS asked_for,
       s.sender_comp_id, s.sender_sub_id, s.sender_location_id, s.target_comp_id, s.target_sub_id, s.target_location_id
FROM (
    SELECT stream_id, kafka_offset, kafka_time, ingested_at, session_id, verdict, quarantined, defects, msg_type,
           msg_seq_num, symbol, cl_ord_id
    FROM messages
    WHERE defects IS NOT NULL
      AND (ingested_at, kafka_offset, stream_id)
          < (coalesce(%(before_time)s::timestamptz, 'infinity'), %(before_offset)s::bigint, %(before_stream)s::bigint)
      AND ingested_at <= coalesce(%(before_time)s::timestamptz, 'infinity')
    ORDER BY ingested_at DESC, kafka_offset DESC, stream_id DESC
    LIMIT %(scan)s
) AS m
{named}
LEFT JOIN LATERAL (
    SELECT true AS is_dismissed FROM quarantine_actions
    WHERE stream_id = m.stream_id AND kafka_offset = m.kafka_offset AND outcome = 'dismissed' AND ended_by IS NULL
    LIMIT 1
) AS d ON m.quarantined
WHERE (%(dismissed)s::boolean IS NULL OR (d.is_dismissed IS NOT NULL) = %(dismissed)s)
  AND (NOT %(only_quarantined)s OR m.quarantined)
  AND (%(reasons)s::text[] IS NULL
       OR EXISTS (SELECT FROM unnest(m.defects) AS defect
                  WHERE split_part(defect, ':', 1) = ANY (%(reasons)s::text[])))
  AND (%(sessions)s::integer[] IS NULL OR m.session_id = ANY (%(sessions)s::integer[]))
ORDER BY m.ingested_at DESC, m.kafka_offset DESC, m.stream_id DESC
LIMIT %(limit)s

-- defective_reach --
-- The last message that `defective` looked at; no row: it looked at all of them.
SELECT ingested_at, stream_id, kafka_offset
FROM messages
WHERE defects IS NOT NULL
  AND (ingested_at, kafka_offset, stream_id)
      < (coalesce(%(before_time)s::timestamptz, 'infinity'), %(before_offset)s::bigint, %(before_stream)s::bigint)
  AND ingested_at <= coalesce(%(before_time)s::timestamptz, 'infinity')
ORDER BY ingested_at DESC, kafka_offset DESC, stream_id DESC
OFFSET %(scan)s - 1 LIMIT 1
