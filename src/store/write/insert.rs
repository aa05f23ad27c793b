//! A new member: whether the login is free, and the rows of all tables, in one transaction.
//!
//! Legacy tables seldom have a unique index on what users log in with. So of those who insert at the same time one is let in
//! after the other: by a lock that the server names in MySQL, by the only writer that there is in SQLite.

use super::{
    error::{Failure, WriteError},
    link::Link,
    map::{WriteMap, locking},
    operations::{Located, Operation, Work, by_table},
    value::{CellValue, moment},
};
use crate::{
    clock::UnixSeconds,
    member::{MemberId, StateName},
    store::{
        cell::Cell,
        decode::{first_state, id},
        moment::Moment,
        table_map::place,
        tables::Dialect,
    },
};

/// A member that is to be.
#[derive(Debug, Clone)]
pub struct NewMember {
    /// What it logs in with.
    pub login: String,
    /// The values of columns, as the configuration names them; the login and the password among them.
    pub values: Vec<(String, CellValue)>,
    /// Where its id comes from.
    pub id: NewId,
    /// Further columns of which nobody else may have the value.
    pub unique: Vec<String>,
    /// Rows of the same login in these states are replaced: nobody has ever proven that they are theirs.
    pub replaced: Vec<StateName>,
    /// Members who have left, and may come back after a while.
    pub leaving: Option<Leaving>,
    /// The account at a provider that no other member has, unless they have left.
    pub link: Option<Link>,
}

/// Where an id comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewId {
    /// It is among the values.
    Given,
    /// The database makes it: by counting, by a default or by a trigger.
    Database,
}

/// When a member who has left may come back.
#[derive(Debug, Clone)]
pub struct Leaving {
    /// The state of those who have left.
    pub state: StateName,
    /// The column that says when.
    pub column: String,
    /// Who left before may come back.
    pub before: UnixSeconds,
    /// How many seconds the column's clock is before that of UTC.
    pub offset: i32,
}

/// What has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// The member is there, with this id.
    Created(MemberId),
    /// Somebody else has the value of this column.
    Conflict(String),
    /// Who had this login has left too short a time ago.
    TooEarly,
}

/// What the rows of the same login say.
enum Standing {
    Free(Vec<Located>),
    Taken,
    TooEarly,
}

impl Operation for NewMember {
    type Done = Inserted;

    fn is_exclusive(&self) -> bool {
        true
    }

    async fn run<W: Work>(&self, map: &WriteMap, work: &mut W) -> Result<Inserted, Failure> {
        if let Some(link) = &self.link {
            let rows = link.rows((map, &self.columns(map)), work).await?;
            match self.standing((map, &[]), &rows)? {
                Standing::Free(_) => {}
                Standing::Taken => return Ok(Inserted::Conflict(link.columns.concat())),
                Standing::TooEarly => return Ok(Inserted::TooEarly),
            }
        }
        let rows = self.of_login(map, work).await?;
        let replaced = match self.standing((map, &self.replaced), &rows)? {
            Standing::Free(replaced) => replaced,
            Standing::Taken => return Ok(Inserted::Conflict(map.login.clone())),
            Standing::TooEarly => return Ok(Inserted::TooEarly),
        };
        for located in &replaced {
            located.delete(map, work).await?;
        }
        if let Some(column) = self.conflict(map, work).await? {
            return Err(Failure::Conflict(column));
        }
        let known: Vec<Option<String>> = rows.iter().map(|row| key(row)).collect();
        self.insert(map, &known, work).await
    }

    fn conflicting(column: String) -> Option<Inserted> {
        Some(Inserted::Conflict(column))
    }
}

