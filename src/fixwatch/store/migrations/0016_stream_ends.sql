-- Where streams end by now. A batch says it of the moment at which it was read; while none is stored, its ingester says
-- it here, once a second. Not in `ingest_offsets`: a batch that hangs has locked its rows there, and a rebuild all.

CREATE TABLE stream_ends (
    stream_id      integer PRIMARY KEY REFERENCES ingest_offsets,
    high_watermark bigint NOT NULL,
    seen_at        timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
COMMENT ON TABLE stream_ends IS 'One row a stream: where it ended when an ingester that reads it looked last.';

-- What is known of where streams end: the later of both.
CREATE VIEW streams AS
SELECT o.stream_id, o.topic, o.topic_id, o.partition, o.next_offset, o.updated_at,
       CASE WHEN e.seen_at > o.updated_at THEN e.high_watermark ELSE o.high_watermark END AS high_watermark
FROM ingest_offsets AS o LEFT JOIN stream_ends AS e USING (stream_id);
COMMENT ON VIEW streams IS 'Streams, how far their log is stored, and where they end: minus next_offset, the lag.';
