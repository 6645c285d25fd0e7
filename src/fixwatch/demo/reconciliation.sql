-- What Postgres holds of the streams of some runs (%(topic_ids)s), whose ids carry their tokens (%(runs)s). These statements read the whole log of them:
-- they are a check, not a screen. Garbled messages are left out where the ledger leaves them out: nobody can
-- trust what can be read of them.

-- log --
SELECT count(*) AS messages,
       count(*) FILTER (WHERE verdict = 'valid') AS valid,
       count(*) FILTER (WHERE verdict = 'rejected') AS rejected,
       count(*) FILTER (WHERE verdict = 'garbled') AS garbled,
       count(*) FILTER (WHERE quarantined) AS quarantined,
       count(*) FILTER (WHERE verdict <> 'garbled' AND position('\x0139373d5901'::bytea IN raw) > 0) AS poss_resends,
       -- An e with an acute accent in Latin-1: in UTF-8 the byte would begin a Chinese character.
       count(*) FILTER (WHERE verdict <> 'garbled' AND position('\xe9'::bytea IN raw) > 0) AS non_ascii
FROM messages JOIN ingest_offsets USING (stream_id)
WHERE topic_id = ANY(%(topic_ids)s)

-- stored --
SELECT coalesce(sum(next_offset), 0)::bigint AS records
FROM ingest_offsets
WHERE topic_id = ANY(%(topic_ids)s)

-- by_msg_type --
SELECT coalesce(msg_type, ''), count(*)
FROM messages JOIN ingest_offsets USING (stream_id)
WHERE topic_id = ANY(%(topic_ids)s) AND verdict <> 'garbled'
GROUP BY msg_type

-- by_session --
SELECT coalesce(sender_comp_id || '->' || target_comp_id, ''), count(*)
FROM messages JOIN ingest_offsets USING (stream_id) LEFT JOIN sessions USING (session_id)
WHERE topic_id = ANY(%(topic_ids)s) AND verdict <> 'garbled'
GROUP BY sender_comp_id, target_comp_id

-- repeats --
-- A run's session counts from 1 once: a number twice is a repeat.
SELECT coalesce(sum(messages - numbers), 0)::bigint AS repeats,
       coalesce(sum(in_turn - numbers_in_turn), 0)::bigint AS same_again
FROM (
    SELECT count(*) AS messages, count(DISTINCT msg_seq_num) AS numbers,
           count(*) FILTER (WHERE poss_dup IS NOT TRUE) AS in_turn,
           count(DISTINCT msg_seq_num) FILTER (WHERE poss_dup IS NOT TRUE) AS numbers_in_turn
    FROM messages JOIN ingest_offsets USING (stream_id)
    WHERE topic_id = ANY(%(topic_ids)s) AND verdict <> 'garbled' AND msg_seq_num IS NOT NULL
    GROUP BY topic_id, session_id
) AS of_session

-- epochs --
-- What the folds know of sessions from one reset to the next: the numbers that no message had in its turn, and those
-- of them that none was sent again for and no gap fill passes over. Moments are in microseconds.
WITH numbers AS (
    SELECT session_id, began_at, range_agg(direct) AS direct, range_agg(direct + resent) AS seen
    FROM session_numbers GROUP BY session_id, began_at
), epochs AS (
    SELECT *, lead(began_at, 1, 'infinity') OVER (PARTITION BY session_id ORDER BY began_at) AS ended_at,
           int8multirange(int8range(1, upper(seen))) AS every
    FROM session_epochs JOIN numbers USING (session_id, began_at)
), events AS (
    SELECT e.session_id, e.began_at, v.kind, count(*) AS events,
           range_agg(int8range(v.begin_number, v.end_number, '[]')) FILTER (WHERE v.kind = 'gap_fill') AS filled
    FROM epochs AS e JOIN session_events AS v
      ON v.session_id = e.session_id AND v.sent >= e.began_at AND v.sent < e.ended_at
    GROUP BY e.session_id, e.began_at, v.kind
), together AS (
    SELECT session_id, began_at, jsonb_object_agg(kind, events) AS events,
           coalesce(range_agg(filled) FILTER (WHERE filled IS NOT NULL), '{}') AS filled
    FROM events GROUP BY session_id, began_at
)
SELECT sender_comp_id || '->' || target_comp_id, (extract(epoch FROM e.began_at) * 1000000)::bigint,
       upper(e.seen) - 1, e.every - e.direct, e.every - e.seen - coalesce(t.filled, '{}'),
       coalesce(t.events, '{}'), q.gaps, q.skipped, q.missing
