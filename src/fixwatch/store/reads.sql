-- What the dashboard asks. Every statement reads rollups, small tables or a bounded stretch of an index, so
-- that its cost does not grow with the log. Times are the server's; values are parameters, always.

-- ingest_rates --
-- The last minute of batches. Latency: how long the first record of a batch waited, from its Kafka timestamp
-- to its batch's time of storing; no message of the batch waited longer.
WITH newest AS (
    SELECT * FROM ingest_batches WHERE ingested_at > now() - interval '60 seconds'
), known AS (
    SELECT min(ingested_at) AS first_batch, max(ingested_at) AS last_batch FROM ingest_batches
)
SELECT now() AS at,
       known.last_batch,
       coalesce(sum(newest.messages), 0)::bigint AS messages,
       coalesce(sum(newest.bytes), 0)::bigint AS bytes,
       greatest(1, least(60, extract(epoch FROM now() - known.first_batch)))::double precision AS seconds,
       (percentile_cont(0.5) WITHIN GROUP (
           ORDER BY extract(epoch FROM newest.committed_at - newest.first_kafka_time) * 1000))::bigint AS latency_p50_ms,
       (percentile_cont(0.95) WITHIN GROUP (
           ORDER BY extract(epoch FROM newest.committed_at - newest.first_kafka_time) * 1000))::bigint AS latency_p95_ms
FROM known LEFT JOIN newest ON true
GROUP BY known.first_batch, known.last_batch

-- trade_rate --
-- Trades of the last minute, or, where there are too many to count, the newest of them: `since` says how far
-- back these reach.
SELECT count(*) AS trades, min(ingested_at) AS since, now() AS at
FROM (
    SELECT ingested_at FROM trades WHERE ingested_at > now() - interval '60 seconds'
    ORDER BY ingested_at DESC LIMIT %(most)s
) AS newest

-- lag --
-- Of each topic's newest incarnation: an older one is gone, with what was not stored of it.
SELECT coalesce(sum(greatest(high_watermark - next_offset, 0)), 0)::bigint AS records,
       coalesce(sum(next_offset), 0)::bigint AS stored,
       count(*) AS streams
FROM ingest_offsets
WHERE (topic, topic_id) IN (
    SELECT DISTINCT ON (topic) topic, topic_id FROM ingest_offsets ORDER BY topic, stream_id DESC
)

-- message_totals --
SELECT coalesce(sum(messages), 0)::bigint AS messages,
       coalesce(sum(bytes), 0)::bigint AS bytes,
       coalesce(sum(messages) FILTER (WHERE verdict = 'rejected'), 0)::bigint AS rejected,
       coalesce(sum(messages) FILTER (WHERE verdict = 'garbled'), 0)::bigint AS garbled,
       coalesce(sum(quarantined), 0)::bigint AS quarantined
FROM message_minutes
WHERE minute > now() - make_interval(mins => %(minutes)s)

-- session_counts --
SELECT count(*) AS sessions,
       count(*) FILTER (WHERE logged_on) AS logged_on,
       count(*) FILTER (WHERE missing > 0) AS with_missing
FROM sessions LEFT JOIN session_sequences USING (session_id)

-- ingesters --
SELECT ingester_id, started_at, seen_at, state, detail, version, partitions
FROM ingesters
WHERE seen_at > now() - interval '5 seconds'
ORDER BY started_at
LIMIT 100

-- newest_trade_minute --
-- A clock that runs ahead must not push the window away from now.
SELECT now() AS at, (SELECT max(minute) FROM trade_minutes WHERE minute <= now() + interval '5 minutes') AS newest

-- trade_totals --
SELECT coalesce(sum(trades), 0)::bigint AS trades
FROM trade_minutes
WHERE minute >= %(since)s AND minute < %(until)s

-- trades_by_symbol --
SELECT symbol, sum(trades)::bigint AS trades, sum(qty) AS qty, sum(notional) AS notional
FROM trade_minutes
WHERE minute >= %(since)s AND minute < %(until)s
GROUP BY symbol
ORDER BY sum(notional) DESC, symbol
LIMIT %(limit)s

-- trades_over_time --
SELECT date_bin(make_interval(mins => %(step_minutes)s), minute, timestamptz '2000-01-01 00:00:00+00') AS minute,
       side,
       sum(trades)::bigint AS trades,
       sum(qty) AS qty
FROM trade_minutes
WHERE minute >= %(since)s AND minute < %(until)s
GROUP BY 1, 2
ORDER BY 1, 2

-- ingest_history --
-- The last minutes in steps of seconds, the step that is not over yet left out; nothing stored is a zero.
WITH steps AS (
    SELECT step FROM generate_series(
        date_bin(make_interval(secs => %(step_seconds)s), now() - make_interval(mins => %(minutes)s),
                 timestamptz '2000-01-01 00:00:00+00'),
        now() - make_interval(secs => %(step_seconds)s),
        make_interval(secs => %(step_seconds)s)) AS step
), stored AS (
    SELECT date_bin(make_interval(secs => %(step_seconds)s), ingested_at,
                    timestamptz '2000-01-01 00:00:00+00') AS step,
           sum(messages)::bigint AS messages,
           max(lag) AS lag
    FROM ingest_batches
    WHERE ingested_at > now() - make_interval(mins => %(minutes)s, secs => %(step_seconds)s)
    GROUP BY 1
)
SELECT steps.step AS at, coalesce(stored.messages, 0) AS messages, stored.lag
FROM steps LEFT JOIN stored USING (step)
ORDER BY 1

-- defect_counts --
SELECT reason, ref_tag, sum(defects)::bigint AS defects
FROM defect_minutes
WHERE minute > now() - make_interval(mins => %(minutes)s)
GROUP BY reason, ref_tag
ORDER BY sum(defects) DESC, reason, ref_tag
LIMIT %(limit)s

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

