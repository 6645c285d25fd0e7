-- The log, the folds of it, and the offsets. Needs Postgres 18: the upserts return the row before and after.
--
-- Names in keys are COLLATE "C": compared as bytes, which is what an id is, and several times as fast.
--
-- A stream is one partition of one incarnation of a topic: a topic that was deleted and made again has a new
-- topic id (KIP-516), starts at offset 0 once more, and is another stream.

CREATE TABLE ingest_offsets (
    stream_id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic          text NOT NULL,
    topic_id       text NOT NULL,
    partition      integer NOT NULL CHECK (partition >= 0),
    -- The offset of the first record that is not in the log. Moved on in the transaction that stores a batch,
    -- and only from the value that the writer read: that is what fences off a process that lost the partition.
    next_offset    bigint NOT NULL DEFAULT 0 CHECK (next_offset >= 0),
    -- The end of the partition when the batch was read; minus next_offset: the lag.
    high_watermark bigint NOT NULL DEFAULT 0,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (topic, topic_id, partition)
);
COMMENT ON TABLE ingest_offsets IS 'One row a stream: how far its log is stored.';

CREATE TABLE ingesters (
    ingester_id text PRIMARY KEY,
    started_at  timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now(),
    state       text NOT NULL,
    detail      text,
    version     text NOT NULL,
    partitions  integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE ingesters IS 'One row a running ingester, renewed every second; old ones are swept away.';

CREATE TABLE ingest_batches (
    batch_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- What the batch's rows carry: when it was decoded.
    ingested_at  timestamptz NOT NULL,
    -- The last thing before the commit.
    committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ingester_id  text NOT NULL,
    messages     integer NOT NULL,
    bytes        bigint NOT NULL,
    rejected     integer NOT NULL,
    garbled      integer NOT NULL,
    quarantined  integer NOT NULL,
    -- Records that were in the topic behind this batch, over the batch's streams.
    lag          bigint NOT NULL,
    -- Kafka timestamps of the batch: committed_at minus the first is the end-to-end latency of its oldest message.
    first_kafka_time timestamptz NOT NULL,
    last_kafka_time  timestamptz NOT NULL,
    decode_ms    integer NOT NULL,
    write_ms     integer NOT NULL
);
COMMENT ON TABLE ingest_batches IS 'One row a committed batch, kept for a day: rates, lag and latency.';
-- For "the last minute" of the dashboard and for sweeping.
CREATE INDEX ingest_batches_ingested_at ON ingest_batches (ingested_at);

-- The upserts' order of precedence: what was sent later wins, whatever came first. Inlined by the planner.
CREATE FUNCTION sent_later(a timestamptz, a_seq_num bigint, b timestamptz, b_seq_num bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN a IS NOT NULL AND (b IS NULL OR (a, coalesce(a_seq_num, 0)) >= (b, coalesce(b_seq_num, 0)));

CREATE FUNCTION corrected_later(a timestamptz, a_exec_id text, b timestamptz, b_exec_id text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN a_exec_id IS NOT NULL AND (b_exec_id IS NULL
    OR (coalesce(a, '-infinity'), a_exec_id) >= (coalesce(b, '-infinity'), b_exec_id));

-- Sessions -----------------------------------------------------------------------------------------------

CREATE TABLE session_pairs (
    pair_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The two ends' CompID, SubID and LocationID, the smaller end first: the same for both directions.
    ends    text[] NOT NULL UNIQUE
);

CREATE TABLE sessions (
    session_id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pair_id            integer NOT NULL REFERENCES session_pairs,
    sender_comp_id     text NOT NULL,
    sender_sub_id      text NOT NULL DEFAULT '',
    sender_location_id text NOT NULL DEFAULT '',
    target_comp_id     text NOT NULL,
    target_sub_id      text NOT NULL DEFAULT '',
    target_location_id text NOT NULL DEFAULT '',
    begin_string       text,
    heart_bt_int       bigint,
    logged_on          boolean,
    -- The highest MsgSeqNum since the last reset, and what was missing below it when it came.
    last_seq_num       bigint,
    messages           bigint NOT NULL DEFAULT 0,
    poss_dups          bigint NOT NULL DEFAULT 0,
    gaps               bigint NOT NULL DEFAULT 0,
    missing            bigint NOT NULL DEFAULT 0,
    resets             bigint NOT NULL DEFAULT 0,
    rejects            bigint NOT NULL DEFAULT 0,
    first_seen         timestamptz,
    last_seen          timestamptz,
    UNIQUE (sender_comp_id, sender_sub_id, sender_location_id,
            target_comp_id, target_sub_id, target_location_id)
);
COMMENT ON TABLE sessions IS 'One row a direction of a session: SenderCompID(49) -> TargetCompID(56).';

-- The log ------------------------------------------------------------------------------------------------

CREATE TYPE verdict AS ENUM ('valid', 'rejected', 'garbled');

CREATE TABLE messages (
    stream_id        integer NOT NULL,
    kafka_offset     bigint NOT NULL,
    kafka_time       timestamptz NOT NULL,
    ingested_at      timestamptz NOT NULL,
    session_id       integer,
    order_key        bigint,
    verdict          verdict NOT NULL,
    -- Kept back from the folds because of its defects.
    quarantined      boolean NOT NULL,
    -- 'reason' or 'reason:tag' each, the one that a FIX engine would report first; null where there is none.
    defects          text[],
    msg_type         text,
    msg_seq_num      bigint,
    poss_dup         boolean,
    sending_time     timestamptz,
    cl_ord_id        text,
    orig_cl_ord_id   text,
    order_id         text,
    symbol           text,
    side             text,
    order_qty        numeric,
    price            numeric,
    transact_time    timestamptz,
    exec_id          text,
    exec_type        text,
    ord_status       text,
    last_qty         numeric,
    last_px          numeric,
    cum_qty          numeric,
    leaves_qty       numeric,
    avg_px           numeric,
    -- The record's value as it came; secrets are blanked.
    raw              bytea NOT NULL
) PARTITION BY RANGE (ingested_at);
COMMENT ON TABLE messages IS 'The log: every record of the topic once, good or bad. A partition a day (UTC).';

-- Look-up by place in the topic, and the proof that no record is stored twice. Ascending, so it stays in memory.
CREATE UNIQUE INDEX messages_place ON messages (stream_id, kafka_offset, ingested_at);
-- An order's timeline. Only messages of orders are in it.
CREATE INDEX messages_order_key ON messages (order_key, ingested_at) WHERE order_key IS NOT NULL;
-- The list of what has defects, newest first. Only messages with defects are in it.
CREATE INDEX messages_defects ON messages (ingested_at, kafka_offset) WHERE defects IS NOT NULL;

-- Makes the log's partitions of the given days where they are missing. Called ahead of time by the ingester.
CREATE FUNCTION make_message_partitions(first_day date, days integer) RETURNS integer
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
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF messages FOR VALUES FROM (%L) TO (%L)',
                name, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END;
$$;

-- Orders -------------------------------------------------------------------------------------------------

CREATE TABLE orders (
    order_key       bigint PRIMARY KEY,
    pair_id         integer NOT NULL,
    cl_ord_id       text,
    order_id        text,
    account         text,
    symbol          text,
    side            text,
    ord_type        text,
    time_in_force   text,
    currency        text,
    order_qty       numeric,
    price           numeric,
    ord_status      text,
    exec_type       text,
    cum_qty         numeric,
    leaves_qty      numeric,
    avg_px          numeric,
    text            text,
    -- SendingTime and MsgSeqNum of the message that the state and the terms are from: the latest one sent.
    state_time      timestamptz,
    state_seq_num   bigint,
    terms_time      timestamptz,
    terms_seq_num   bigint,
    -- First NewOrderSingle(D) sent, first ExecutionReport(8) sent back.
    sent_at         timestamptz,
    answered_at     timestamptz,
    messages        bigint NOT NULL DEFAULT 0,
    first_seen      timestamptz NOT NULL,
    last_seen       timestamptz NOT NULL
);
COMMENT ON TABLE orders IS 'One row an order, across its ClOrdID(11)/OrigClOrdID(41) chain.';
-- The newest orders first.
CREATE INDEX orders_last_seen ON orders (last_seen);
CREATE SEQUENCE order_keys OWNED BY orders.order_key CACHE 1000;

CREATE TYPE order_id_kind AS ENUM ('cl_ord_id', 'order_id');
CREATE TABLE order_ids (
    pair_id   integer NOT NULL,
    id        text COLLATE "C" NOT NULL,
    kind      order_id_kind NOT NULL,
    order_key bigint NOT NULL,
    PRIMARY KEY (pair_id, id, kind)
);
COMMENT ON TABLE order_ids IS 'Every ClOrdID(11) and OrderID(37) that an order ever had.';

-- Trades -------------------------------------------------------------------------------------------------

CREATE TABLE trades (
    session_id       integer NOT NULL,
    exec_id          text COLLATE "C" NOT NULL,
    stream_id        integer NOT NULL,
    kafka_offset     bigint NOT NULL,
    ingested_at      timestamptz NOT NULL,
    order_key        bigint,
    cl_ord_id        text,
    order_id         text,
    account          text,
    symbol           text,
    side             text,
    currency         text,
    last_mkt         text,
    trade_date       date,
    transact_time    timestamptz,
    -- As first reported; null while only a bust or a correction of it has come.
    last_qty         numeric,
    last_px          numeric,
    bust_exec_id     text,
    -- The latest correction, by TransactTime and then by ExecID.
    correct_exec_id  text,
    corrected_at     timestamptz,
    corrected_qty    numeric,
    corrected_px     numeric,
    repeats          integer NOT NULL DEFAULT 0,
    conflicts        integer NOT NULL DEFAULT 0,
    -- What counts: nothing for a busted trade, the corrected values for a corrected one.
    qty      numeric NOT NULL GENERATED ALWAYS AS (
        CASE WHEN last_qty IS NULL OR bust_exec_id IS NOT NULL THEN 0
             ELSE coalesce(corrected_qty, last_qty) END) STORED,
    px       numeric GENERATED ALWAYS AS (coalesce(corrected_px, last_px)) STORED,
    notional numeric NOT NULL GENERATED ALWAYS AS (
        CASE WHEN last_qty IS NULL OR bust_exec_id IS NOT NULL THEN 0
             ELSE coalesce(corrected_qty, last_qty) * coalesce(corrected_px, last_px, 0) END) STORED,
    status   text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN last_qty IS NULL THEN 'unseen'
             WHEN bust_exec_id IS NOT NULL THEN 'busted'
             WHEN correct_exec_id IS NOT NULL THEN 'corrected'
             ELSE 'new' END) STORED,
    PRIMARY KEY (session_id, exec_id)
);
COMMENT ON TABLE trades IS 'One row a fill: SenderCompID -> TargetCompID and ExecID(17).';
-- The blotter, newest first. A batch's trades have one ingested_at, which a b-tree keeps once: the page that is
-- asked for is sorted by session_id and exec_id behind it.
CREATE INDEX trades_ingested_at ON trades (ingested_at);

-- Rollups ------------------------------------------------------------------------------------------------

CREATE TABLE trade_minutes (
    minute     timestamptz NOT NULL,
    symbol     text COLLATE "C" NOT NULL,
    session_id integer NOT NULL,
    side       text COLLATE "C" NOT NULL,
    trades     bigint NOT NULL,
    qty        numeric NOT NULL,
    notional   numeric NOT NULL,
    PRIMARY KEY (minute, symbol, session_id, side)
);
COMMENT ON TABLE trade_minutes IS 'Trades that count, by minute of TransactTime(60), moved by busts and corrections.';

CREATE TABLE message_minutes (
    minute      timestamptz NOT NULL,
    -- 0: the session could not be read.
    session_id  integer NOT NULL,
    msg_type    text COLLATE "C" NOT NULL,
    verdict     verdict NOT NULL,
    messages    bigint NOT NULL,
    bytes       bigint NOT NULL,
    quarantined bigint NOT NULL,
    PRIMARY KEY (minute, session_id, msg_type, verdict)
);
COMMENT ON TABLE message_minutes IS 'Messages by minute of their Kafka timestamp.';

CREATE TABLE defect_minutes (
    minute     timestamptz NOT NULL,
    session_id integer NOT NULL,
    reason     text COLLATE "C" NOT NULL,
    ref_tag    integer NOT NULL,
    defects    bigint NOT NULL,
    PRIMARY KEY (minute, session_id, reason, ref_tag)
);
COMMENT ON TABLE defect_minutes IS 'Defects by minute of the Kafka timestamp; ref_tag 0: no one field is to blame.';
