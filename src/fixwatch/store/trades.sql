-- Trades, as one batch moves them. Rows come as parameters, an array a column. Whoever writes holds the lock of the
-- rows of `sessions` that the trades are of: nobody else writes theirs meanwhile.
--
-- Every statement that moves trades moves their minutes by what it changed, and takes a minute away that counts nothing
-- any more: there would be none if the trades had come in another order.

-- look_up --
-- Which trades of a batch are stored, or are named by a change that came before them: by their place in the batch.
SELECT n.at::integer - 1, t.session_id IS NOT NULL
FROM unnest(%(session_id)s, %(exec_id)s, %(side_no)s, %(trading_day)s) WITH ORDINALITY
    AS n (session_id, exec_id, side_no, trading_day, at)
LEFT JOIN trades AS t ON t.session_id = n.session_id AND t.exec_id = n.exec_id AND t.side_no = n.side_no
                     AND t.trading_day = n.trading_day
-- Not EXISTS: beside an OR the planner may read all changes there ever were, to look a large batch up in them.
LEFT JOIN LATERAL (
    SELECT true AS is_named FROM trade_changes AS c WHERE c.session_id = n.session_id AND c.ref_id = n.exec_id LIMIT 1
) AS c ON true
WHERE t.session_id IS NOT NULL OR c.is_named

-- count_fills --
-- What trades that were appended add to their minutes.
MERGE INTO trade_minutes AS m USING (
    SELECT minute, symbol, account, currency, session_id, side, trades, qty::numeric, priced_qty::numeric,
           notional::numeric
    FROM unnest(%(minute)s, %(symbol)s, %(account)s, %(currency)s, %(session_id)s, %(side)s, %(trades)s, %(qty)s,
                %(priced_qty)s, %(notional)s)
        AS n (minute, symbol, account, currency, session_id, side, trades, qty, priced_qty, notional)
) AS d
ON (m.minute, m.symbol, m.account, m.currency, m.session_id, m.side)
   = (d.minute, d.symbol, d.account, d.currency, d.session_id, d.side)
WHEN MATCHED THEN UPDATE SET
    trades = m.trades + d.trades, qty = m.qty + d.qty, priced_qty = m.priced_qty + d.priced_qty,
    notional = m.notional + d.notional
WHEN NOT MATCHED THEN
    INSERT (minute, symbol, account, currency, session_id, side, trades, qty, priced_qty, notional)
    VALUES (d.minute, d.symbol, d.account, d.currency, d.session_id, d.side, d.trades, d.qty, d.priced_qty, d.notional)

