-- What people ask for of messages that are kept back, and how an ingester carries it out.

-- ask --
INSERT INTO quarantine_actions (request_id, stream_id, kafka_offset, ingested_at, kind, requested_by, note)
SELECT %(request_id)s, stream_id, kafka_offset, ingested_at, %(kind)s, %(requested_by)s, %(note)s
FROM unnest(%(stream_ids)s::integer[], %(kafka_offsets)s::bigint[], %(ingested_ats)s::timestamptz[])
    AS p (stream_id, kafka_offset, ingested_at)

-- is_open --
SELECT EXISTS (
    SELECT FROM quarantine_actions AS q JOIN ingest_offsets AS o ON o.stream_id = q.stream_id
    WHERE q.done_at IS NULL AND o.topic = %(topic)s)

-- is_log_held --
-- If a rebuild or a retention is at work, by the lock of `log_lock.sql`. It is looked at and not taken, so that neither
-- is turned away because of us.
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted AND objsubid = 1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND ((classid::bigint << 32) | objid::bigint) = hashtext('fixwatch.log')::bigint)

-- open --
-- The oldest that are open, of each message the first: what comes behind it may depend on what comes of it.
SELECT DISTINCT ON (stream_id, kafka_offset, ingested_at) action_id, kind, stream_id, kafka_offset, ingested_at
FROM (
    SELECT q.action_id, q.kind, q.stream_id, q.kafka_offset, q.ingested_at
    FROM quarantine_actions AS q JOIN ingest_offsets AS o ON o.stream_id = q.stream_id
    WHERE q.done_at IS NULL AND o.topic = %(topic)s
    ORDER BY q.action_id
    LIMIT %(limit)s
) AS oldest
ORDER BY stream_id, kafka_offset, ingested_at, action_id

-- stand_aside --
-- What stops writers stops us: see `stop_writers` of replacement.sql.
LOCK TABLE ingest_offsets IN ROW EXCLUSIVE MODE

-- try_alone --
SELECT pg_try_advisory_xact_lock(hashtext('fixwatch.quarantine'))

-- still_open --
SELECT action_id FROM quarantine_actions WHERE action_id = ANY (%(action_ids)s) AND done_at IS NULL

-- rows --
-- Of rows that are kept back the bytes too, of no more than so many beyond the first.
SELECT stream_id, kafka_offset, quarantined, verdict::text AS verdict, coalesce(defects, '{}') AS defects, session_id,
       msg_type, kafka_time, CASE WHEN quarantined AND bytes_before < %(bytes)s THEN raw END AS raw
FROM (
    SELECT m.*, coalesce(sum(octet_length(m.raw)) FILTER (WHERE m.quarantined)
                         OVER (ORDER BY m.stream_id, m.kafka_offset), 0)
                - CASE WHEN m.quarantined THEN octet_length(m.raw) ELSE 0 END AS bytes_before
    FROM unnest(%(stream_ids)s::integer[], %(kafka_offsets)s::bigint[]) AS p (stream_id, kafka_offset)
    JOIN messages AS m ON m.stream_id = p.stream_id AND m.kafka_offset = p.kafka_offset
                      AND m.ingested_at = %(ingested_at)s
) AS counted
ORDER BY stream_id, kafka_offset

-- note_before --
UPDATE quarantine_actions AS q SET defects_before = coalesce(m.defects, '{}')
FROM messages AS m
WHERE q.action_id = ANY (%(action_ids)s)
  AND m.stream_id = q.stream_id AND m.kafka_offset = q.kafka_offset AND m.ingested_at = q.ingested_at

-- remove --
-- The log's rows; what they are by the settings of now is appended in the same transaction.
DELETE FROM messages AS m
USING unnest(%(stream_ids)s::integer[], %(kafka_offsets)s::bigint[]) AS p (stream_id, kafka_offset)
WHERE m.stream_id = p.stream_id AND m.kafka_offset = p.kafka_offset AND m.ingested_at = %(ingested_at)s
  AND m.quarantined