impl NewMember {
    /// The rows of the same login, locked: the keys, the states, when they left.
    async fn of_login<W: Work>(
        &self,
        map: &WriteMap,
        work: &mut W,
    ) -> Result<Vec<Vec<Cell>>, Failure> {
        let sql = format!(
            "SELECT {} FROM {} WHERE {} = ?",
            map.tables.quote(&self.columns(map))?.join(", "),
            map.tables.all_rows()?,
            map.tables.quote(std::slice::from_ref(&map.login))?.concat(),
        );
        let login = CellValue::text(self.login.as_str());
        work.rows(&locking(map.dialect, &sql), &[login]).await
    }

    fn columns(&self, map: &WriteMap) -> Vec<String> {
        let mut columns = map.taken.columns.clone();
        if let Some(leaving) = &self.leaving {
            place(&mut columns, &leaving.column);
        }
        columns
    }

    fn standing(
        &self,
        (map, gives_way): (&WriteMap, &[StateName]),
        rows: &[Vec<Cell>],
    ) -> Result<Standing, Failure> {
        let mut replaced = Vec::new();
        let mut is_early = false;
        for row in rows {
            let state = first_state((&map.taken.columns, &map.taken.states), row);
            let state = state.map_err(|_| WriteError::Corrupt {
                column: map.login.clone(),
            })?;
            let Some(state) = state else {
                return Ok(Standing::Taken);
            };
            if gives_way.contains(&state) {
                replaced.push(Located::of(map, row)?);
                continue;
            }
            match &self.leaving {
                Some(leaving) if leaving.state == state => {
                    is_early |= self.is_early(map, leaving, row);
                }
                Some(_) | None => return Ok(Standing::Taken),
            }
        }
        Ok(if is_early {
            Standing::TooEarly
        } else {
            Standing::Free(replaced)
        })
    }

    /// Who left at a time that cannot be read has to wait: nothing says that it was long ago.
    fn is_early(&self, map: &WriteMap, leaving: &Leaving, row: &[Cell]) -> bool {
        let columns = self.columns(map);
        let at = columns.iter().position(|column| *column == leaving.column);
        let left = match at.and_then(|at| row.get(at)) {
            Some(Cell::Moment(moment)) => Some(*moment),
            Some(cell) => cell.text().as_deref().and_then(Moment::parse),
            None => None,
        };
        let before = moment(leaving.before, leaving.offset);
        left.is_none() || left > before
    }

