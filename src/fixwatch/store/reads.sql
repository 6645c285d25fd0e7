-- What the front page and the status line ask. Every statement reads rollups, small tables or a bounded stretch of an
-- index, so that its cost does not grow with the log. Times are the server's; values are parameters, always.

-- ingest_rates --
-- The last minute of batches. Latency: from a message's Kafka timestamp to the storing of its batch. Known are the first
-- and the last timestamp of a batch, so that a percentile of all messages is at most the one that counts each message
-- as the first of its batch, and at least the one that counts it as the last.
WITH newest AS (
    SELECT messages, bytes,
           round(extract(epoch FROM committed_at - first_kafka_time) * 1000)::bigint AS longest_ms,
           round(extract(epoch FROM committed_at - last_kafka_time) * 1000)::bigint AS shortest_ms
    FROM ingest_batches WHERE ingested_at > now() - interval '60 seconds'
), counted AS (
    SELECT *, sum(messages) OVER () AS total,
           sum(messages) OVER (ORDER BY longest_ms) AS up_to_longest,
           sum(messages) OVER (ORDER BY shortest_ms) AS up_to_shortest
    FROM newest
), known AS (
    SELECT min(ingested_at) AS first_batch, max(ingested_at) AS last_batch FROM ingest_batches
)
SELECT now() AS at,
       known.last_batch,
       coalesce(sum(messages), 0)::bigint AS messages,
       coalesce(sum(bytes), 0)::bigint AS bytes,
       greatest(1, least(60, extract(epoch FROM now() - known.first_batch)))::double precision AS seconds,
       min(longest_ms) FILTER (WHERE up_to_longest >= 0.5 * total) AS latency_p50_ms,
       min(longest_ms) FILTER (WHERE up_to_longest >= 0.95 * total) AS latency_p95_ms,
       min(shortest_ms) FILTER (WHERE up_to_shortest >= 0.5 * total) AS latency_p50_least_ms,
       min(shortest_ms) FILTER (WHERE up_to_shortest >= 0.95 * total) AS latency_p95_least_ms
FROM known LEFT JOIN counted ON true
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
FROM streams
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
