DROP TABLE IF EXISTS sidegate_member_acts;
