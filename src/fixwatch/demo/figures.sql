-- What the terminal shows, read every second or so: offsets, and the rollups of this run.

-- figures --
SELECT coalesce((SELECT sum(next_offset) FROM ingest_offsets), 0)::bigint AS stored_in_all,
       coalesce((SELECT sum(next_offset) FROM ingest_offsets WHERE topic_id = %(topic_id)s), 0)::bigint
           AS stored,
       coalesce((SELECT sum(greatest(high_watermark - next_offset, 0)) FROM ingest_offsets
                 WHERE topic_id = %(topic_id)s), 0)::bigint AS lag,
       batches.messages_per_second, batches.latency_ms,
       coalesce((SELECT sum(trades) FROM trade_minutes WHERE minute >= %(since)s), 0)::bigint AS trades,
       counts.rejected, counts.garbled
FROM (
    SELECT coalesce(sum(messages) / 10, 0)::bigint AS messages_per_second,
           (percentile_disc(0.95) WITHIN GROUP (
               ORDER BY extract(epoch FROM committed_at - first_kafka_time) * 1000))::bigint AS latency_ms
    FROM ingest_batches WHERE ingested_at > now() - interval '10 seconds'
) AS batches, (
    SELECT coalesce(sum(messages) FILTER (WHERE verdict = 'rejected'), 0)::bigint AS rejected,
           coalesce(sum(messages) FILTER (WHERE verdict = 'garbled'), 0)::bigint AS garbled
    FROM message_minutes WHERE minute >= %(since)s
) AS counts

-- offsets --
SELECT partition, next_offset FROM ingest_offsets WHERE topic_id = %(topic_id)s
