-- Failed logins that all gateways count together. A counter is a keyed hash of an account, a device or an address.
-- `last_at` and `before_at` are milliseconds, `forgotten_at` is seconds.
CREATE TABLE IF NOT EXISTS sidegate_attempts (
    counter VARBINARY(16) NOT NULL,
    failures INT UNSIGNED NOT NULL,
    last_at BIGINT NOT NULL,
    before_at BIGINT NOT NULL,
    forgotten_at BIGINT NOT NULL,
    PRIMARY KEY (counter),
    KEY sidegate_attempts_forgotten_at (forgotten_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
