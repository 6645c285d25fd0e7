-- What is asked of trades. Names in braces are other statements here, set in once; values are parameters, always.
--
-- A statement is a head and a tail. A head finds `matching`: at most `limit` trades that match, the newest first, before
-- a place, out of at most `scan` that it looks at; and `reach`: where it looked at as many as it may and found less than
-- it was asked for, the last one that it looked at. A tail says what is told of them. `at` is what they are ordered by:
-- ingested_at, or traded_at where a stretch of trading is asked for.

-- order --
{at} DESC, session_id DESC, exec_id DESC, side_no DESC, trading_day DESC

-- slim --
t.ingested_at, t.traded_at, t.session_id, t.exec_id, t.side_no, t.trading_day, t.symbol, t.account, t.side, t.currency,
t.last_mkt, t.status, t.order_id, t.cl_ord_id, t.qty, t.px, t.notional

-- before --
(t.{at}, t.session_id, t.exec_id, t.side_no, t.trading_day)
    < (coalesce(%(before_time)s::timestamptz, 'infinity'), %(before_session)s::integer, %(before_exec_id)s::text,
       %(before_side_no)s::integer, coalesce(%(before_day)s::date, 'infinity'))

-- stretch_stored --
true

-- stretch_traded --
t.traded_at >= coalesce(%(since)s::timestamptz, '-infinity') AND t.traded_at < coalesce(%(until)s::timestamptz, 'infinity')

-- wanted --
(%(symbols)s::text[] IS NULL OR t.symbol = ANY (%(symbols)s::text[]))
AND (%(accounts)s::text[] IS NULL OR t.account = ANY (%(accounts)s::text[]))
AND (%(sides)s::text[] IS NULL OR t.side = ANY (%(sides)s::text[]))
AND (%(sessions)s::integer[] IS NULL OR t.session_id = ANY (%(sessions)s::integer[]))
AND (%(venues)s::text[] IS NULL OR t.last_mkt = ANY (%(venues)s::text[]))
AND (%(statuses)s::text[] IS NULL OR t.status = ANY (%(statuses)s::text[]))
AND (%(cl_ord_ids)s::text[] IS NULL OR t.cl_ord_id = ANY (%(cl_ord_ids)s::text[]))
AND (%(order_ids)s::text[] IS NULL OR t.order_id = ANY (%(order_ids)s::text[]))
AND (%(only_exec_ids)s::text[] IS NULL OR t.exec_id = ANY (%(only_exec_ids)s::text[]))
AND (%(since)s::timestamptz IS NULL OR t.traded_at >= %(since)s::timestamptz)
AND (%(until)s::timestamptz IS NULL OR t.traded_at < %(until)s::timestamptz)

-- head_all --
-- Along the index of all trades, as far as a page needs it.
WITH scanned AS MATERIALIZED (
    SELECT {slim} FROM trades AS t WHERE {before} AND {stretch} ORDER BY {order} LIMIT %(scan)s
), matching AS (
    SELECT t.* FROM scanned AS t WHERE {wanted} ORDER BY {order} LIMIT %(limit)s
), reach AS (
    SELECT t.{at} AS at, t.session_id, t.exec_id, t.side_no, t.trading_day
    FROM scanned AS t
    WHERE (SELECT count(*) FROM matching) < %(limit)s
    ORDER BY {order}
    OFFSET %(scan)s - 1 LIMIT 1
)

-- head_each --
-- Along the stretches that an index has of each of several symbols, accounts or sessions, `each` of every one. What is
-- before the shortest of them is left to the next page.
WITH scanned AS MATERIALIZED (
    SELECT t.*
    FROM {values} AS w (value)
    CROSS JOIN LATERAL (
        SELECT {slim}, row_number() OVER (ORDER BY {order}) AS number
        FROM trades AS t
        WHERE {of_value} AND {before}
        ORDER BY {order}
        LIMIT %(each)s
    ) AS t
), shortest AS (
    SELECT t.{at} AS at, t.session_id, t.exec_id, t.side_no, t.trading_day
    FROM scanned AS t
    WHERE t.number = %(each)s
    ORDER BY {order}
    LIMIT 1
), matching AS (
    SELECT t.*
    FROM scanned AS t LEFT JOIN shortest AS s ON true
    WHERE {wanted}
      AND (s.at IS NULL OR (t.{at}, t.session_id, t.exec_id, t.side_no, t.trading_day)
                           >= (s.at, s.session_id, s.exec_id, s.side_no, s.trading_day))
    ORDER BY t.{at} DESC, t.session_id DESC, t.exec_id DESC, t.side_no DESC, t.trading_day DESC
    LIMIT %(limit)s
), reach AS (
    SELECT * FROM shortest WHERE (SELECT count(*) FROM matching) < %(limit)s
)

