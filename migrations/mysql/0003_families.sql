-- Sessions that logins have opened: families of refresh tokens. Of the user there is what the user is shown of them.
CREATE TABLE IF NOT EXISTS sidegate_sessions (
    session VARBINARY(64) NOT NULL,
    member VARBINARY(1024) NOT NULL,
    opened_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    adopted TINYINT NOT NULL,
    ended_at BIGINT NULL,
    ended_by VARBINARY(32) NULL,
    address VARBINARY(64) NULL,
    agent VARBINARY(255) NULL,
    PRIMARY KEY (session),
    KEY sidegate_sessions_member (member),
    KEY sidegate_sessions_used_at (used_at),
    KEY sidegate_sessions_expires_at (expires_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Their refresh tokens, by what nobody can make a token of: a hash. The successor of a spent one is sealed under the token.
CREATE TABLE IF NOT EXISTS sidegate_refresh_tokens (
    fingerprint VARBINARY(32) NOT NULL,
    session VARBINARY(64) NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT NULL,
    successor BLOB NULL,
    PRIMARY KEY (fingerprint),
    KEY sidegate_refresh_tokens_session (session),
    KEY sidegate_refresh_tokens_expires_at (expires_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
