-- What is known of sessions: sequence numbers by epoch, events, figures that tell levels apart. What was folded before
-- is folded anew by `fixwatch rebuild`.

ALTER TABLE sessions
    DROP COLUMN last_seq_num,
    DROP COLUMN gaps,
    DROP COLUMN missing,
    ADD COLUMN application_messages bigint NOT NULL DEFAULT 0,
    ADD COLUMN logons               bigint NOT NULL DEFAULT 0,
    ADD COLUMN logouts              bigint NOT NULL DEFAULT 0,
    ADD COLUMN business_rejects     bigint NOT NULL DEFAULT 0,
    ADD COLUMN dont_know_trades     bigint NOT NULL DEFAULT 0,
    ADD COLUMN resend_requests      bigint NOT NULL DEFAULT 0,
    ADD COLUMN test_requests        bigint NOT NULL DEFAULT 0,
    -- When it sent last, by its own clock, and with which number: begin_string is of that message.
    ADD COLUMN last_sent            timestamptz,
    ADD COLUMN last_sent_seq_num    bigint,
    -- The Logon that heart_bt_int is of, and the Logon or Logout that logged_on is of.
    ADD COLUMN heart_sent           timestamptz,
    ADD COLUMN heart_seq_num        bigint,
    ADD COLUMN state_sent           timestamptz,
    ADD COLUMN state_seq_num        bigint;
COMMENT ON COLUMN sessions.rejects IS 'Reject(3); BusinessMessageReject(j) is business_rejects.';
UPDATE sessions SET begin_string = NULL, heart_bt_int = NULL, logged_on = NULL, messages = 0, poss_dups = 0,
                    resets = 0, rejects = 0, first_seen = NULL, last_seen = NULL;

CREATE TYPE session_epoch_kind AS ENUM (
    -- A Logon(A) with ResetSeqNumFlag(141)=Y.
    'logon_reset',
    -- A Logon(A) with MsgSeqNum(34) 1 without it: both sides had agreed to begin anew.
    'logon',
    -- A SequenceReset(4) in reset mode.
    'sequence_reset'
);

CREATE TABLE session_epochs (
    session_id      integer NOT NULL,
    -- When the reset was sent; -infinity: before every reset.
    began_at        timestamptz NOT NULL,
    kind            session_epoch_kind,
    -- The first number after the reset.
    first_number    bigint,
    -- Messages without PossDupFlag(43)=Y, the different numbers of them, and how many of these are followed by the
    -- next one: numbers less pairs are the runs.
    direct_messages bigint NOT NULL,
    direct_numbers  bigint NOT NULL,
    direct_pairs    bigint NOT NULL,
    -- Different numbers of all messages, resent ones too.
    seen_numbers    bigint NOT NULL,
    PRIMARY KEY (session_id, began_at)
);
COMMENT ON TABLE session_epochs IS 'A direction of a session from one reset of its sequence numbers to the next.';

CREATE TABLE session_numbers (
    session_id      integer NOT NULL,
    began_at        timestamptz NOT NULL,
    -- MsgSeqNum / 128.
    chunk           bigint NOT NULL,
    -- Every number with the moments in which it was sent: ingest/_session_numbers.h.
    entries         bytea NOT NULL,
    -- Numbers of messages without PossDupFlag(43)=Y, and with it.
    direct          int8multirange NOT NULL,
    resent          int8multirange NOT NULL,
    direct_messages bigint NOT NULL,
    direct_numbers  bigint NOT NULL,
    direct_pairs    bigint NOT NULL,
    seen_numbers    bigint NOT NULL,
    last_sent       timestamptz,
    PRIMARY KEY (session_id, began_at, chunk)
    -- The newest chunk is written with every batch: room on its page keeps the index out of it.
) WITH (fillfactor = 70);
COMMENT ON TABLE session_numbers IS 'The sequence numbers of an epoch, 128 a row.';

CREATE TYPE session_event_kind AS ENUM (
    'logon', 'logout', 'reset', 'gap_fill', 'resend_request', 'test_request',
    -- One that answers a test request.
    'heartbeat',
    'reject', 'business_reject', 'dont_know_trade',
    -- A minute in which it logged on or sent application messages outside its schedule.
    'out_of_hours'
);

CREATE TABLE session_events (
    session_id   integer NOT NULL,
    sent         timestamptz NOT NULL,
    -- 0: none.
    seq_num      bigint NOT NULL,
    kind         session_event_kind NOT NULL,
    -- reset: from which number on; gap_fill: first and last number; resend_request: BeginSeqNo, EndSeqNo (0: all).
    begin_number bigint,
    end_number   bigint,
    ref_seq_num  bigint,
    ref_tag      bigint,
    ref_msg_type text COLLATE "C",
    -- SessionRejectReason(373), BusinessRejectReason(380), DKReason(127).
    reason       text COLLATE "C",
    -- TestReqID(112), BusinessRejectRefID(379), ExecID(17).
    ref_id       text COLLATE "C",
    text         text COLLATE "C",
    PRIMARY KEY (session_id, sent, seq_num, kind)
);
COMMENT ON TABLE session_events IS 'What is rare on sessions.';
-- What was filled of an epoch.
CREATE INDEX session_events_gap_fills ON session_events (session_id, sent) WHERE kind = 'gap_fill';

