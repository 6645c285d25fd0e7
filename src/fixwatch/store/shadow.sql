-- A shadow of the database: temporary tables of one connection that hide those of the same name, so that what is
-- written for the database goes into them. They end with the connection, however it ends.

-- tables --
SELECT relname FROM pg_class
WHERE relnamespace = %(live)s::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
ORDER BY relname

-- sequences --
-- Those that are asked by name; an identity column's go with their table.
SELECT s.sequencename, coalesce(s.last_value, 0) + 1
FROM pg_sequences AS s
WHERE s.schemaname = %(live)s
  AND NOT EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'i'
      AND d.objid = format('%%I.%%I', s.schemaname, s.sequencename)::regclass)

-- hide_table --
CREATE TEMPORARY TABLE {table} (LIKE {live}.{table} INCLUDING ALL)

-- hide_sequence --
CREATE TEMPORARY SEQUENCE {sequence} START {start} CACHE 1000

-- hide_log --
-- The log's rows are compared as they come, and kept no longer than their batch.
CREATE TEMPORARY TABLE messages (LIKE {live}.messages INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE message_differences (LIKE {live}.messages);
CREATE FUNCTION pg_temp.note_differences() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pg_temp.message_differences
    SELECT r.*
    FROM recomputed AS r
    JOIN {live}.messages AS s ON s.stream_id = r.stream_id AND s.kafka_offset = r.kafka_offset
                             AND s.ingested_at = r.ingested_at
    WHERE ROW(s.*) IS DISTINCT FROM ROW(r.*);
    RETURN NULL;
END;
$$;
CREATE TRIGGER note_differences AFTER INSERT ON pg_temp.messages REFERENCING NEW TABLE AS recomputed
    FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.note_differences()

-- begin_streams --
INSERT INTO ingest_offsets (stream_id, topic, topic_id, partition) OVERRIDING SYSTEM VALUE
SELECT s, %(topic)s, %(topic_id)s, s FROM unnest(%(stream_ids)s::integer[]) AS s
ON CONFLICT DO NOTHING

-- next_offsets --
SELECT stream_id, next_offset FROM ingest_offsets WHERE topic_id = %(topic_id)s

-- add_sessions --
INSERT INTO sessions (session_id, pair_id, sender_comp_id, sender_sub_id, sender_location_id,
                      target_comp_id, target_sub_id, target_location_id) OVERRIDING SYSTEM VALUE
SELECT * FROM unnest(%(session_id)s::integer[], %(pair_id)s::integer[],
                     %(a)s::text[], %(b)s::text[], %(c)s::text[], %(d)s::text[], %(e)s::text[], %(f)s::text[])
ON CONFLICT DO NOTHING

-- read_sessions --
SELECT session_id, pair_id, sender_comp_id, sender_sub_id, sender_location_id,
       target_comp_id, target_sub_id, target_location_id
FROM sessions

-- identity_columns --
SELECT attname FROM pg_attribute WHERE attrelid = %(table)s::regclass AND attidentity <> ''

-- number_on --
-- What is registered from here on must not take a number that is taken.
SELECT setval(pg_get_serial_sequence(%(table)s, %(column)s), (SELECT coalesce(max({column}), 0) + 1 FROM {table}))

-- stored_table --
CREATE TEMPORARY TABLE {stored} (LIKE {live}.{table})

-- copy_out --
COPY (SELECT * FROM {live}.{table}) TO STDOUT (FORMAT BINARY)

-- copy_in --
COPY {table} FROM STDIN (FORMAT BINARY)

-- fill_from_stored --
INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {stored}
