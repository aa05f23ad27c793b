-- What managers have done to members on the pages for them, and why. The ids of rows of the user table, and no name.
CREATE TABLE IF NOT EXISTS sidegate_member_acts (
    id INTEGER NOT NULL PRIMARY KEY,
    member TEXT NOT NULL,
    manager TEXT NOT NULL,
    act TEXT NOT NULL,
    reason TEXT NULL,
    acted_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sidegate_member_acts_member ON sidegate_member_acts (member, id);
CREATE INDEX IF NOT EXISTS sidegate_member_acts_acted_at ON sidegate_member_acts (acted_at);
