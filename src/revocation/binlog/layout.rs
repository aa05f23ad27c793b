//! The columns of a table, as the server describes them now.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Row};

use super::fault::Fault;
use super::key::Kind;

/// A table's columns as far as the account may see them.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout(Vec<Column>);

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Its place in the table and in the events of its rows, from 0.
    pub(super) place: usize,
    pub(super) name: String,
    pub(super) data_type: String,
    pub(super) kind: Kind,
}

impl Layout {
    /// Asks the server; an empty layout is a table that is not there, or not for this account.
    pub(super) async fn read(conn: &mut Conn, schema: &str, table: &str) -> Result<Self, Fault> {
        let sql = "SELECT ordinal_position, column_name, data_type, column_type, character_set_name \
                   FROM information_schema.columns WHERE table_schema = ? AND table_name = ? \
                   ORDER BY ordinal_position";
        let rows: Vec<Row> = conn.exec(sql, (schema, table)).await?;
        Ok(Self(rows.iter().filter_map(column).collect()))
    }

    /// The column of a name; the database compares them without regard to case.
    pub(super) fn named(&self, name: &str) -> Option<&Column> {
        let same = |column: &&Column| column.name.to_lowercase() == name.to_lowercase();
        self.0.iter().find(same)
    }

    /// How many columns there are at least.
    pub(super) fn reach(&self) -> usize {
        self.0.last().map_or(0, |column| column.place + 1)
    }
}

fn column(row: &Row) -> Option<Column> {
    let place: u64 = row.get(0)?;
    let name: String = row.get(1)?;
    let data_type: String = row.get(2)?;
    let definition: String = row.get(3)?;
    let charset: Option<String> = row.get(4)?;
    Some(Column {
        place: usize::try_from(place).ok()?.checked_sub(1)?,
        kind: Kind::of(&data_type, &definition, charset.as_deref()),
        name,
        data_type,
    })
}
