//! The monolith's user table.

use serde_json::Value;

use super::{Findings, database, user_tables};
use crate::{
    config::{
        document::{
            Document,
            users::{ColumnType, LoginSpelling, Users},
        },
        reading::places::key_step,
    },
    member::{StateName, spelling::Spelling},
    membership,
    store::{self, Expected, PoolSettings, Settings, Shown, StateRule, TlsSettings},
};

pub(super) fn compile(
    document: &Document,
    ruled: Vec<String>,
    findings: &mut Findings<'_>,
) -> Option<Settings> {
    let users = document.users.as_ref()?;
    let url = database::url(&users.database, "users.database", findings);
    let states = states(users, findings);
    let shown = users.show.iter().map(|(column, kind)| Shown {
        column: column.clone(),
        as_name: user_tables::shown_as(users, column),
        column_type: column_type(*kind),
    });
    password_stays_hidden(users, findings);
    let write = user_tables::write(users, url.as_ref(), findings);
    let settings = Settings {
        database: url?,
        table: users.table.clone(),
        joins: user_tables::joins(users),
        write,
        columns: store::Columns {
            id: users.columns.id.clone(),
            login: users.columns.login.clone(),
            password: users.columns.password.clone(),
            salt: users.columns.salt.clone(),
        },
        states,
        shown: shown.collect(),
        ruled,
        pool: PoolSettings {
            min: users.pool.min.into(),
            max: users.pool.max.into(),
        },
        connect_timeout: users.connect_timeout.into(),
        deadline: users.deadline.into(),
        tls: users.tls.as_ref().map(|tls| TlsSettings {
            authorities: tls
                .ca
                .as_deref()
                .and_then(|ca| database::read_authorities(ca, "users.tls.ca", findings)),
        }),
    };
    match settings.check() {
        Ok(()) => {
            user_tables::shown_once(&settings, findings);
            Some(settings)
        }
        Err(error) => {
            findings.mistake(
                "users",
                &error.to_string(),
                "correct the settings of the user table",
            );
            None
        }
    }
}

/// Which spellings of a login are one.
pub(super) fn login_spelling(users: &Users) -> Spelling {
    match users.login_spelling {
        LoginSpelling::Folded => Spelling::Folded,
        LoginSpelling::Exact => Spelling::Exact,
    }
}

/// By what the rows are found that tokens are about.
pub(super) fn row_key(document: &Document) -> membership::Key {
    let login = document.users.as_ref().map(|users| &users.columns.login);
    let minted = document
        .tokens
        .access
        .claims
        .get(&document.identity.subject);
    let minted = minted.and_then(Value::as_str);
    match login {
        Some(login) if minted == Some(format!("{{user.{login}}}").as_str()) => {
            membership::Key::Login
        }
        Some(_) | None => membership::Key::Id,
    }
}

/// How rows are kept, if any rule asks for them.
pub(super) fn row_cache(
    document: &Document,
    table: Option<&Settings>,
) -> Option<membership::Settings> {
    let (written, table) = (document.users.as_ref()?, table?);
    (!table.ruled.is_empty()).then(|| membership::Settings {
        key: row_key(document),
        columns: table.ruled.clone(),
        lifetime: written.row_cache.lifetime.into(),
        size: written.row_cache.size.into(),
        // Logins come first: the other half is theirs.
        look_ups: (table.pool.max / 2).max(1),
        rate: None,
        deadline: table.deadline,
    })
}

fn states(users: &Users, findings: &mut Findings<'_>) -> Vec<StateRule> {
    let mut rules = Vec::with_capacity(users.states.len());
    for (name, columns) in &users.states {
        let path = format!("users.states{}", key_step(name));
        let mut all = Vec::with_capacity(columns.len());
        for (column, value) in columns {
            let path = format!("{path}{}", key_step(column));
            let fix = "write true, false, null, a whole number or a text";
            if let Some(expected) = findings.take(expected(value), &path, fix) {
                all.push((column.clone(), expected));
            }
        }
        // A state whose values are all mistakes is not one without conditions.
        if columns.is_empty() || !all.is_empty() {
            rules.push(StateRule {
                name: StateName::new(name),
                all,
            });
        }
    }
    rules
}

pub(super) fn expected(value: &Value) -> Result<Expected, &'static str> {
    match value {
        Value::Null => Ok(Expected::Null),
        Value::Bool(truth) => Ok(Expected::Boolean(*truth)),
        Value::Number(number) => {
            let number = number
                .as_i64()
                .ok_or("no column is compared with this number")?;
            Ok(Expected::Integer(number))
        }
        Value::String(text) => Ok(Expected::Text(text.clone())),
        Value::Array(_) | Value::Object(_) => Err("a column is compared with one value"),
    }
}

fn column_type(kind: ColumnType) -> store::ColumnType {
    match kind {
        ColumnType::Integer => store::ColumnType::Integer,
        ColumnType::Number => store::ColumnType::Number,
        ColumnType::Boolean => store::ColumnType::Boolean,
        ColumnType::Text => store::ColumnType::Text,
        ColumnType::Datetime => store::ColumnType::DateTime,
        ColumnType::Date => store::ColumnType::Date,
        ColumnType::Json => store::ColumnType::Json,
    }
}

fn password_stays_hidden(users: &Users, findings: &mut Findings<'_>) {
    let folded = |column: &str| user_tables::without_first(users, column).to_ascii_lowercase();
    for column in users.show.keys() {
        let path = format!("users.show{}", key_step(column));
        if folded(column) == folded(&users.columns.password) {
            let fix = "leave it out: clients never see a stored password";
            findings.mistake(&path, "this is the column of the stored password", fix);
        } else if users.columns.salt.as_deref().map(folded) == Some(folded(column)) {
            let fix = "leave it out: it helps those who guess";
            findings.mistake(&path, "this is the column of the salt", fix);
        } else if column.to_ascii_lowercase().contains("password_hash")
            || column.to_ascii_lowercase().starts_with("hashed_")
        {
            let fix = "leave it out, unless clients really get it";
            findings.warning(&path, "this looks like a stored secret", fix);
        }
    }
}
