//! The monolith's side: a database, an account of the gateway's, and a server of its own where a test breaks it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use mysql_async::{Conn, Opts, OptsBuilder, prelude::Queryable as _};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::harness::{Gateway, Request, Setup, Upstream, token};

static NEXT: AtomicU32 = AtomicU32::new(0);

pub(super) const USERS: &str = "
database: ${DATABASE_URL}
table: user
columns: { id: id, login: email, password: hashed_password }
states:
  banned: { is_restricted: true }
  withdrawn: { is_active: false }";

const ROUTES: &str = r#"
- { match: "/refuse/**", access: required, on_stale: refuse }
- { match: "/serve/**", access: required, on_stale: serve }
- { match: "/**", access: required, on_stale: ask }"#;

/// A server that a test may stop, break and configure.
pub(super) struct Server {
    folder: TempDir,
    options: String,
}

impl Server {
    /// Starts one; it takes a few seconds.
    pub(super) fn start(options: &str) -> Self {
        let server = Self {
            folder: TempDir::new().expect("a folder"),
            options: options.to_owned(),
        };
        server.script("start");
        server
    }

    pub(super) fn halt(&self) {
        self.script("halt");
    }

    pub(super) fn resume(&self) {
        self.script("resume");
    }

    /// The same data under another number, as after a fail-over.
    pub(super) fn resume_with(&mut self, options: &str) {
        options.clone_into(&mut self.options);
        self.script("resume");
    }

    fn url(&self) -> String {
        let port = std::fs::read_to_string(self.folder.path().join("port")).expect("a port");
        format!("mysql://tests:tests@127.0.0.1:{}", port.trim())
    }

    pub(super) fn monolith(&self) -> Monolith {
        Monolith::on(self.url())
    }

    /// The authority of its certificate.
    pub(super) fn authority(&self) -> PathBuf {
        self.folder.path().join("tls/ca.crt")
    }

    fn script(&self, verb: &str) {
        let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/legacy/mariadb.sh");
        let status = Command::new(script)
            .args([verb.as_ref(), self.folder.path().as_os_str()])
            .env("MONOLITH_PASSWORD", "monolith")
            .env("SIDEGATE_PASSWORD", "sidegate")
            .env("TESTS_PASSWORD", "tests")
            .env("MARIADB_OPTIONS", &self.options)
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("bash").success(), "mariadb.sh {verb}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.script("stop");
    }
}

/// A database with users 1 to 9, and whoever writes to it.
pub(super) struct Monolith {
    server: String,
    pub(super) name: String,
    runtime: Runtime,
    conn: Option<Conn>,
    shared: bool,
}

