-- What is asked of sessions. Each statement reads bounded stretches of an index for each of at most 500 sessions.

-- sessions --
SELECT session_id, sender_comp_id, sender_sub_id, sender_location_id,
       target_comp_id, target_sub_id, target_location_id,
       begin_string, heart_bt_int, logged_on, state_sent, messages, application_messages, poss_dups, logons, logouts,
       resets, rejects, business_rejects, dont_know_trades, resend_requests, test_requests, first_seen, last_seen,
       last_sent, nullif(began_at, '-infinity') AS began_at, kind::text AS began_by, first_number, last_number,
       coalesce(gaps, 0)::bigint AS gaps, coalesce(skipped, 0) AS skipped, coalesce(resent, 0) AS resent,
       coalesce(filled, 0) AS filled, coalesce(missing, 0) AS missing, coalesce(repeated, 0) AS repeated,
       coalesce(recent_messages, 0)::bigint AS recent_messages,
       coalesce(recent_quarantined, 0)::bigint AS recent_quarantined,
       now() AS at
FROM sessions
LEFT JOIN session_sequences USING (session_id)
LEFT JOIN (
    SELECT session_id, sum(messages) AS recent_messages, sum(quarantined) AS recent_quarantined
    FROM message_minutes
    WHERE minute > now() - make_interval(mins => %(minutes)s)
    GROUP BY session_id
) AS recent USING (session_id)
WHERE %(sessions)s::integer[] IS NULL OR session_id = ANY (%(sessions)s::integer[])
ORDER BY sender_comp_id, target_comp_id, session_id
LIMIT %(limit)s

-- events --
-- The newest events before a place, of each session the next `limit`: of kinds that are rare, out of the next `scan`.
SELECT e.session_id, e.sent, e.seq_num, e.kind::text AS kind, e.begin_number, e.end_number, e.ref_seq_num, e.ref_tag,
       e.ref_msg_type, e.reason, e.ref_id, e.text,
       s.sender_comp_id, s.sender_sub_id, s.sender_location_id, s.target_comp_id, s.target_sub_id,
       s.target_location_id
FROM sessions AS s
CROSS JOIN LATERAL (
    SELECT * FROM (
        SELECT * FROM session_events AS e
        WHERE e.session_id = s.session_id
          AND (e.sent, e.session_id, e.seq_num, e.kind)
              < (coalesce(%(before_sent)s::timestamptz, 'infinity'), %(before_session)s::bigint,
                 %(before_seq_num)s::bigint, %(before_kind)s::session_event_kind)
          -- The same again, as far as the index goes.
          AND e.sent <= coalesce(%(before_sent)s::timestamptz, 'infinity')
        ORDER BY e.sent DESC, e.seq_num DESC, e.kind DESC
        LIMIT %(scan)s
    ) AS e
    WHERE %(kinds)s::text[] IS NULL OR e.kind::text = ANY (%(kinds)s::text[])
    ORDER BY e.sent DESC, e.seq_num DESC, e.kind DESC
    LIMIT %(limit)s
) AS e
WHERE %(sessions)s::integer[] IS NULL OR s.session_id = ANY (%(sessions)s::integer[])
ORDER BY e.sent DESC, e.session_id DESC, e.seq_num DESC, e.kind DESC
LIMIT %(limit)s

-- epochs --
SELECT session_id, nullif(began_at, '-infinity') AS began_at, kind::text AS began_by, first_number, direct_messages,
       direct_numbers, seen_numbers
FROM session_epochs AS e
WHERE e.session_id = %(session_id)s
  AND e.began_at < coalesce(%(before)s::timestamptz, 'infinity')
ORDER BY e.began_at DESC
LIMIT %(limit)s

-- gaps --
-- Holes of the present epoch, the newest first, out of its last `chunks` chunks; what became of their numbers.
WITH present AS (
    SELECT session_id, began_at, first_number, last_number
    FROM session_sequences WHERE session_id = %(session_id)s
), newest AS (
    SELECT n.chunk, n.direct, n.resent
    FROM present AS p JOIN session_numbers AS n USING (session_id, began_at)
    ORDER BY n.chunk DESC
    LIMIT %(chunks)s
), sets AS (
    SELECT coalesce(range_agg(direct), '{}') AS direct, coalesce(range_agg(resent), '{}') AS resent,
           greatest(min(chunk) * 128, min(p.first_number)) AS first_number, max(p.last_number) AS last_number,
           coalesce((SELECT range_agg(int8range(f.begin_number, f.end_number, '[]'))
                     FROM session_events AS f
                     WHERE f.session_id = %(session_id)s AND f.kind = 'gap_fill' AND f.sent >= min(p.began_at)
                       AND f.begin_number <= f.end_number), '{}') AS filled
    FROM present AS p LEFT JOIN newest ON true
), holes AS (
    SELECT h AS hole, resent, filled
    FROM sets, unnest(int8multirange(int8range(first_number, greatest(last_number + 1, first_number))) - direct) AS h
    WHERE first_number IS NOT NULL
    ORDER BY lower(h) DESC
    LIMIT %(limit)s
)
SELECT lower(hole) AS first_number, upper(hole) - 1 AS last_number,
       (SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint
        FROM unnest(int8multirange(hole) * resent) AS r) AS resent,
       (SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint
        FROM unnest(int8multirange(hole) * (filled - resent)) AS r) AS filled,
       (SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint
        FROM unnest(int8multirange(hole) - resent - filled) AS r) AS missing
FROM holes
ORDER BY lower(hole) DESC

-- unanswered_test_requests --
-- Test requests of the last minutes by the sender's clock that no Heartbeat of the other direction answers.
SELECT q.session_id, q.sent, q.seq_num, q.ref_id,
       s.sender_comp_id, s.sender_sub_id, s.sender_location_id, s.target_comp_id, s.target_sub_id,
       s.target_location_id
FROM sessions AS s
CROSS JOIN LATERAL (
    SELECT * FROM session_events AS e
    WHERE e.session_id = s.session_id AND e.sent > s.last_sent - make_interval(mins => %(minutes)s)
    ORDER BY e.sent DESC
    LIMIT %(scan)s
) AS q
WHERE q.kind = 'test_request'
  AND NOT EXISTS (
    SELECT
    FROM sessions AS o
    CROSS JOIN LATERAL (
        -- Clocks of two sides: an answer may seem to come before its question.
        SELECT FROM session_events AS a
        WHERE a.session_id = o.session_id AND a.kind = 'heartbeat' AND a.ref_id = q.ref_id
          AND a.sent BETWEEN q.sent - interval '1 hour' AND q.sent + interval '1 hour'
        -- Session by session: the planner joins what has no limit in the order that it likes.
        LIMIT 1
    ) AS a
    WHERE o.pair_id = s.pair_id AND o.session_id <> s.session_id)
ORDER BY q.sent DESC, q.session_id DESC
LIMIT %(limit)s
