-- What ingesters do for the database beside storing.

-- make_partitions --
SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date - 1, 4)

-- report_ingester --
INSERT INTO ingesters AS i (ingester_id, state, detail, version, partitions)
VALUES (%(ingester_id)s, %(state)s, %(detail)s, %(version)s, %(partitions)s)
ON CONFLICT (ingester_id) DO UPDATE SET
    seen_at = now(), state = excluded.state, detail = excluded.detail, partitions = excluded.partitions

-- report_ends --
-- Passed over is who is told of by another ingester at this moment: nobody is waited for.
WITH told AS (
    SELECT * FROM unnest(%(stream_ids)s::integer[], %(ends)s::bigint[]) AS n (stream_id, high_watermark)
), known AS (
    SELECT stream_id FROM stream_ends WHERE stream_id = ANY (%(stream_ids)s::integer[])
    FOR NO KEY UPDATE SKIP LOCKED
), renewed AS (
    UPDATE stream_ends AS e SET high_watermark = told.high_watermark, seen_at = now()
    FROM told JOIN known USING (stream_id)
    WHERE e.stream_id = told.stream_id
)
INSERT INTO stream_ends (stream_id, high_watermark)
SELECT stream_id, high_watermark FROM told
WHERE NOT EXISTS (SELECT FROM stream_ends AS e WHERE e.stream_id = told.stream_id)
ON CONFLICT (stream_id) DO NOTHING

-- forget_ingester --
DELETE FROM ingesters WHERE ingester_id = %(ingester_id)s

-- sweep --
WITH batches AS (DELETE FROM ingest_batches WHERE ingested_at < now() - interval '1 day')
DELETE FROM ingesters WHERE seen_at < now() - interval '1 day'

-- end_frozen --
-- Of those that hold a lock that these processes (%(pids)s) wait for: ingesters whose server has waited for them for
-- long.
SELECT pid, pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE pid IN (SELECT unnest(pg_blocking_pids(waiting)) FROM unnest(%(pids)s::integer[]) AS waiting)
  AND application_name = 'fixwatch ingest'
  AND wait_event = 'ClientRead'
  AND greatest(query_start, state_change) < now() - make_interval(secs => %(seconds)s)