-- merge_fills --
-- Of a trade's reports the least counts, by (sent, msg_seq_num, content) and then by place; contents are a set, of
-- which the least are kept. Returns the places in the batch of those that changes name.
WITH n AS MATERIALIZED (
    SELECT *
    FROM unnest(%(session_id)s, %(exec_id)s, %(side_no)s, %(trading_day)s, %(sent)s, %(msg_seq_num)s, %(stream_id)s,
                %(kafka_offset)s, %(cl_ord_id)s, %(order_id)s, %(account)s, %(symbol)s, %(side)s, %(currency)s,
                %(last_mkt)s, %(trade_date)s, %(settl_date)s, %(transact_time)s, %(last_qty)s, %(last_px)s,
                %(content)s, %(reports)s, %(contents)s) WITH ORDINALITY
        AS n (session_id, exec_id, side_no, trading_day, sent, msg_seq_num, stream_id, kafka_offset, cl_ord_id,
            order_id, account, symbol, side, currency, last_mkt, trade_date, settl_date, transact_time, last_qty,
            last_px, content, reports, contents, at)
), merged AS (
    INSERT INTO trades AS t (
        session_id, exec_id, side_no, trading_day, sent, msg_seq_num, stream_id, kafka_offset, ingested_at, cl_ord_id,
        order_id, account, symbol, side, currency, last_mkt, trade_date, settl_date, transact_time, last_qty, last_px,
        content, reports, contents)
    SELECT session_id, exec_id, side_no, trading_day, sent, msg_seq_num, stream_id, kafka_offset, %(ingested_at)s,
           cl_ord_id, order_id, account, symbol, side, currency, last_mkt, trade_date, settl_date, transact_time,
           last_qty, last_px, content, reports, string_to_array(contents, ' ')::bigint[]
    FROM n
    ON CONFLICT (session_id, exec_id, side_no, trading_day) DO UPDATE SET
        (sent, msg_seq_num, stream_id, kafka_offset, cl_ord_id, order_id, account, symbol, side, currency, last_mkt,
         trade_date, settl_date, transact_time, last_qty, last_px, content) = (
            SELECT (f).sent, (f).msg_seq_num, (f).stream_id, (f).kafka_offset, (f).cl_ord_id, (f).order_id,
                   (f).account, (f).symbol, (f).side, (f).currency, (f).last_mkt, (f).trade_date, (f).settl_date,
                   (f).transact_time, (f).last_qty, (f).last_px, (f).content
            FROM (SELECT CASE WHEN (excluded.sent, excluded.msg_seq_num, excluded.content, excluded.stream_id,
                                    excluded.kafka_offset)
                                   < (t.sent, t.msg_seq_num, t.content, t.stream_id, t.kafka_offset)
                              THEN excluded ELSE t END) AS least (f)),
        ingested_at = least(t.ingested_at, excluded.ingested_at),
        reports     = t.reports + excluded.reports,
        contents    = CASE WHEN t.contents IS NULL AND excluded.contents IS NULL AND t.content = excluded.content
                           THEN NULL
                           ELSE (SELECT array_agg(content ORDER BY content)
                                 FROM (SELECT DISTINCT content
                                       FROM unnest(coalesce(t.contents, ARRAY[t.content])
                                                   || coalesce(excluded.contents, ARRAY[excluded.content])) AS content
                                       ORDER BY content LIMIT %(most_contents)s) AS least) END
    RETURNING old AS before, new AS after
), moved AS (
    SELECT date_trunc('minute', (of).traded_at) AS minute, coalesce((of).symbol, '') AS symbol,
           coalesce((of).account, '') AS account, coalesce((of).currency, '') AS currency, (of).session_id,
           coalesce((of).side, '') AS side, sum(sign * ((of).status <> 'busted')::integer) AS trades,
           sum(sign * (of).qty) AS qty, sum(CASE WHEN (of).px IS NULL THEN 0 ELSE sign * (of).qty END) AS priced_qty,
           sum(sign * (of).notional) AS notional
    FROM merged CROSS JOIN LATERAL (VALUES (-1, before), (1, after)) AS s (sign, of)
    WHERE (of).session_id IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6
), counted AS (
    MERGE INTO trade_minutes AS m USING (
        SELECT * FROM moved WHERE trades <> 0 OR qty <> 0 OR priced_qty <> 0 OR notional <> 0
    ) AS d
    ON (m.minute, m.symbol, m.account, m.currency, m.session_id, m.side)
       = (d.minute, d.symbol, d.account, d.currency, d.session_id, d.side)
    WHEN MATCHED AND m.trades + d.trades = 0 THEN DELETE
    WHEN MATCHED THEN UPDATE SET
        trades = m.trades + d.trades, qty = m.qty + d.qty, priced_qty = m.priced_qty + d.priced_qty,
        notional = m.notional + d.notional
    WHEN NOT MATCHED THEN
        INSERT (minute, symbol, account, currency, session_id, side, trades, qty, priced_qty, notional)
        VALUES (d.minute, d.symbol, d.account, d.currency, d.session_id, d.side, d.trades, d.qty, d.priced_qty,
                d.notional)
)
SELECT n.at::integer - 1
FROM n
WHERE EXISTS (SELECT FROM trade_changes AS c WHERE c.session_id = n.session_id AND c.ref_id = n.exec_id)

-- add_changes --
-- A set: of two reports of one change the least stays.
INSERT INTO trade_changes AS c (session_id, ref_id, side_no, exec_id, trading_day, sent, msg_seq_num, stream_id,
    kafka_offset, trade_date, last_qty, last_px, is_bust, content, ingested_at)
