-- The dead-letter topic is fed from the quarantine: how far, a row a stream. Rows are made when there is such a topic.

CREATE TABLE dead_letter_offsets (
    stream_id   integer PRIMARY KEY REFERENCES ingest_offsets,
    -- Every quarantined message of the stream below this offset was confirmed by the dead-letter topic's broker.
    next_offset bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE dead_letter_offsets IS 'One row a stream: how far its quarantine was sent to the dead-letter topic.';

-- A stream's quarantine in the order of the topic. Only quarantined messages are in it.
CREATE INDEX messages_quarantined ON messages (stream_id, kafka_offset) WHERE quarantined;
