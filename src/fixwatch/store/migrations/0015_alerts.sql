-- Alerts: what is wrong now and what was, from when until when, and who has seen it.

CREATE TABLE alerts (
    alert_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- A rule of `alerts/rules.py`, and what it was broken by: a session's number, '' the system itself.
    rule            text COLLATE "C" NOT NULL CHECK (length(rule) <= 100),
    subject         text COLLATE "C" NOT NULL CHECK (length(subject) <= 200),
    severity        text COLLATE "C" NOT NULL CHECK (severity IN ('critical', 'warning')),
    -- The subject as people know it, and what is wrong, as of `seen_at`.
    about           text NOT NULL CHECK (length(about) <= 1000),
    why             text NOT NULL CHECK (length(why) <= 1000),
    fired_at        timestamptz NOT NULL DEFAULT now(),
    -- When it was last true.
    seen_at         timestamptz NOT NULL DEFAULT now(),
    resolved_at     timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text CHECK (length(acknowledged_by) BETWEEN 1 AND 200),
    note            text CHECK (length(note) <= 2000),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL)),
    CHECK (acknowledged_at IS NOT NULL OR note IS NULL)
);
COMMENT ON TABLE alerts IS 'One row an alert, from when a rule was broken until it was kept again.';
-- What fires, which is little: each subject of a rule once.
CREATE UNIQUE INDEX alerts_firing ON alerts (rule, subject) WHERE resolved_at IS NULL;
-- The history, the latest end first.
CREATE INDEX alerts_resolved ON alerts (resolved_at, alert_id) WHERE resolved_at IS NOT NULL;

CREATE TABLE alert_rounds (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    at       timestamptz NOT NULL,
    watcher  text NOT NULL
);
COMMENT ON TABLE alert_rounds IS 'When somebody last looked if a rule is broken: without him nothing fires.';