-- The present epoch of each direction: what came, what is missing. It begins with the first number after the reset,
-- or with the first one that came directly where nobody saw a reset, and ends with the last one that is known of. A
-- number is missing as long as it came neither directly nor resent and no gap fill passed over it.
CREATE VIEW session_sequences AS
SELECT s.session_id, e.began_at, e.kind,
       span.first_number, span.last_number,
       -- Holes in what came directly: between its runs, before the first one and behind the last one.
       CASE WHEN span.numbers = 0 THEN 0
            WHEN e.direct_numbers = 0 THEN 1
            ELSE e.direct_numbers - e.direct_pairs - 1 + (span.first_number < ends.low_direct)::integer
                 + (span.last_number > ends.high_direct)::integer END AS gaps,
       span.numbers - e.direct_numbers AS skipped,
       e.seen_numbers - before.numbers - e.direct_numbers AS resent,
       filled.numbers - passed.numbers AS filled,
       span.numbers - (e.seen_numbers - before.numbers) - (filled.numbers - passed.numbers) AS missing,
       e.direct_messages - e.direct_numbers AS repeated
FROM sessions AS s
CROSS JOIN LATERAL (
    SELECT * FROM session_epochs WHERE session_id = s.session_id ORDER BY began_at DESC LIMIT 1
) AS e
CROSS JOIN LATERAL (
    SELECT (SELECT lower(direct) FROM session_numbers AS n
            WHERE n.session_id = e.session_id AND n.began_at = e.began_at AND direct_numbers > 0
            ORDER BY chunk LIMIT 1) AS low_direct,
           (SELECT upper(direct) - 1 FROM session_numbers AS n
            WHERE n.session_id = e.session_id AND n.began_at = e.began_at AND direct_numbers > 0
            ORDER BY chunk DESC LIMIT 1) AS high_direct,
           (SELECT lower(direct + resent) FROM session_numbers AS n
            WHERE n.session_id = e.session_id AND n.began_at = e.began_at AND seen_numbers > 0
            ORDER BY chunk LIMIT 1) AS low_seen,
           (SELECT upper(direct + resent) - 1 FROM session_numbers AS n
            WHERE n.session_id = e.session_id AND n.began_at = e.began_at AND seen_numbers > 0
            ORDER BY chunk DESC LIMIT 1) AS high_seen
) AS ends
CROSS JOIN LATERAL (
    SELECT coalesce(least(e.first_number, ends.low_direct), ends.low_seen) AS number
) AS first
CROSS JOIN LATERAL (
    SELECT coalesce(range_agg(int8range(greatest(f.begin_number, first.number), f.end_number, '[]')), '{}') AS ranges
    FROM session_events AS f
    WHERE f.session_id = e.session_id AND f.kind = 'gap_fill' AND f.sent >= e.began_at
      AND greatest(f.begin_number, first.number) <= f.end_number
) AS fills
CROSS JOIN LATERAL (
    SELECT first_number, last_number, greatest(last_number - first_number + 1, 0) AS numbers
    FROM (SELECT first.number AS first_number,
                 greatest(ends.high_seen, upper(fills.ranges) - 1, first.number - 1) AS last_number) AS span
) AS span
CROSS JOIN LATERAL (
    SELECT coalesce(sum(upper(f) - lower(f)), 0)::bigint AS numbers FROM unnest(fills.ranges) AS f
) AS filled
CROSS JOIN LATERAL (
    -- Those of the filled ones that came all the same.
    SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint AS numbers
    FROM session_numbers AS n, unnest((n.direct + n.resent) * fills.ranges) AS r
    WHERE n.session_id = e.session_id AND n.began_at = e.began_at
      AND n.chunk BETWEEN lower(fills.ranges) / 128 AND upper(fills.ranges) / 128
) AS passed
CROSS JOIN LATERAL (
    -- Those that were resent of what was before.
    SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint AS numbers
    FROM session_numbers AS n, unnest(n.resent * int8multirange(int8range(NULL, first.number))) AS r
    WHERE n.session_id = e.session_id AND n.began_at = e.began_at AND n.chunk <= first.number / 128
      AND first.number > ends.low_seen
) AS before;
COMMENT ON VIEW session_sequences IS 'What came of the present epoch of each session, and what is missing.';

INSERT INTO rebuild_due (why)
SELECT 'sessions are folded another way' WHERE EXISTS (SELECT FROM messages);
