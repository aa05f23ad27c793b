-- Failed logins that all gateways count together. A counter is a keyed hash of an account, a device or an address.
-- `last_at` and `before_at` are milliseconds, `forgotten_at` is seconds.
CREATE TABLE IF NOT EXISTS sidegate_attempts (
    counter BLOB NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    before_at INTEGER NOT NULL,
    forgotten_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sidegate_attempts_forgotten_at ON sidegate_attempts (forgotten_at);
