-- Alerts, as whoever watches moves them, and as a person acknowledges them.

-- begin --
-- One watcher at a time: the lock ends with its connection.
SELECT pg_try_advisory_lock(hashtextextended('fixwatch alerts', 0))

-- firing --
SELECT rule, subject FROM alerts WHERE resolved_at IS NULL

-- see --
INSERT INTO alerts AS a (rule, subject, severity, about, why)
SELECT * FROM unnest(%(rule)s::text[], %(subject)s::text[], %(severity)s::text[], %(about)s::text[], %(why)s::text[])
ON CONFLICT (rule, subject) WHERE resolved_at IS NULL DO UPDATE SET
    severity = excluded.severity, about = excluded.about, why = excluded.why, seen_at = now()

-- resolve --
-- What was not seen for so long that it is over, and not only away for a moment.
UPDATE alerts SET resolved_at = now()
WHERE resolved_at IS NULL AND seen_at < now() - make_interval(secs => %(seconds)s)
RETURNING rule, subject, about

-- record_round --
INSERT INTO alert_rounds AS r (at, watcher) VALUES (now(), %(watcher)s)
ON CONFLICT (only_row) DO UPDATE SET at = excluded.at, watcher = excluded.watcher

-- sweep --
DELETE FROM alerts WHERE resolved_at < now() - make_interval(days => %(days)s)

-- acknowledge --
UPDATE alerts SET acknowledged_at = now(), acknowledged_by = %(by)s, note = nullif(%(note)s, '')
WHERE alert_id = ANY (%(alert_ids)s::bigint[]) AND acknowledged_at IS NULL

-- open_alerts --
SELECT alert_id, rule, subject, severity, about, why, fired_at, seen_at, resolved_at, acknowledged_at, acknowledged_by,
       note
FROM alerts
WHERE resolved_at IS NULL
ORDER BY severity = 'critical' DESC, fired_at DESC, alert_id DESC
LIMIT %(limit)s

-- history --
SELECT alert_id, rule, subject, severity, about, why, fired_at, seen_at, resolved_at, acknowledged_at, acknowledged_by,
       note
FROM alerts
WHERE resolved_at IS NOT NULL
  AND (resolved_at, alert_id) < (coalesce(%(before_time)s::timestamptz, 'infinity'), %(before_id)s::bigint)
ORDER BY resolved_at DESC, alert_id DESC
LIMIT %(limit)s

-- counts --
-- What fires, what of it nobody has acknowledged; when somebody last looked.
SELECT count(*) AS firing, count(*) FILTER (WHERE acknowledged_at IS NULL) AS unacknowledged,
       count(*) FILTER (WHERE severity = 'critical' AND acknowledged_at IS NULL) AS critical,
       (SELECT at FROM alert_rounds) AS looked_at, now() AS at
FROM alerts WHERE resolved_at IS NULL
