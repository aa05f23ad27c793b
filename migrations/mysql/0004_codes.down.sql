DROP TABLE IF EXISTS sidegate_codes;
