DROP TABLE IF EXISTS sidegate_attempts;
