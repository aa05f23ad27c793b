#!/usr/bin/env bash
# A private MariaDB for tests: its own data directory, socket and free loopback port, all under DIR.
#
#   MONOLITH_PASSWORD=… SIDEGATE_PASSWORD=… mariadb.sh start DIR    start it and load schema and seed
#   mariadb.sh reset DIR                                            load the seed again (well under a second)
#   mariadb.sh sql DIR [DATABASE]                                   a client as root; reads statements from stdin
#   mariadb.sh halt DIR                                             an outage: it ends, its port stays its own
#   mariadb.sh resume DIR                                           the end of the outage, on the same port
#   mariadb.sh stop DIR                                             stop it; a second stop is no error
#
# With TESTS_PASSWORD there is a third account, `tests`, that may create databases and accounts. MARIADB_OPTIONS are
# further options of the server, such as `--skip-log-bin`; the last one of a name counts.
#
# Leaves DIR/port, DIR/socket (a symbolic link to the socket), DIR/pid, DIR/log and DIR/tls. It installs nothing:
# `mariadbd` and `mariadb` of 10.11 and `openssl` have to be there. The data are worthless by intent: nothing is synced
# to disk.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/sbin:/usr/local/sbin

fail() { echo "mariadb.sh: $*" >&2; exit 1; }

usage() { sed -n '2,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 64; }

# The path of a Unix socket is limited to about 107 bytes, so a deep DIR gets its socket elsewhere.
socket_path() {
    local path=$dir/mariadb.sock
    if [ ${#path} -gt 100 ]; then
        path=${TMPDIR:-/tmp}/mariadb-$(printf '%s' "$dir" | cksum | cut -d' ' -f1).sock
    fi
    printf '%s' "$path"
}

client() { mariadb --no-defaults --socket="$(socket_path)" --user="$(id -un)" --default-character-set=utf8mb4 "$@"; }

# The name is compared too: the id in an old file may belong to another process.
is_running() { [ -f "$dir/pid" ] && [ "$(ps -o comm= -p "$(cat "$dir/pid")")" = mariadbd ]; }

# --force: a machine without a name of its own will do, only loopback is used. A folder of its own for what is temporary:
# a server that starts removes the temporary tables of all others from a common one.
install_data() {
    [ -d "$dir/data/mysql" ] && return
    mkdir -p "$dir/tmp"
    mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$dir/data" --tmpdir="$dir/tmp" --skip-test-db --force \
        --auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" \
        --innodb-log-file-size=8M >"$dir/install.log" 2>&1 || { tail -n 20 "$dir/install.log" >&2; fail "installation failed"; }
}

# An authority of its own and a certificate for the loopback address, both made anew for each data directory.
make_certificates() {
    [ -f "$dir/tls/server.crt" ] && return
    mkdir -p "$dir/tls"
    (
        cd "$dir/tls"
        openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=tests authority' \
            -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
            -keyout ca.key -out ca.crt
        openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout server.key -out server.csr
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -set_serial 1 -days 30 -out server.crt \
            -extfile <(printf 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n')
    ) >"$dir/tls.log" 2>&1 || { tail -n 20 "$dir/tls.log" >&2; fail "no certificates"; }
}

read -ra options <<<"${MARIADB_OPTIONS:-}"

# In a session of its own, so that an interrupt meant for a test run does not reach it.
launch() {
    mkdir -p "$dir/tmp"
    setsid mariadbd --no-defaults --user="$(id -un)" --datadir="$dir/data" --tmpdir="$dir/tmp" --socket="$(socket_path)" \
        --bind-address=127.0.0.1 --port="$1" --pid-file="$dir/pid" --skip-name-resolve \
        --ssl-ca="$dir/tls/ca.crt" --ssl-cert="$dir/tls/server.crt" --ssl-key="$dir/tls/server.key" \
        --log-bin=binlog --binlog-format=ROW --server-id=1 --sync-binlog=0 --expire-logs-days=1 \
        --character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci \
        --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=32M --innodb-log-file-size=8M \
        --innodb-fast-shutdown=2 --key-buffer-size=1M --performance-schema=OFF --max-connections=200 \
        --log-warnings=1 "${options[@]}" >>"$dir/log" 2>&1 </dev/null &
    server=$!
}

# Answers as soon as the server does; fails when it has ended or after 60 seconds.
answers() {
    for _ in $(seq 600); do
        client --execute 'SELECT 1' >/dev/null 2>&1 && return 0
        kill -0 "$server" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

start_on_a_free_port() {
    for _ in $(seq 20); do
        local port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
        launch "$port"
        if answers; then
            echo "$port" >"$dir/port"
            ln -sfn "$(socket_path)" "$dir/socket"
            return
        fi
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    done
    fail "could not start, see $dir/log"
}

create_database() {
    local monolith=${MONOLITH_PASSWORD:?is the password of the account monolith}
    local sidegate=${SIDEGATE_PASSWORD:?is the password of the account sidegate}
    local tests=${TESTS_PASSWORD:-}
    case "$monolith$sidegate$tests" in *[\'\\]*) fail "a password may not hold a quote or a backslash" ;; esac
    client <<SQL
CREATE DATABASE IF NOT EXISTS pampam CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE OR REPLACE USER monolith@'127.0.0.1' IDENTIFIED BY '$monolith';
CREATE OR REPLACE USER sidegate@'127.0.0.1' IDENTIFIED BY '$sidegate';
GRANT ALL PRIVILEGES ON pampam.* TO monolith@'127.0.0.1';
SQL
    client pampam <"$here/schema.sql"
    client pampam <"$here/seed.sql"
    client --execute "GRANT SELECT ON pampam.\`user\` TO sidegate@'127.0.0.1'"
    [ -z "$tests" ] || client <<SQL
CREATE OR REPLACE USER tests@'127.0.0.1' IDENTIFIED BY '$tests';
GRANT ALL PRIVILEGES ON *.* TO tests@'127.0.0.1' WITH GRANT OPTION;
SQL
}

start() {
    mkdir -p "$dir"
    if ! is_running; then
        : "${MONOLITH_PASSWORD:?is the password of the account monolith}" "${SIDEGATE_PASSWORD:?is the password of the account sidegate}"
        rm -f "$dir/pid" "$dir/port"
        install_data
        make_certificates
        start_on_a_free_port
        create_database
    fi
    cat "$dir/port"
}

resume() {
    is_running && return
    [ -f "$dir/port" ] || fail "it was never started, or stopped for good"
    rm -f "$dir/pid"
    launch "$(cat "$dir/port")"
    answers || fail "could not start again, see $dir/log"
}

halt() {
    if is_running; then
        local pid
        pid=$(cat "$dir/pid")
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 200); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -f "$dir/pid"
}

stop() {
    halt
    rm -f "$dir/port" "$dir/socket" "$(socket_path)"
}

[ $# -ge 2 ] || usage
mkdir -p "$2"
dir=$(cd "$2" && pwd)
case $dir in *[[:space:]]*) fail "the path of DIR may not hold spaces: mariadb-install-db can't read it" ;; esac
case $1 in
    start) start ;;
    halt) halt ;;
    resume) resume ;;
    stop) stop ;;
    reset) client pampam <"$here/seed.sql" ;;
    sql) client "${3:-pampam}" ;;
    *) usage ;;
esac
