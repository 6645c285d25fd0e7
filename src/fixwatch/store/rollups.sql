-- Rollups by minute. Rows are sorted by key: see writes.sql.

-- upsert_latency_minutes --
-- Counts may be negative: what was counted before and is known better now.
INSERT INTO latency_minutes AS m
SELECT minute, session_id, kind::latency_kind, bucket, count
FROM unnest(%(minute)s, %(session_id)s, %(kind)s, %(bucket)s, %(count)s)
    AS n (minute, session_id, kind, bucket, count)
ORDER BY 1, 2, 3, 4
ON CONFLICT (minute, session_id, kind, bucket) DO UPDATE SET count = m.count + excluded.count

-- sweep_latency_minutes --
-- Rows that count nothing any more: a recomputation would not have them.
DELETE FROM latency_minutes AS m
USING unnest(%(minute)s, %(session_id)s, %(kind)s, %(bucket)s) AS n (minute, session_id, kind, bucket)
WHERE m.minute = n.minute AND m.session_id = n.session_id AND m.kind = n.kind::latency_kind
  AND m.bucket = n.bucket AND m.count = 0
