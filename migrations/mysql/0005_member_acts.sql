-- What managers have done to members on the pages for them, and why. The ids of rows of the user table, and no name.
CREATE TABLE IF NOT EXISTS sidegate_member_acts (
    id BIGINT NOT NULL AUTO_INCREMENT,
    member VARBINARY(1024) NOT NULL,
    manager VARBINARY(1024) NOT NULL,
    act VARBINARY(32) NOT NULL,
    reason VARBINARY(2048) NULL,
    acted_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    KEY sidegate_member_acts_member (member, id),
    KEY sidegate_member_acts_acted_at (acted_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
