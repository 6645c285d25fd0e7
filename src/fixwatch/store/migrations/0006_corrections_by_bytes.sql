-- Ids are compared as bytes, as the folds do it: by a locale's order another correction could be the latest.
CREATE OR REPLACE FUNCTION corrected_later(a timestamptz, a_exec_id text, b timestamptz, b_exec_id text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN a_exec_id IS NOT NULL AND (b_exec_id IS NULL
    OR (coalesce(a, '-infinity'), a_exec_id COLLATE "C") >= (coalesce(b, '-infinity'), b_exec_id COLLATE "C"));
