-- What is said of whole tables, when stored rows (s) and recomputed ones (r) meet.

-- columns --
SELECT attname,
       attnum = ANY (coalesce((SELECT conkey FROM pg_constraint WHERE conrelid = a.attrelid AND contype = 'p'), '{}'))
           AS is_key,
       attgenerated = '' AS is_written
FROM pg_attribute AS a
WHERE attrelid = %(table)s::regclass AND attnum > 0 AND NOT attisdropped
ORDER BY attnum

-- floor --
-- What was ingested before `until` is dropped from the log; `last_kafka_time` is the latest timestamp in it.
SELECT coalesce(max(end_time), '-infinity')::text AS until,
       coalesce(max(last_kafka_time), '-infinity')::text AS last_kafka_time
FROM {live}.log_dropped

-- comparable_orders --
-- Rows that a dropped message may have had a part in cannot be recomputed from what is left of the log. The sign that
-- an order turned out to be another one stays: now that its ids are the other one's, nothing makes it again.
(s.merged_into IS NULL AND s.first_seen > %(last_kafka_time)s)

-- comparable_sessions --
s.first_seen > %(last_kafka_time)s

-- comparable_trades --
-- Nor can a trade of which only a bust or a correction was dropped.
least(s.ingested_at, s.changed_at) >= %(until)s

-- comparable_trade_changes --
s.ingested_at >= %(until)s

-- comparable_trade_minutes --
-- A minute that any such trade is of is kept whole.
s.minute NOT IN (
    SELECT DISTINCT date_trunc('minute', traded_at) FROM {stored_trades}
    WHERE least(ingested_at, changed_at) < %(until)s)

-- comparable_message_minutes --
s.minute > %(last_kafka_time)s

-- comparable_defect_minutes --
s.minute > %(last_kafka_time)s

-- comparable_latency_minutes --
-- An order's latencies are of the minute in which the answer was sent: by a clock that may be hours off.
s.minute > %(last_kafka_time)s::timestamptz + CASE WHEN s.kind = 'skew' THEN interval '0' ELSE interval '1 day' END

-- comparable_session_epochs --
-- By its session's clock, which may be hours off.
(s.session_id IN (SELECT session_id FROM {stored_sessions} WHERE first_seen > %(last_kafka_time)s)
 OR s.began_at > %(last_kafka_time)s::timestamptz + interval '1 day')

-- recomputable_session_epochs --
-- Where the reset is dropped from the log, what is left of its epoch seems to be of none.
(r.began_at > '-infinity'
 OR r.session_id IN (SELECT session_id FROM {stored_sessions} WHERE first_seen > %(last_kafka_time)s))

-- comparable_session_numbers --
(s.session_id IN (SELECT session_id FROM {stored_sessions} WHERE first_seen > %(last_kafka_time)s)
 OR s.began_at > %(last_kafka_time)s::timestamptz + interval '1 day')

-- recomputable_session_numbers --
(r.began_at > '-infinity'
 OR r.session_id IN (SELECT session_id FROM {stored_sessions} WHERE first_seen > %(last_kafka_time)s))

-- comparable_session_events --
(s.session_id IN (SELECT session_id FROM {stored_sessions} WHERE first_seen > %(last_kafka_time)s)
 OR s.sent > %(last_kafka_time)s::timestamptz + interval '1 day')
