//! Servers and databases of a test's own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, OptsBuilder};
use tempfile::TempDir;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A database on a server, and an account that may replicate and read it.
pub(super) struct Database {
    server: String,
    pub(super) name: String,
}

/// A server that a test may stop, break and configure.
pub(super) struct Server {
    folder: TempDir,
    options: String,
}

impl Server {
    /// Starts one; it takes a few seconds.
    pub(super) fn start(options: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let server = Self {
            folder,
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

    pub(super) fn port(&self) -> u16 {
        let port = std::fs::read_to_string(self.folder.path().join("port"));
        port.expect("a port").trim().parse().expect("a number")
    }

    pub(super) fn url(&self) -> String {
        format!("mysql://tests:tests@127.0.0.1:{}", self.port())
    }

    pub(super) async fn database(&self) -> Database {
        Database::on(self.url()).await
    }

    fn script(&self, verb: &str) {
        let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/legacy/mariadb.sh");
        let status = Command::new(script)
            .args([verb.as_ref(), self.folder.path().as_os_str()])
            .env("MONOLITH_PASSWORD", "monolith")
            .env("SIDEGATE_PASSWORD", "sidegate")
            .env("TESTS_PASSWORD", "tests")
            .env("MARIADB_OPTIONS", &self.options)
            .stdout(std::process::Stdio::null())
            .status();
        assert!(status.expect("bash").success(), "mariadb.sh {verb}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.script("stop");
    }
}

impl Database {
    /// On the server that all tests share.
    pub(super) async fn shared() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's server is no configuration"
        )]
        let server = std::env::var("SIDEGATE_TEST_MYSQL").expect(
            "SIDEGATE_TEST_MYSQL is not set: start the tests with tests/run, which starts a server",
        );
        Self::on(server.trim_end_matches('/').to_owned()).await
    }

    async fn on(server: String) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sidegate_watch_{}_{number}", std::process::id());
        let database = Self { server, name };
        let name = &database.name;
        let sql = [
            format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
            format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'right'"),
            format!("GRANT REPLICATION SLAVE ON *.* TO '{name}'@'%'"),
            format!("GRANT SELECT ON {name}.* TO '{name}'@'%'"),
            format!("USE {name}"),
            "CREATE TABLE user (id INT PRIMARY KEY, email VARCHAR(255), hashed_password TEXT, \
             is_active BOOL, is_restricted BOOL, point INT)"
                .to_owned(),
            "INSERT INTO user VALUES (1, 'alice@example.com', 'a', 1, 0, 0), \
             (2, 'bob@example.com', 'b', 1, 0, 0)"
                .to_owned(),
        ];
        let mut admin = database.server().await;
        for sql in sql {
            admin.query_drop(&sql).await.expect(&sql);
        }
        database
    }

    /// The URL of the account that may replicate.
    pub(super) fn url(&self) -> String {
        self.url_by(None)
    }

    pub(super) fn url_by(&self, port: Option<u16>) -> String {
        let name = &self.name;
        let port = port.unwrap_or(self.opts().tcp_port());
        format!("mysql://{name}:right@127.0.0.1:{port}/{name}")
    }

    fn opts(&self) -> Opts {
        Opts::from_url(&self.server).expect("a URL")
    }

    async fn server(&self) -> Conn {
        let opts = OptsBuilder::from_opts(self.opts()).prefer_socket(false);
        Conn::new(opts).await.expect("a running server")
    }

    /// A connection of the monolith, which may do anything.
    pub(super) async fn monolith(&self) -> Conn {
        let mut conn = self.server().await;
        conn.query_drop(format!("USE {}", self.name))
            .await
            .expect("the database");
        conn
    }

    pub(super) async fn run(&self, statements: &[&str]) {
        let mut conn = self.monolith().await;
        for sql in statements {
            conn.query_drop(*sql).await.expect(sql);
        }
    }

    pub(super) async fn clear(self) {
        let name = &self.name;
        let mut admin = self.server().await;
        for sql in [
            format!("DROP USER IF EXISTS '{name}'@'%'"),
            format!("DROP DATABASE {name}"),
        ] {
            admin.query_drop(sql).await.expect("to clear up");
        }
    }
}