-- sessions --
SELECT session_id, sender_comp_id, sender_sub_id, sender_location_id,
       target_comp_id, target_sub_id, target_location_id,
       begin_string, heart_bt_int, logged_on, state_sent, messages, application_messages, poss_dups, logons, logouts,
       resets, rejects, business_rejects, dont_know_trades, resend_requests, test_requests, first_seen, last_seen,
       last_sent, nullif(began_at, '-infinity') AS began_at, kind::text AS began_by, first_number, last_number,
       coalesce(gaps, 0)::bigint AS gaps, coalesce(skipped, 0) AS skipped, coalesce(resent, 0) AS resent,
       coalesce(filled, 0) AS filled, coalesce(missing, 0) AS missing, coalesce(repeated, 0) AS repeated,
       coalesce(recent_messages, 0)::bigint AS recent_messages,
       coalesce(recent_quarantined, 0)::bigint AS recent_quarantined,
       now() AS at
FROM sessions
LEFT JOIN session_sequences USING (session_id)
LEFT JOIN (
    SELECT session_id, sum(messages) AS recent_messages, sum(quarantined) AS recent_quarantined
    FROM message_minutes
    WHERE minute > now() - make_interval(mins => %(minutes)s)
    GROUP BY session_id
) AS recent USING (session_id)
ORDER BY sender_comp_id, target_comp_id, session_id
LIMIT %(limit)s

-- trades --
-- The newest trades before a place, out of the next `scan` of them: a filter that matches little must not read
-- the whole table.
WITH scanned AS (
    SELECT *
    FROM trades
    WHERE (ingested_at, session_id, exec_id, side_no, trading_day)
          < (coalesce(%(before_time)s::timestamptz, 'infinity'), %(before_session)s::integer, %(before_exec_id)s::text,
             %(before_side_no)s::integer, coalesce(%(before_day)s::date, 'infinity'))
    ORDER BY ingested_at DESC, session_id DESC, exec_id DESC, side_no DESC, trading_day DESC
    LIMIT %(scan)s
)
SELECT ingested_at, session_id, exec_id, side_no, trading_day, source, stream_id, kafka_offset, traded_at, cl_ord_id, order_id, account, symbol, side,
       currency, last_mkt, transact_time, qty, px, notional, last_qty, last_px, status, repeats, conflicts,
       sender_comp_id, sender_sub_id, sender_location_id, target_comp_id, target_sub_id, target_location_id
FROM scanned JOIN sessions USING (session_id)
WHERE (%(symbols)s::text[] IS NULL OR symbol = ANY(%(symbols)s::text[]))
  AND (%(sides)s::text[] IS NULL OR side = ANY(%(sides)s::text[]))
  AND (%(sessions)s::integer[] IS NULL OR session_id = ANY(%(sessions)s::integer[]))
ORDER BY ingested_at DESC, session_id DESC, exec_id DESC, side_no DESC, trading_day DESC
LIMIT %(limit)s

-- trades_reach --
-- The last trade that `trades` looked at; no row: it looked at all of them.
SELECT ingested_at, session_id, exec_id, side_no, trading_day
FROM trades
WHERE (ingested_at, session_id, exec_id, side_no, trading_day)
      < (coalesce(%(before_time)s::timestamptz, 'infinity'), %(before_session)s::integer, %(before_exec_id)s::text,
         %(before_side_no)s::integer, coalesce(%(before_day)s::date, 'infinity'))
ORDER BY ingested_at DESC, session_id DESC, exec_id DESC, side_no DESC, trading_day DESC
OFFSET %(scan)s - 1 LIMIT 1

-- defective_messages --
-- Messages with defects, the newest first, out of the newest `scan` of them.
WITH scanned AS (
    SELECT stream_id, kafka_offset, kafka_time, ingested_at, session_id, verdict, quarantined, defects,
           msg_type, msg_seq_num, symbol, cl_ord_id
    FROM messages
    WHERE defects IS NOT NULL
    ORDER BY ingested_at DESC, kafka_offset DESC
    LIMIT %(scan)s
)
SELECT stream_id, kafka_offset, kafka_time, ingested_at, session_id, verdict::text AS verdict, quarantined, defects,
       msg_type, msg_seq_num, symbol, cl_ord_id, topic, partition,
       sender_comp_id, sender_sub_id, sender_location_id, target_comp_id, target_sub_id, target_location_id
FROM scanned
JOIN ingest_offsets USING (stream_id)
LEFT JOIN sessions USING (session_id)
WHERE (NOT %(only_quarantined)s OR quarantined)
  AND (%(reasons)s::text[] IS NULL
       OR EXISTS (SELECT FROM unnest(defects) AS defect WHERE split_part(defect, ':', 1) = ANY(%(reasons)s::text[])))
  AND (%(sessions)s::integer[] IS NULL OR session_id = ANY(%(sessions)s::integer[]))
ORDER BY ingested_at DESC, kafka_offset DESC
LIMIT %(limit)s

-- defective_reach --
SELECT ingested_at
FROM messages
WHERE defects IS NOT NULL
ORDER BY ingested_at DESC, kafka_offset DESC
OFFSET %(scan)s - 1 LIMIT 1

-- message --
SELECT stream_id, kafka_offset, kafka_time, ingested_at, verdict::text AS verdict, quarantined, defects, msg_type,
       topic, partition, substring(raw FOR %(most_bytes)s) AS raw, octet_length(raw) AS raw_bytes
FROM messages JOIN ingest_offsets USING (stream_id)
WHERE stream_id = %(stream_id)s AND kafka_offset = %(kafka_offset)s
