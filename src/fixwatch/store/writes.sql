-- What the writer says to Postgres. Rows that are merged come as parameters, an array a column.
-- Rows are sorted by key before they are upserted: two ingesters that touch the same rows then wait for each
-- other instead of deadlocking.

-- register_streams --
INSERT INTO ingest_offsets (topic, topic_id, partition)
SELECT %(topic)s, %(topic_id)s, p FROM unnest(%(partitions)s::integer[]) AS p
ON CONFLICT (topic, topic_id, partition) DO NOTHING

-- read_streams --
SELECT partition, stream_id, next_offset FROM ingest_offsets
WHERE topic = %(topic)s AND topic_id = %(topic_id)s AND partition = ANY (%(partitions)s)

-- advance_offsets --
UPDATE ingest_offsets AS o
SET next_offset = n.next_offset, high_watermark = n.high_watermark, updated_at = now()
FROM unnest(%(stream_ids)s::integer[], %(expected)s::bigint[], %(next_offsets)s::bigint[],
            %(high_watermarks)s::bigint[]) AS n (stream_id, expected, next_offset, high_watermark)
WHERE o.stream_id = n.stream_id AND o.next_offset = n.expected

-- record_gap --
INSERT INTO ingest_gaps (stream_id, first_offset, last_offset, reason)
VALUES (%(stream_id)s, %(first_offset)s, %(last_offset)s, %(reason)s)
ON CONFLICT (stream_id, first_offset) DO NOTHING

-- make_partition --
SELECT make_message_partitions(%(day)s, 1)

-- upsert_message_minutes --
INSERT INTO message_minutes AS m
SELECT minute, session_id, msg_type, verdict::verdict, messages, bytes, quarantined
FROM unnest(%(minute)s, %(session_id)s, %(msg_type)s, %(verdict)s, %(messages)s, %(bytes)s, %(quarantined)s)
    AS n (minute, session_id, msg_type, verdict, messages, bytes, quarantined)
ORDER BY minute, session_id, msg_type COLLATE "C", verdict
ON CONFLICT (minute, session_id, msg_type, verdict) DO UPDATE SET
    messages = m.messages + excluded.messages,
    bytes = m.bytes + excluded.bytes,
    quarantined = m.quarantined + excluded.quarantined

-- upsert_defect_minutes --
INSERT INTO defect_minutes AS m
SELECT *
FROM unnest(%(minute)s, %(session_id)s, %(reason)s, %(ref_tag)s, %(defects)s)
    AS n (minute, session_id, reason, ref_tag, defects)
ORDER BY minute, session_id, reason COLLATE "C", ref_tag
ON CONFLICT (minute, session_id, reason, ref_tag) DO UPDATE SET defects = m.defects + excluded.defects

-- record_batch --
INSERT INTO ingest_batches (ingested_at, ingester_id, messages, bytes, rejected, garbled, quarantined, lag,
                            first_kafka_time, last_kafka_time, decode_ms, write_ms)
VALUES (%(ingested_at)s, %(ingester_id)s, %(messages)s, %(bytes)s, %(rejected)s, %(garbled)s, %(quarantined)s,
        %(lag)s, %(first_kafka_time)s, %(last_kafka_time)s, %(decode_ms)s, %(write_ms)s)
