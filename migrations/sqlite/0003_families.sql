-- Sessions that logins have opened: families of refresh tokens. Of the user there is what the user is shown of them.
CREATE TABLE IF NOT EXISTS sidegate_sessions (
    session TEXT NOT NULL PRIMARY KEY,
    member TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    adopted INTEGER NOT NULL,
    ended_at INTEGER NULL,
    ended_by TEXT NULL,
    address TEXT NULL,
    agent TEXT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sidegate_sessions_member ON sidegate_sessions (member);
CREATE INDEX IF NOT EXISTS sidegate_sessions_used_at ON sidegate_sessions (used_at);
CREATE INDEX IF NOT EXISTS sidegate_sessions_expires_at ON sidegate_sessions (expires_at);

-- Their refresh tokens, by what nobody can make a token of: a hash. The successor of a spent one is sealed under the token.
CREATE TABLE IF NOT EXISTS sidegate_refresh_tokens (
    fingerprint BLOB NOT NULL PRIMARY KEY,
    session TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    spent_at INTEGER NULL,
    successor BLOB NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sidegate_refresh_tokens_session ON sidegate_refresh_tokens (session);
CREATE INDEX IF NOT EXISTS sidegate_refresh_tokens_expires_at ON sidegate_refresh_tokens (expires_at);