    /// The first further column of which somebody else has the value.
    async fn conflict<W: Work>(
        &self,
        map: &WriteMap,
        work: &mut W,
    ) -> Result<Option<String>, Failure> {
        for name in &self.unique {
            let value = self.values.iter().find(|(column, _)| column == name);
            let Some((_, value)) = value else { continue };
            if matches!(value, CellValue::Null) {
                continue;
            }
            let column = map.tables.column(name)?;
            let table = map.tables.all.get(column.table);
            let from = table.map_or_else(String::new, |table| {
                format!("{} AS {}", table.quoted, table.short)
            });
            let quoted = map.tables.quote_of(column.table, &column.name)?;
            let sql = format!("SELECT 1 FROM {from} WHERE {quoted} = ? LIMIT 1");
            let sql = locking(map.dialect, &sql);
            if !work
                .rows(&sql, std::slice::from_ref(value))
                .await?
                .is_empty()
            {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }

    /// Inserts a row into every table: one that is joined has at least the keys.
    async fn insert<W: Work>(
        &self,
        map: &WriteMap,
        known: &[Option<String>],
        work: &mut W,
    ) -> Result<Inserted, Failure> {
        let mut values = self.values.clone();
        values.extend(self.link.iter().flat_map(Link::values));
        let by_table = by_table(map, &values)?;
        let of = |table: usize| {
            let columns = by_table.iter().find(|(at, _)| *at == table);
            let columns = columns.map(|(_, columns)| columns.as_slice());
            let columns = columns.unwrap_or_default().iter();
            columns.map(|(name, value)| (name.clone(), (*value).clone()))
        };
        let first: Vec<(String, CellValue)> = of(0).collect();
        let number = put(map, (0, &first), work).await?;
        let row = self.inserted(map, (number, known), work).await?;
        for (place, table) in map.tables.all.iter().enumerate().skip(1) {
            let mut columns: Vec<(String, CellValue)> = Vec::new();
            for (own, first) in &table.on {
                let at = map.keys.iter().position(|key| key == first);
                let cell = at.and_then(|at| row.get(at)).unwrap_or(&Cell::Null);
                let value = CellValue::of(cell).ok_or_else(|| WriteError::Corrupt {
                    column: first.clone(),
                })?;
                columns.push((own.clone(), value));
            }
            let is_key = |name: &String| table.on.iter().any(|(own, _)| own == name);
            columns.extend(of(place).filter(|(name, _)| !is_key(name)));
            put(map, (place, &columns), work).await?;
        }
        let id = id(row.first().unwrap_or(&Cell::Null)).map_err(|_| WriteError::Corrupt {
            column: map.keys.first().cloned().unwrap_or_default(),
        })?;
        Ok(Inserted::Created(id))
    }

    /// The keys of the row that was inserted into the first table.
    async fn inserted<W: Work>(
        &self,
        map: &WriteMap,
        (number, known): (Option<i64>, &[Option<String>]),
        work: &mut W,
    ) -> Result<Vec<Cell>, Failure> {
        let mut quoted = Vec::new();
        for column in &map.keys {
            quoted.push(map.tables.quote_of(0, column)?);
        }
        let table = map.tables.all.first();
        let from = table.map_or_else(String::new, |table| {
            format!("{} AS {}", table.quoted, table.short)
        });
        let select = format!("SELECT {} FROM {from} WHERE", quoted.join(", "));
        let id = quoted.first().map_or("", String::as_str);
        // A row that was replaced may have left its key to this one.
        let mut before: &[Option<String>] = &[];
        let (condition, value) = match (self.given(map), map.dialect, number) {
            (Some(given), _, _) => (id.to_owned(), given),
            (None, Dialect::Sqlite, Some(number)) => {
                ("m.rowid".to_owned(), CellValue::Integer(number))
            }
            (None, Dialect::MySql, Some(number)) => (id.to_owned(), CellValue::Integer(number)),
            // Made by a default or by a trigger: it is the row that was not there before.
            (None, _, None) => {
                before = known;
                let login = map.tables.quote(std::slice::from_ref(&map.login))?;
                (login.concat(), CellValue::text(self.login.as_str()))
            }
        };
        let sql = format!("{select} {condition} = ?");
        let mut rows = work.rows(&sql, &[value]).await?;
        rows.retain(|row| !before.contains(&key(row)));
        match rows.pop() {
            Some(row) if rows.is_empty() => Ok(row),
            Some(_) | None => Err(WriteError::LostKey.into()),
        }
    }

    fn given(&self, map: &WriteMap) -> Option<CellValue> {
        if self.id == NewId::Database {
            return None;
        }
        let id = map.keys.first()?;
        let of_id = |name: &String| {
            let column = map.tables.column(name);
            column.is_ok_and(|column| column.table == 0 && column.name == *id)
        };
        let value = self.values.iter().find(|(name, _)| of_id(name));
        value.map(|(_, value)| value.clone())
    }
}

fn key(row: &[Cell]) -> Option<String> {
    row.first().and_then(Cell::text)
}

async fn put<W: Work>(
    map: &WriteMap,
    (table, columns): (usize, &[(String, CellValue)]),
    work: &mut W,
) -> Result<Option<i64>, Failure> {
    let into = map.tables.all.get(table).map_or("", |table| &table.quoted);
    let mut names = Vec::new();
    for (name, _) in columns {
        names.push(map.tables.dialect.quote(name)?);
    }
    let places = vec!["?"; columns.len()].join(", ");
    let names = names.join(", ");
    let sql = format!("INSERT INTO {into} ({names}) VALUES ({places})");
    let values: Vec<CellValue> = columns.iter().map(|(_, value)| value.clone()).collect();
    Ok(work.execute(&sql, &values).await?.number)
}
