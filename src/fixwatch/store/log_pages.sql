-- The log read in order.

-- ends --
SELECT stream_id, next_offset FROM ingest_offsets ORDER BY stream_id

-- page --
-- At most so many rows, and no more than so many bytes beyond the first: the length of a value that is stored
-- out of line is known without reading it.
SELECT kafka_offset, ingested_at, (extract(epoch FROM kafka_time) * 1000)::bigint AS timestamp, raw
FROM (
    SELECT *, sum(octet_length(raw)) OVER (ORDER BY kafka_offset) - octet_length(raw) AS bytes_before
    FROM (
        SELECT kafka_offset, ingested_at, kafka_time, raw FROM messages
        WHERE stream_id = %(stream_id)s AND kafka_offset >= %(begin)s AND kafka_offset < %(end)s
        ORDER BY kafka_offset LIMIT %(rows)s
    ) AS rows
) AS counted
WHERE bytes_before < %(bytes)s
ORDER BY kafka_offset

-- streams --
SELECT o.stream_id, o.topic, o.topic_id, o.partition, o.next_offset, coalesce(b.first_offset, 0) AS first_offset
FROM ingest_offsets AS o LEFT JOIN log_begins AS b USING (stream_id)
ORDER BY o.stream_id

-- first --
SELECT coalesce(min(kafka_offset), %(end)s) FROM messages
WHERE stream_id = %(stream_id)s AND kafka_offset >= %(begin)s AND kafka_offset < %(end)s

-- uneven --
-- Where the next offset of a stream is not the next number: less than one on, it is stored twice; more, a hole.
SELECT after_offset, next_offset
FROM (
    SELECT kafka_offset AS after_offset,
           coalesce(lead(kafka_offset) OVER (ORDER BY kafka_offset), %(end)s) AS next_offset
    FROM messages
    WHERE stream_id = %(stream_id)s AND kafka_offset >= %(begin)s AND kafka_offset < %(end)s
) AS steps
WHERE next_offset <> after_offset + 1

-- beyond --
-- Rows that are stored and not accounted for by their stream's offset; in one statement, so in one snapshot.
SELECT m.kafka_offset
FROM ingest_offsets AS o
CROSS JOIN LATERAL (
    SELECT kafka_offset FROM messages
    WHERE stream_id = o.stream_id AND kafka_offset >= o.next_offset
    ORDER BY kafka_offset LIMIT %(limit)s
) AS m
WHERE o.stream_id = %(stream_id)s

-- gaps --
SELECT first_offset, last_offset FROM ingest_gaps WHERE stream_id = %(stream_id)s ORDER BY first_offset