SELECT DISTINCT ON (session_id, ref_id, side_no, exec_id, trading_day, content) *, %(ingested_at)s
FROM unnest(%(session_id)s, %(ref_id)s, %(side_no)s, %(exec_id)s, %(trading_day)s, %(sent)s, %(msg_seq_num)s,
            %(stream_id)s, %(kafka_offset)s, %(trade_date)s, %(last_qty)s, %(last_px)s, %(is_bust)s, %(content)s)
    AS n (session_id, ref_id, side_no, exec_id, trading_day, sent, msg_seq_num, stream_id, kafka_offset, trade_date,
        last_qty, last_px, is_bust, content)
ORDER BY session_id, ref_id, side_no, exec_id, trading_day, content, sent, msg_seq_num, stream_id, kafka_offset
ON CONFLICT (session_id, ref_id, exec_id, side_no, trading_day, content) DO UPDATE SET
    (sent, msg_seq_num, stream_id, kafka_offset) = (
        SELECT *
        FROM (VALUES (c.sent, c.msg_seq_num, c.stream_id, c.kafka_offset),
                     (excluded.sent, excluded.msg_seq_num, excluded.stream_id, excluded.kafka_offset)) AS r
        ORDER BY 1, 2, 3, 4 LIMIT 1),
    ingested_at = least(c.ingested_at, excluded.ingested_at)

-- read_related --
-- Everything that has to do with some ids: from an id to the changes that name it and to their own ids, and where an id
-- is named, from the changes that have it to the ids that these name; and the trades of all these ids. Trades have no
-- ref_id. There are senders that give all their busts one id, and such that let all of them name nothing: an id
-- that nobody names leads to no other change that has it, and one that nobody has leads nowhere.
WITH RECURSIVE related AS (
    SELECT session_id, is_capture, id COLLATE "C"
    FROM unnest(%(session_id)s, %(is_capture)s, %(id)s) AS n (session_id, is_capture, id)
    WHERE EXISTS (SELECT FROM trades AS t
                  WHERE t.session_id = n.session_id AND t.exec_id = n.id AND (t.side_no <> 0) = n.is_capture)
       OR EXISTS (SELECT FROM trade_changes AS c
                  WHERE c.session_id = n.session_id AND c.exec_id = n.id AND (c.side_no <> 0) = n.is_capture)
    UNION
    SELECT r.session_id, r.is_capture, o.id
    FROM related AS r CROSS JOIN LATERAL (
        SELECT c.exec_id AS id FROM trade_changes AS c
        WHERE c.session_id = r.session_id AND c.ref_id = r.id AND (c.side_no <> 0) = r.is_capture
        UNION ALL
        SELECT p.ref_id
        FROM (SELECT c.ref_id AS id FROM trade_changes AS c
              WHERE c.session_id = r.session_id AND c.ref_id = r.id AND (c.side_no <> 0) = r.is_capture
              LIMIT 1) AS named
        JOIN trade_changes AS p ON p.session_id = r.session_id AND p.exec_id = named.id
                               AND (p.side_no <> 0) = r.is_capture
        WHERE EXISTS (SELECT FROM trades AS t
                      WHERE t.session_id = p.session_id AND t.exec_id = p.ref_id AND (t.side_no <> 0) = r.is_capture)
           OR EXISTS (SELECT FROM trade_changes AS c
                      WHERE c.session_id = p.session_id AND c.exec_id = p.ref_id AND (c.side_no <> 0) = r.is_capture)
    ) AS o
)
SELECT r.session_id, r.is_capture, t.exec_id, t.side_no, t.trading_day, t.trade_date, NULL AS ref_id,
       NULL::boolean AS is_bust, NULL::timestamptz AS sent, NULL::bigint AS msg_seq_num, NULL::bigint AS content,
       NULL::numeric AS last_qty, NULL::numeric AS last_px, NULL::timestamptz AS ingested_at
