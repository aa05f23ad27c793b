//! Who is nobody here yet, and what is written about accounts at providers.

use serde_json::Value;

use crate::{
    accounts::social::{Filling, JOINING_VALUES, Joining, SocialAction},
    config::{
        compile::Findings,
        document::{Document, social::Social, users::WriteAction},
        reading::places::key_step,
    },
    template::Template,
};

/// How somebody becomes a user, if they do; `Err` where it has mistakes.
pub(super) fn compile(
    document: &Document,
    social: &Social,
    findings: &mut Findings<'_>,
) -> Result<Option<Joining>, ()> {
    let Some(written) = &social.new_users else {
        return Ok(None);
    };
    let path = "social.new_users";
    writes(document, WriteAction::SignUp, ("sign_up", path), findings);
    let login = template(&written.login, &format!("{path}.login"), findings);
    let columns = written.columns.iter().map(|(column, value)| {
        let path = format!("{path}.columns{}", key_step(column));
        let filled = [&social.columns.provider, &social.columns.subject];
        let login = document.users.as_ref().map(|users| &users.columns.login);
        if filled.contains(&column) || login == Some(column) {
            findings.mistake(&path, "this column is filled in any case", "take it out");
        }
        Some((column.clone(), filling(value, &path, findings)?))
    });
    let columns: Vec<_> = columns.collect();
    let columns: Option<Vec<_>> = columns.into_iter().collect();
    let (Some(login), Some(columns)) = (login, columns) else {
        return Err(());
    };
    Ok(Some(Joining { login, columns }))
}

fn filling(value: &Value, path: &str, findings: &mut Findings<'_>) -> Option<Filling> {
    match value {
        Value::String(text) => template(text, path, findings).map(Filling::Template),
        Value::Null | Value::Bool(_) => Some(Filling::Fixed(value.clone())),
        Value::Number(number) if number.is_i64() => Some(Filling::Fixed(value.clone())),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            let fix = "write true, false, null, a whole number or a text";
            findings.mistake(path, "no column holds this", fix);
            None
        }
    }
}

fn template(text: &str, path: &str, findings: &mut Findings<'_>) -> Option<Template> {
    let listed = JOINING_VALUES.map(|name| format!("{{{name}}}")).join(", ");
    let fix = format!("use {listed}");
    let template = findings.take(Template::parse(text), path, &fix)?;
    let unknown = |name: &str| !JOINING_VALUES.contains(&name);
    let mixed = |name: &str| name == "now" && template.sole_placeholder().is_none();
    if template
        .placeholders()
        .any(|name| unknown(name) || mixed(name))
    {
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
