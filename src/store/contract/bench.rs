//! A database of a test's own.

use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, OptsBuilder};
use tempfile::TempDir;

use crate::member::StateName;
use crate::store::settings::{
    ColumnType, Columns, Expected, PoolSettings, Settings, Shown, StateRule,
};
use crate::store::url::DatabaseUrl;
use crate::store::{Error, Store};

static NEXT: AtomicU32 = AtomicU32::new(0);

pub(crate) enum Bench {
    Sqlite { folder: TempDir },
    MySql { server: String, database: String },
}

impl Bench {
    #[expect(
        clippy::unused_async,
        reason = "the other kind of bench has to connect"
    )]
    pub(crate) async fn sqlite() -> Self {
        Self::Sqlite {
            folder: TempDir::new().expect("a folder"),
        }
    }

    pub(crate) async fn mysql() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's server is no configuration"
        )]
        let server = std::env::var("SIDEGATE_TEST_MYSQL").expect(
            "SIDEGATE_TEST_MYSQL is not set: start the tests with tests/run, which starts a server",
        );
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let database = format!("sidegate_test_{}_{number}", std::process::id());
        let bench = Self::MySql {
            server: server.trim_end_matches('/').to_owned(),
            database,
        };
        let create = format!("CREATE DATABASE {} CHARACTER SET utf8mb4", bench.database());
        bench
            .admin()
            .await
            .query_drop(create)
            .await
            .expect("a new database");
        bench
    }

    /// Runs a test and clears up, whatever became of it.
    pub(crate) async fn hosting(&self, test: impl Future<Output = ()>) {
        let outcome = AssertUnwindSafe(test).catch_unwind().await;
        if let Self::MySql { database, .. } = self {
            let mut admin = self.admin().await;
            for sql in [
                format!("DROP USER IF EXISTS '{database}'@'%'"),
                format!("DROP DATABASE {database}"),
            ] {
                admin.query_drop(sql).await.expect("to clear up");
            }
        }
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    }

    pub(crate) fn is_mysql(&self) -> bool {
        matches!(self, Self::MySql { .. })
    }

    /// The name of the test's own database, which is the name of its own account too.
    pub(crate) fn database(&self) -> &str {
        match self {
            Self::Sqlite { .. } => "main",
            Self::MySql { database, .. } => database,
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite { folder } => {
                format!("sqlite:{}", folder.path().join("users.db").display())
            }
            Self::MySql { server, database } => format!("{server}/{database}"),
        }
    }

    pub(crate) fn opts(&self) -> Opts {
        match self {
            Self::Sqlite { .. } => panic!("SQLite has no server"),
            Self::MySql { server, .. } => {
                Opts::from_url(server).expect("SIDEGATE_TEST_MYSQL is a URL")
            }
        }
    }

    /// The bench's URL by another account, and by another port where there is a proxy.
    pub(crate) fn url_of(&self, account: &str, port: Option<u16>) -> String {
        let opts = self.opts();
        let port = port.unwrap_or(opts.tcp_port());
        format!("mysql://{account}@127.0.0.1:{port}/{}", self.database())
    }

    pub(crate) fn url_through(&self, port: u16) -> String {
        let opts = self.opts();
        let password = opts.pass().unwrap_or_default();
        self.url_of(
            &format!("{}:{password}", opts.user().unwrap_or("root")),
            Some(port),
        )
    }

    pub(crate) async fn admin(&self) -> Conn {
        let opts = OptsBuilder::from_opts(self.opts()).prefer_socket(false);
        Conn::new(opts)
            .await
            .expect("SIDEGATE_TEST_MYSQL is a running server")
    }

    pub(crate) async fn run(&self, statements: &[&str]) {
        match self {
            Self::Sqlite { folder } => {
                let file = folder.path().join("users.db");
                let connection = rusqlite::Connection::open(file).expect("a file");
                for sql in statements {
                    connection.execute_batch(sql).expect(sql);
                }
            }
            Self::MySql { database, .. } => {
                let mut admin = self.admin().await;
                admin
                    .query_drop(format!("USE {database}"))
                    .await
                    .expect("the database");
                for sql in statements {
                    admin.query_drop(*sql).await.expect(sql);
                }
            }
        }
    }

    pub(crate) async fn has_table(&self, table: &str) -> bool {
        match self {
            Self::Sqlite { folder } => {
                let file = folder.path().join("users.db");
                let connection = rusqlite::Connection::open(file).expect("a file");
                let sql = "SELECT COUNT(*) FROM sqlite_schema WHERE name = ?";
                let count = connection.query_row(sql, [table], |row| row.get::<_, i64>(0));
                count.expect("a count") > 0
            }
            Self::MySql { database, .. } => {
                let sql = "SELECT COUNT(*) FROM information_schema.tables \
                           WHERE table_schema = ? AND table_name = ?";
                let mut admin = self.admin().await;
                let count = admin.exec_first(sql, (database, table)).await;
                count.expect("a count") != Some(0_i64)
            }
        }
    }

    /// A small table with two members.
    pub(crate) async fn two_members(&self) {
        self.run(&[
            "CREATE TABLE user (id INTEGER PRIMARY KEY, email VARCHAR(255) NOT NULL, \
             hashed_password TEXT, is_active BOOL, is_restricted BOOL)",
            "INSERT INTO user VALUES (1, 'alice@example.com', '$2b$12$alice', 1, 0), \
             (2, 'bob@example.com', NULL, 0, NULL)",
        ])
        .await;
    }

    pub(crate) fn settings(&self) -> Settings {
        settings(&self.url())
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.settings()).expect("good settings")
    }
}

pub(crate) fn settings(url: &str) -> Settings {
    Settings {
        database: DatabaseUrl::parse(url).expect("a good URL"),
        table: "user".to_owned(),
        columns: Columns {
            id: "id".to_owned(),
            login: "email".to_owned(),
            password: "hashed_password".to_owned(),
            salt: None,
        },
        states: Vec::new(),
        shown: Vec::new(),
        ruled: Vec::new(),
        pool: PoolSettings { min: 1, max: 4 },
        connect_timeout: Duration::from_secs(2),
        deadline: Duration::from_secs(5),
        tls: None,
        joins: Vec::new(),
        write: None,
    }
}

pub(crate) fn state(name: &str, all: &[(&str, Expected)]) -> StateRule {
    let all = all
        .iter()
        .map(|(column, expected)| ((*column).to_owned(), expected.clone()));
    StateRule {
        name: StateName::new(name),
        all: all.collect(),
    }
}

pub(crate) fn shown(column: &str, column_type: ColumnType) -> Shown {
    Shown {
        column: column.to_owned(),
        as_name: column.to_owned(),
        column_type,
    }
}

/// The ids that a login finds.
pub(crate) async fn ids(store: &Store, login: &str) -> Vec<String> {
    let members = store.members_by_login(login).await.expect(login);
    members.iter().map(|member| member.id.to_string()).collect()
}

/// An error in full, as a log would have it.
pub(crate) fn written_out(error: &Error) -> String {
    written_out_of(error)
}

/// The same of any error.
pub(crate) fn written_out_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = format!("{error:?} {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        write!(text, ": {cause} {cause:?}").expect("a string takes anything");
        source = cause.source();
    }
    text
}
