-- What the watched table itself does not remember: until when tokens of a member are refused, and whose row is gone.
-- Members and tokens are compared byte by byte, which no collation of text does in both servers.
CREATE TABLE IF NOT EXISTS sidegate_stamps (
    member VARBINARY(1024) NOT NULL,
    not_before BIGINT NOT NULL,
    deleted TINYINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (member),
    KEY sidegate_stamps_changed_at (changed_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Sessions that were ended before their tokens expire.
CREATE TABLE IF NOT EXISTS sidegate_ended_sessions (
    token_id VARBINARY(512) NOT NULL,
    valid_until BIGINT NOT NULL,
    PRIMARY KEY (token_id),
    KEY sidegate_ended_sessions_valid_until (valid_until)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- A keyed hash of each watched secret, so that a change is noticed whenever it was made.
CREATE TABLE IF NOT EXISTS sidegate_fingerprints (
    source VARBINARY(255) NOT NULL,
    member VARBINARY(1024) NOT NULL,
    fingerprint VARBINARY(32) NOT NULL,
    PRIMARY KEY (source, member)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- How far each source has been read.
CREATE TABLE IF NOT EXISTS sidegate_checkpoints (
    source VARBINARY(255) NOT NULL,
    position VARBINARY(8192) NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (source)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- The last number of a sequence without holes, in the order of commits, which AUTO_INCREMENT is not.
CREATE TABLE IF NOT EXISTS sidegate_counters (
    name VARBINARY(64) NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (name)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- What other gateways have to learn.
CREATE TABLE IF NOT EXISTS sidegate_changes (
    id BIGINT NOT NULL,
    kind VARBINARY(32) NOT NULL,
    subject VARBINARY(1024) NOT NULL,
    moment BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    KEY sidegate_changes_written_at (written_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
