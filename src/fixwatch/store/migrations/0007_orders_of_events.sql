-- An order is the set of what was said of it. Its columns are what that set comes to; late, repeated and reordered
-- messages come to the same. What was folded before is folded anew by `fixwatch rebuild`.

-- Keys go on where they are: none is given twice.
ALTER SEQUENCE order_keys OWNED BY NONE;
DROP TABLE orders;
DROP TABLE order_ids;

CREATE TABLE orders (
    order_key       bigint PRIMARY KEY,
    pair_id         integer NOT NULL,
    -- The first trading day that it was spoken of, as its session counts them.
    trading_day     date,
    cl_ord_id       text,
    order_id        text,
    list_id         text,
    account         text,
    symbol          text,
    side            text,
    ord_type        text,
    time_in_force   text,
    currency        text,
    order_qty       numeric,
    price           numeric,
    stop_px         numeric,
    -- As the latest report says; null: nobody has answered yet.
    ord_status      text,
    exec_type       text,
    cum_qty         numeric,
    leaves_qty      numeric,
    avg_px          numeric,
    text            text,
    ord_rej_reason  bigint,
    cxl_rej_reason  bigint,
    -- When what the state and the terms are from was sent, and its MsgSeqNum.
    state_time      timestamptz,
    state_seq_num   bigint,
    terms_time      timestamptz,
    terms_seq_num   bigint,
    -- First NewOrderSingle(D) sent, first ExecutionReport(8), first fill.
    sent_at         timestamptz,
    answered_at     timestamptz,
    first_fill_at   timestamptz,
    -- new, cancel, replace: a request without an answer; pending_new, pending_cancel, pending_replace: the state.
    waiting_for     text,
    -- By the clock of Kafka.
    waiting_since   timestamptz,
    -- Fills that stand.
    fills           bigint NOT NULL DEFAULT 0,
    -- What is wrong with it: quantities_disagree, cum_qty_went_back, avg_px_disagrees, fill_after_end, overfilled.
    defects         text[],
    -- Of a NewOrderMultileg(AB).
    legs            jsonb,
    messages        bigint NOT NULL DEFAULT 0,
    -- Messages that said again what was said.
    repeats         bigint NOT NULL DEFAULT 0,
    first_seen      timestamptz,
    last_seen       timestamptz,
    -- What was said of it, and how: see ingest/_order_state.h.
    events          bytea,
    -- It turned out to be a part of this order: nothing else of the row counts then.
    merged_into     bigint
) WITH (fillfactor = 85);
COMMENT ON TABLE orders IS 'One row an order, across its ClOrdID(11)/OrigClOrdID(41) chain.';
ALTER SEQUENCE order_keys OWNED BY orders.order_key;

-- Lists are in the order of keys, which ascend with the log: the newest orders first. These are the orders that
-- people look for, in the same order; an order leaves them when it is done, so they stay small.
CREATE INDEX orders_open ON orders (order_key)
    WHERE ord_status IS NULL OR ord_status NOT IN ('2', '3', '4', '8', 'B', 'C');
CREATE INDEX orders_waiting ON orders (waiting_since) WHERE waiting_for IS NOT NULL;
CREATE INDEX orders_rejected ON orders (order_key) WHERE ord_status = '8';
CREATE INDEX orders_defective ON orders (order_key) WHERE defects IS NOT NULL;
CREATE INDEX orders_merged ON orders (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE order_ids (
    pair_id   integer NOT NULL,
    id        text COLLATE "C" NOT NULL,
    kind      order_id_kind NOT NULL,
    -- The trading day of its use, counted from 1970-01-01.
    day       integer NOT NULL,
    -- If it was brought into use on that day; otherwise it is of the order of the day before.
    starts    boolean NOT NULL,
    order_key bigint NOT NULL,
    -- The latest use up to a day is next to it.
    PRIMARY KEY (pair_id, id, kind, day)
);
COMMENT ON TABLE order_ids IS 'Every ClOrdID(11) and OrderID(37) that an order ever had.';

DROP FUNCTION sent_later(timestamptz, bigint, timestamptz, bigint);

-- What an upgrade leaves to do: the folds that are not yet made anew from the log.
CREATE TABLE rebuild_due (
    since timestamptz NOT NULL DEFAULT now(),
    why   text NOT NULL
);
COMMENT ON TABLE rebuild_due IS 'Why `fixwatch rebuild` has to be run once; empty: it has not.';
INSERT INTO rebuild_due (why)
SELECT 'orders, trades and sessions are folded another way' WHERE EXISTS (SELECT FROM messages);
