-- Recomputed rows into the tables that they belong to: what differs is changed, what agrees is left alone. So views,
-- rights, prepared statements and everybody's caches stay good, and a row that was right costs nothing.

-- stop_writers --
-- Every batch begins by moving its offsets on: from here on none does, and those that had begun are committed.
LOCK TABLE {live}.ingest_offsets IN SHARE MODE

-- replace --
WITH changed AS (
    MERGE INTO {live}.{table} AS s USING {recomputed} AS r ON {same_key}
    WHEN MATCHED AND ROW({stored_columns}) IS DISTINCT FROM ROW({recomputed_columns})
                     AND coalesce({comparable}, true) THEN
        UPDATE SET {assignments}
    WHEN NOT MATCHED BY TARGET AND {recomputable} THEN
        INSERT ({written}) VALUES ({recomputed_written})
    WHEN NOT MATCHED BY SOURCE AND coalesce({comparable}, true) THEN
        DELETE
    RETURNING merge_action() AS action
)
SELECT count(*) FILTER (WHERE action = 'UPDATE'), count(*) FILTER (WHERE action = 'INSERT'),
       count(*) FILTER (WHERE action = 'DELETE')
FROM changed

-- replace_figures --
-- A session is a name too, that rows refer to: none comes and none goes.
UPDATE {live}.{table} AS s SET {assignments}
FROM {recomputed} AS r
WHERE {same_key} AND ROW({stored_columns}) IS DISTINCT FROM ROW({recomputed_columns}) AND coalesce({comparable}, true)

-- replace_log --
UPDATE {live}.messages AS s SET {assignments}
FROM pg_temp.message_differences AS r
WHERE s.stream_id = r.stream_id AND s.kafka_offset = r.kafka_offset AND s.ingested_at = r.ingested_at

-- rebuilt --
DELETE FROM {live}.rebuild_due
