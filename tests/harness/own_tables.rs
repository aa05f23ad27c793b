//! The gateway's own tables, in SQLite or in a database of a test's own on the server of the tests.

use std::sync::atomic::{AtomicU32, Ordering};

use mysql_async::{Conn, OptsBuilder, prelude::Queryable as _};

use super::Setup;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Where the tables are.
pub(crate) enum OwnTables {
    /// In a file beside the configuration.
    Sqlite,
    /// In a database, which is dropped at the end.
    MariaDb { server: String, database: String },
}

impl OwnTables {
    /// A new database on the server of the tests.
    pub(crate) fn maria_db() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's server is no configuration"
        )]
        let server = std::env::var("SIDEGATE_TEST_MYSQL").expect(
            "SIDEGATE_TEST_MYSQL is not set: start the tests with tests/run, which starts a server",
        );
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let database = format!("sidegate_own_{}_{number}", std::process::id());
        let tables = Self::MariaDb {
            server: server.trim_end_matches('/').to_owned(),
            database,
        };
        tables.on_server(&format!("CREATE DATABASE {}", tables.database()));
        tables
    }

    /// The section `state` of a configuration, with further keys.
    pub(crate) fn section(&self, keys: &str) -> String {
        let url = match self {
            Self::Sqlite => "sqlite:${RUNTIME_DIRECTORY}/own.db".to_owned(),
            Self::MariaDb { server, database } => format!("{server}/{database}"),
        };
        format!("{{ database: \"{url}\", migrate: on_start, {keys} }}")
    }

    /// Executes a statement.
    pub(crate) fn execute(&self, setup: &Setup, sql: &str) {
        match self {
            Self::Sqlite => file(setup).execute_batch(sql).expect("a statement"),
            Self::MariaDb { database, .. } => self.on_server(&format!("USE {database}; {sql}")),
        }
    }

    /// The number that a statement selects.
    pub(crate) fn number(&self, setup: &Setup, sql: &str) -> i64 {
        match self {
            Self::Sqlite => file(setup)
                .query_row(sql, [], |row| row.get(0))
                .expect("a number"),
            Self::MariaDb { server, database } => {
                let url = format!("{server}/{database}");
                block_on(async {
                    let mut conn = connect(&url).await;
                    let number: Option<i64> = conn.query_first(sql).await.expect("a statement");
                    drop(conn.disconnect().await);
                    number.expect("a number")
                })
            }
        }
    }

    fn database(&self) -> &str {
        match self {
            Self::Sqlite => "main",
            Self::MariaDb { database, .. } => database,
        }
    }

    fn on_server(&self, sql: &str) {
        let Self::MariaDb { server, .. } = self else {
            return;
        };
        block_on(async {
            let mut conn = connect(&format!("{server}/")).await;
            for statement in sql.split("; ") {
                conn.query_drop(statement).await.expect(statement);
            }
            drop(conn.disconnect().await);
        });
    }
}

impl Drop for OwnTables {
    fn drop(&mut self) {
        // A test that fails has other things to say.
        if !std::thread::panicking() {
            self.on_server(&format!("DROP DATABASE IF EXISTS {}", self.database()));
        }
    }
}

fn file(setup: &Setup) -> rusqlite::Connection {
    let file = rusqlite::Connection::open(setup.folder().join("own.db")).expect("a file");
    let patience = std::time::Duration::from_secs(5);
    file.busy_timeout(patience).expect("a setting");
    file
}

async fn connect(url: &str) -> Conn {
    let opts = mysql_async::Opts::from_url(url).expect("a URL");
    let opts = OptsBuilder::from_opts(opts).prefer_socket(false);
    Conn::new(opts).await.expect("a server")
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(work)
}
