# shellcheck shell=bash
# The database's accounts, made by the image's entry point, which reads this file (it is not executable on purpose).
# The gateway's may read the one table and nothing else; its own tables are in a database of their own, where one account
# serves and another one migrates. The one that watches has to see the binlog, and so every change of every table.

case "$MONOLITH_PASSWORD$SIDEGATE_PASSWORD$STATE_PASSWORD$MIGRATE_PASSWORD$WATCH_PASSWORD" in
    *[\'\\]*)
        mysql_error "a password may not hold a quote or a backslash"
        ;;
esac

docker_process_sql <<SQL
CREATE USER monolith@'%' IDENTIFIED BY '$MONOLITH_PASSWORD';
CREATE USER sidegate@'%' IDENTIFIED BY '$SIDEGATE_PASSWORD';
GRANT ALL PRIVILEGES ON pampam.* TO monolith@'%';
GRANT SELECT ON pampam.\`user\` TO sidegate@'%';
CREATE DATABASE sidegate;
CREATE USER sidegate_state@'%' IDENTIFIED BY '$STATE_PASSWORD';
CREATE USER sidegate_migrate@'%' IDENTIFIED BY '$MIGRATE_PASSWORD';
CREATE USER sidegate_watch@'%' IDENTIFIED BY '$WATCH_PASSWORD';
GRANT REPLICATION SLAVE ON *.* TO sidegate_watch@'%';
GRANT SELECT ON pampam.\`user\` TO sidegate_watch@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON sidegate.* TO sidegate_state@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX ON sidegate.* TO sidegate_migrate@'%';
SQL
