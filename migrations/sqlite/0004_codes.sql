-- Codes and links that were sent to prove an address or to choose a new password, one for each account and purpose. Neither
-- codes nor addresses can be read here: both are keyed hashes. A code that was spent is NULL; the row stays, as do rows of
-- accounts that nobody has, so that they take as long, until the count of what was sent is forgotten.
CREATE TABLE IF NOT EXISTS sidegate_codes (
    slot BLOB NOT NULL PRIMARY KEY,
    code BLOB NULL,
    member TEXT NULL,
    address BLOB NULL,
    expires_at INTEGER NOT NULL,
    attempts_left INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    counted_from INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    forgotten_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS sidegate_codes_code ON sidegate_codes (code);
CREATE INDEX IF NOT EXISTS sidegate_codes_forgotten_at ON sidegate_codes (forgotten_at);
