//! The two connections of a replica: one that becomes the stream, and one that asks what the stream cannot say.

use std::fmt::Write as _;
use std::time::Duration;

use mysql_async::prelude::Queryable as _;
use mysql_async::{BinlogStream, BinlogStreamRequest, Conn};
use tokio::time::timeout;

use super::change::Watched;
use super::fault::Fault;
use super::layout::Layout;
use super::position::{LogPosition, Position, parse_gtids};
use crate::clock::Clock;
use crate::store::{DatabaseUrl, PoolSettings, TlsSettings, driver_options};

/// An update of one row is an event with the row twice, whatever the server's own limit for a packet is: a smaller bound
/// here would stop at that event for ever.
const MAX_PACKET: usize = 1 << 30;

/// How long the server waits for us to read before it hangs up. Reading everything anew takes a while.
const WRITE_TIMEOUT: Duration = Duration::from_secs(600);

/// What a replica needs to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The server, and the account that may replicate.
    pub database: DatabaseUrl,
    /// TLS towards it.
    pub tls: Option<TlsSettings>,
    /// How long a connection may take to be made, and a question to be answered.
    pub connect_timeout: Duration,
    /// How often the server says that it is there when nothing is committed.
    pub heartbeat: Duration,
    /// The tables.
    pub tables: Vec<Watched>,
}

/// What a server is, as far as it matters here.
#[derive(Debug, Clone, Default)]
pub(super) struct Server {
    pub(super) is_mariadb: bool,
    /// Whether `User` and `user` are one table.
    pub(super) any_case: bool,
    /// The schema of the URL.
    pub(super) schema: String,
    /// How many seconds our clock is ahead of its.
    pub(super) ahead: i64,
    /// Its own number among replicas.
    id: u32,
}

/// A connection for questions.
pub(super) struct Companion {
    conn: Conn,
    limit: Duration,
    pub(super) server: Server,
}

impl Companion {
    /// Connects, and sees to it that the server logs what is needed.
    pub(super) async fn connect(settings: &Settings) -> Result<Self, Fault> {
        let conn = connect(settings).await?;
        let mut companion = Self {
            conn,
            limit: settings.connect_timeout,
            server: Server::default(),
        };
        companion.server = bounded(companion.limit, describe(&mut companion.conn)).await?;
        Ok(companion)
    }

    /// A position and the promise that every row read from now on is at least as new.
    ///
    /// What stands in the binlog need not be visible yet: a transaction is written there first. MariaDB's consistent
    /// snapshot knows the position that it belongs to; elsewhere there is only the position, see [`super::Replica::visible`].
    pub(super) async fn visible_position(&mut self) -> Result<LogPosition, Fault> {
        let server = self.server.is_mariadb;
        bounded(self.limit, visible_position(&mut self.conn, server)).await
    }

    /// Where the server stands, as far as the events of a stream can say that they have come there: their positions have
    /// four bytes.
    pub(super) async fn goal(&mut self) -> Result<LogPosition, Fault> {
        let LogPosition { file, offset } = self.visible_position().await?;
        let offset = u32::try_from(offset).unwrap_or(0).into();
        Ok(LogPosition { file, offset })
    }

    /// The position with MariaDB's ids for it.
    pub(super) async fn position(&mut self) -> Result<Position, Fault> {
        let log = self.visible_position().await?;
        if !self.server.is_mariadb {
            let gtids = std::collections::BTreeMap::new();
            return Ok(Position { log, gtids });
        }
        let sql = "SELECT BINLOG_GTID_POS(?, ?)";
        // The server reads its file up to there.
        let asked = self.conn.exec_first(sql, (log.file.as_str(), log.offset));
        let list: Option<Option<String>> =
            bounded(WRITE_TIMEOUT, async { Ok(asked.await?) }).await?;
        let gtids = parse_gtids(&list.flatten().unwrap_or_default());
        let gtids = gtids.ok_or(Fault::Protocol("the server's position"))?;
        Ok(Position { log, gtids })
    }

    /// The columns of a table as they are now.
    pub(super) async fn layout(
        &mut self,
        schema: &str,
        watched: &Watched,
    ) -> Result<Layout, Fault> {
        let limit = self.limit;
        bounded(limit, Layout::read(&mut self.conn, schema, &watched.table)).await
    }

    /// Whether the table is there with its columns.
    pub(super) async fn check(&mut self, schema: &str, watched: &Watched) -> Result<(), Fault> {
        let layout = self.layout(schema, watched).await?;
        if layout.reach() == 0 || self.is_view(schema, watched).await? {
            let table = watched.table.clone();
            return Err(Fault::NoTable { table });
        }
        let columns = watched.columns.iter().chain(&watched.secrets);
        let missing = columns
            .chain([&watched.key])
            .find(|name| layout.named(name).is_none());
        match missing {
            None => Ok(()),
            Some(column) => Err(Fault::NoColumn {
                table: watched.table.clone(),
                column: column.clone(),
            }),
        }
    }

    /// Rows of a view are logged as rows of its table.
    async fn is_view(&mut self, schema: &str, watched: &Watched) -> Result<bool, Fault> {
        let sql = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ? \
                   AND table_type LIKE '%VIEW'";
        let asked = self.conn.exec_first(sql, (schema, watched.table.as_str()));
        let views: Option<u64> = bounded(self.limit, async { Ok(asked.await?) }).await?;
        Ok(views.unwrap_or(0) > 0)
    }
}

