-- Days of the log that are old. A partition that is going is marked by its comment: whoever comes after a crash
-- knows it again, and drops nothing that somebody else has detached.

-- old_partitions --
-- Whole partitions below the day, and those that an earlier retention began to drop.
SELECT n.nspname, c.relname, b.first_time, b.end_time,
       pg_total_relation_size(c.oid) AS bytes,
       i.inhparent IS NOT NULL AS attached,
       coalesce(i.inhdetachpending, false) AS detaching
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid AND i.inhparent = 'messages'::regclass
LEFT JOIN LATERAL (
    SELECT (regexp_match(bound, 'FROM \(''([^'']+)'))[1]::timestamptz AS first_time,
           (regexp_match(bound, 'TO \(''([^'']+)'))[1]::timestamptz AS end_time
    FROM pg_get_expr(c.relpartbound, c.oid) AS bound
) AS b ON true
WHERE c.relkind = 'r'
  AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'messages'::regclass)
  AND (i.inhparent IS NOT NULL AND b.end_time <= (now() AT TIME ZONE 'UTC')::date::timestamptz - make_interval(days => %(days)s)
       OR obj_description(c.oid, 'pg_class') = 'fixwatch: being dropped')
ORDER BY c.relname

-- count_partition --
SELECT count(*), max(kafka_time) FROM {partition}

-- record_begins --
-- An index-only scan. Taken down before the partition goes, so that its records are never missing unexplained.
INSERT INTO log_begins AS b (stream_id, first_offset)
SELECT stream_id, max(kafka_offset) + 1 FROM {partition} GROUP BY stream_id
ON CONFLICT (stream_id) DO UPDATE SET first_offset = greatest(b.first_offset, excluded.first_offset)

-- record_dropped --
INSERT INTO log_dropped (first_time, end_time, messages, bytes, last_kafka_time)
VALUES (%(first_time)s, %(end_time)s, %(messages)s, %(bytes)s, %(last_kafka_time)s)
ON CONFLICT (end_time) DO NOTHING

-- mark --
COMMENT ON TABLE {partition} IS 'fixwatch: being dropped'

-- detach --
ALTER TABLE messages DETACH PARTITION {partition} CONCURRENTLY

-- finish_detaching --
ALTER TABLE messages DETACH PARTITION {partition} FINALIZE

-- is_detaching --
SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = %(name)s::regclass AND inhparent = 'messages'::regclass

-- drop --
DROP TABLE {partition}
