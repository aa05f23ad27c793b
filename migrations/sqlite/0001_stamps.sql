-- What the watched table itself does not remember: until when tokens of a member are refused, and whose row is gone.
CREATE TABLE IF NOT EXISTS sidegate_stamps (
    member TEXT NOT NULL PRIMARY KEY,
    not_before INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sidegate_stamps_changed_at ON sidegate_stamps (changed_at);

-- Sessions that were ended before their tokens expire.
CREATE TABLE IF NOT EXISTS sidegate_ended_sessions (
    token_id TEXT NOT NULL PRIMARY KEY,
    valid_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sidegate_ended_sessions_valid_until ON sidegate_ended_sessions (valid_until);

-- A keyed hash of each watched secret, so that a change is noticed whenever it was made.
CREATE TABLE IF NOT EXISTS sidegate_fingerprints (
    source TEXT NOT NULL,
    member TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    PRIMARY KEY (source, member)
) STRICT, WITHOUT ROWID;

-- How far each source has been read.
CREATE TABLE IF NOT EXISTS sidegate_checkpoints (
    source TEXT NOT NULL PRIMARY KEY,
    position TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The last number of a sequence without holes, in the order of commits.
CREATE TABLE IF NOT EXISTS sidegate_counters (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What other gateways have to learn.
CREATE TABLE IF NOT EXISTS sidegate_changes (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    moment INTEGER NOT NULL,
    written_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sidegate_changes_written_at ON sidegate_changes (written_at);