FROM related AS r JOIN trades AS t ON t.session_id = r.session_id AND t.exec_id = r.id
                                  AND (t.side_no <> 0) = r.is_capture
UNION
SELECT r.session_id, r.is_capture, c.exec_id, c.side_no, c.trading_day, c.trade_date, c.ref_id, c.is_bust, c.sent,
       c.msg_seq_num, c.content, c.last_qty, c.last_px, c.ingested_at
FROM related AS r CROSS JOIN LATERAL (
    SELECT * FROM trade_changes AS c
    WHERE c.session_id = r.session_id AND c.ref_id = r.id AND (c.side_no <> 0) = r.is_capture
    UNION ALL
    SELECT p.*
    FROM (SELECT c.ref_id AS id FROM trade_changes AS c
          WHERE c.session_id = r.session_id AND c.ref_id = r.id AND (c.side_no <> 0) = r.is_capture
          LIMIT 1) AS named
    JOIN trade_changes AS p ON p.session_id = r.session_id AND p.exec_id = named.id
                           AND (p.side_no <> 0) = r.is_capture
) AS c

-- settle --
-- What changes come to for their trades; null where there is none (any more).
WITH settled AS (
    UPDATE trades AS t SET
        bust_exec_id = n.bust_exec_id, correct_exec_id = n.correct_exec_id, corrected_at = n.corrected_at,
        corrected_qty = n.corrected_qty, corrected_px = n.corrected_px, changed_at = n.changed_at
    FROM unnest(%(session_id)s, %(exec_id)s, %(side_no)s, %(trading_day)s, %(bust_exec_id)s, %(correct_exec_id)s,
                %(corrected_at)s, %(corrected_qty)s, %(corrected_px)s, %(changed_at)s)
        AS n (session_id, exec_id, side_no, trading_day, bust_exec_id, correct_exec_id, corrected_at, corrected_qty,
            corrected_px, changed_at)
    WHERE t.session_id = n.session_id AND t.exec_id = n.exec_id AND t.side_no = n.side_no
      AND t.trading_day = n.trading_day
      AND (t.bust_exec_id, t.correct_exec_id, t.corrected_at, t.corrected_qty, t.corrected_px, t.changed_at)
          IS DISTINCT FROM
          (n.bust_exec_id, n.correct_exec_id, n.corrected_at, n.corrected_qty, n.corrected_px, n.changed_at)
    RETURNING old AS before, new AS after
), moved AS (
    SELECT date_trunc('minute', (of).traded_at) AS minute, coalesce((of).symbol, '') AS symbol,
           coalesce((of).account, '') AS account, coalesce((of).currency, '') AS currency, (of).session_id,
           coalesce((of).side, '') AS side, sum(sign * ((of).status <> 'busted')::integer) AS trades,
           sum(sign * (of).qty) AS qty, sum(CASE WHEN (of).px IS NULL THEN 0 ELSE sign * (of).qty END) AS priced_qty,
           sum(sign * (of).notional) AS notional
    FROM settled CROSS JOIN LATERAL (VALUES (-1, before), (1, after)) AS s (sign, of)
    GROUP BY 1, 2, 3, 4, 5, 6
)
MERGE INTO trade_minutes AS m USING (
    SELECT * FROM moved WHERE trades <> 0 OR qty <> 0 OR priced_qty <> 0 OR notional <> 0
) AS d
ON (m.minute, m.symbol, m.account, m.currency, m.session_id, m.side)
   = (d.minute, d.symbol, d.account, d.currency, d.session_id, d.side)
WHEN MATCHED AND m.trades + d.trades = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET
    trades = m.trades + d.trades, qty = m.qty + d.qty, priced_qty = m.priced_qty + d.priced_qty,
    notional = m.notional + d.notional
WHEN NOT MATCHED THEN
    INSERT (minute, symbol, account, currency, session_id, side, trades, qty, priced_qty, notional)
    VALUES (d.minute, d.symbol, d.account, d.currency, d.session_id, d.side, d.trades, d.qty, d.priced_qty, d.notional)