FROM epochs AS e
JOIN sessions USING (session_id)
LEFT JOIN together AS t USING (session_id, began_at)
LEFT JOIN session_sequences AS q USING (session_id, began_at)
WHERE e.began_at > '-infinity'

-- logged_on --
SELECT count(*) AS sessions FROM sessions WHERE logged_on

-- defects --
-- Messages by what their defects say was done to them. A message cut off between two fields has a false
-- BodyLength(9) too, but no CheckSum(10); one cut off in its first field is not to be told from none at all.
SELECT CASE WHEN verdict = 'garbled' AND defects && '{checksum_wrong:10}' THEN 'checksum_wrong'
            WHEN verdict = 'garbled' AND defects @> '{body_length_wrong:9}'
                 AND NOT defects && '{checksum_missing:10,truncated}' THEN 'body_length_wrong'
            WHEN verdict = 'garbled' THEN 'incomplete'
            ELSE split_part(defects[1], ':', 1) END,
       count(*)
FROM messages JOIN ingest_offsets USING (stream_id)
WHERE topic_id = ANY(%(topic_ids)s) AND defects IS NOT NULL
GROUP BY 1

-- fills --
SELECT symbol, count(*), sum(qty), sum(notional)
FROM trades JOIN ingest_offsets USING (stream_id)
WHERE topic_id = ANY(%(topic_ids)s) AND status IN ('new', 'corrected')
GROUP BY symbol

-- trades --
SELECT count(*) FILTER (WHERE status = 'busted') AS busts,
       count(*) FILTER (WHERE correct_exec_id IS NOT NULL) AS corrections,
       coalesce(sum(repeats), 0)::bigint AS repeats,
       coalesce(sum(conflicts), 0)::bigint AS conflicts
FROM trades JOIN ingest_offsets USING (stream_id)
WHERE topic_id = ANY(%(topic_ids)s)

-- unseen --
-- Busts and corrections that name neither a trade nor one another.
SELECT count(*) AS changes
FROM trade_changes AS c JOIN ingest_offsets USING (stream_id)
WHERE topic_id = ANY(%(topic_ids)s)
  AND NOT EXISTS (SELECT FROM trades AS t WHERE t.session_id = c.session_id AND t.exec_id = c.ref_id
                                            AND (t.side_no <> 0) = (c.side_no <> 0) AND t.trading_day <= c.trading_day)
  AND NOT EXISTS (SELECT FROM trade_changes AS o WHERE o.session_id = c.session_id AND o.exec_id = c.ref_id
                                                   AND o.ref_id <> c.ref_id AND o.trading_day <= c.trading_day)

-- unanswered --
-- Requests that no report answers: one that says that it is pending is not an answer.
SELECT msg_type, count(DISTINCT (pair_id, cl_ord_id))
FROM messages AS r JOIN ingest_offsets USING (stream_id) JOIN sessions USING (session_id)
WHERE topic_id = ANY(%(topic_ids)s) AND verdict <> 'garbled' AND msg_type IN ('F', 'G')
  AND (pair_id, cl_ord_id) NOT IN (
    SELECT a.pair_id, a.cl_ord_id
    FROM (messages JOIN ingest_offsets USING (stream_id) JOIN sessions USING (session_id)) AS a
    WHERE a.topic_id = ANY(%(topic_ids)s) AND a.verdict <> 'garbled' AND a.msg_type IN ('8', '9')
      AND coalesce(a.exec_type, '') NOT IN ('6', 'E') AND a.pair_id IS NOT NULL AND a.cl_ord_id IS NOT NULL)
GROUP BY msg_type

-- orders --
-- Columns as the ledger's orders have them: empty text, or 0, where something is not known; times in microseconds.
SELECT coalesce(order_id, ''), coalesce(cl_ord_id, ''), coalesce(ord_status, ''),
       coalesce(trim_scale(cum_qty)::text, ''), coalesce(trim_scale(leaves_qty)::text, ''),
       coalesce(trim_scale(avg_px)::text, ''), coalesce(trim_scale(order_qty)::text, ''),
       coalesce(trim_scale(price)::text, ''), fills, coalesce(waiting_for, ''),
       coalesce((extract(epoch FROM sent_at) * 1000000)::bigint, 0),
       coalesce((extract(epoch FROM answered_at) * 1000000)::bigint, 0),
       coalesce((extract(epoch FROM first_fill_at) * 1000000)::bigint, 0)
FROM orders
WHERE merged_into IS NULL AND split_part(substr(coalesce(order_id, cl_ord_id), 2), '-', 1) = ANY(%(runs)s)
