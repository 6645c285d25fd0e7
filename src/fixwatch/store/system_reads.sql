-- How the system itself is: small tables, the catalogue, and the last minutes of batches.

-- ingesters --
-- Those of the last day: they renew their row every second.
SELECT ingester_id, started_at, seen_at, state, detail, version, partitions,
       seen_at > now() - interval '5 seconds' AS alive
FROM ingesters
ORDER BY alive DESC, seen_at DESC, ingester_id
LIMIT %(limit)s

-- streams --
-- An older incarnation of a topic is gone, with what was not stored of it.
SELECT stream_id, topic, topic_id, partition, next_offset, high_watermark, updated_at,
       topic_id = first_value(topic_id) OVER (PARTITION BY topic ORDER BY stream_id DESC) AS current
FROM streams
ORDER BY topic, current DESC, stream_id DESC, partition
LIMIT %(limit)s

-- batch_steps --
-- The last minutes in steps of seconds, the step that is not over yet left out.
WITH steps AS (
    SELECT step FROM generate_series(
        date_bin(make_interval(secs => %(step_seconds)s), now() - make_interval(mins => %(minutes)s),
                 timestamptz '2000-01-01 00:00:00+00'),
        now() - make_interval(secs => %(step_seconds)s),
        make_interval(secs => %(step_seconds)s)) AS step
), batches AS (
    SELECT date_bin(make_interval(secs => %(step_seconds)s), ingested_at,
                    timestamptz '2000-01-01 00:00:00+00') AS step,
           count(*) AS batches, sum(messages) AS messages, max(messages) AS largest,
           avg(decode_ms) AS decode_ms, avg(write_ms) AS write_ms, max(decode_ms + write_ms) AS slowest_ms
    FROM ingest_batches
    WHERE ingested_at > now() - make_interval(mins => %(minutes)s, secs => %(step_seconds)s)
    GROUP BY 1
)
SELECT steps.step AS at,
       coalesce(batches.batches, 0)::bigint AS batches,
       coalesce(batches.messages, 0)::bigint AS messages,
       batches.largest,
       batches.decode_ms::double precision AS decode_ms,
       batches.write_ms::double precision AS write_ms,
       batches.slowest_ms
FROM steps LEFT JOIN batches USING (step)
ORDER BY 1

-- batch_figures --
SELECT now() AS at,
       count(*) AS batches,
       coalesce(sum(messages), 0)::bigint AS messages,
       (percentile_cont(0.5) WITHIN GROUP (ORDER BY messages))::bigint AS messages_p50,
       max(messages) AS messages_most,
       (percentile_cont(0.5) WITHIN GROUP (ORDER BY decode_ms + write_ms))::bigint AS ms_p50,
       (percentile_cont(0.95) WITHIN GROUP (ORDER BY decode_ms + write_ms))::bigint AS ms_p95
FROM ingest_batches
WHERE ingested_at > now() - interval '60 seconds'

-- gaps --
SELECT topic, partition, first_offset, last_offset, reason::text AS reason, noticed_at
FROM ingest_gaps JOIN ingest_offsets USING (stream_id)
ORDER BY noticed_at DESC, topic, partition, first_offset
LIMIT %(limit)s

-- gap_at --
SELECT topic, partition, first_offset, last_offset, reason::text AS reason, noticed_at
FROM ingest_gaps JOIN ingest_offsets USING (stream_id)
WHERE stream_id = %(stream_id)s AND first_offset <= %(kafka_offset)s AND last_offset >= %(kafka_offset)s
ORDER BY first_offset
LIMIT 1

-- begin_of --
-- Retention dropped what is below.
SELECT first_offset FROM log_begins WHERE stream_id = %(stream_id)s

-- rebuilds_due --
SELECT since, why FROM rebuild_due ORDER BY since LIMIT 20

-- dropped --
SELECT count(*) AS partitions, coalesce(sum(messages), 0)::bigint AS messages, max(end_time) AS until FROM log_dropped

-- database --
SELECT current_database() AS name, pg_database_size(current_database()) AS bytes,
       current_setting('server_version') AS server_version, pg_postmaster_start_time() AS started_at,
       (SELECT max(number) FROM schema_migrations) AS migration

-- log_partitions --
-- By the day's beginning, the newest first. Rows are what the server last estimated.
SELECT c.relname AS name,
       (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)'))[1]::timestamptz AS since,
       (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)'))[1]::timestamptz AS until,
       greatest(c.reltuples, 0)::bigint AS rows_about,
       pg_table_size(c.oid) AS table_bytes,
       pg_indexes_size(c.oid) AS index_bytes
FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'messages'::regclass
ORDER BY since DESC
LIMIT %(limit)s

-- tables --
-- Ours beside the log, the largest first.
SELECT c.relname AS name, greatest(c.reltuples, 0)::bigint AS rows_about,
       pg_table_size(c.oid) AS table_bytes, pg_indexes_size(c.oid) AS index_bytes
FROM pg_class AS c
WHERE c.relkind = 'r' AND NOT c.relispartition
  AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'messages'::regclass)
ORDER BY pg_total_relation_size(c.oid) DESC, c.relname
LIMIT %(limit)s

-- message_steps --
-- What one direction of a session sent, by the topic's clock, in steps of minutes; nothing is a zero.
WITH steps AS (
    SELECT step FROM generate_series(
        date_bin(make_interval(mins => %(step_minutes)s), now() - make_interval(mins => %(minutes)s),
                 timestamptz '2000-01-01 00:00:00+00'),
        now(), make_interval(mins => %(step_minutes)s)) AS step
), sent AS (
    SELECT date_bin(make_interval(mins => %(step_minutes)s), minute, timestamptz '2000-01-01 00:00:00+00') AS step,
           sum(messages) FILTER (WHERE msg_type IN ('0', '1', '2', '3', '4', '5', 'A')) AS session_messages,
           sum(messages) FILTER (WHERE msg_type NOT IN ('0', '1', '2', '3', '4', '5', 'A')) AS application_messages,
           sum(messages) FILTER (WHERE verdict <> 'valid') AS defective
    FROM message_minutes
    WHERE minute > now() - make_interval(mins => %(minutes)s + %(step_minutes)s) AND session_id = %(session_id)s
    GROUP BY 1
)
SELECT steps.step AS at, coalesce(session_messages, 0)::bigint AS session_messages,
       coalesce(application_messages, 0)::bigint AS application_messages, coalesce(defective, 0)::bigint AS defective
FROM steps LEFT JOIN sent USING (step)
ORDER BY 1
