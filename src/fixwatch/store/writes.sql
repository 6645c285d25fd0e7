-- What the writer says to Postgres. Rows that are merged come as parameters, an array a column.
-- Rows are sorted by key before they are upserted: two ingesters that touch the same rows then wait for each
-- other instead of deadlocking.

-- register_streams --
INSERT INTO ingest_offsets (topic, topic_id, partition)
SELECT %(topic)s, %(topic_id)s, p FROM unnest(%(partitions)s::integer[]) AS p
ON CONFLICT (topic, topic_id, partition) DO NOTHING

-- read_streams --
SELECT partition, stream_id, next_offset FROM ingest_offsets
WHERE topic = %(topic)s AND topic_id = %(topic_id)s AND partition = ANY (%(partitions)s)

-- advance_offsets --
UPDATE ingest_offsets AS o
SET next_offset = n.next_offset, high_watermark = n.high_watermark, updated_at = now()
FROM unnest(%(stream_ids)s::integer[], %(expected)s::bigint[], %(next_offsets)s::bigint[],
            %(high_watermarks)s::bigint[]) AS n (stream_id, expected, next_offset, high_watermark)
WHERE o.stream_id = n.stream_id AND o.next_offset = n.expected

-- record_gap --
INSERT INTO ingest_gaps (stream_id, first_offset, last_offset, reason)
VALUES (%(stream_id)s, %(first_offset)s, %(last_offset)s, %(reason)s)
ON CONFLICT (stream_id, first_offset) DO NOTHING

-- make_partition --
SELECT make_message_partitions(%(day)s, 1)

-- read_known_trades --
SELECT session_id, exec_id
FROM unnest(%(session_id)s, %(exec_id)s) AS n (session_id, exec_id) JOIN trades USING (session_id, exec_id)

-- count_new_trades --
-- The minutes of the trades that this batch has just appended.
INSERT INTO trade_minutes AS m (minute, symbol, session_id, side, trades, qty, notional)
SELECT date_trunc('minute', coalesce(transact_time, ingested_at)), coalesce(symbol, ''), session_id,
       coalesce(side, ''), count(*), sum(qty), sum(notional)
FROM trades
WHERE ingested_at = %(ingested_at)s AND stream_id = ANY (%(stream_ids)s) AND status IN ('new', 'corrected')
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
ON CONFLICT (minute, symbol, session_id, side) DO UPDATE SET
    trades = m.trades + excluded.trades,
    qty = m.qty + excluded.qty,
    notional = m.notional + excluded.notional

