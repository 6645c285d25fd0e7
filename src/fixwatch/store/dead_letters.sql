-- What feeds the dead-letter topic.

-- register_streams --
INSERT INTO dead_letter_offsets (stream_id)
SELECT stream_id FROM ingest_offsets WHERE topic = %(topic)s
ON CONFLICT (stream_id) DO NOTHING

-- behind --
SELECT stream_id FROM dead_letter_offsets AS d JOIN ingest_offsets AS o USING (stream_id)
WHERE o.topic = %(topic)s AND d.next_offset < o.next_offset
ORDER BY stream_id

-- take --
-- Whoever has the row feeds the stream; the others pass it over.
SELECT d.next_offset, o.next_offset, o.topic, o.partition
FROM dead_letter_offsets AS d JOIN ingest_offsets AS o USING (stream_id)
WHERE stream_id = %(stream_id)s
FOR UPDATE OF d SKIP LOCKED

-- letters --
-- At most so many, and no more than so many bytes behind the first one.
SELECT kafka_offset, verdict, defects, ingested_at, raw
FROM (
    SELECT kafka_offset, verdict::text, coalesce(defects, '{}') AS defects, ingested_at, raw,
           sum(octet_length(raw)) OVER (ORDER BY kafka_offset) - octet_length(raw) AS bytes_before
    FROM (
        SELECT * FROM messages
        WHERE stream_id = %(stream_id)s AND quarantined
          AND kafka_offset >= %(first)s AND kafka_offset < %(end)s
        ORDER BY kafka_offset
        LIMIT %(limit)s
    ) AS next_ones
) AS counted
WHERE bytes_before < %(bytes)s
ORDER BY kafka_offset

-- move --
UPDATE dead_letter_offsets SET next_offset = %(next_offset)s, updated_at = now() WHERE stream_id = %(stream_id)s
