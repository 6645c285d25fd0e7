-- What Postgres holds of the streams of some runs (%(topic_ids)s). These statements read the whole log of them:
-- they are a check, not a screen. Garbled messages are left out where the ledger leaves them out: nobody can
-- trust what can be read of them.

-- log --
SELECT count(*) AS messages,
       count(*) FILTER (WHERE verdict = 'valid') AS valid,
       count(*) FILTER (WHERE verdict = 'rejected') AS rejected,
       count(*) FILTER (WHERE verdict = 'garbled') AS garbled,
       count(*) FILTER (WHERE quarantined) AS quarantined,
       count(*) FILTER (WHERE verdict <> 'garbled' AND poss_dup) AS poss_dups,
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

-- sequence_numbers --
-- A run's session counts from 1 once: a number twice is a repeat, a number that is missing was never read.
SELECT coalesce(sum(messages - numbers), 0)::bigint AS repeats,
       coalesce(sum(highest - lowest + 1 - numbers), 0)::bigint AS missing
FROM (
    SELECT count(*) AS messages, count(DISTINCT msg_seq_num) AS numbers,
           min(msg_seq_num) AS lowest, max(msg_seq_num) AS highest
    FROM messages JOIN ingest_offsets USING (stream_id)
    WHERE topic_id = ANY(%(topic_ids)s) AND verdict <> 'garbled' AND msg_seq_num IS NOT NULL
    GROUP BY topic_id, session_id
) AS of_session

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
SELECT count(*) AS orders
FROM (
    SELECT 1
    FROM messages JOIN ingest_offsets USING (stream_id)
    WHERE topic_id = ANY(%(topic_ids)s) AND order_key IS NOT NULL
    GROUP BY order_key
    HAVING bool_or(msg_type = 'D') AND NOT bool_or(msg_type IN ('8', '9'))
) AS unanswered
