-- What a batch's transaction says of sessions. Rows are sorted by key: see writes.sql.

-- merge_figures --
-- The sessions are locked. What was sent
-- later wins, whatever came first; of two that were sent at once with one number, the greater one.
UPDATE sessions AS s SET
    messages             = s.messages + n.messages,
    application_messages = s.application_messages + n.application_messages,
    poss_dups            = s.poss_dups + n.poss_dups,
    logons               = s.logons + n.logons,
    logouts              = s.logouts + n.logouts,
    resets               = s.resets + n.resets,
    rejects              = s.rejects + n.rejects,
    business_rejects     = s.business_rejects + n.business_rejects,
    dont_know_trades     = s.dont_know_trades + n.dont_know_trades,
    resend_requests      = s.resend_requests + n.resend_requests,
    test_requests        = s.test_requests + n.test_requests,
    first_seen           = least(s.first_seen, n.first_seen),
    last_seen            = greatest(s.last_seen, n.last_seen),
    (last_sent, last_sent_seq_num, begin_string) =
        (SELECT a, b, c FROM (VALUES (s.last_sent, s.last_sent_seq_num, s.begin_string),
                                     (n.last_sent, n.last_sent_seq_num, n.begin_string)) AS v (a, b, c)
         WHERE a IS NOT NULL ORDER BY a DESC, b DESC, c COLLATE "C" DESC NULLS LAST LIMIT 1),
    (heart_sent, heart_seq_num, heart_bt_int) =
        (SELECT a, b, c FROM (VALUES (s.heart_sent, s.heart_seq_num, s.heart_bt_int),
                                     (n.heart_sent, n.heart_seq_num, n.heart_bt_int)) AS v (a, b, c)
         WHERE a IS NOT NULL ORDER BY a DESC, b DESC, c DESC LIMIT 1),
    (state_sent, state_seq_num, logged_on) =
        (SELECT a, b, c FROM (VALUES (s.state_sent, s.state_seq_num, s.logged_on),
                                     (n.state_sent, n.state_seq_num, n.logged_on)) AS v (a, b, c)
         WHERE a IS NOT NULL ORDER BY a DESC, b DESC, c DESC LIMIT 1)
FROM unnest(%(session_id)s, %(messages)s, %(application_messages)s, %(poss_dups)s, %(logons)s, %(logouts)s,
            %(resets)s, %(rejects)s, %(business_rejects)s, %(dont_know_trades)s, %(resend_requests)s,
            %(test_requests)s, %(first_seen)s, %(last_seen)s, %(last_sent)s, %(last_sent_seq_num)s,
            %(begin_string)s, %(heart_sent)s, %(heart_seq_num)s, %(heart_bt_int)s, %(state_sent)s,
            %(state_seq_num)s, %(logged_on)s)
    AS n (session_id, messages, application_messages, poss_dups, logons, logouts, resets, rejects, business_rejects,
        dont_know_trades, resend_requests, test_requests, first_seen, last_seen, last_sent, last_sent_seq_num,
        begin_string, heart_sent, heart_seq_num, heart_bt_int, state_sent, state_seq_num, logged_on)
WHERE s.session_id = n.session_id

-- lock_sessions --
SELECT 1 FROM sessions WHERE session_id = ANY (%(session_id)s) ORDER BY session_id FOR UPDATE

-- read_numbers --
-- The epochs that what was sent may be of, without chunk; and the chunks that it falls in, and that a reset divides
-- which came behind what was sent after it. Moments are microseconds; null: -infinity.
WITH touched AS (
    SELECT * FROM unnest(%(session_id)s, %(chunk)s, %(first_sent)s, %(last_sent)s)
        AS w (session_id, chunk, first_sent, last_sent)
), resets AS (
    SELECT * FROM unnest(%(reset_session_id)s, %(reset_sent)s) AS r (session_id, sent)
), spans AS (
    SELECT session_id, min(first_sent) AS first_sent, max(last_sent) AS last_sent
    FROM (SELECT session_id, first_sent, last_sent FROM touched
          UNION ALL SELECT session_id, sent, sent FROM resets) AS w
    GROUP BY session_id
), epochs AS (
    SELECT w.session_id, e.began_at, e.first_number
    FROM spans AS w
    CROSS JOIN LATERAL (
        -- What was sent in the moment of a reset may be of the epoch before.
        SELECT coalesce((SELECT max(began_at) FROM session_epochs AS b
                         WHERE b.session_id = w.session_id AND b.began_at < w.first_sent), '-infinity') AS began_at
    ) AS b
    JOIN session_epochs AS e
      ON e.session_id = w.session_id AND e.began_at BETWEEN b.began_at AND w.last_sent
), wanted AS (
    SELECT session_id, began_at, chunk
    FROM (SELECT session_id, began_at FROM epochs
          UNION SELECT session_id, '-infinity' FROM spans) AS e JOIN touched USING (session_id)
    UNION
    SELECT n.session_id, n.began_at, n.chunk
    FROM resets AS r
    CROSS JOIN LATERAL (
        SELECT coalesce((SELECT max(began_at) FROM session_epochs AS b
                         WHERE b.session_id = r.session_id AND b.began_at < r.sent), '-infinity') AS began_at
    ) AS b
    JOIN session_numbers AS n
      ON n.session_id = r.session_id AND n.began_at = b.began_at AND n.last_sent >= r.sent
)
SELECT session_id, (extract(epoch FROM nullif(began_at, '-infinity')) * 1000000)::bigint, NULL::bigint, first_number,
       NULL::bytea
