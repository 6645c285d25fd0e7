-- What ingesters do for the database beside storing.

-- make_partitions --
SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date - 1, 4)

-- report_ingester --
INSERT INTO ingesters AS i (ingester_id, state, detail, version, partitions)
VALUES (%(ingester_id)s, %(state)s, %(detail)s, %(version)s, %(partitions)s)
ON CONFLICT (ingester_id) DO UPDATE SET
    seen_at = now(), state = excluded.state, detail = excluded.detail, partitions = excluded.partitions

-- forget_ingester --
DELETE FROM ingesters WHERE ingester_id = %(ingester_id)s

-- sweep --
WITH batches AS (DELETE FROM ingest_batches WHERE ingested_at < now() - interval '1 day')
DELETE FROM ingesters WHERE seen_at < now() - interval '1 day'
