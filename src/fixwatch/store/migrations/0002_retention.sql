-- What retention has dropped of the log, so that nobody takes it for lost; and partitions made without a halt.

CREATE TABLE log_dropped (
    first_time      timestamptz NOT NULL,
    -- The partition held what was ingested before this.
    end_time        timestamptz PRIMARY KEY,
    messages        bigint NOT NULL,
    bytes           bigint NOT NULL,
    -- The latest Kafka timestamp in it: folds by minute up to here cannot be recomputed from what is left.
    last_kafka_time timestamptz,
    dropped_at      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE log_dropped IS 'One row a partition of the log that retention dropped.';

CREATE TABLE log_begins (
    stream_id    integer PRIMARY KEY,
    first_offset bigint NOT NULL
);
COMMENT ON TABLE log_begins IS 'One row a stream of which retention dropped messages: records below first_offset.';

-- CREATE TABLE ... PARTITION OF takes an ACCESS EXCLUSIVE lock on the log: behind one long reader it would wait,
-- and everybody else behind it. ATTACH PARTITION lets readers and writers go on.
CREATE OR REPLACE FUNCTION make_message_partitions(first_day date, days integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    day date;
    name text;
    made integer := 0;
BEGIN
    -- One at a time: two ingesters that start together would both find a day missing.
    PERFORM pg_advisory_xact_lock(hashtext('fixwatch.make_message_partitions'));
    FOR day IN SELECT first_day + n FROM generate_series(0, days - 1) AS n LOOP
        name := 'messages_' || to_char(day, 'YYYYMMDD');
        IF to_regclass(format('%I', name)) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE messages INCLUDING ALL EXCLUDING INDEXES)', name);
            EXECUTE format(
                'ALTER TABLE messages ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                name, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END;
$$;
