//! What a member changes of itself, the password too, in one transaction.
//!
//! A column of which there is only one of each value seldom has a unique index. So of those who change one, and of those who
//! join, one is let in after the other.

use super::{
    error::Failure,
    map::{WriteMap, locking, named},
    operations::{Located, Operation, Work, by_table},
    value::CellValue,
};
use crate::{member::MemberId, secret::Secret};

/// What is to be written.
#[derive(Debug, Clone)]
pub struct Change {
    /// Whose row it is.
    pub id: MemberId,
    /// The password that there has to be, and the one that is to be.
    pub password: Option<(Secret<String>, Secret<String>)>,
    /// The values of columns, as the configuration names them.
    pub values: Vec<(String, CellValue)>,
    /// Columns of which nobody else may have the value.
    pub unique: Vec<String>,
}

/// What has become of it. Nothing is written unless all of it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewritten {
    /// It is written.
    Done,
    /// There is another password by now, or no row.
    Outrun,
    /// Somebody else has the value of this column.
    Conflict(String),
}

impl Operation for Change {
    type Done = Rewritten;

    fn is_exclusive(&self) -> bool {
        !self.unique.is_empty()
    }

    async fn run<W: Work>(&self, map: &WriteMap, work: &mut W) -> Result<Rewritten, Failure> {
        let Some(located) = Located::by_id(map, &self.id, work).await? else {
            return Ok(Rewritten::Outrun);
        };
        if let Some(column) = self.conflict(map, &located, work).await? {
            return Ok(Rewritten::Conflict(column));
        }
        let by_table = by_table(map, &self.values)?;
        if !located.has_rows(map, &by_table, work).await? {
            return Ok(Rewritten::Outrun);
        }
        if let Some((expected, new)) = &self.password
            && !located.swap_password(map, (expected, new), work).await?
        {
            return Ok(Rewritten::Outrun);
        }
        located.write(map, by_table, work).await?;
        Ok(Rewritten::Done)
    }

    fn conflicting(column: String) -> Option<Rewritten> {
        Some(Rewritten::Conflict(column))
    }
}

impl Change {
    /// The first column of which somebody else has the value.
    async fn conflict<W: Work>(
        &self,
        map: &WriteMap,
        located: &Located,
        work: &mut W,
    ) -> Result<Option<String>, Failure> {
        for name in &self.unique {
            let value = self.values.iter().find(|(column, _)| column == name);
            let Some((_, value)) = value else { continue };
            if matches!(value, CellValue::Null) {
                continue;
            }
            let column = map.tables.column(name)?;
            let quoted = map.tables.quote_of(column.table, &column.name)?;
            let own = map.each.get(column.table);
            let own = own.map_or("", |table| table.whose.as_str());
            let from = named(&map.tables, column.table);
            let sql = format!("SELECT 1 FROM {from} WHERE {quoted} = ? AND NOT ({own}) LIMIT 1");
            let mut values = vec![value.clone()];
            values.extend(located.whose(map, column.table));
            let found = work.rows(&locking(map.dialect, &sql), &values).await?;
            if !found.is_empty() {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }
}
