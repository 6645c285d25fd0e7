-- Something of what is in the tables, from all over them.

-- percent --
-- Of a table's pages, to choose from: a small table would give none.
SELECT CASE WHEN (SELECT count(*) FROM copies) < 4 THEN 100 ELSE 2 END

-- orders --
SELECT order_key, messages
FROM orders TABLESAMPLE SYSTEM (%(percent)s)
WHERE merged_into IS NULL
ORDER BY random() LIMIT %(rows)s

-- ids --
SELECT id, order_key FROM order_ids TABLESAMPLE SYSTEM (%(percent)s) ORDER BY random() LIMIT %(rows)s

-- offsets --
SELECT topic, partition, kafka_offset
FROM (SELECT stream_id, kafka_offset FROM messages TABLESAMPLE SYSTEM (%(percent)s) ORDER BY random() LIMIT %(rows)s) AS m
JOIN ingest_offsets USING (stream_id)

-- trades --
SELECT exec_id FROM trades TABLESAMPLE SYSTEM (%(percent)s) ORDER BY random() LIMIT %(rows)s

-- places --
-- Not among the oldest tenth: a page is full.
SELECT ingested_at, session_id, exec_id, side_no, trading_day
FROM trades TABLESAMPLE SYSTEM (%(percent)s)
WHERE ingested_at > (SELECT min(ingested_at) + (max(ingested_at) - min(ingested_at)) / 10 FROM trades)
ORDER BY random() LIMIT %(rows)s

-- symbols --
SELECT DISTINCT symbol FROM source_trades WHERE symbol IS NOT NULL ORDER BY symbol LIMIT %(rows)s

-- accounts --
SELECT DISTINCT account FROM source_trades WHERE account IS NOT NULL ORDER BY account LIMIT %(rows)s

-- trading_sessions --
SELECT DISTINCT session_id FROM source_trades ORDER BY session_id LIMIT %(rows)s

-- sessions --
SELECT session_id FROM sessions ORDER BY session_id LIMIT %(rows)s

-- newest --
SELECT max(ingested_at) FROM trades
