//! A database of a test's own, in SQLite or on the server of `SIDEGATE_TEST_MYSQL`, as sidegate's own tables are in.

use std::sync::atomic::{AtomicU32, Ordering};

use mysql_async::{
    Conn, Opts, OptsBuilder,
    prelude::{FromValue, Queryable as _},
};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Dropped with what is in it.
pub(crate) enum Database {
    Sqlite(TempDir),
    MySql { server: String, name: String },
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn mysql() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's server is no configuration"
        )]
        let server = std::env::var("SIDEGATE_TEST_MYSQL").expect(
            "SIDEGATE_TEST_MYSQL is not set: start the tests with tests/run, which starts a server",
        );
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sidegate_own_{}_{number}", std::process::id());
        let server = server.trim_end_matches('/').to_owned();
        on_server::<i64>(&server, None, &format!("CREATE DATABASE {name}"));
        Self::MySql { server, name }
    }

    /// One of each kind.
    pub(crate) fn both() -> [Self; 2] {
        [Self::sqlite(), Self::mysql()]
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("own.db").display()),
            Self::MySql { server, name } => format!("{server}/{name}"),
        }
    }

    /// What a statement answers: the first column of each row, as a number.
    pub(crate) fn numbers(&self, sql: &str) -> Vec<i64> {
        match self {
            Self::Sqlite(folder) => {
                let connection = rusqlite::Connection::open(folder.path().join("own.db"));
                let connection = connection.expect("an SQLite file");
                let mut statement = connection.prepare(sql).expect(sql);
                let rows = statement.query_map([], |row| row.get(0)).expect(sql);
                rows.collect::<Result<_, _>>().expect(sql)
            }
            Self::MySql { server, name } => on_server(server, Some(name), sql),
        }
    }

    /// The same as a text, of a server's database.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(_) => panic!("a file's texts are not asked for"),
            Self::MySql { server, name } => on_server(server, Some(name), sql),
        }
    }

    pub(crate) fn execute(&self, sql: &str) {
        match self {
            Self::Sqlite(folder) => {
                let connection = rusqlite::Connection::open(folder.path().join("own.db"));
                let connection = connection.expect("an SQLite file");
                connection.execute_batch(sql).expect(sql);
            }
            Self::MySql { server, name } => drop(on_server::<i64>(server, Some(name), sql)),
        }
    }

    pub(crate) fn has_table(&self, table: &str) -> bool {
        let sql = match self {
            Self::Sqlite(_) => {
                format!("SELECT COUNT(*) FROM sqlite_schema WHERE name = '{table}'")
            }
            Self::MySql { name, .. } => format!(
                "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '{name}' AND table_name = '{table}'"
            ),
        };
        self.numbers(&sql) != [0]
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A test that fails has other things to say.
        if let Self::MySql { server, name } = self
            && !std::thread::panicking()
        {
            on_server::<i64>(server, None, &format!("DROP DATABASE {name}"));
        }
    }
}

fn on_server<T: FromValue + Send + 'static>(
    server: &str,
    database: Option<&str>,
    sql: &str,
) -> Vec<T> {
    let opts = Opts::from_url(server).expect("SIDEGATE_TEST_MYSQL is a URL");
    let opts = OptsBuilder::from_opts(opts)
        .prefer_socket(false)
        .db_name(database);
    runtime().block_on(async {
        let conn = Conn::new(opts).await;
        let mut conn = conn.expect("SIDEGATE_TEST_MYSQL is a running server");
        let numbers = conn.query(sql).await.expect(sql);
        conn.disconnect().await.expect("farewell");
        numbers
    })
}

fn runtime() -> Runtime {
    let built = Builder::new_current_thread().enable_all().build();
    built.expect("a runtime")
}
