//! Members as a list: those whose column begins with a text, by chunks in the order of their ids.
//!
//! What is listed has no password. A text is compared by the collation of its column; a number by its digits. Whatever is
//! searched for, a chunk is one statement with a bound and within the deadline.

use serde_json::{Map, Value};

use super::cell::Cell;
use super::decode::{self, first_state};
use super::error::Error;
use super::settings::{Settings, SettingsError};
use super::table_map::{LookUp, ShownPlace, StatePlace, shown_places, state_places};
use super::tables::Tables;
use super::{LONGEST, Store};
use crate::member::{MemberId, StateName};

/// How many members are listed at once.
pub const PAGE: usize = 25;

/// What stands before a character that `LIKE` would take for more than itself. A backslash would be one of a text in MySQL, too.
const ESCAPE: char = '!';

/// No column has this place: what is compared is a text, whatever the column holds.
const AS_TEXT: usize = usize::MAX;

const ID: usize = 0;
const LOGIN: usize = 1;

/// A member as somebody sees it who looks after members.
#[derive(Clone)]
pub struct Listed {
    /// The row's identity.
    pub id: MemberId,
    /// What the member logs in with.
    pub login: Option<String>,
    /// The blocked state that holds.
    pub state: Option<StateName>,
    /// The columns that the operator lists.
    pub shown: Map<String, Value>,
}

/// A chunk of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// The members.
    pub members: Vec<Listed>,
    /// Whether others follow the last one.
    pub more: bool,
}

impl Page {
    /// These and no others.
    pub fn of(members: Vec<Listed>) -> Self {
        let more = false;
        Self { members, more }
    }
}

/// How members are searched by a column. Made once, out of a name of the configuration.
#[derive(Debug)]
pub struct Search {
    first: LookUp,
    after: LookUp,
}

/// The columns of what is listed: the id and the login at first.
#[derive(Debug)]
pub(super) struct ListedMap {
    columns: Vec<String>,
    states: Vec<StatePlace>,
    shown: Vec<ShownPlace>,
    by_id: LookUp,
}

impl ListedMap {
    pub(super) fn new(
        settings: &Settings,
        tables: &Tables,
        from: &str,
    ) -> Result<Self, SettingsError> {
        // Each has a place of its own, also where members log in with their ids.
        let mut columns = vec![settings.columns.id.clone(), settings.columns.login.clone()];
        let states = state_places(settings, &mut columns)?;
        let shown = shown_places(settings, &mut columns);
        let quoted = tables.quote(&columns)?;
        let by_id = super::table_map::look_up(from, &quoted, &[ID]);
        Ok(Self {
            columns,
            states,
            shown,
            by_id,
        })
    }

    fn search(&self, tables: &Tables, column: &str) -> Result<Search, SettingsError> {
        let quoted = tables.quote(&self.columns)?;
        let wanted = tables.quote(&[column.to_owned()])?.concat();
        let (id, columns) = (quoted.first().map_or("", String::as_str), quoted.join(", "));
        let begins = format!("{wanted} LIKE ? ESCAPE '{ESCAPE}'");
        let from = tables.from()?;
        // One more than a chunk, to know whether others follow.
        let limit = PAGE + 1;
        let chunk = |condition: &str| {
            format!("SELECT {columns} FROM {from} WHERE {condition} ORDER BY {id} LIMIT {limit}")
        };
        Ok(Search {
            first: LookUp::of(&[AS_TEXT], chunk(&begins)),
            after: LookUp::of(&[AS_TEXT, ID], chunk(&format!("{begins} AND {id} > ?"))),
        })
    }

    fn listed(&self, row: &[Cell]) -> Result<Listed, Error> {
        let at = |place: usize| row.get(place).unwrap_or(&Cell::Null);
        let corrupt = |place: usize, expected| Error::Corrupt {
            column: self.columns.get(place).cloned().unwrap_or_default(),
            expected,
        };
        Ok(Listed {
            id: decode::id(at(ID)).map_err(|expected| corrupt(ID, expected))?,
            login: at(LOGIN).text(),
            state: first_state((&self.columns, &self.states), row)?,
            shown: decode::shown(&self.shown, row)
                .map_err(|(place, expected)| corrupt(place, expected))?,
        })
    }
}

impl Store {
    /// How members are searched by this column.
    pub fn search_of(&self, column: &str) -> Result<Search, Error> {
        let map = self.map();
        Ok(map.listed.search(&map.tables, column)?)
    }

    /// The members whose column begins with a text, behind the one with this id, if one is named; [`PAGE`] at most.
    pub async fn search(
        &self,
        search: &Search,
        text: &str,
        after: Option<&str>,
    ) -> Result<Page, Error> {
        let odd = |value: &str| value.len() > LONGEST || value.contains('\0');
        if odd(text) || after.is_some_and(odd) {
            return Ok(Page::of(Vec::new()));
        }
        let beginning = beginning(text);
        let mut rows = match after {
            None => self.fetch(&search.first, &[beginning]).await?,
            Some(after) => {
                let wanted = [beginning, after.to_owned()];
                self.fetch(&search.after, &wanted).await?
            }
        };
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let listed = &self.map().listed;
        let members = rows.iter().map(|row| listed.listed(row));
        Ok(Page {
            members: members.collect::<Result<_, _>>()?,
            more,
        })
    }

    /// The member whose id is `id`, found as [`Self::member_by_id`] finds it.
    pub async fn listed_by_id(&self, id: &str) -> Result<Option<Listed>, Error> {
        let listed = &self.map().listed;
        let rows = self.rows(&listed.by_id, id).await?;
        let row = self.the_one(rows, id)?;
        row.map(|row| listed.listed(&row)).transpose()
    }
}

/// A pattern for what begins with this text.
fn beginning(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if matches!(character, '%' | '_' | ESCAPE) {
            pattern.push(ESCAPE);
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// What is listed is personal.
impl std::fmt::Debug for Listed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Listed");
        shown.field("id", &self.id).field("state", &self.state);
        shown.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_its_text_and_what_follows() {
        assert_eq!(beginning(""), "%");
        assert_eq!(beginning("50%_off!\\"), "50!%!_off!!\\%");
    }
}