FROM epochs
UNION ALL
SELECT session_id, (extract(epoch FROM nullif(began_at, '-infinity')) * 1000000)::bigint, chunk, NULL, entries
FROM wanted JOIN session_numbers USING (session_id, began_at, chunk)

-- write_numbers --
-- Chunks as they are now; epochs move by the difference.
WITH changed AS (
    INSERT INTO session_numbers (session_id, began_at, chunk, entries, direct, resent, direct_messages,
                                 direct_numbers, direct_pairs, seen_numbers, last_sent)
    SELECT session_id, coalesce(began_at, '-infinity'), chunk, entries, direct::int8multirange,
           resent::int8multirange, direct_messages, direct_numbers, direct_pairs, seen_numbers, last_sent
    FROM unnest(%(session_id)s, %(began_at)s, %(chunk)s, %(entries)s, %(direct)s, %(resent)s, %(direct_messages)s,
                %(direct_numbers)s, %(direct_pairs)s, %(seen_numbers)s, %(last_sent)s)
        AS n (session_id, began_at, chunk, entries, direct, resent, direct_messages, direct_numbers, direct_pairs,
            seen_numbers, last_sent)
    ORDER BY 1, 2, 3
    ON CONFLICT (session_id, began_at, chunk) DO UPDATE SET
        entries = excluded.entries, direct = excluded.direct, resent = excluded.resent,
        direct_messages = excluded.direct_messages, direct_numbers = excluded.direct_numbers,
        direct_pairs = excluded.direct_pairs, seen_numbers = excluded.seen_numbers, last_sent = excluded.last_sent
    RETURNING new.session_id, new.began_at,
              new.direct_messages - coalesce(old.direct_messages, 0) AS direct_messages,
              new.direct_numbers - coalesce(old.direct_numbers, 0) AS direct_numbers,
              new.direct_pairs - coalesce(old.direct_pairs, 0) AS direct_pairs,
              new.seen_numbers - coalesce(old.seen_numbers, 0) AS seen_numbers
)
INSERT INTO session_epochs AS e (session_id, began_at, kind, first_number, direct_messages, direct_numbers,
                                 direct_pairs, seen_numbers)
SELECT session_id, began_at, min(kind), min(first_number), sum(direct_messages), sum(direct_numbers),
       sum(direct_pairs), sum(seen_numbers)
FROM (
    SELECT session_id, began_at, NULL::session_epoch_kind AS kind, NULL::bigint AS first_number, direct_messages,
           direct_numbers, direct_pairs, seen_numbers
    FROM changed
    UNION ALL
    SELECT session_id, sent, kind::session_epoch_kind, first_number, 0, 0, 0, 0
    FROM unnest(%(reset_session_id)s, %(reset_sent)s, %(reset_kind)s, %(reset_first_number)s)
        AS r (session_id, sent, kind, first_number)
) AS n
GROUP BY session_id, began_at
ORDER BY session_id, began_at
ON CONFLICT (session_id, began_at) DO UPDATE SET
    kind            = least(e.kind, excluded.kind),
    first_number    = least(e.first_number, excluded.first_number),
    direct_messages = e.direct_messages + excluded.direct_messages,
    direct_numbers  = e.direct_numbers + excluded.direct_numbers,
    direct_pairs    = e.direct_pairs + excluded.direct_pairs,
    seen_numbers    = e.seen_numbers + excluded.seen_numbers

-- sweep_numbers --
-- Chunks all of whose numbers turned out to be of a later epoch.
DELETE FROM session_numbers AS n
USING unnest(%(session_id)s, %(chunk)s) AS w (session_id, chunk)
WHERE n.session_id = w.session_id AND n.chunk = w.chunk AND n.entries = ''

-- sweep_epochs --
-- Before every reset there may be nothing left.
DELETE FROM session_epochs AS e
WHERE e.session_id = ANY (%(session_id)s) AND e.began_at = '-infinity'
  AND NOT EXISTS (SELECT FROM session_numbers AS n WHERE n.session_id = e.session_id AND n.began_at = e.began_at)

-- add_events --
-- One with the same key and other content: the lesser one stays, whichever came first.
INSERT INTO session_events AS e (session_id, sent, seq_num, kind, begin_number, end_number, ref_seq_num, ref_tag,
                                 ref_msg_type, reason, ref_id, text)
SELECT session_id, sent, seq_num, kind::session_event_kind, begin_number, end_number, ref_seq_num, ref_tag,
       ref_msg_type, reason, ref_id, text
FROM unnest(%(session_id)s, %(sent)s, %(seq_num)s, %(kind)s, %(begin_number)s, %(end_number)s, %(ref_seq_num)s,
            %(ref_tag)s, %(ref_msg_type)s, %(reason)s, %(ref_id)s, %(text)s)
    AS n (session_id, sent, seq_num, kind, begin_number, end_number, ref_seq_num, ref_tag, ref_msg_type, reason,
        ref_id, text)
ORDER BY 1, 2, 3, 4
ON CONFLICT (session_id, sent, seq_num, kind) DO UPDATE SET
    begin_number = excluded.begin_number, end_number = excluded.end_number, ref_seq_num = excluded.ref_seq_num,
    ref_tag = excluded.ref_tag, ref_msg_type = excluded.ref_msg_type, reason = excluded.reason,
    ref_id = excluded.ref_id, text = excluded.text
WHERE excluded < e
