-- What reading needs, so that an answer takes as long with much in the tables as with little.

-- Orders that turned out to be parts of others have no state, and would never leave the list of open ones.
DROP INDEX orders_open;
CREATE INDEX orders_open ON orders (order_key)
    WHERE (ord_status IS NULL OR ord_status NOT IN ('2', '3', '4', '8', 'B', 'C')) AND merged_into IS NULL;
-- Pages of waiting orders go on behind the last one. A producer may give all its messages one time.
DROP INDEX orders_waiting;
CREATE INDEX orders_waiting ON orders (waiting_since, order_key) WHERE waiting_for IS NOT NULL AND merged_into IS NULL;

-- Trades of a stretch of time, as they were traded: they may have been stored at any time. Nearly always the newest is
-- the last, so that COPY takes as long with it as without (16 microseconds a row on a busy machine, give or take 1).
CREATE INDEX trades_traded_at ON trades ((coalesce(transact_time, sent)));
-- The ids of orders are found by order_ids, and their reports by these. A TradeCaptureReport(AE) has the ids of each
-- side in a group, so no order has its message. Only such trades are in these.
CREATE INDEX trades_capture_order_id ON trades (order_id) WHERE side_no > 0;
CREATE INDEX trades_capture_cl_ord_id ON trades (cl_ord_id) WHERE side_no > 0;