-- head_found --
-- Out of trades that something else leads to: `found` are keys, and where there are `scan` of them there may be more.
WITH found AS MATERIALIZED (
    {found}
), matching AS (
    SELECT {slim}
    FROM (SELECT DISTINCT * FROM found) AS f
    CROSS JOIN LATERAL (
        {of_key}
    ) AS t
    WHERE {wanted} AND {before}
    ORDER BY t.{at} DESC, t.session_id DESC, t.exec_id DESC, t.side_no DESC, t.trading_day DESC
    LIMIT %(limit)s
), reach AS (
    SELECT t.{at} AS at, t.session_id, t.exec_id, t.side_no, t.trading_day
    FROM found AS f
    CROSS JOIN LATERAL (
        {of_key}
    ) AS t
    WHERE (SELECT count(*) FROM found) >= %(scan)s
    ORDER BY t.{at}
    LIMIT 1
)

-- of_key --
-- The trade of a key. Without the limit, which says nothing, the planner at times looks through all trades for what else
-- is wanted, and then for the keys.
SELECT * FROM trades AS t
WHERE t.session_id = f.session_id AND t.exec_id = f.exec_id AND t.side_no = f.side_no
  AND t.trading_day = f.trading_day
LIMIT 1

-- values_symbols --
unnest(%(symbols)s::text[])

-- of_symbols --
t.symbol = w.value

-- values_accounts --
unnest(%(accounts)s::text[])

-- of_accounts --
t.account = w.value

-- values_sessions --
unnest(%(sessions)s::integer[])

-- of_sessions --
t.session_id = w.value

-- found_each --
SELECT t.*
FROM {values} AS w (value)
CROSS JOIN LATERAL (
    SELECT t.session_id, t.exec_id, t.side_no, t.trading_day FROM trades AS t WHERE {of_value} LIMIT %(scan)s
) AS t
LIMIT %(scan)s

-- found_exec_ids --
-- By ExecID, in every session; from a bust or a correction to what it names, and on.
SELECT t.session_id, t.exec_id, t.side_no, t.trading_day
FROM (
    WITH RECURSIVE named AS (
        SELECT s.session_id, e.id COLLATE "C" AS id, 0 AS steps
        FROM sessions AS s CROSS JOIN unnest(%(exec_ids)s::text[]) AS e (id)
        UNION
        SELECT n.session_id, c.ref_id, n.steps + 1
        FROM named AS n JOIN trade_changes AS c ON c.session_id = n.session_id AND c.exec_id = n.id
        WHERE n.steps < 10
    )
    SELECT session_id, id FROM named LIMIT %(scan)s
) AS n
JOIN trades AS t ON t.session_id = n.session_id AND t.exec_id = n.id
LIMIT %(scan)s

