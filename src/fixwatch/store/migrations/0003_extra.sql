-- Fields that the settings name (FIXWATCH_COLUMNS), by the names that they give them. Null, which takes no room,
-- where a message has none of them or none are named.
ALTER TABLE messages ADD COLUMN extra jsonb;