-- upsert_trades --
-- The first content seen stays; a repeat is counted, and so is a conflict (the same ExecID, other content).
-- What the upsert changed of a trade that counts moves its minute.
WITH merged AS (
    INSERT INTO trades AS t (
        session_id, exec_id, stream_id, kafka_offset, ingested_at, order_key, cl_ord_id, order_id, account,
        symbol, side, currency, last_mkt, trade_date, transact_time, last_qty, last_px, bust_exec_id,
        correct_exec_id, corrected_at, corrected_qty, corrected_px, repeats, conflicts)
    SELECT *
    FROM unnest(%(session_id)s, %(exec_id)s, %(stream_id)s, %(kafka_offset)s, %(ingested_at)s, %(order_key)s,
                %(cl_ord_id)s, %(order_id)s, %(account)s, %(symbol)s, %(side)s, %(currency)s, %(last_mkt)s,
                %(trade_date)s, %(transact_time)s, %(last_qty)s, %(last_px)s, %(bust_exec_id)s,
                %(correct_exec_id)s, %(corrected_at)s, %(corrected_qty)s, %(corrected_px)s, %(repeats)s,
                %(conflicts)s)
        AS n (session_id, exec_id, stream_id, kafka_offset, ingested_at, order_key, cl_ord_id, order_id,
            account, symbol, side, currency, last_mkt, trade_date, transact_time, last_qty, last_px,
            bust_exec_id, correct_exec_id, corrected_at, corrected_qty, corrected_px, repeats, conflicts)
    ORDER BY session_id, exec_id COLLATE "C"
    ON CONFLICT (session_id, exec_id) DO UPDATE SET
        stream_id     = CASE WHEN t.last_qty IS NULL THEN excluded.stream_id ELSE t.stream_id END,
        kafka_offset  = CASE WHEN t.last_qty IS NULL THEN excluded.kafka_offset ELSE t.kafka_offset END,
        ingested_at   = CASE WHEN t.last_qty IS NULL THEN excluded.ingested_at ELSE t.ingested_at END,
        order_key     = coalesce(t.order_key, excluded.order_key),
        cl_ord_id     = coalesce(t.cl_ord_id, excluded.cl_ord_id),
        order_id      = coalesce(t.order_id, excluded.order_id),
        account       = coalesce(t.account, excluded.account),
        symbol        = coalesce(t.symbol, excluded.symbol),
        side          = coalesce(t.side, excluded.side),
        currency      = coalesce(t.currency, excluded.currency),
        last_mkt      = coalesce(t.last_mkt, excluded.last_mkt),
        trade_date    = coalesce(t.trade_date, excluded.trade_date),
        transact_time = coalesce(t.transact_time, excluded.transact_time),
        last_qty      = coalesce(t.last_qty, excluded.last_qty),
        last_px       = CASE WHEN t.last_qty IS NULL THEN excluded.last_px ELSE t.last_px END,
        bust_exec_id  = least(t.bust_exec_id COLLATE "C", excluded.bust_exec_id COLLATE "C"),
        correct_exec_id = CASE WHEN corrected_later(excluded.corrected_at, excluded.correct_exec_id, t.corrected_at, t.correct_exec_id)
                               THEN excluded.correct_exec_id ELSE t.correct_exec_id END,
        corrected_qty   = CASE WHEN corrected_later(excluded.corrected_at, excluded.correct_exec_id, t.corrected_at, t.correct_exec_id)
                               THEN excluded.corrected_qty ELSE t.corrected_qty END,
        corrected_px    = CASE WHEN corrected_later(excluded.corrected_at, excluded.correct_exec_id, t.corrected_at, t.correct_exec_id)
                               THEN excluded.corrected_px ELSE t.corrected_px END,
        corrected_at    = CASE WHEN corrected_later(excluded.corrected_at, excluded.correct_exec_id, t.corrected_at, t.correct_exec_id)
                               THEN excluded.corrected_at ELSE t.corrected_at END,
        repeats   = t.repeats + excluded.repeats
                    + (t.last_qty IS NOT NULL AND excluded.last_qty IS NOT NULL)::integer,
        conflicts = t.conflicts + excluded.conflicts
                    + (t.last_qty IS NOT NULL AND excluded.last_qty IS NOT NULL
                       AND (t.last_qty, t.last_px, t.symbol, t.side, t.order_id)
                           IS DISTINCT FROM
                           (excluded.last_qty, excluded.last_px, excluded.symbol, excluded.side, excluded.order_id)
                      )::integer
    RETURNING
        date_trunc('minute', coalesce(new.transact_time, new.ingested_at)) AS minute,
        coalesce(new.symbol, '') AS symbol, new.session_id, coalesce(new.side, '') AS side,
        (new.status IN ('new', 'corrected'))::integer
            - coalesce((old.status IN ('new', 'corrected'))::integer, 0) AS trades,
        new.qty - coalesce(old.qty, 0) AS qty,
        new.notional - coalesce(old.notional, 0) AS notional
)
INSERT INTO trade_minutes AS m (minute, symbol, session_id, side, trades, qty, notional)
SELECT minute, symbol, session_id, side, sum(trades), sum(qty), sum(notional)
FROM merged
WHERE trades <> 0 OR qty <> 0 OR notional <> 0
GROUP BY minute, symbol, session_id, side
ORDER BY minute, symbol, session_id, side
ON CONFLICT (minute, symbol, session_id, side) DO UPDATE SET
    trades = m.trades + excluded.trades,
    qty = m.qty + excluded.qty,
    notional = m.notional + excluded.notional