impl Monolith {
    /// On the server that all tests share.
    pub(super) fn shared() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's server is no configuration"
        )]
        let server = std::env::var("SIDEGATE_TEST_MYSQL").expect(
            "SIDEGATE_TEST_MYSQL is not set: start the tests with tests/run, which starts a server",
        );
        let mut monolith = Self::on(server.trim_end_matches('/').to_owned());
        monolith.shared = true;
        monolith
    }

    fn on(server: String) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sidegate_live_{}_{number}", std::process::id());
        let runtime = Builder::new_current_thread().enable_all().build();
        let mut monolith = Self {
            server,
            name,
            runtime: runtime.expect("a runtime"),
            conn: None,
            shared: false,
        };
        let name = monolith.name.clone();
        for sql in [
            format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
            format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'right'"),
            format!("GRANT REPLICATION SLAVE ON *.* TO '{name}'@'%'"),
            format!("GRANT SELECT ON {name}.* TO '{name}'@'%'"),
            format!("USE {name}"),
            "CREATE TABLE user (id INT PRIMARY KEY, email VARCHAR(255), hashed_password TEXT, is_active BOOL, \
             is_restricted BOOL, point INT DEFAULT 0)"
                .to_owned(),
            "INSERT INTO user SELECT seq, CONCAT(seq, '@example.com'), 'hash', 1, 0, 0 FROM seq_1_to_9".to_owned(),
        ] {
            monolith.sql(&sql);
        }
        monolith
    }

    /// Runs a statement, on the same session as the others where the server was there all the time.
    pub(super) fn sql(&mut self, statement: &str) {
        let ran = self.try_sql(statement);
        assert!(ran.is_ok(), "{statement}: {ran:?}");
    }

    fn try_sql(&mut self, statement: &str) -> Result<(), mysql_async::Error> {
        for again in [true, false] {
            let conn = match self.conn.take() {
                Some(conn) => conn,
                None => self.connect(),
            };
            let mut conn = conn;
            match self.runtime.block_on(conn.query_drop(statement)) {
                Ok(()) => {
                    self.conn = Some(conn);
                    return Ok(());
                }
                // The server was away since.
                Err(mysql_async::Error::Io(_)) if again => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The same on a session of its own.
    pub(super) fn aside(&mut self, statement: &str) {
        let first = self.conn.take();
        self.sql(statement);
        self.conn = first;
    }

    /// Ends the thread that sends the gateway the binlog.
    pub(super) fn kill_stream(&mut self) {
        let sql = format!(
            "SELECT CAST(id AS CHAR) FROM information_schema.processlist WHERE user = '{}' AND command = 'Binlog Dump'",
            self.name
        );
        let dump = self.column(&sql).pop().expect("a stream");
        self.sql(&format!("KILL {dump}"));
    }

    /// The rows of a query with one column.
    pub(super) fn column(&mut self, statement: &str) -> Vec<String> {
        let mut conn = self.conn.take().unwrap_or_else(|| self.connect());
        let rows = self
            .runtime
            .block_on(conn.query_map(statement, |row: mysql_async::Row| {
                row.get::<String, _>(0).unwrap_or_default()
            }));
        self.conn = Some(conn);
        rows.expect(statement)
    }

    fn connect(&self) -> Conn {
        let opts = Opts::from_url(&self.server).expect("a URL");
        let opts = OptsBuilder::from_opts(opts).prefer_socket(false);
        let name = &self.name;
        self.runtime.block_on(async {
            let mut conn = Conn::new(opts).await.expect("a running server");
            // Not there yet the first time.
            drop(conn.query_drop(format!("USE {name}")).await);
            conn
        })
    }

    pub(super) fn port(&self) -> u16 {
        Opts::from_url(&self.server).expect("a URL").tcp_port()
    }

    /// The URL of the gateway's account, by another port where something is in between.
    pub(super) fn url(&self, port: Option<u16>) -> String {
        let (name, port) = (&self.name, port.unwrap_or(self.port()));
        format!("mysql://{name}:right@127.0.0.1:{port}/{name}")
    }

    /// A gateway that watches, to be started.
    pub(super) fn setup(&self, upstream: &Upstream, watch: &str) -> Setup {
        Setup::before(upstream)
            .without("accounts")
            .section("users", USERS)
            .section("state", "{ database: \"sqlite:state.db\" }")
            .section("watch", watch)
            .routes(ROUTES)
            .variable("DATABASE_URL", &self.url(None))
            .variable("WATCH_URL", &self.url(None))
    }
}

impl Drop for Monolith {
    fn drop(&mut self) {
        if self.shared {
            let name = self.name.clone();
            for sql in [
                format!("DROP USER IF EXISTS '{name}'@'%'"),
                format!("DROP DATABASE IF EXISTS {name}"),
            ] {
                drop(self.try_sql(&sql));
            }
        }
    }
}

/// What a guarded request of a user is answered, with a token from an hour before it ends.
pub(super) fn status(gateway: &Gateway, path: &str, user: u32) -> u16 {
    status_of(gateway, path, &token::access(user.to_string()))
}

pub(super) fn status_of(gateway: &Gateway, path: &str, token: &str) -> u16 {
    gateway.send(&Request::get(path).token(token)).status
}

/// A token that was issued so many seconds from now, with the lifetime that the gateway knows.
pub(super) fn issued_in(user: u32, seconds: u64) -> String {
    issued_at(user, token::now() + seconds)
}

/// One that was issued so many seconds ago.
pub(super) fn issued_ago(user: u32, seconds: u64) -> String {
    issued_at(user, token::now() - seconds)
}

fn issued_at(user: u32, at: u64) -> String {
    const LIFETIME: u64 = 30 * 86_400;
    let mut claims = token::claims(user.to_string());
    claims["exp"] = (at + LIFETIME).into();
    token::signed(&claims)
}