-- found_orders --
-- By keys of orders, or ids that orders have or had: through what their reports say, the newest of which are read. A
-- report without an ExecID leads to its trade by its place. TradeCaptureReports name orders themselves.
SELECT f.*
FROM (
    WITH asked AS (
        SELECT order_key FROM unnest(%(orders)s::bigint[]) AS order_key
        UNION
        SELECT i.order_key
        FROM session_pairs AS p
        CROSS JOIN (
            SELECT 'cl_ord_id'::order_id_kind, id FROM unnest(%(cl_ord_ids)s::text[]) AS id
            UNION ALL SELECT 'order_id', id FROM unnest(%(order_ids)s::text[]) AS id
        ) AS k (kind, id)
        CROSS JOIN LATERAL (
            SELECT order_key FROM order_ids AS i WHERE i.pair_id = p.pair_id AND i.id = k.id AND i.kind = k.kind
            ORDER BY day DESC LIMIT 100
        ) AS i
    ), live AS (
        SELECT DISTINCT o.order_key, o.pair_id, o.cl_ord_id, o.order_id
        FROM asked JOIN orders AS f ON f.order_key = asked.order_key
        JOIN orders AS o ON o.order_key = coalesce(f.merged_into, f.order_key)
    ), said AS MATERIALIZED (
        SELECT live.pair_id, m.*
        FROM live CROSS JOIN LATERAL (
            SELECT session_id, exec_id, msg_type, last_qty, ingested_at, stream_id, kafka_offset, cl_ord_id, order_id
            FROM messages WHERE order_key = live.order_key
            ORDER BY ingested_at DESC LIMIT %(scan)s
        ) AS m
        LIMIT %(scan)s
    ), ids AS (
        SELECT pair_id, cl_ord_id AS id FROM said UNION SELECT pair_id, order_id FROM said
        UNION SELECT pair_id, cl_ord_id FROM live UNION SELECT pair_id, order_id FROM live
    )
    SELECT t.session_id, t.exec_id, t.side_no, t.trading_day
    FROM (SELECT DISTINCT session_id, exec_id FROM said WHERE exec_id IS NOT NULL) AS r
    JOIN trades AS t ON t.session_id = r.session_id AND t.exec_id = r.exec_id AND t.side_no = 0
    WHERE t.order_id IN (SELECT id FROM ids) OR t.cl_ord_id IN (SELECT id FROM ids)
    UNION ALL
    SELECT t.session_id, t.exec_id, t.side_no, t.trading_day
    FROM (SELECT * FROM said WHERE exec_id IS NULL AND msg_type = '8' AND last_qty > 0 LIMIT 1000) AS r
    JOIN trades AS t ON t.session_id = r.session_id AND t.ingested_at = r.ingested_at
                    AND t.stream_id = r.stream_id AND t.kafka_offset = r.kafka_offset
    UNION ALL
    SELECT t.session_id, t.exec_id, t.side_no, t.trading_day
    FROM ids JOIN sessions AS s ON s.pair_id = ids.pair_id
    JOIN trades AS t ON t.side_no > 0 AND (t.order_id = ids.id OR t.cl_ord_id = ids.id) AND t.session_id = s.session_id
    UNION ALL
    SELECT t.session_id, t.exec_id, t.side_no, t.trading_day
    FROM trades AS t
    WHERE t.side_no > 0
      AND (t.order_id = ANY (%(order_ids)s::text[]) OR t.cl_ord_id = ANY (%(cl_ord_ids)s::text[]))
) AS f
LIMIT %(scan)s

-- columns --
t.ingested_at, t.session_id, t.exec_id, t.side_no, t.trading_day, t.source, t.stream_id, t.kafka_offset, t.traded_at,
t.cl_ord_id, t.order_id, t.account, t.symbol, t.side, t.currency, t.last_mkt, t.transact_time, t.trade_date,
t.settl_date, t.qty, t.px, t.notional, t.last_qty, t.last_px, t.status, t.repeats, t.conflicts, t.bust_exec_id,
t.correct_exec_id, s.sender_comp_id, s.sender_sub_id, s.sender_location_id, s.target_comp_id, s.target_sub_id,
s.target_location_id

-- tail_page --
SELECT {columns}, r.at AS reach_at, r.session_id AS reach_session_id, r.exec_id AS reach_exec_id,
       r.side_no AS reach_side_no, r.trading_day AS reach_trading_day
FROM (VALUES (1)) AS one
LEFT JOIN reach AS r ON true
LEFT JOIN (
    matching AS m
    JOIN trades AS t ON t.session_id = m.session_id AND t.exec_id = m.exec_id AND t.side_no = m.side_no
                    AND t.trading_day = m.trading_day
    JOIN sessions AS s ON s.session_id = m.session_id
) ON true
ORDER BY m.{at} DESC, m.session_id DESC, m.exec_id DESC, m.side_no DESC, m.trading_day DESC

