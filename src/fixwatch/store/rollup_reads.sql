-- What is asked of the sums by minute: at most `scan` rows of them, the newest first, added up to steps. Where there are
-- more, `reach` is the begin of the last step that was read whole. Steps begin at whole minutes, hours and days of UTC.

-- scanned --
scanned AS MATERIALIZED (
    SELECT * FROM {table}
    WHERE minute >= %(since)s AND minute < %(until)s
    ORDER BY minute DESC
    LIMIT %(scan)s
), reach AS (
    SELECT date_bin(%(step)s, min(minute), timestamptz '2000-01-01 00:00:00+00') + %(step)s AS at
    FROM scanned
    HAVING count(*) = %(scan)s
)

-- reach --
WITH {scanned}
SELECT at FROM reach

-- trades --
WITH {scanned}
SELECT date_bin(%(step)s, minute, timestamptz '2000-01-01 00:00:00+00') AS at,
       CASE WHEN %(by_symbol)s THEN symbol END AS symbol, CASE WHEN %(by_account)s THEN account END AS account,
       CASE WHEN %(by_session)s THEN session_id END AS session_id, CASE WHEN %(by_side)s THEN side END AS side,
       currency, sum(trades)::bigint AS trades, sum(qty) AS qty, sum(priced_qty) AS priced_qty,
       sum(notional) AS notional
FROM scanned
WHERE minute >= coalesce((SELECT at FROM reach), '-infinity')
  AND (%(symbols)s::text[] IS NULL OR symbol = ANY (%(symbols)s::text[]))
  AND (%(accounts)s::text[] IS NULL OR account = ANY (%(accounts)s::text[]))
  AND (%(sides)s::text[] IS NULL OR side = ANY (%(sides)s::text[]))
  AND (%(sessions)s::integer[] IS NULL OR session_id = ANY (%(sessions)s::integer[]))
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1 DESC, 2, 3, 4, 5, 6
LIMIT %(limit)s

-- messages --
WITH {scanned}
SELECT date_bin(%(step)s, minute, timestamptz '2000-01-01 00:00:00+00') AS at,
       CASE WHEN %(by_session)s THEN session_id END AS session_id,
       CASE WHEN %(by_msg_type)s THEN msg_type END AS msg_type,
       CASE WHEN %(by_verdict)s THEN verdict::text END AS verdict,
       sum(messages)::bigint AS messages, sum(bytes)::bigint AS bytes, sum(quarantined)::bigint AS quarantined
FROM scanned
WHERE minute >= coalesce((SELECT at FROM reach), '-infinity')
  AND (%(sessions)s::integer[] IS NULL OR session_id = ANY (%(sessions)s::integer[]))
  AND (%(msg_types)s::text[] IS NULL OR msg_type = ANY (%(msg_types)s::text[]))
GROUP BY 1, 2, 3, 4
ORDER BY 1 DESC, 2, 3, 4
LIMIT %(limit)s

-- latencies --
-- Of one kind.
WITH {scanned}
SELECT date_bin(%(step)s, minute, timestamptz '2000-01-01 00:00:00+00') AS at,
       CASE WHEN %(by_session)s THEN session_id END AS session_id, bucket, sum(count)::bigint AS count
FROM scanned
WHERE minute >= coalesce((SELECT at FROM reach), '-infinity')
  AND kind = %(kind)s::latency_kind
  AND (%(sessions)s::integer[] IS NULL OR session_id = ANY (%(sessions)s::integer[]))
GROUP BY 1, 2, 3
ORDER BY 1 DESC, 2, 3
LIMIT %(limit)s

-- newest_trade_minute --
-- A clock that runs ahead must not push the window away from now.
SELECT now() AS at, (SELECT max(minute) FROM trade_minutes WHERE minute <= now() + interval '5 minutes') AS newest

-- traded_symbols --
SELECT symbol FROM trade_minutes
WHERE minute >= %(since)s AND minute < %(until)s AND symbol <> ''
GROUP BY symbol
ORDER BY symbol
LIMIT %(limit)s

-- traded_sides --
SELECT side FROM trade_minutes
WHERE minute >= %(since)s AND minute < %(until)s AND side <> ''
GROUP BY side
ORDER BY side
LIMIT %(limit)s
