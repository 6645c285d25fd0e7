-- Offsets of a stream that will never be in its log, and why: written in the transaction that moves the stream's
-- offset past them, so that a record that is missing is never missing in silence.

CREATE TYPE gap_reason AS ENUM (
    -- The topic was older than our first look at it: it began with a later record.
    'before_first_start',
    -- The broker deleted the records, by retention or because somebody asked it to, before they were ingested.
    'deleted',
    -- The broker lost records that are in our log, and may give their offsets to others, which are not stored.
    'truncated'
);

CREATE TABLE ingest_gaps (
    stream_id    integer NOT NULL REFERENCES ingest_offsets,
    first_offset bigint NOT NULL,
    last_offset  bigint NOT NULL CHECK (last_offset >= first_offset),
    reason       gap_reason NOT NULL,
    noticed_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream_id, first_offset)
);
COMMENT ON TABLE ingest_gaps IS 'Offsets that are not in the log and never will be, with the reason.';
