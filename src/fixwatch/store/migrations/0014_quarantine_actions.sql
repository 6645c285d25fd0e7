-- What people ask for of messages that are kept back. Whoever asks inserts a row and nothing else; an ingester carries
-- it out, and writes down what came of it.

CREATE TABLE quarantine_actions (
    action_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- What was asked for at once has one: a selection of many messages.
    request_id     uuid NOT NULL DEFAULT gen_random_uuid(),
    stream_id      integer NOT NULL REFERENCES ingest_offsets,
    kafka_offset   bigint NOT NULL,
    ingested_at    timestamptz NOT NULL,
    -- reopen: a dismissal is taken back.
    kind           text NOT NULL CHECK (kind IN ('reingest', 'dismiss', 'reopen')),
    requested_by   text NOT NULL CHECK (length(requested_by) BETWEEN 1 AND 200),
    note           text NOT NULL DEFAULT '' CHECK (length(note) <= 2000),
    requested_at   timestamptz NOT NULL DEFAULT now(),
    -- From here on by the ingester.
    done_at        timestamptz,
    outcome        text CHECK (outcome IN ('folded', 'still_kept_back', 'dismissed', 'reopened',
                                           -- It was not in quarantine any more; not in the log any more.
                                           'not_kept_back', 'not_in_log')),
    defects_before text[],
    defects_after  text[],
    done_by        text,
    -- Of a dismissal: the action that ended it. While there is none, the message is dismissed.
    ended_by       bigint,
    CHECK (kind <> 'dismiss' OR note <> ''),
    CHECK ((done_at IS NULL) = (outcome IS NULL))
);
COMMENT ON TABLE quarantine_actions IS 'One row a message and an action asked for it: who, when, why, what came of it.';

CREATE INDEX quarantine_actions_open ON quarantine_actions (action_id) WHERE done_at IS NULL;
CREATE INDEX quarantine_actions_of_message ON quarantine_actions (stream_id, kafka_offset, action_id);
CREATE INDEX quarantine_actions_of_request ON quarantine_actions (request_id);
-- What the list of the quarantine leaves out.
CREATE INDEX quarantine_actions_dismissed ON quarantine_actions (stream_id, kafka_offset)
    WHERE outcome = 'dismissed' AND ended_by IS NULL;