-- upsert_sessions --
-- The first sequence number of the batch, where no reset came before it, closes up to the last one stored.
UPDATE sessions AS s SET
    begin_string = coalesce(n.begin_string, s.begin_string),
    heart_bt_int = coalesce(n.heart_bt_int, s.heart_bt_int),
    logged_on    = coalesce(n.logged_on, s.logged_on),
    last_seq_num = CASE WHEN n.resets > 0 THEN coalesce(n.last_seq_num, s.last_seq_num)
                        ELSE greatest(s.last_seq_num, n.last_seq_num) END,
    messages     = s.messages + n.messages,
    poss_dups    = s.poss_dups + n.poss_dups,
    gaps         = s.gaps + n.gaps + (n.first_seq_num > s.last_seq_num + 1 IS TRUE)::integer,
    missing      = s.missing + n.missing + greatest(coalesce(n.first_seq_num - s.last_seq_num - 1, 0), 0),
    resets       = s.resets + n.resets,
    rejects      = s.rejects + n.rejects,
    first_seen   = least(s.first_seen, n.first_seen),
    last_seen    = greatest(s.last_seen, n.last_seen)
FROM unnest(%(session_id)s, %(begin_string)s, %(heart_bt_int)s, %(logged_on)s, %(resets)s, %(first_seq_num)s,
            %(last_seq_num)s, %(messages)s, %(poss_dups)s, %(gaps)s, %(missing)s, %(rejects)s, %(first_seen)s,
            %(last_seen)s)
    AS n (session_id, begin_string, heart_bt_int, logged_on, resets, first_seq_num, last_seq_num, messages,
        poss_dups, gaps, missing, rejects, first_seen, last_seen)
WHERE s.session_id = n.session_id

-- lock_sessions --
SELECT 1 FROM sessions WHERE session_id = ANY (%(session_id)s) ORDER BY session_id FOR UPDATE

-- upsert_message_minutes --
INSERT INTO message_minutes AS m
SELECT minute, session_id, msg_type, verdict::verdict, messages, bytes, quarantined
FROM unnest(%(minute)s, %(session_id)s, %(msg_type)s, %(verdict)s, %(messages)s, %(bytes)s, %(quarantined)s)
    AS n (minute, session_id, msg_type, verdict, messages, bytes, quarantined)
ORDER BY minute, session_id, msg_type COLLATE "C", verdict
ON CONFLICT (minute, session_id, msg_type, verdict) DO UPDATE SET
    messages = m.messages + excluded.messages,
    bytes = m.bytes + excluded.bytes,
    quarantined = m.quarantined + excluded.quarantined

-- upsert_defect_minutes --
INSERT INTO defect_minutes AS m
SELECT *
FROM unnest(%(minute)s, %(session_id)s, %(reason)s, %(ref_tag)s, %(defects)s)
    AS n (minute, session_id, reason, ref_tag, defects)
ORDER BY minute, session_id, reason COLLATE "C", ref_tag
ON CONFLICT (minute, session_id, reason, ref_tag) DO UPDATE SET defects = m.defects + excluded.defects

-- record_batch --
INSERT INTO ingest_batches (ingested_at, ingester_id, messages, bytes, rejected, garbled, quarantined, lag,
                            first_kafka_time, last_kafka_time, decode_ms, write_ms)
VALUES (%(ingested_at)s, %(ingester_id)s, %(messages)s, %(bytes)s, %(rejected)s, %(garbled)s, %(quarantined)s,
        %(lag)s, %(first_kafka_time)s, %(last_kafka_time)s, %(decode_ms)s, %(write_ms)s)