-- sweep_message_minutes --
-- Rows that count nothing any more: a recomputation would not have them.
DELETE FROM message_minutes AS m
USING unnest(%(minute)s, %(session_id)s, %(msg_type)s, %(verdict)s) AS n (minute, session_id, msg_type, verdict)
WHERE m.minute = n.minute AND m.session_id = n.session_id AND m.msg_type = n.msg_type
  AND m.verdict = n.verdict::verdict AND m.messages = 0

-- sweep_defect_minutes --
DELETE FROM defect_minutes AS m
USING unnest(%(minute)s, %(session_id)s, %(reason)s, %(ref_tag)s) AS n (minute, session_id, reason, ref_tag)
WHERE m.minute = n.minute AND m.session_id = n.session_id AND m.reason = n.reason AND m.ref_tag = n.ref_tag
  AND m.defects = 0

-- reingested --
-- What became of messages that were decoded again, as the log has them now.
UPDATE quarantine_actions AS q SET
    done_at = clock_timestamp(), done_by = %(done_by)s, defects_after = coalesce(m.defects, '{}'),
    outcome = CASE WHEN m.quarantined THEN 'still_kept_back' ELSE 'folded' END
FROM messages AS m
WHERE q.action_id = ANY (%(action_ids)s)
  AND m.stream_id = q.stream_id AND m.kafka_offset = q.kafka_offset AND m.ingested_at = q.ingested_at

-- end_dismissals --
-- Dismissals of messages that are not kept back any more, or that were reopened.
UPDATE quarantine_actions AS d SET ended_by = q.action_id
FROM quarantine_actions AS q
WHERE q.action_id = ANY (%(action_ids)s) AND q.outcome IN ('folded', 'reopened')
  AND d.stream_id = q.stream_id AND d.kafka_offset = q.kafka_offset AND d.ingested_at = q.ingested_at
  AND d.outcome = 'dismissed' AND d.ended_by IS NULL

-- close --
UPDATE quarantine_actions AS q SET done_at = clock_timestamp(), done_by = %(done_by)s, outcome = %(outcome)s
WHERE q.action_id = ANY (%(action_ids)s)

-- decide --
-- Dismissals, and what takes them back: nothing of the log changes.
UPDATE quarantine_actions AS q SET
    done_at = clock_timestamp(), done_by = %(done_by)s, defects_before = m.defects,
    outcome = CASE WHEN m.quarantined IS NULL THEN 'not_in_log'
                   WHEN NOT m.quarantined THEN 'not_kept_back'
                   WHEN q.kind = 'dismiss' THEN 'dismissed'
                   ELSE 'reopened' END
FROM quarantine_actions AS a
LEFT JOIN messages AS m
       ON m.stream_id = a.stream_id AND m.kafka_offset = a.kafka_offset AND m.ingested_at = a.ingested_at
WHERE q.action_id = a.action_id AND a.action_id = ANY (%(action_ids)s) AND a.kind <> 'reingest' AND a.done_at IS NULL

-- unseen_sessions --
SELECT sender_comp_id, target_comp_id FROM sessions WHERE session_id = ANY (%(session_ids)s) AND first_seen IS NULL

-- ask_for_named --
-- Messages that were re-ingested in vain and are in quarantine without a session, which is known only now: one that came
-- today would have it. `senders` and `targets` are the fields as they stand in the bytes. The last ones are found.
INSERT INTO quarantine_actions (stream_id, kafka_offset, ingested_at, kind, requested_by, note, request_id)
SELECT DISTINCT m.stream_id, m.kafka_offset, m.ingested_at, 'reingest', 'fixwatch', %(note)s, %(request_id)s::uuid
FROM (
    SELECT stream_id, kafka_offset, ingested_at
    FROM quarantine_actions
    WHERE outcome = 'still_kept_back'
    ORDER BY action_id DESC
    LIMIT %(limit)s
) AS q
JOIN messages AS m ON m.stream_id = q.stream_id AND m.kafka_offset = q.kafka_offset AND m.ingested_at = q.ingested_at
WHERE m.quarantined AND m.session_id IS NULL
  AND EXISTS (
    SELECT FROM unnest(%(senders)s::bytea[], %(targets)s::bytea[]) AS n (sender, target)
    WHERE position(sender IN m.raw) > 0 AND position(target IN m.raw) > 0)
