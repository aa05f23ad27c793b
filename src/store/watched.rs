//! Many rows at once: those of a list of ids, and all of them by chunks in the order of their ids.
//!
//! A store that is asked for this has the columns that are watched for its `ruled` ones. Its values never leave it: of
//! each row there is its state, and one text of bytes that is another one whenever one of those columns is.

use super::Store;
use super::cell::Cell;
use super::decode::first_state;
use super::error::Error;
use super::ruled::RuledMap;
use super::table_map::LookUp;
use crate::member::StateName;
use crate::secret::Secret;

/// How many rows are read at once.
pub const CHUNK: usize = 1000;

/// For how many ids there is a statement; the last ones of a list are repeated up to the next of these.
const SIZES: [usize; 4] = [1, 10, 100, CHUNK];

/// What a watch has to know of a row.
#[derive(Debug)]
pub struct WatchedRow {
    /// The canonical spelling of its id.
    pub id: String,
    /// The first state that holds.
    pub state: Option<StateName>,
    /// The columns that are watched, in one.
    pub secret: Secret<Vec<u8>>,
    /// What its user logs in with, where that is watched.
    pub login: Option<Secret<String>>,
}

/// The statements.
#[derive(Debug)]
pub(super) struct Many {
    first: LookUp,
    after: LookUp,
    of: Vec<(usize, LookUp)>,
    /// The same by their logins, where those are watched.
    named: Vec<(usize, LookUp)>,
}

impl Many {
    /// `quoted` begins with the id, and has the login at this place.
    pub(super) fn new(from: &str, quoted: &[String], login: Option<usize>) -> Self {
        let id = quoted.first().map_or("", String::as_str);
        let columns = quoted.join(", ");
        let chunk = |condition: &str| {
            let sql =
                format!("SELECT {columns} FROM {from} {condition}ORDER BY {id} LIMIT {CHUNK}");
            LookUp::by(0, sql)
        };
        let of = |(place, column): (usize, &str), size| {
            let list = vec!["?"; size].join(", ");
            let sql = format!("SELECT {columns} FROM {from} WHERE {column} IN ({list})");
            (size, LookUp::by(place, sql))
        };
        let login = login.and_then(|place| Some((place, quoted.get(place)?.as_str())));
        let named = login.map(|login| SIZES.map(|size| of(login, size)).into());
        Self {
            first: chunk(""),
            after: chunk(&format!("WHERE {id} > ? ")),
            of: SIZES.map(|size| of((0, id), size)).into(),
            named: named.unwrap_or_default(),
        }
    }
}

impl Store {
    /// The rows with these ids, in no order. An id that only equals one by a collation is not found.
    pub async fn watched_rows(&self, ids: &[String]) -> Result<Vec<WatchedRow>, Error> {
        self.listed(&self.map().ruled.many.of, ids).await
    }

    /// The rows with these logins, as the column compares them, in no order; none where logins are not watched.
    pub async fn watched_named(&self, logins: &[String]) -> Result<Vec<WatchedRow>, Error> {
        self.listed(&self.map().ruled.many.named, logins).await
    }

    async fn listed(
        &self,
        statements: &[(usize, LookUp)],
        values: &[String],
    ) -> Result<Vec<WatchedRow>, Error> {
        let mut found = Vec::with_capacity(values.len());
        for chunk in values.chunks(CHUNK) {
            let statement = statements.iter().find(|(size, _)| *size >= chunk.len());
            let Some((size, look_up)) = statement else {
                continue;
            };
            let mut wanted = chunk.to_vec();
            let filling = wanted.last().cloned().unwrap_or_default();
            wanted.resize(*size, filling);
            let rows = self.fetch(look_up, &wanted).await?;
            found.extend(self.watched(rows)?);
        }
        Ok(found)
    }

    /// The rows that follow an id in the order of the table, [`CHUNK`] at most; from the first one on where there is none.
    pub async fn watched_after(&self, after: Option<&str>) -> Result<Vec<WatchedRow>, Error> {
        let many = &self.map().ruled.many;
        let rows = match after {
            None => self.fetch(&many.first, &[]).await?,
            Some(after) => self.fetch(&many.after, &[after.to_owned()]).await?,
        };
        self.watched(rows)
    }

    pub(super) fn watched(&self, rows: Vec<Vec<Cell>>) -> Result<Vec<WatchedRow>, Error> {
        let ruled = &self.map().ruled;
        rows.into_iter().map(|row| watched(ruled, &row)).collect()
    }
}

fn watched(map: &RuledMap, row: &[Cell]) -> Result<WatchedRow, Error> {
    let id = row.first().and_then(Cell::text);
    let id = id.ok_or_else(|| Error::Corrupt {
        column: map.columns.first().cloned().unwrap_or_default(),
        expected: "an integer or UTF-8 text",
    })?;
    let mut secret = Vec::new();
    for place in &map.values {
        write(&mut secret, row.get(*place).unwrap_or(&Cell::Null));
    }
    Ok(WatchedRow {
        id,
        state: first_state((&map.columns, &map.states), row)?,
        login: map
            .login
            .and_then(|place| row.get(place)?.text())
            .map(Secret::new),
        secret: Secret::new(secret),
    })
}

/// What [`WatchedRow::secret`] is where one column is watched and this is its text.
pub fn watched_text(text: &Secret<String>) -> Secret<Vec<u8>> {
    let mut secret = Vec::new();
    write_bytes(&mut secret, text.expose().as_bytes());
    Secret::new(secret)
}

/// With its length in front, so that no two rows are written alike.
fn write(secret: &mut Vec<u8>, cell: &Cell) {
    match cell {
        Cell::Null => secret.push(0),
        Cell::Text(bytes) => write_bytes(secret, bytes),
        Cell::Integer(_)
        | Cell::Unsigned(_)
        | Cell::Float(_)
        | Cell::Decimal(_)
        | Cell::Moment(_)
        | Cell::Time(_) => write_bytes(secret, cell.text().unwrap_or_default().as_bytes()),
    }
}

fn write_bytes(secret: &mut Vec<u8>, bytes: &[u8]) {
    secret.push(1);
    secret.extend(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
    secret.extend(bytes);
}
