-- The lock of the log as a whole. It belongs to the connection and ends with it.

-- try_exclusive --
SELECT pg_try_advisory_lock(hashtext('fixwatch.log'))

-- try_shared --
SELECT pg_try_advisory_lock_shared(hashtext('fixwatch.log'))
