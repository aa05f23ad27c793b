//! What is done in one transaction, the same in both databases.

use super::{
    error::{Failure, WriteError},
    map::WriteMap,
    value::CellValue,
};
use crate::{
    member::{MemberId, StateName},
    secret::Secret,
    store::{cell::Cell, decode::first_state},
};

/// What a statement has done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    /// How many rows it found to write.
    pub(super) rows: u64,
    /// The number that the database has given a new row: its id where MySQL counts, and its row id in SQLite.
    pub(super) number: Option<i64>,
}

/// A transaction.
pub(super) trait Work {
    /// Executes a statement that writes.
    fn execute(
        &mut self,
        sql: &str,
        values: &[CellValue],
    ) -> impl Future<Output = Result<Done, Failure>> + Send;

    /// Fetches the rows of one that reads.
    fn rows(
        &mut self,
        sql: &str,
        values: &[CellValue],
    ) -> impl Future<Output = Result<Vec<Vec<Cell>>, Failure>> + Send;
}

/// Something that is done in one transaction, and again where the server undid it.
pub(super) trait Operation: Send + Sync + 'static {
    type Done: Send + 'static;

    /// Whether nobody else may do the like meanwhile, whatever rows it is about.
    fn is_exclusive(&self) -> bool {
        false
    }

    /// What it means that somebody else has the value of a column; everything was undone then.
    fn conflicting(_column: String) -> Option<Self::Done> {
        None
    }

    fn run<W: Work>(
        &self,
        map: &WriteMap,
        work: &mut W,
    ) -> impl Future<Output = Result<Self::Done, Failure>>;
}

/// A member's rows: the keys of the first table, of which those of the others are.
pub(super) struct Located(Vec<CellValue>);

impl Located {
    /// The row with this id; it is locked.
    pub(super) async fn by_id<W: Work>(
        map: &WriteMap,
        id: &MemberId,
        work: &mut W,
    ) -> Result<Option<Self>, Failure> {
        let id = CellValue::from(id);
        let rows = work.rows(&map.locate, &[id.clone(), id]).await?;
        let row = rows.first();
        row.map(|row| Self::of(map, row)).transpose()
    }

    /// Out of a row that begins with the keys.
    pub(super) fn of(map: &WriteMap, row: &[Cell]) -> Result<Self, Failure> {
        let mut keys = Vec::new();
        for (place, column) in map.keys.iter().enumerate() {
            let value = CellValue::of(row.get(place).unwrap_or(&Cell::Null));
            keys.push(value.ok_or_else(|| WriteError::Corrupt {
                column: column.clone(),
            })?);
        }
        Ok(Self(keys))
    }

    /// The values by which a table's row is found.
    pub(super) fn whose(&self, map: &WriteMap, table: usize) -> Vec<CellValue> {
        let keys = map.each.get(table).map(|table| table.keys.as_slice());
        let values = keys.unwrap_or_default().iter();
        let values = values.filter_map(|key| self.0.get(*key));
        values.flat_map(|key| [key.clone(), key.clone()]).collect()
    }

    /// Writes a password over the expected one, if that is there.
    pub(super) async fn swap_password<W: Work>(
        &self,
        map: &WriteMap,
        (expected, new): (&Secret<String>, &Secret<String>),
        work: &mut W,
    ) -> Result<bool, Failure> {
        let mut values = vec![CellValue::Text(new.clone())];
        values.extend(self.whose(map, map.password));
        values.push(CellValue::Text(expected.clone()));
        let done = work.execute(&map.replace_password, &values).await?;
        Ok(done.rows > 0)
    }

