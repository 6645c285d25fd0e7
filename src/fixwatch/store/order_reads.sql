-- What is asked of orders. Names in braces are other statements here, set in once; values are parameters, always.
-- A list is a bounded stretch of an index, `scan` orders at most, whatever the filter leaves of it. `reach` is the last
-- of them, looked for where there is less than a page: up to there, rows are only read as far as a page needs them.

-- columns --
o.order_key, o.pair_id, p.ends, o.trading_day, o.cl_ord_id, o.order_id, o.list_id, o.account, o.symbol, o.side,
o.ord_type, o.time_in_force, o.currency, o.order_qty, o.price, o.stop_px, o.ord_status, o.exec_type, o.cum_qty,
o.leaves_qty, o.avg_px, o.text, o.ord_rej_reason, o.cxl_rej_reason, o.state_time, o.sent_at, o.answered_at,
o.first_fill_at, o.waiting_for, o.waiting_since, o.fills, o.defects, o.legs, o.messages, o.repeats, o.first_seen,
o.last_seen, now() AS at

-- by_id --
-- The orders that ever had an id, the latest use first: of each session pair and each kind of id its latest uses up to
-- a day. The key of order_ids begins with the session pair, of which there are few.
WITH uses AS (
    SELECT i.order_key, i.day
    FROM session_pairs AS p
    CROSS JOIN (VALUES ('cl_ord_id'::order_id_kind), ('order_id')) AS k (kind)
    CROSS JOIN LATERAL (
        SELECT order_key, day
        FROM order_ids
        WHERE pair_id = p.pair_id AND id = %(id)s AND kind = k.kind AND day <= %(day)s
        ORDER BY day DESC
        LIMIT %(uses)s
    ) AS i
    WHERE %(pairs)s::integer[] IS NULL OR p.pair_id = ANY (%(pairs)s::integer[])
), found AS (
    SELECT coalesce(f.merged_into, f.order_key) AS order_key, max(u.day) AS day
    FROM uses AS u JOIN orders AS f ON f.order_key = u.order_key
    GROUP BY 1
    ORDER BY 2 DESC, 1 DESC
    LIMIT %(limit)s
)
SELECT {columns}
FROM found
JOIN orders AS o ON o.order_key = found.order_key
JOIN session_pairs AS p ON p.pair_id = o.pair_id
ORDER BY found.day DESC, o.order_key DESC

-- by_key --
SELECT {columns}
FROM orders AS f
JOIN orders AS o ON o.order_key = coalesce(f.merged_into, f.order_key)
JOIN session_pairs AS p ON p.pair_id = o.pair_id
WHERE f.order_key = %(order_key)s

-- pairs --
SELECT pair_id, ends FROM session_pairs

-- known_pairs --
SELECT pair_id, ends FROM session_pairs ORDER BY pair_id DESC LIMIT %(limit)s

-- list --
WITH scanned AS MATERIALIZED (
    SELECT o.order_key, o.first_seen, o.symbol, o.account, o.pair_id
    FROM orders AS o
    WHERE {which} AND o.merged_into IS NULL AND o.order_key < %(before)s
    ORDER BY o.order_key DESC
    LIMIT %(scan)s
), matching AS (
    SELECT o.order_key
    FROM scanned AS o
    WHERE {wanted}
    ORDER BY o.order_key DESC
    LIMIT %(limit)s
), reach AS (
    SELECT order_key, first_seen
    FROM scanned
    WHERE (SELECT count(*) FROM matching) < %(limit)s
    ORDER BY order_key DESC
    OFFSET %(scan)s - 1
)
SELECT {columns}, reach.order_key AS reach, NULL::timestamptz AS reach_waiting, reach.first_seen AS searched_to
FROM (VALUES (1)) AS one
LEFT JOIN reach ON true
LEFT JOIN matching ON true
LEFT JOIN orders AS o ON o.order_key = matching.order_key
LEFT JOIN session_pairs AS p ON p.pair_id = o.pair_id
ORDER BY o.order_key DESC

-- waiting_list --
WITH scanned AS MATERIALIZED (
    SELECT o.order_key, o.first_seen, o.symbol, o.account, o.pair_id, o.waiting_for, o.waiting_since
    FROM orders AS o
    WHERE o.waiting_for IS NOT NULL AND o.merged_into IS NULL
      AND (o.waiting_since, o.order_key) < (coalesce(%(before_time)s::timestamptz, 'infinity'), %(before)s::bigint)
      AND (%(least_wait)s::float8 IS NULL OR o.waiting_since <= now() - make_interval(secs => %(least_wait)s::float8))
    ORDER BY o.waiting_since DESC, o.order_key DESC
    LIMIT %(scan)s
), matching AS (
    SELECT o.order_key
    FROM scanned AS o
    WHERE {wanted} AND {which}
    ORDER BY o.waiting_since DESC, o.order_key DESC
    LIMIT %(limit)s
), reach AS (
    SELECT order_key, waiting_since, first_seen
    FROM scanned
    WHERE (SELECT count(*) FROM matching) < %(limit)s
    ORDER BY waiting_since DESC, order_key DESC
    OFFSET %(scan)s - 1
)
SELECT {columns}, reach.order_key AS reach, reach.waiting_since AS reach_waiting, reach.first_seen AS searched_to
FROM (VALUES (1)) AS one
LEFT JOIN reach ON true
LEFT JOIN matching ON true
LEFT JOIN orders AS o ON o.order_key = matching.order_key
LEFT JOIN session_pairs AS p ON p.pair_id = o.pair_id
ORDER BY o.waiting_since DESC, o.order_key DESC

-- wanted --
(%(symbols)s::text[] IS NULL OR o.symbol = ANY (%(symbols)s::text[]))
AND (%(accounts)s::text[] IS NULL OR o.account = ANY (%(accounts)s::text[]))
AND (%(pairs)s::integer[] IS NULL OR o.pair_id = ANY (%(pairs)s::integer[]))

-- which_all --
true

-- which_open --
-- As the index orders_open says it.
(o.ord_status IS NULL OR o.ord_status NOT IN ('2', '3', '4', '8', 'B', 'C'))

-- which_rejected --
o.ord_status = '8'

-- which_defective --
o.defects IS NOT NULL

-- which_waiting --
true

-- which_stuck --
-- Longer than the rules of its session allow; those that have none of their own are in the last limits.
o.waiting_since < now() - make_interval(secs => coalesce(
    (SELECT CASE WHEN o.waiting_for LIKE 'pending%%' THEN l.pending ELSE l.stuck END
     FROM unnest(%(limited_pairs)s::integer[], %(stuck)s::float8[], %(pending)s::float8[]) AS l (pair_id, stuck, pending)
     WHERE l.pair_id = o.pair_id),
    CASE WHEN o.waiting_for LIKE 'pending%%' THEN %(other_pending)s ELSE %(other_stuck)s END))
