-- Trades whose state is a function of the reports that came, whatever their order: a key with the trading day and the
-- side, the first sent of a trade's reports, and busts and corrections in a table of their own. What was folded before
-- is folded anew by `fixwatch rebuild`.

DROP TABLE trades;
DROP TABLE trade_minutes;
DROP FUNCTION corrected_later(timestamptz, text, timestamptz, text);

CREATE TABLE trades (
    session_id       integer NOT NULL,
    -- ExecID(17) of an ExecutionReport(8), TradeReportID(571) of a TradeCaptureReport(AE).
    exec_id          text COLLATE "C" NOT NULL,
    -- 0: of an ExecutionReport; from 1 on: a side of a TradeCaptureReport.
    side_no          integer NOT NULL,
    -- Ids may come again on another day.
    trading_day      date NOT NULL,
    -- When the first of its reports was stored, whichever counts.
    ingested_at      timestamptz NOT NULL,
    -- The report that counts, the first one sent: where it stands, when it was sent, its MsgSeqNum, what it says.
    stream_id        integer NOT NULL,
    kafka_offset     bigint NOT NULL,
    sent             timestamptz NOT NULL,
    msg_seq_num      bigint NOT NULL,
    cl_ord_id        text,
    order_id         text,
    account          text COLLATE "C",
    symbol           text COLLATE "C",
    side             text,
    currency         text,
    last_mkt         text,
    trade_date       date,
    settl_date       date,
    transact_time    timestamptz,
    last_qty         numeric,
    last_px          numeric,
    -- A number for what makes two reports the same: LastQty, LastPx, Symbol, Side, OrderID, Account, Currency.
    content          bigint NOT NULL,
    reports          integer NOT NULL,
    -- Where the reports have several contents, which: the least sixteen.
    contents         bigint[],
    -- What its changes come to: its first bust, and its latest correction.
    bust_exec_id     text,
    correct_exec_id  text,
    corrected_at     timestamptz,
    corrected_qty    numeric,
    corrected_px     numeric,
    -- When the first of them was stored.
    changed_at       timestamptz,
    -- The rest follows, and is computed by whoever reads it: stored, it cost COPY a tenth and the table an eighth.
    source    text NOT NULL GENERATED ALWAYS AS (CASE WHEN side_no = 0 THEN '8' ELSE 'AE' END) VIRTUAL,
    traded_at timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(transact_time, sent)) VIRTUAL,
    -- Reports whose content was there; contents besides the first.
    repeats   integer NOT NULL GENERATED ALWAYS AS (reports - coalesce(cardinality(contents), 1)) VIRTUAL,
    conflicts integer NOT NULL GENERATED ALWAYS AS (coalesce(cardinality(contents), 1) - 1) VIRTUAL,
    status    text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN bust_exec_id IS NOT NULL THEN 'busted'
             WHEN correct_exec_id IS NOT NULL THEN 'corrected'
             ELSE 'new' END) VIRTUAL,
    -- What counts: nothing of a busted trade, the corrected values of a corrected one; no notional without a price.
    qty       numeric NOT NULL GENERATED ALWAYS AS (
        CASE WHEN bust_exec_id IS NULL THEN coalesce(corrected_qty, last_qty, 0) ELSE 0 END) VIRTUAL,
    px        numeric GENERATED ALWAYS AS (coalesce(corrected_px, last_px)) VIRTUAL,
    notional  numeric NOT NULL GENERATED ALWAYS AS (
        CASE WHEN bust_exec_id IS NULL
             THEN coalesce(corrected_qty, last_qty, 0) * coalesce(corrected_px, last_px, 0) ELSE 0 END) VIRTUAL,
    PRIMARY KEY (session_id, exec_id, side_no, trading_day)
);
COMMENT ON TABLE trades IS 'One row a fill: session, ExecID(17) or TradeReportID(571) and side, trading day.';

-- The blotter, the newest first, and the same of one symbol, account or session: without these, what is rare would be
-- searched for in all trades. All trades of a batch have one ingested_at, so a b-tree keeps it, and a symbol with it,
-- once, with a list of six bytes a row: 1 MB each for 150,000 rows, of which the primary key takes 12. What has to be
-- sorted behind it is one batch at most. At COPY, which takes 3 microseconds a row, the three cost 2.5 more. A side is
-- read along with any of them: half of all rows have it. An ExecID whose session is not known is found by the primary
-- key, which Postgres skips through session by session.
CREATE INDEX trades_ingested_at ON trades (ingested_at);
CREATE INDEX trades_symbol ON trades (symbol, ingested_at);
CREATE INDEX trades_account ON trades (account, ingested_at) WHERE account IS NOT NULL;
CREATE INDEX trades_session ON trades (session_id, ingested_at);

CREATE TABLE trade_changes (
    session_id   integer NOT NULL,
    -- The fill, or the change of it, that this one names: ExecRefID(19), TradeReportRefID(572).
    ref_id       text COLLATE "C" NOT NULL,
    -- Its own id, which another change may name.
    exec_id      text COLLATE "C" NOT NULL,
    -- As of trades; -1: all sides of a TradeCaptureReport.
    side_no      integer NOT NULL,
    trading_day  date NOT NULL,
    -- A number for what it says. Some give several changes one id: all of them count.
    content      bigint NOT NULL,
    -- As of trades.
    ingested_at  timestamptz NOT NULL,
    stream_id    integer NOT NULL,
    kafka_offset bigint NOT NULL,
    sent         timestamptz NOT NULL,
    msg_seq_num  bigint NOT NULL,
    -- Else a correction, to these values.
    is_bust      boolean NOT NULL,
    trade_date   date,
    last_qty     numeric,
    last_px      numeric,
    PRIMARY KEY (session_id, ref_id, exec_id, side_no, trading_day, content)
);
COMMENT ON TABLE trade_changes IS 'One row a bust or a correction, also of a trade that has not come.';
CREATE INDEX trade_changes_exec_id ON trade_changes (session_id, exec_id);

CREATE TABLE trade_minutes (
    minute     timestamptz NOT NULL,
    -- '' where a trade has none.
    symbol     text COLLATE "C" NOT NULL,
    account    text COLLATE "C" NOT NULL,
    currency   text COLLATE "C" NOT NULL,
    session_id integer NOT NULL,
    side       text COLLATE "C" NOT NULL,
    trades     bigint NOT NULL,
    qty        numeric NOT NULL,
    -- Of trades with a price: notional / priced_qty is the volume-weighted average price.
    priced_qty numeric NOT NULL,
    notional   numeric NOT NULL,
    PRIMARY KEY (minute, symbol, account, currency, session_id, side)
);
COMMENT ON TABLE trade_minutes IS
    'Trades that count, by minute of TransactTime(60), moved by busts and corrections. No row counts nothing.';
