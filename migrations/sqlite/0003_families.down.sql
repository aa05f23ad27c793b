DROP TABLE IF EXISTS sidegate_refresh_tokens;
DROP TABLE IF EXISTS sidegate_sessions;
