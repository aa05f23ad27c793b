# shellcheck shell=bash
# The database's accounts, made by the image's entry point, which reads this file (it is not executable on purpose).
# The gateway's may read the one table and nothing else.

case "$MONOLITH_PASSWORD$SIDEGATE_PASSWORD" in
    *[\'\\]*)
        mysql_error "a password may not hold a quote or a backslash"
        ;;
esac

docker_process_sql <<SQL
CREATE USER monolith@'%' IDENTIFIED BY '$MONOLITH_PASSWORD';
CREATE USER sidegate@'%' IDENTIFIED BY '$SIDEGATE_PASSWORD';
GRANT ALL PRIVILEGES ON pampam.* TO monolith@'%';
GRANT SELECT ON pampam.\`user\` TO sidegate@'%';
SQL
