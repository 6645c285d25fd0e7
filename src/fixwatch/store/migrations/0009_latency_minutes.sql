-- Latencies by minute, as histograms that merge by adding.

CREATE TYPE latency_kind AS ENUM (
    -- Of orders, by the minute in which the answer was sent, of the session that answered.
    'ack', 'cancel', 'replace', 'first_fill',
    -- SendingTime(52) less the Kafka timestamp, by the minute of the latter.
    'skew'
);

CREATE TABLE latency_minutes (
    minute     timestamptz NOT NULL,
    session_id integer NOT NULL,
    kind       latency_kind NOT NULL,
    -- Which microseconds it holds: fixwatch/histogram.py.
    bucket     smallint NOT NULL,
    count      bigint NOT NULL,
    PRIMARY KEY (minute, session_id, kind, bucket)
);
COMMENT ON TABLE latency_minutes IS 'Latencies and clock skew, signed, as histograms. No row counts nothing.';
