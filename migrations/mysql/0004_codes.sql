-- Codes and links that were sent to prove an address or to choose a new password, one for each account and purpose. Neither
-- codes nor addresses can be read here: both are keyed hashes. A code that was spent is NULL; the row stays, as do rows of
-- accounts that nobody has, so that they take as long, until the count of what was sent is forgotten.
CREATE TABLE IF NOT EXISTS sidegate_codes (
    slot VARBINARY(32) NOT NULL,
    code VARBINARY(32) NULL,
    member VARBINARY(1024) NULL,
    address VARBINARY(32) NULL,
    expires_at BIGINT NOT NULL,
    attempts_left INT NOT NULL,
    tries BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    counted_from BIGINT NOT NULL,
    sent INT NOT NULL,
    forgotten_at BIGINT NOT NULL,
    PRIMARY KEY (slot),
    UNIQUE KEY sidegate_codes_code (code),
    KEY sidegate_codes_forgotten_at (forgotten_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
