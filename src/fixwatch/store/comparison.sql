-- What is stored beside what was recomputed: s and r.

-- differences --
SELECT {stored_columns}, {recomputed_columns}, count(*) OVER () AS total
FROM {stored} AS s FULL JOIN {recomputed} AS r USING ({keys})
WHERE ROW({stored_columns}) IS DISTINCT FROM ROW({recomputed_columns}) AND coalesce({comparable}, true)
  AND coalesce({recomputable}, true)
ORDER BY {order}
LIMIT %(limit)s

-- message_differences --
SELECT {stored_columns}, {recomputed_columns}, count(*) OVER () AS total
FROM message_differences AS r
JOIN {live}.messages AS s ON s.stream_id = r.stream_id AND s.kafka_offset = r.kafka_offset
                         AND s.ingested_at = r.ingested_at
ORDER BY s.stream_id, s.kafka_offset
LIMIT %(limit)s

-- count --
SELECT count(*), count(*) FILTER (WHERE NOT coalesce({comparable}, true)) FROM {stored} AS s