async fn visible_position(conn: &mut Conn, is_mariadb: bool) -> Result<LogPosition, Fault> {
    let (file, offset) = if is_mariadb {
        conn.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT")
            .await?;
        let sql = "SHOW SESSION STATUS WHERE Variable_name IN ('binlog_snapshot_file', 'binlog_snapshot_position')";
        let rows: Vec<(String, String)> = conn.query(sql).await?;
        conn.query_drop("COMMIT").await?;
        let of = |name: &str| {
            let row = rows
                .iter()
                .find(|(found, _)| found.eq_ignore_ascii_case(name));
            row.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        (
            of("binlog_snapshot_file"),
            of("binlog_snapshot_position").parse().ok(),
        )
    } else {
        let asked = conn.query_first("SHOW BINARY LOG STATUS").await;
        let row: Option<mysql_async::Row> = match asked {
            Ok(row) => row,
            // Its name before MySQL 8.4.
            Err(_) => conn.query_first("SHOW MASTER STATUS").await?,
        };
        let row = row.ok_or(Fault::Disabled)?;
        (row.get(0).unwrap_or_default(), row.get(1))
    };
    match offset {
        Some(offset) if !file.is_empty() => Ok(LogPosition { file, offset }),
        _ => Err(Fault::Disabled),
    }
}

/// Asks for no privilege.
async fn describe(conn: &mut Conn) -> Result<Server, Fault> {
    type Described = (String, u8, String, u8, u32, Option<String>, i64);
    let sql = "SELECT VERSION(), @@log_bin, @@global.binlog_format, @@lower_case_table_names, @@server_id, DATABASE(), UNIX_TIMESTAMP()";
    let row: Option<Described> = conn.query_first(sql).await?;
    let ours = Clock.unix_seconds().0;
    let (version, log_bin, format, case, id, schema, theirs) =
        row.ok_or(Fault::Protocol("the server's settings"))?;
    if log_bin == 0 {
        return Err(Fault::Disabled);
    }
    if !format.eq_ignore_ascii_case("ROW") {
        return Err(Fault::Format { format });
    }
    Ok(Server {
        is_mariadb: version.to_lowercase().contains("mariadb"),
        any_case: case != 0,
        schema: schema.unwrap_or_default(),
        ahead: i64::try_from(ours)
            .unwrap_or(i64::MAX)
            .saturating_sub(theirs),
        id,
    })
}

/// Opens the stream. `number` is this replica's own: a random one, because the server hangs up on the other of two with the same.
pub(super) async fn stream(
    settings: &Settings,
    (server, number): (&Server, u32),
    from: (&Position, bool),
) -> Result<BinlogStream, Fault> {
    let mut conn = connect(settings).await?;
    let (position, by_gtid) = from;
    let number = own_number(server.id, number);
    let opened = async {
        prepare(&mut conn, settings, by_gtid.then_some(position)).await?;
        let request = BinlogStreamRequest::new(number);
        let request = if by_gtid {
            request.with_pos(4)
        } else {
            request
                .with_filename(position.log.file.as_bytes())
                .with_pos(position.log.offset)
        };
        conn.get_binlog_stream(request)
            .await
            .map_err(|error| Fault::from(error).while_registering())
    };
    bounded(settings.connect_timeout, opened).await
}

/// Zero would end the stream at its end, and the server's own number is taken.
fn own_number(server: u32, number: u32) -> u32 {
    let number = number | 1 << 31;
    if number == server { number ^ 1 } else { number }
}

/// The session's side of it: what a replica tells its server before it asks for the binlog.
async fn prepare(
    conn: &mut Conn,
    settings: &Settings,
    from: Option<&Position>,
) -> Result<(), Fault> {
    let heartbeat = settings.heartbeat.as_nanos();
    let patience = WRITE_TIMEOUT.as_secs();
    let mut statement = format!(
        "SET @mariadb_slave_capability = 4, @master_heartbeat_period = {heartbeat}, \
         @source_heartbeat_period = {heartbeat}, SESSION net_write_timeout = {patience}"
    );
    if let Some(position) = from {
        // Numbers and signs by construction.
        let list = position.gtid_list();
        // Writing to a string cannot fail.
        let _ = write!(
            statement,
            ", @slave_connect_state = '{list}', @slave_gtid_strict_mode = 1, @slave_gtid_ignore_duplicates = 0"
        );
    }
    Ok(conn.query_drop(statement).await?)
}

async fn connect(settings: &Settings) -> Result<Conn, Fault> {
    let DatabaseUrl::MySql(url) = &settings.database else {
        return Err(Fault::Protocol("a database that is a file"));
    };
    let pool = PoolSettings { min: 0, max: 1 };
    let options = driver_options(url, pool, settings.tls.as_ref());
    let options = options.map_err(|_| Fault::Protocol("its own settings"))?;
    let options = options.max_allowed_packet(Some(MAX_PACKET));
    bounded(settings.connect_timeout, async {
        Ok(Conn::new(options).await?)
    })
    .await
}

async fn bounded<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    match timeout(limit, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Fault::Silent { silence: limit }),
    }
}
