//! From events to news. It knows the order of events in a binlog and nothing of a connection.
//!
//! Rows come before the end of their transaction, so they are gathered until it is known that they hold.

use std::collections::{BTreeMap, HashMap};

use mysql_async::binlog::EventFlags;
use mysql_async::binlog::events::{Event, QueryEvent, RotateEvent, RowsEventData, TableMapEvent};

use super::change::{Change, Commit, News, Watched, Why};
use super::gtid::{self, Gtid};
use super::layout::Layout;
use super::plan::Plan;
use super::position::{LogPosition, Position};
use super::statement::{Meaning, Statement, meaning};
use super::xa::Prepared;
use crate::clock::UnixSeconds;

/// More rows of one transaction than this are not kept apart: reading all is quicker.
const MOST_CHANGES: usize = 50_000;

/// How long the checksum behind an event is.
const CHECKSUM: usize = 4;

/// `STMT_END_F`: the last rows of a statement.
const END_OF_STATEMENT: u8 = 1;

/// Codes of events (`Log_event_type` of both servers).
mod code {
    pub(super) const QUERY: u8 = 0x02;
    pub(super) const STOP: u8 = 0x03;
    pub(super) const ROTATE: u8 = 0x04;
    pub(super) const FORMAT: u8 = 0x0f;
    pub(super) const XID: u8 = 0x10;
    pub(super) const TABLE_MAP: u8 = 0x13;
    pub(super) const INCIDENT: u8 = 0x1a;
    pub(super) const HEARTBEAT: u8 = 0x1b;
    pub(super) const XA_PREPARE: u8 = 0x26;
    pub(super) const HEARTBEAT_2: u8 = 0x29;
    pub(super) const QUERY_COMPRESSED: u8 = 0xa5;
}

/// Reads one stream from its beginning.
pub(super) struct Decoder {
    watched: Vec<Watched>,
    /// The schemas that they are in, in the same order.
    schemas: Vec<String>,
    /// Whether the server takes `User` and `user` for one table.
    any_case: bool,
    plans: HashMap<u64, Mapped>,
    position: Position,
    open: Open,
    prepared: Prepared,
}

/// What a table id stands for.
enum Mapped {
    /// A table that nobody watches.
    Foreign,
    /// A watched one.
    Watched(Result<Plan, Why>),
}

/// The transaction that is being read.
#[derive(Default)]
struct Open {
    inside: bool,
    gtid: Option<(u32, Gtid)>,
    changes: BTreeMap<(usize, String), bool>,
    /// Watched tables that a statement has opened for writing, and no row of them yet.
    without_rows: Vec<u64>,
    unknown: Option<Why>,
}

impl Decoder {
    /// A decoder for a stream from `position` on.
    pub(super) fn new(watched: Vec<Watched>, schema: &str, any_case: bool) -> Self {
        let of = |watched: &Watched| watched.schema.clone().unwrap_or_else(|| schema.to_owned());
        let schemas: Vec<String> = watched.iter().map(of).collect();
        Self {
            watched,
            schemas,
            any_case,
            plans: HashMap::new(),
            position: Position::default(),
            open: Open::default(),
            prepared: Prepared::default(),
        }
    }

    /// Where the stream begins.
    pub(super) fn start(&mut self, position: Position) {
        self.position = position;
    }

    /// The tables with their schemas.
    pub(super) fn watched(&self) -> impl Iterator<Item = (&str, &Watched)> {
        self.schemas.iter().map(String::as_str).zip(&self.watched)
    }

    /// The place of the watched table whose columns have to be known before an event can be read.
    pub(super) fn wants_layout(&self, event: &Event) -> Option<usize> {
        if event.header().event_type_raw() != code::TABLE_MAP
            || self.plans.contains_key(&table_id(event)?)
        {
            return None;
        }
        let map = event.read_event::<TableMapEvent<'_>>().ok()?;
        self.place_of(&map.database_name(), &map.table_name())
    }