    /// Whether there is a row in each of these tables.
    pub(super) async fn has_rows<W: Work>(
        &self,
        map: &WriteMap,
        by_table: &ByTable<'_>,
        work: &mut W,
    ) -> Result<bool, Failure> {
        for (table, _) in by_table.iter().filter(|(table, _)| *table > 0) {
            let whose = self.whose(map, *table);
            if work.rows(&map.is_there(*table), &whose).await?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes values into columns of rows that are there.
    pub(super) async fn write<W: Work>(
        &self,
        map: &WriteMap,
        by_table: ByTable<'_>,
        work: &mut W,
    ) -> Result<(), Failure> {
        for (table, columns) in by_table {
            let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
            let values = columns.iter().map(|(_, value)| (*value).clone());
            let values: Vec<CellValue> = values.chain(self.whose(map, table)).collect();
            work.execute(&map.update(table, &names)?, &values).await?;
        }
        Ok(())
    }

    /// Deletes them, those that others refer to at last.
    pub(super) async fn delete<W: Work>(
        &self,
        map: &WriteMap,
        work: &mut W,
    ) -> Result<(), Failure> {
        for (place, table) in map.each.iter().enumerate().rev() {
            work.execute(&table.delete, &self.whose(map, place)).await?;
        }
        Ok(())
    }
}

/// Compare and swap.
pub(super) struct ReplacePassword {
    pub(super) id: MemberId,
    pub(super) expected: Secret<String>,
    pub(super) new: Secret<String>,
}

impl Operation for ReplacePassword {
    type Done = bool;

    async fn run<W: Work>(&self, map: &WriteMap, work: &mut W) -> Result<bool, Failure> {
        let Some(located) = Located::by_id(map, &self.id, work).await? else {
            return Ok(false);
        };
        located
            .swap_password(map, (&self.expected, &self.new), work)
            .await
    }
}

/// Values of columns of any of the tables.
pub(super) struct SetColumns {
    pub(super) id: MemberId,
    pub(super) values: Vec<(String, CellValue)>,
}

impl Operation for SetColumns {
    type Done = bool;

    async fn run<W: Work>(&self, map: &WriteMap, work: &mut W) -> Result<bool, Failure> {
        let Some(located) = Located::by_id(map, &self.id, work).await? else {
            return Ok(false);
        };
        let by_table = by_table(map, &self.values)?;
        if !located.has_rows(map, &by_table, work).await? {
            return Ok(false);
        }
        located.write(map, by_table, work).await?;
        Ok(true)
    }
}

/// Values of columns of a member in a state.
pub(super) struct SwapState {
    pub(super) set: SetColumns,
    pub(super) expected: Option<StateName>,
}

/// What has become of a member whose state was to be another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swapped {
    /// It is as was wanted.
    Done,
    /// Somebody has changed it before; this is it.
    Otherwise(Option<StateName>),
    /// There is no such member.
    Gone,
}

impl Operation for SwapState {
    type Done = Swapped;

    async fn run<W: Work>(&self, map: &WriteMap, work: &mut W) -> Result<Swapped, Failure> {
        let as_expected = (&self.set.id, self.expected.as_ref());
        if let Some(otherwise) = otherwise(as_expected, map, work).await? {
            return Ok(otherwise);
        }
        if self.set.run(map, work).await? {
            return Ok(Swapped::Done);
        }
        Ok(Swapped::Gone)
    }
}

/// What the member is instead, where it is not in the expected state; its rows are locked.
async fn otherwise<W: Work>(
    (id, expected): (&MemberId, Option<&StateName>),
    map: &WriteMap,
    work: &mut W,
) -> Result<Option<Swapped>, Failure> {
    let id = CellValue::from(id);
    let rows = work.rows(&map.standing, &[id.clone(), id]).await?;
    let Some(row) = rows.first() else {
        return Ok(Some(Swapped::Gone));
    };
    let state = first_state((&map.taken.columns, &map.taken.states), row);
    let state = state.map_err(|_| WriteError::Corrupt {
        column: map.keys.first().cloned().unwrap_or_default(),
    })?;
    let differs = state.as_ref() != expected;
    Ok(differs.then_some(Swapped::Otherwise(state)))
}

/// A member in a state goes.
pub(super) struct RemoveInState {
    pub(super) id: MemberId,
    pub(super) expected: Option<StateName>,
}

impl Operation for RemoveInState {
    type Done = Swapped;

    async fn run<W: Work>(&self, map: &WriteMap, work: &mut W) -> Result<Swapped, Failure> {
        let as_expected = (&self.id, self.expected.as_ref());
        if let Some(otherwise) = otherwise(as_expected, map, work).await? {
            return Ok(otherwise);
        }
        let Some(located) = Located::by_id(map, &self.id, work).await? else {
            return Ok(Swapped::Gone);
        };
        located.delete(map, work).await?;
        Ok(Swapped::Done)
    }
}

/// A member goes.
pub(super) struct Remove {
    pub(super) id: MemberId,
}

impl Operation for Remove {
    type Done = bool;

    async fn run<W: Work>(&self, map: &WriteMap, work: &mut W) -> Result<bool, Failure> {
        let Some(located) = Located::by_id(map, &self.id, work).await? else {
            return Ok(false);
        };
        located.delete(map, work).await?;
        Ok(true)
    }
}

/// Values by the place of their table, in the order of the tables, and by the name of their column in the database.
pub(super) type ByTable<'a> = Vec<(usize, Vec<(String, &'a CellValue)>)>;

pub(super) fn by_table<'a>(
    map: &WriteMap,
    values: &'a [(String, CellValue)],
) -> Result<ByTable<'a>, Failure> {
    let mut by_table: ByTable<'a> = Vec::new();
    for (name, value) in values {
        let column = map.tables.column(name)?;
        let known = by_table
            .iter_mut()
            .find(|(table, _)| *table == column.table);
        match known {
            Some((_, columns)) => columns.push((column.name, value)),
            None => by_table.push((column.table, vec![(column.name, value)])),
        }
    }
    by_table.sort_by_key(|(table, _)| *table);
    Ok(by_table)
}