-- tail_totals --
SELECT coalesce(m.currency, '') AS currency, coalesce(m.side, '') AS side, m.trades, m.qty, m.priced_qty, m.notional,
       r.at AS searched_to, false AS is_cut
FROM (VALUES (1)) AS one
LEFT JOIN reach AS r ON true
LEFT JOIN (
    SELECT currency, side, count(*) FILTER (WHERE status <> 'busted') AS trades, sum(qty) AS qty,
           coalesce(sum(qty) FILTER (WHERE px IS NOT NULL), 0) AS priced_qty, sum(notional) AS notional
    FROM matching
    GROUP BY currency, side
) AS m ON true
ORDER BY 1, 2

-- whole --
-- All that match, for a cursor: in the order of storing, the oldest first.
SELECT {columns}
FROM {among} JOIN sessions AS s ON s.session_id = t.session_id
WHERE {wanted}
ORDER BY t.ingested_at, t.session_id, t.exec_id, t.side_no, t.trading_day

-- among_all --
trades AS t

-- among_found --
(SELECT DISTINCT f.* FROM ({found}) AS f) AS f
CROSS JOIN LATERAL (
    {of_key}
) AS t

-- totals_of_minutes --
-- Of whole minutes the sums that are kept, of at most `scan` rows; of the minutes that the stretch begins and ends
-- within, the trades. `searched_to`: the last minute that was read whole, where there are more.
WITH scanned AS MATERIALIZED (
    SELECT *
    FROM trade_minutes
    WHERE minute >= coalesce(%(first_minute)s::timestamptz, '-infinity')
      AND minute < coalesce(%(end_minute)s::timestamptz, 'infinity')
    ORDER BY minute DESC
    LIMIT %(scan)s
), reach AS (
    SELECT min(minute) + interval '1 minute' AS at FROM scanned HAVING count(*) = %(scan)s
), first_trades AS MATERIALIZED (
    SELECT {slim} FROM trades AS t
    WHERE t.traded_at >= %(since)s::timestamptz AND t.traded_at < %(first_minute)s::timestamptz
      AND NOT EXISTS (SELECT FROM reach)
    LIMIT %(scan_trades)s
), last_trades AS MATERIALIZED (
    SELECT {slim} FROM trades AS t
    WHERE t.traded_at >= %(end_minute)s::timestamptz AND t.traded_at < %(until)s::timestamptz
    LIMIT %(scan_trades)s
), summed AS (
    SELECT currency, side, trades, qty, priced_qty, notional
    FROM scanned AS t
    WHERE minute >= coalesce((SELECT at FROM reach), '-infinity')
      AND (%(symbols)s::text[] IS NULL OR symbol = ANY (%(symbols)s::text[]))
      AND (%(accounts)s::text[] IS NULL OR account = ANY (%(accounts)s::text[]))
      AND (%(sides)s::text[] IS NULL OR side = ANY (%(sides)s::text[]))
      AND (%(sessions)s::integer[] IS NULL OR session_id = ANY (%(sessions)s::integer[]))
    UNION ALL
    SELECT coalesce(currency, ''), coalesce(side, ''), (status <> 'busted')::integer, qty,
           CASE WHEN px IS NULL THEN 0 ELSE qty END, notional
    FROM (SELECT * FROM first_trades UNION ALL SELECT * FROM last_trades) AS t
    WHERE {wanted}
)
SELECT coalesce(m.currency, '') AS currency, coalesce(m.side, '') AS side, m.trades, m.qty, m.priced_qty, m.notional,
       r.at AS searched_to,
       greatest((SELECT count(*) FROM first_trades), (SELECT count(*) FROM last_trades)) = %(scan_trades)s AS is_cut
FROM (VALUES (1)) AS one
LEFT JOIN reach AS r ON true
LEFT JOIN (
    SELECT currency, side, sum(trades)::bigint AS trades, sum(qty) AS qty, sum(priced_qty) AS priced_qty,
           sum(notional) AS notional
    FROM summed
    GROUP BY currency, side
) AS m ON true
ORDER BY 1, 2
