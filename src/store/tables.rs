//! The tables that a member's row is made of, and which of their columns a name means.
//!
//! Where there is one table a name is a column's, whatever characters it has. Where there are several it is `alias.column`;
//! a name without a dot is a column of the first one. Identifiers are quoted here, once.

use super::settings::{Settings, SettingsError};

/// How a database quotes an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    MySql,
    Sqlite,
}

impl Dialect {
    pub(super) fn quote(self, name: &str) -> Result<String, SettingsError> {
        if name.is_empty() || name.contains('\0') {
            return Err(SettingsError::Name {
                name: name.to_owned(),
            });
        }
        Ok(match self {
            Self::MySql => format!("`{}`", name.replace('`', "``")),
            Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        })
    }

    fn quote_table(self, table: &str) -> Result<String, SettingsError> {
        match table.split_once('.') {
            None => self.quote(table),
            Some((_, name)) if name.contains('.') => Err(SettingsError::Table {
                table: table.to_owned(),
            }),
            Some((schema, name)) => Ok(format!("{}.{}", self.quote(schema)?, self.quote(name)?)),
        }
    }
}

/// One of the tables. The first has the ids of members.
#[derive(Debug)]
pub(super) struct Table {
    /// As configured.
    pub(super) name: String,
    pub(super) quoted: String,
    /// How configured names begin that are about it.
    alias: String,
    /// How statements call it.
    pub(super) short: String,
    /// Its columns, and those of the first table that they equal; as the database has them.
    pub(super) on: Vec<(String, String)>,
    is_optional: bool,
}

/// A column, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// The place of its table.
    pub(super) table: usize,
    /// Its name in the database.
    pub(super) name: String,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) dialect: Dialect,
    pub(super) all: Vec<Table>,
}

impl Tables {
    pub(super) fn new(settings: &Settings, dialect: Dialect) -> Result<Self, SettingsError> {
        let mut all = vec![Table {
            name: settings.table.clone(),
            quoted: dialect.quote_table(&settings.table)?,
            alias: last_part(&settings.table).to_owned(),
            short: "m".to_owned(),
            on: Vec::new(),
            is_optional: false,
        }];
        for (place, join) in settings.joins.iter().enumerate() {
            let alias = join.alias.as_deref();
            let alias = alias.unwrap_or_else(|| last_part(&join.table));
            if all.iter().any(|table| table.alias == alias) {
                return Err(SettingsError::SameAlias {
                    alias: alias.to_owned(),
                });
            }
            if join.on.is_empty() {
                return Err(SettingsError::NoKeys {
                    table: join.table.clone(),
                });
            }
            all.push(Table {
                name: join.table.clone(),
                quoted: dialect.quote_table(&join.table)?,
                alias: alias.to_owned(),
                short: format!("j{place}"),
                on: join.on.clone(),
                is_optional: join.is_optional,
            });
        }
        Ok(Self { dialect, all })
    }

    /// The column that a configured name means.
    pub(super) fn column(&self, name: &str) -> Result<Column, SettingsError> {
        let of_first = |name: &str| Column {
            table: 0,
            name: name.to_owned(),
        };
        if self.all.len() == 1 {
            return Ok(of_first(name));
        }
        let Some((alias, column)) = name.split_once('.') else {
            return Ok(of_first(name));
        };
        let table = self.all.iter().position(|table| table.alias == alias);
        let table = table.ok_or_else(|| SettingsError::UnknownAlias {
            column: name.to_owned(),
            known: self.aliases(),
        })?;
        Ok(Column {
            table,
            name: column.to_owned(),
        })
    }

    fn aliases(&self) -> String {
        let aliases = self.all.iter().map(|table| format!("`{}`", table.alias));
        aliases.collect::<Vec<_>>().join(", ")
    }

