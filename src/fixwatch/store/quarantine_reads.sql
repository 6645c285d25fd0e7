-- What is asked of the actions of the quarantine. Names in braces are other statements here.

-- columns --
q.action_id, q.stream_id, q.kafka_offset, o.topic, o.partition, q.ingested_at, q.kind, q.requested_by, q.note,
q.requested_at, q.done_at, q.outcome, q.defects_before, q.defects_after, q.done_by, q.ended_by

-- history --
SELECT {columns}
FROM quarantine_actions AS q JOIN ingest_offsets AS o ON o.stream_id = q.stream_id
WHERE q.action_id < %(before)s
ORDER BY q.action_id DESC
LIMIT %(limit)s

-- of_message --
SELECT {columns}
FROM quarantine_actions AS q JOIN ingest_offsets AS o ON o.stream_id = q.stream_id
WHERE q.stream_id = %(stream_id)s AND q.kafka_offset = %(kafka_offset)s
ORDER BY q.action_id DESC
LIMIT %(limit)s

-- progress --
SELECT count(*) AS asked, count(done_at) AS done,
       count(*) FILTER (WHERE outcome = 'folded') AS folded,
       count(*) FILTER (WHERE outcome = 'still_kept_back') AS still_kept_back,
       count(*) FILTER (WHERE outcome = 'dismissed') AS dismissed,
       count(*) FILTER (WHERE outcome = 'reopened') AS reopened,
       count(*) FILTER (WHERE outcome = 'not_kept_back') AS not_kept_back,
       count(*) FILTER (WHERE outcome = 'not_in_log') AS not_in_log
FROM quarantine_actions
WHERE request_id = %(request_id)s

-- waiting --
-- Counted up to a bound; and if anybody is there to carry them out: an ingester says that it lives every second.
SELECT (SELECT count(*) FROM (SELECT FROM quarantine_actions WHERE done_at IS NULL LIMIT %(most)s) AS open) AS actions,
       (SELECT requested_at FROM quarantine_actions WHERE done_at IS NULL ORDER BY action_id LIMIT 1) AS since,
       (SELECT count(*) FROM ingesters WHERE seen_at > now() - interval '5 seconds') AS ingesters,
       now() AS at