    /// Takes note of the columns that an event's table has.
    pub(super) fn learn(&mut self, event: &Event, (place, layout): (usize, &Layout)) {
        let (Some(id), Some(watched)) = (table_id(event), self.watched.get(place)) else {
            return;
        };
        let plan = match event.read_event::<TableMapEvent<'_>>() {
            Ok(map) => Plan::new((place, watched), &map, layout),
            Err(_) => Err(Why::Event),
        };
        self.plans.insert(id, Mapped::Watched(plan));
    }

    /// The table id of an event with rows of a watched table.
    pub(super) fn rows_of(&self, event: &Event) -> Option<u64> {
        let id = table_id(event).filter(|_| has_rows(event))?;
        matches!(self.plans.get(&id), Some(Mapped::Watched(..))).then_some(id)
    }

    /// Reads an event; `map` describes the table whose rows it holds.
    pub(super) fn read(&mut self, event: &Event, map: Option<&TableMapEvent<'_>>) -> Option<News> {
        match event.header().event_type_raw() {
            code::HEARTBEAT | code::HEARTBEAT_2 => return Some(self.heartbeat(event)),
            code::ROTATE => self.rotate(event),
            // Ids of tables are given anew by a server that has been started anew.
            code::FORMAT => self.plans.clear(),
            code::TABLE_MAP => self.table_map(event),
            code::QUERY => return self.query(event),
            code::XID => return Some(self.end(event)),
            code::XA_PREPARE => return Some(self.prepare(event)),
            gtid::EVENT => self.gtid(event),
            code::QUERY_COMPRESSED => {
                self.forget_definitions(Why::Compressed);
                return self.standing_alone(event);
            }
            code::INCIDENT => {
                self.forget_definitions(Why::Incident);
                return self.standing_alone(event);
            }
            // What a LOAD DATA in a statement is made of, and rows of servers before 5.1.
            0x06 | 0x08..=0x0c | 0x11 | 0x12 | 0x14..=0x16 => self.unknown(Why::Statement),
            _ if has_rows(event) => self.rows(event, map),
            other => self.other(event, other),
        }
        None
    }

    fn other(&mut self, event: &Event, code: u8) {
        let known = matches!(code, 0 | 1 | 5 | 7 | 0x0d | 0x0e | 0x1c | 0x1d | 0x21..=0x25 | 0x28 | 0x2a)
            || code == code::STOP
            // MariaDB's notes, checkpoints, lists of ids and beginnings of encryption.
            || matches!(code, 0xa0 | 0xa1 | 0xa3 | 0xa4);
        let ignorable = event.header().flags_raw() & EventFlags::LOG_EVENT_IGNORABLE_F.bits() != 0;
        if !known && !ignorable {
            self.unknown(Why::Event);
        }
    }

    fn heartbeat(&self, event: &Event) -> News {
        News::Heartbeat(LogPosition {
            file: self.position.log.file.clone(),
            offset: u64::from(event.header().log_pos()),
        })
    }

    /// Some only say where the stream begins or, behind a file that a crash has ended, goes on; of those the driver takes
    /// the checksum for a part of the name.
    fn rotate(&mut self, event: &Event) {
        let Ok(rotate) = event.read_event::<RotateEvent<'_>>() else {
            return;
        };
        let header = event.header();
        let made_up = header.timestamp() == 0
            || header.flags_raw() & EventFlags::LOG_EVENT_ARTIFICIAL_F.bits() != 0;
        let offset = rotate.position();
        let mut file = String::from_utf8_lossy(rotate.name_raw()).into_owned();
        if made_up {
            let whole = file.rsplit('.').next().is_some_and(is_number);
            if !whole {
                let name = rotate.name_raw();
                let length = name.len().saturating_sub(CHECKSUM);
                let name = name.get(..length).unwrap_or_default();
                file = String::from_utf8_lossy(name).into_owned();
            }
            let begins = LogPosition { file, offset };
            if !self.position.log.reaches(&begins) {
                self.position.log = begins;
            }
        } else {
            self.plans.clear();
            self.position.log = LogPosition { file, offset };
        }
    }

    fn gtid(&mut self, event: &Event) {
        let gtid = Gtid::parse(event.data());
        match gtid {
            Some(gtid) => {
                self.open.inside = !gtid.standalone;
                self.open.gtid = Some((event.header().server_id(), gtid));
            }
            None => self.unknown(Why::Event),
        }
    }

    fn place_of(&self, schema: &str, table: &str) -> Option<usize> {
        let same = |left: &str, right: &str| {
            if self.any_case {
                left.to_lowercase() == right.to_lowercase()
            } else {
                left == right
            }
        };
        let watched = self.schemas.iter().zip(&self.watched);
        watched
            .into_iter()
            .position(|(own, watched)| same(own, schema) && same(&watched.table, table))
    }

    fn table_map(&mut self, event: &Event) {
        let Some(id) = table_id(event) else {
            return self.unknown(Why::Event);
        };
        match self.plans.entry(id).or_insert(Mapped::Foreign) {
            Mapped::Foreign => {}
            Mapped::Watched(..) => self.open.without_rows.push(id),
        }
    }

    fn rows(&mut self, event: &Event, map: Option<&TableMapEvent<'_>>) {
        let (id, last) = (table_id(event), event.data().get(6));
        self.open.without_rows.retain(|open| Some(*open) != id);
        match self.changes(event, map) {
            Ok(changes) => self.gather(changes),
            Err(why) => self.unknown(why),
        }
        if last.is_none_or(|flags| flags & END_OF_STATEMENT != 0) {
            self.end_of_statement();
        }
    }

    fn changes(&self, event: &Event, map: Option<&TableMapEvent<'_>>) -> Result<Vec<Change>, Why> {
        let mapped = table_id(event).and_then(|id| self.plans.get(&id));
        let plan = match mapped {
            Some(Mapped::Watched(plan)) => plan.as_ref().map_err(|why| *why)?,
            Some(Mapped::Foreign) | None => return Ok(Vec::new()),
        };
        if is_compressed(event) {
            return Err(Why::Compressed);
        }
        let map = map.ok_or(Why::Event)?;
        let data = rows_data(event).ok_or(Why::Event)?;
        let mut changes = Vec::new();
        for row in data.rows(map) {
            let (before, after) = row.map_err(|_| Why::Event)?;
            changes.extend(plan.changes(before.as_ref(), after.as_ref())?);
            if changes.len() > MOST_CHANGES {
                return Err(Why::Huge);
            }
        }
        Ok(changes)
    }

    fn gather(&mut self, changes: Vec<Change>) {
        for change in changes {
            let secret = self
                .open
                .changes
                .entry((change.table, change.key))
                .or_default();
            *secret |= change.secret;
        }
        if self.open.changes.len() > MOST_CHANGES {
            self.unknown(Why::Huge);
        }
    }

    fn end_of_statement(&mut self) {
        if !self.open.without_rows.is_empty() {
            self.open.without_rows.clear();
            self.unknown(Why::Cascade);
        }
    }

    /// The first reason is the one that is told.
    fn unknown(&mut self, why: Why) {
        self.open.unknown.get_or_insert(why);
    }

    fn forget_definitions(&mut self, why: Why) {
        self.plans.clear();
        self.unknown(why);
    }

    fn query(&mut self, event: &Event) -> Option<News> {
        let Ok(query) = event.read_event::<QueryEvent<'_>>() else {
            self.unknown(Why::Event);
            return self.standing_alone(event);
        };
        let (text, schema) = (query.query(), query.schema());
        let statement = Statement {
            text: &text,
            schema: &schema,
        };
        let watched = self.watched();
        let watched = watched.map(|(schema, watched)| (schema, watched.table.as_str()));
        match meaning(statement, watched) {
            Meaning::Begin => self.open.inside = true,
            Meaning::End => return Some(self.end(event)),
            Meaning::XaCommit(branch) => {
                let (changes, unknown) = self.prepared.take(&branch);
                self.gather(changes);
                self.open.unknown = self.open.unknown.or(unknown);
                return Some(self.end(event));
            }
            Meaning::XaRollback(branch) => {
                self.prepared.forget(&branch);
                return Some(self.end(event));
            }
            Meaning::Nothing => return self.standing_alone(event),
            Meaning::Unknown(why) => {
                self.forget_definitions(why);
                return self.standing_alone(event);
            }
        }
        None
    }

    /// Rows of an XA transaction hold only when it is committed, unless that is this very event.
    fn prepare(&mut self, event: &Event) -> News {
        self.end_of_statement();
        if event
            .data()
            .first()
            .is_some_and(|one_phase| *one_phase == 0)
        {
            let rows = (self.take_changes(), self.open.unknown.take());
            self.prepared.keep(event.data(), rows);
        }
        self.end(event)
    }

    fn standing_alone(&mut self, event: &Event) -> Option<News> {
        (!self.open.inside).then(|| self.end(event))
    }

    fn end(&mut self, event: &Event) -> News {
        self.end_of_statement();
        let header = event.header();
        if header.log_pos() != 0 {
            self.position.log.offset = u64::from(header.log_pos());
        }
        let changes = self.take_changes();
        let open = std::mem::take(&mut self.open);
        if let Some((server, gtid)) = open.gtid {
            self.position
                .gtids
                .insert(gtid.domain, (server, gtid.sequence));
        }
        News::Commit(Commit {
            changes,
            unknown: open.unknown,
            position: self.position.clone(),
            at: UnixSeconds(u64::from(header.timestamp())),
        })
    }

    /// Nothing, where there are too many: that is a reason to read everything.
    fn take_changes(&mut self) -> Vec<Change> {
        let changes = std::mem::take(&mut self.open.changes);
        if self.open.unknown == Some(Why::Huge) {
            return Vec::new();
        }
        let changes = changes.into_iter();
        changes
            .map(|((table, key), secret)| Change { table, key, secret })
            .collect()
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The six bytes that such an event begins with, little endian.
fn table_id(event: &Event) -> Option<u64> {
    let bytes = event.data().get(..6)?;
    let number = bytes.iter().rev();
    Some(number.fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn is_compressed(event: &Event) -> bool {
    matches!(event.header().event_type_raw(), 0xa6..=0xab)
}

fn has_rows(event: &Event) -> bool {
    let code = event.header().event_type_raw();
    matches!(code, 0x17..=0x19 | 0x1e..=0x20 | 0x27) || is_compressed(event)
}

fn rows_data(event: &Event) -> Option<RowsEventData<'_>> {
    match event.read_data() {
        Ok(Some(mysql_async::binlog::events::EventData::RowsEvent(data))) => Some(data),
        Ok(_) | Err(_) => None,
    }
}
