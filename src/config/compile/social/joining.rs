//! Who is nobody here yet, and what is written about accounts at providers.

use serde_json::Value;

use super::provider::One;
use crate::{
    accounts::{
        SignUp, Source, Terms,
        social::{Filling, JOINING_VALUES, Joining, SocialAction},
    },
    config::{
        compile::{Findings, joining},
        document::{
            Document, sign_up,
            social::{NewUsers, Social},
            users::WriteAction,
        },
        reading::places::key_step,
    },
    store,
    template::Template,
};

const PATH: &str = "social.new_users";

/// What stands alone.
const MADE: [(&str, Source); 3] = [
    ("{now}", Source::Now),
    ("{today}", Source::Today),
    ("{uuid}", Source::Uuid),
];

/// How somebody becomes a user, if they do; `Err` where it has mistakes.
pub(super) fn compile(
    (document, social): (&Document, &Social),
    known: Option<(&store::Settings, Option<&SignUp>)>,
    findings: &mut Findings<'_>,
) -> Result<Option<Joining>, ()> {
    let Some(written) = &social.new_users else {
        return Ok(None);
    };
    writes(document, WriteAction::SignUp, ("sign_up", PATH), findings);
    let login = template(&written.login, &format!("{PATH}.login"), findings);
    let columns = written.columns.iter().map(|(column, value)| {
        let path = format!("{PATH}.columns{}", key_step(column));
        let filled = [&social.columns.provider, &social.columns.subject];
        let login = document.users.as_ref().map(|users| &users.columns.login);
        if filled.contains(&column) || login == Some(column) {
            findings.mistake(&path, "this column is filled in any case", "take it out");
        }
        if let Some((users, _)) = known {
            joining::known(column, &path, users, findings);
        }
        Some((column.clone(), filling(value, &path, findings)?))
    });
    let columns: Vec<_> = columns.collect();
    let columns: Option<Vec<_>> = columns.into_iter().collect();
    let terms = known.map(|known| terms(written, known, findings));
    let (Some(login), Some(columns), Some(terms)) = (login, columns, terms) else {
        return Err(());
    };
    Ok(Some(Joining {
        terms,
        login,
        columns,
    }))
}

/// What a sign-up says holds for those who come from a provider, too.
fn terms(
    written: &NewUsers,
    (users, sign_up): (&store::Settings, Option<&SignUp>),
    findings: &mut Findings<'_>,
) -> Terms {
    let id = &users.columns.id;
    let same = |name: &str, other: &str| users.column(name) == users.column(other);
    let is_given =
        same(id, &users.columns.login) || written.columns.keys().any(|name| same(name, id));
    let makes = sign_up.and_then(|it| it.terms.uuid.clone());
    let (uuid, new) = match written.id {
        Some(sign_up::NewId::Uuid) => (Some(id.clone()), store::NewId::Given),
        None if is_given => (None, store::NewId::Given),
        None if makes.is_some() => (makes, store::NewId::Given),
        Some(sign_up::NewId::Database) | None => (None, store::NewId::Database),
    };
    if written.id.is_some() && is_given {
        let path = format!("{PATH}.id");
        findings.mistake(&path, "the id is among the values already", "leave it out");
    }
    let unique = sign_up.map_or_else(Vec::new, |it| it.terms.unique.clone());
    let unique = unique.into_iter().filter(|name| {
        let mut columns = written.columns.keys();
        columns.any(|column| same(column, name))
    });
    let rejoin = written.rejoin.as_ref();
    let path = format!("{PATH}.rejoin");
    let rejoin = rejoin.map(|it| joining::rejoin_of(it, &path, users, findings));
    Terms {
        uuid,
        id: new,
        unique: unique.collect(),
        unverified: sign_up.and_then(|it| it.terms.unverified.clone()),
        rejoin: rejoin.or_else(|| sign_up.and_then(|it| it.terms.rejoin.clone())),
    }
}

fn filling(value: &Value, path: &str, findings: &mut Findings<'_>) -> Option<Filling> {
    match value {
        Value::String(text) => {
            let made = MADE.iter().find(|(name, _)| name == text);
            made.map(|(_, source)| Filling::Made(source.clone()))
                .or_else(|| template(text, path, findings).map(Filling::Template))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            let fix = "write true, false, null, a number or a text";
            let value = findings.take(joining::cell(value), path, fix)?;
            Some(Filling::Made(Source::Value(value)))
        }
    }
}

fn template(text: &str, path: &str, findings: &mut Findings<'_>) -> Option<Template> {
    let listed = JOINING_VALUES.map(|name| format!("{{{name}}}")).join(", ");
    let fix = format!("use {listed}, or {{now}}, {{today}} or {{uuid}} alone in a column");
    let template = findings.take(Template::parse(text), path, &fix)?;
    let unknown = |name: &str| !JOINING_VALUES.contains(&name);
    if template.placeholders().any(unknown) {
        findings.mistake(path, "there is no such value here", &fix);
        return None;
    }
    Some(template)
}

/// What links or unlinks has to be allowed to write.
pub(super) fn may_link(
    document: &Document,
    action: SocialAction,
    path: &str,
    findings: &mut Findings<'_>,
) {
    match action {
        SocialAction::Link | SocialAction::Unlink | SocialAction::Notice => {
            let place = format!("{path}.action");
            writes(document, WriteAction::Link, ("link", &place), findings);
        }
        SocialAction::Start | SocialAction::Callback | SocialAction::Token => {}
    }
}

/// The column in which a provider's refresh token is kept.
pub(super) fn kept_in(provider: &One<'_>, findings: &mut Findings<'_>) -> Option<Box<str>> {
    let column = provider.written.refresh_token_column.as_deref()?;
    let path = provider.at("refresh_token_column");
    if let Some(users) = provider.users {
        joining::known(column, &path, users, findings);
    }
    let document = provider.document;
    writes(document, WriteAction::Link, ("link", &path), findings);
    Some(column.into())
}

fn writes(
    document: &Document,
    action: WriteAction,
    (word, path): (&str, &str),
    findings: &mut Findings<'_>,
) {
    let users = document.users.as_ref();
    let write = users.and_then(|users| users.write.as_ref());
    if !write.is_some_and(|write| write.actions.contains(&action)) {
        let message = "this writes in the monolith's table, which nothing has allowed";
        let fix = format!("add `users: {{ write: {{ actions: [{word}] }} }}`");
        findings.mistake(path, message, &fix);
    }
}
