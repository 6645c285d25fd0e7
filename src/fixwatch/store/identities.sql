-- How names get their numbers. Rows are sorted by key before they are inserted: two ingesters that register the
-- same names then wait for each other instead of deadlocking.

-- register_pairs --
INSERT INTO session_pairs (ends)
SELECT DISTINCT CASE WHEN (e.a, e.b, e.c) <= (e.d, e.e, e.f)
                     THEN ARRAY[e.a, e.b, e.c, e.d, e.e, e.f] ELSE ARRAY[e.d, e.e, e.f, e.a, e.b, e.c] END
FROM unnest(%(a)s::text[], %(b)s::text[], %(c)s::text[], %(d)s::text[], %(e)s::text[], %(f)s::text[])
    AS e (a, b, c, d, e, f)
ORDER BY 1
ON CONFLICT (ends) DO NOTHING

-- register_sessions --
INSERT INTO sessions (pair_id, sender_comp_id, sender_sub_id, sender_location_id,
                      target_comp_id, target_sub_id, target_location_id)
SELECT p.pair_id, s.a, s.b, s.c, s.d, s.e, s.f
FROM unnest(%(a)s::text[], %(b)s::text[], %(c)s::text[], %(d)s::text[], %(e)s::text[], %(f)s::text[])
    AS s (a, b, c, d, e, f)
JOIN session_pairs AS p
  ON p.ends = CASE WHEN (s.a, s.b, s.c) <= (s.d, s.e, s.f)
                   THEN ARRAY[s.a, s.b, s.c, s.d, s.e, s.f] ELSE ARRAY[s.d, s.e, s.f, s.a, s.b, s.c] END
ORDER BY s
ON CONFLICT DO NOTHING

-- read_sessions --
SELECT s.sender_comp_id, s.sender_sub_id, s.sender_location_id,
       s.target_comp_id, s.target_sub_id, s.target_location_id, s.session_id, s.pair_id
FROM sessions AS s
JOIN unnest(%(a)s::text[], %(b)s::text[], %(c)s::text[], %(d)s::text[], %(e)s::text[], %(f)s::text[])
    AS w (a, b, c, d, e, f)
  ON (s.sender_comp_id, s.sender_sub_id, s.sender_location_id,
      s.target_comp_id, s.target_sub_id, s.target_location_id) = (w.a, w.b, w.c, w.d, w.e, w.f)

-- read_order_ids --
-- Of each id its latest use up to the day that is asked for.
SELECT w.pair_id, w.kind, w.id, w.day, o.day, o.starts, o.order_key
FROM unnest(%(pair_id)s, %(kind)s, %(id)s, %(day)s) AS w (pair_id, kind, id, day)
CROSS JOIN LATERAL (
    SELECT day, starts, order_key
    FROM order_ids AS o
    WHERE o.pair_id = w.pair_id AND o.id = w.id AND o.kind = w.kind::order_id_kind AND o.day <= w.day
    ORDER BY o.day DESC
    LIMIT 1
) AS o

-- read_later_order_ids --
-- Of each id its earliest use after the day that is asked for.
SELECT w.pair_id, w.kind, w.id, w.day, o.day, o.starts, o.order_key
FROM unnest(%(pair_id)s, %(kind)s, %(id)s, %(day)s) AS w (pair_id, kind, id, day)
CROSS JOIN LATERAL (
    SELECT day, starts, order_key
    FROM order_ids AS o
    WHERE o.pair_id = w.pair_id AND o.id = w.id AND o.kind = w.kind::order_id_kind AND o.day > w.day
    ORDER BY o.day
    LIMIT 1
) AS o

-- start_order_ids --
UPDATE order_ids AS o SET starts = true
FROM unnest(%(pair_id)s, %(kind)s, %(id)s, %(day)s) AS w (pair_id, kind, id, day)
WHERE (o.pair_id, o.id, o.kind, o.day) = (w.pair_id, w.id, w.kind::order_id_kind, w.day)

-- take_order_keys --
SELECT nextval('order_keys') FROM generate_series(1, %(count)s)
