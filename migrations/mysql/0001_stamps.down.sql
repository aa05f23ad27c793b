DROP TABLE IF EXISTS sidegate_changes;
DROP TABLE IF EXISTS sidegate_counters;
DROP TABLE IF EXISTS sidegate_checkpoints;
DROP TABLE IF EXISTS sidegate_fingerprints;
DROP TABLE IF EXISTS sidegate_ended_sessions;
DROP TABLE IF EXISTS sidegate_stamps;
