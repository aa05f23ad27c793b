//! An account at a provider, in the two columns in which it stands: of one member only, and never written over another.

use super::{
    error::{Failure, WriteError},
    map::{WriteMap, locking, same},
    operations::{Located, Operation, Work, by_table},
    value::CellValue,
};
use crate::{
    member::{MemberId, StateName},
    store::{cell::Cell, decode::first_state},
};

/// An account at a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The columns of the provider and of who it is there, as the configuration names them.
    pub columns: [String; 2],
    /// The provider, as the column has it.
    pub provider: String,
    /// Who it is there.
    pub subject: String,
}

/// What has to stand in the columns.
#[derive(Clone)]
pub enum Linked {
    /// Nothing.
    Nowhere,
    /// This provider, whoever it is there.
    At(String),
}

/// Another account for a member, or none.
#[derive(Clone)]
pub struct Relink {
    /// Whose row it is.
    pub id: MemberId,
    /// The columns of the provider and of who it is there.
    pub columns: [String; 2],
    /// What has to stand there now.
    pub expected: Linked,
    /// What is to stand there.
    pub link: Option<Link>,
    /// Further columns that are written with it.
    pub further: Vec<(String, CellValue)>,
    /// The state of members who may have had the account, and have left.
    pub left: Option<StateName>,
}

/// What has become of it. Nothing is written unless all of it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relinked {
    /// It is written.
    Done,
    /// Something else stands in the columns.
    Otherwise,
    /// Another member has the account.
    Elsewhere,
    /// There is no such member.
    Gone,
}

impl Operation for Relink {
    type Done = Relinked;

    fn is_exclusive(&self) -> bool {
        self.link.is_some()
    }

    async fn run<W: Work>(&self, map: &WriteMap, work: &mut W) -> Result<Relinked, Failure> {
        let Some((located, stands)) = self.located(map, work).await? else {
            return Ok(Relinked::Gone);
        };
        if !self.expected.is(&stands) {
            return Ok(Relinked::Otherwise);
        }
        if let Some(link) = &self.link
            && link
                .is_of_another(&self.id, (map, self.left.as_ref()), work)
                .await?
        {
            return Ok(Relinked::Elsewhere);
        }
        let values = self.values();
        let by_table = by_table(map, &values)?;
        if !located.has_rows(map, &by_table, work).await? {
            return Ok(Relinked::Gone);
        }
        located.write(map, by_table, work).await?;
        Ok(Relinked::Done)
    }
}

impl Relink {
    /// The member, locked, and what stands in the columns.
    async fn located<W: Work>(
        &self,
        map: &WriteMap,
        work: &mut W,
    ) -> Result<Option<(Located, [Option<String>; 2])>, Failure> {
        let mut columns = map.keys.clone();
        columns.extend(self.columns.iter().cloned());
        let whose = map.each.first().map_or("", |table| table.whose.as_str());
        let sql = format!(
            "SELECT {} FROM {} WHERE {whose}",
            map.tables.quote(&columns)?.join(", "),
            map.tables.all_rows()?,
        );
        let id = CellValue::from(&self.id);
        let sql = locking(map.dialect, &sql);
        let rows = work.rows(&sql, &[id.clone(), id]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let text = |place: usize| row.get(map.keys.len() + place).and_then(Cell::text);
        Ok(Some((Located::of(map, row)?, [text(0), text(1)])))
    }

    fn values(&self) -> Vec<(String, CellValue)> {
        let columns = self.columns.iter().cloned();
        let empty = || columns.map(|column| (column, CellValue::Null)).collect();
        let mut values = self.link.as_ref().map_or_else(empty, Link::values);
        values.extend(self.further.iter().cloned());
        values
    }
}

impl Linked {
    /// An empty text is as good as NULL.
    fn is(&self, stands: &[Option<String>; 2]) -> bool {
        let is_empty = |text: &Option<String>| text.as_deref().is_none_or(str::is_empty);
        match self {
            Self::Nowhere => stands.iter().all(is_empty),
            Self::At(provider) => stands
                .first()
                .is_some_and(|it| it.as_ref() == Some(provider)),
        }
    }
}

impl Link {
    /// The rows with this account, locked: these columns of them.
    pub(super) async fn rows<W: Work>(
        &self,
        (map, columns): (&WriteMap, &[String]),
        work: &mut W,
    ) -> Result<Vec<Vec<Cell>>, Failure> {
        let quoted = map.tables.quote(&self.columns)?;
        let conditions: Vec<String> = quoted
            .iter()
            .map(|column| same(map.dialect, column))
            .collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE {}",
            map.tables.quote(columns)?.join(", "),
            map.tables.all_rows()?,
            conditions.join(" AND "),
        );
        let [provider, subject] = [&self.provider, &self.subject].map(CellValue::text);
        let values = [provider.clone(), provider, subject.clone(), subject];
        work.rows(&locking(map.dialect, &sql), &values).await
    }

    /// The values of the columns.
    pub(super) fn values(&self) -> Vec<(String, CellValue)> {
        let columns = self.columns.iter().cloned();
        let values = [&self.provider, &self.subject].map(CellValue::text);
        columns.zip(values).collect()
    }

    /// Whether a member has it who has not left.
    async fn is_of_another<W: Work>(
        &self,
        id: &MemberId,
        (map, left): (&WriteMap, Option<&StateName>),
        work: &mut W,
    ) -> Result<bool, Failure> {
        let id = id.to_string();
        for row in self.rows((map, &map.taken.columns), work).await? {
            let state = first_state((&map.taken.columns, &map.taken.states), &row);
            let state = state.map_err(|_| WriteError::Corrupt {
                column: map.login.clone(),
            })?;
            let is_own = row.first().and_then(Cell::text).as_ref() == Some(&id);
            if !is_own && (left.is_none() || state.as_ref() != left) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Link")
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Linked {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Nowhere => "Nowhere",
            Self::At(_) => "At",
        })
    }
}

impl std::fmt::Debug for Relink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Relink")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