    /// Columns as statements over [`Self::from`] name them.
    pub(super) fn quote(&self, columns: &[String]) -> Result<Vec<String>, SettingsError> {
        let quoted = columns.iter().map(|name| {
            let column = self.column(name)?;
            self.quote_of(column.table, &column.name)
        });
        quoted.collect()
    }

    /// A column of a table, by its name in the database.
    pub(super) fn quote_of(&self, table: usize, column: &str) -> Result<String, SettingsError> {
        let short = self.all.get(table).map_or("m", |table| &table.short);
        Ok(format!("{short}.{}", self.dialect.quote(column)?))
    }

    /// What stands behind `FROM`.
    pub(super) fn from(&self) -> Result<String, SettingsError> {
        self.joined(|table| table.is_optional)
    }

    /// The same, with every row of the first table, whatever the others lack.
    pub(super) fn all_rows(&self) -> Result<String, SettingsError> {
        self.joined(|_| true)
    }

    fn joined(&self, is_optional: impl Fn(&Table) -> bool) -> Result<String, SettingsError> {
        let mut from = String::new();
        for (place, table) in self.all.iter().enumerate() {
            if place > 0 {
                from.push_str(if is_optional(table) {
                    " LEFT JOIN "
                } else {
                    " JOIN "
                });
            }
            from.push_str(&table.quoted);
            from.push_str(" AS ");
            from.push_str(&table.short);
            for (number, (own, first)) in table.on.iter().enumerate() {
                from.push_str(if number == 0 { " ON " } else { " AND " });
                from.push_str(&self.quote_of(place, own)?);
                from.push_str(" = ");
                from.push_str(&self.quote_of(0, first)?);
            }
        }
        Ok(from)
    }
}

fn last_part(table: &str) -> &str {
    table.rsplit('.').next().unwrap_or(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Join, contract::bench::settings};

    fn joined() -> Settings {
        let mut settings = settings("sqlite::memory:");
        settings.table = "member.user".to_owned();
        settings.joins = vec![
            Join {
                table: "auth.password".to_owned(),
                alias: None,
                on: vec![("user_no".to_owned(), "user_no".to_owned())],
                is_optional: false,
            },
            Join {
                table: "member.profile".to_owned(),
                alias: Some("p".to_owned()),
                on: vec![("u".to_owned(), "user_no".to_owned())],
                is_optional: true,
            },
        ];
        settings
    }

    #[test]
    fn tables_are_joined_by_their_keys() {
        let tables = Tables::new(&joined(), Dialect::MySql).expect("tables");
        assert_eq!(
            tables.from().expect("a clause"),
            "`member`.`user` AS m JOIN `auth`.`password` AS j0 ON j0.`user_no` = m.`user_no` \
             LEFT JOIN `member`.`profile` AS j1 ON j1.`u` = m.`user_no`"
        );
        let names = ["user_id", "user.user_no", "password.password", "p.name"].map(str::to_owned);
        assert_eq!(
            tables.quote(&names).expect("columns"),
            ["m.`user_id`", "m.`user_no`", "j0.`password`", "j1.`name`"]
        );
        assert!(tables.column("profile.name").is_err(), "it is called `p`");
    }

    #[test]
    fn a_dot_is_a_part_of_a_name_where_there_is_one_table() {
        let mut settings = joined();
        settings.joins.clear();
        let tables = Tables::new(&settings, Dialect::Sqlite).expect("tables");
        assert_eq!(tables.from().expect("a clause"), "\"member\".\"user\" AS m");
        let name = ["a.b".to_owned()];
        assert_eq!(tables.quote(&name).expect("a column"), ["m.\"a.b\""]);
    }

    #[test]
    fn what_cannot_be_joined_is_refused() {
        let mut settings = joined();
        settings.joins[1].alias = Some("password".to_owned());
        assert!(Tables::new(&settings, Dialect::MySql).is_err());
        let mut settings = joined();
        settings.joins[0].on.clear();
        assert!(Tables::new(&settings, Dialect::MySql).is_err());
    }
}
