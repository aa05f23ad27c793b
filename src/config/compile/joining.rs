//! How users join and leave.

use indexmap::IndexMap;

use super::{
    Findings,
    actions::{self, Kind},
    user_tables,
};
use crate::{
    accounts::{Consent, Joining, Leave, Rejoin, SignUp, Source, Terms, Withdrawal},
    config::{
        document::{
            Document,
            sign_up::{self as written, ColumnValue, Generated},
        },
        reading::places::key_step,
    },
    member::StateName,
    store::{self, CellValue, WriteAction},
    template::Template,
};

/// What an action needs that is not there is said at the action.
pub(super) fn compile(
    document: &Document,
    users: Option<&store::Settings>,
    findings: &mut Findings<'_>,
) -> Joining {
    for (index, account) in document.accounts.iter().enumerate() {
        let path = format!("accounts[{index}].action");
        match actions::of(account.action).kind {
            Kind::SignUp => {
                user_tables::needed(document, WriteAction::SignUp, &path, findings);
                let there = document.sign_up.is_some();
                needs(
                    there,
                    (
                        &path,
                        "add `sign_up`, what becomes of a sign-up in the tables",
                    ),
                    findings,
                );
            }
            Kind::Withdraw => {
                user_tables::needed(document, WriteAction::Withdraw, &path, findings);
                let there = document.withdrawal.is_some();
                needs(
                    there,
                    (&path, "add `withdrawal`, what becomes of the rows"),
                    findings,
                );
                let fix = "add `state`, where it is kept that the user's tokens count no longer";
                needs(document.state.is_some(), (&path, fix), findings);
            }
            Kind::Login
            | Kind::Refresh
            | Kind::Verify
            | Kind::ChangePassword
            | Kind::Profile
            | Kind::ChangeProfile
            | Kind::Code(_)
            | Kind::Own(_)
            | Kind::Revoke
            | Kind::Introspect
            | Kind::Social(_) => {}
        }
    }
    let Some(users) = users else {
        return Joining::default();
    };
    let sign_up = document.sign_up.as_ref();
    let withdrawal = document.withdrawal.as_ref();
    Joining {
        sign_up: sign_up.map(|it| sign_up_of(it, users, findings)),
        withdrawal: withdrawal.map(|it| withdrawal_of(it, users, findings)),
        profile: None,
    }
}

fn needs(there: bool, (path, fix): (&str, &str), findings: &mut Findings<'_>) {
    if !there {
        let message = "this action cannot do anything yet";
        findings.absence(path, message, fix);
    }
}

fn sign_up_of(
    written: &written::SignUp,
    users: &store::Settings,
    findings: &mut Findings<'_>,
) -> SignUp {
    let columns = sources(&written.columns, "sign_up.columns", users, findings);
    reserved(written, users, findings);
    let same = |name: &str, other: &str| users.column(name) == users.column(other);
    let (id, login) = (&users.columns.id, &users.columns.login);
    let is_given = same(id, login) || columns.iter().any(|(name, _)| same(name, id));
    let (uuid, id) = match written.id {
        Some(written::NewId::Uuid) => (Some(id.clone()), store::NewId::Given),
        None if is_given => (None, store::NewId::Given),
        Some(written::NewId::Database) | None => (None, store::NewId::Database),
    };
    if written.id.is_some() && is_given {
        let fix = "leave `id` out";
        findings.mistake("sign_up.id", "the id is among the values already", fix);
    }
    for (place, column) in written.unique.iter().enumerate() {
        let path = format!("sign_up.unique[{place}]");
        if !columns.iter().any(|(name, _)| name == column) {
            let fix = "name a column of `sign_up.columns`";
            findings.mistake(&path, "nothing is written to this column", fix);
        }
    }
    let unverified = written.unverified.as_ref();
    let unverified = unverified.map(|name| state(name, "sign_up.unverified", users, findings));
    let rejoin = written.rejoin.as_ref();
    let rejoin = rejoin.map(|it| rejoin_of(it, "sign_up.rejoin", users, findings));
    let consents = written.consents.iter().map(|(field, consent)| Consent {
        field: field.clone(),
        is_required: *consent == written::Consent::Required,
    });
    SignUp {
        terms: Terms {
            uuid,
            id,
            unique: written.unique.clone(),
            unverified,
            rejoin,
        },
        login: login.clone(),
        password: users.columns.password.clone(),
        columns,
        consents: consents.collect(),
    }
}

pub(super) fn rejoin_of(
    written: &written::Rejoin,
    path: &str,
    users: &store::Settings,
    findings: &mut Findings<'_>,
) -> Rejoin {
    known(&written.column, &format!("{path}.column"), users, findings);
    Rejoin {
        state: state(&written.state, &format!("{path}.state"), users, findings),
        column: written.column.clone(),
        after: written.after.into(),
    }
}

/// The login and the password have a value already.
fn reserved(written: &written::SignUp, users: &store::Settings, findings: &mut Findings<'_>) {
    for name in written.columns.keys() {
        let column = users.column(name);
        let taken = [&users.columns.login, &users.columns.password];
        if taken.iter().any(|taken| users.column(taken) == column) {
            let path = format!("sign_up.columns{}", key_step(name));
            let message = "the login and the password are written in any case";
            findings.mistake(&path, message, "leave it out");
        }
    }
}

fn withdrawal_of(
    written: &written::Withdrawal,
    users: &store::Settings,
    findings: &mut Findings<'_>,
) -> Withdrawal {
    const PATH: &str = "withdrawal";
    let leave = match (written.remove, written.set.is_empty()) {
        (true, true) => Leave::Remove,
        (false, false) => Leave::Set(sources(&written.set, "withdrawal.set", users, findings)),
        (true, false) => {
            let fix = "keep one of `set` and `remove`";
            findings.mistake(PATH, "a row that is deleted has no values", fix);
            Leave::Remove
        }
        (false, true) => {
            let fix = "write `set: { is_active: { value: false } }` for example, or `remove: true`";
            findings.mistake(PATH, "nothing says that a user has left", fix);
            Leave::Remove
        }
    };
    for (name, value) in &written.set {
        let asked = [
            ("field", value.field.is_some()),
            ("text", value.text.is_some()),
            ("date", value.date.is_some()),
        ];
        for (key, _) in asked.iter().filter(|(_, is_there)| *is_there) {
            let path = format!("withdrawal.set{}.{key}", key_step(name));
            let fix = "write `value` or `generated`";
            findings.mistake(&path, "a withdrawal has no fields for columns", fix);
        }
        if users.column(name) == users.column(&users.columns.id) {
            let path = format!("withdrawal.set{}", key_step(name));
            findings.mistake(&path, "an id never changes", "leave it out");
        }
    }
    Withdrawal {
        password: written.password,
        leave,
    }
}

pub(super) fn sources(
    columns: &IndexMap<String, ColumnValue>,
    path: &str,
    users: &store::Settings,
    findings: &mut Findings<'_>,
) -> Vec<(String, Source)> {
    let mut sources = Vec::with_capacity(columns.len());
    for (name, value) in columns {
        let path = format!("{path}{}", key_step(name));
        known(name, &path, users, findings);
        let fix = "write one of `field`, `text`, `date`, `value` and `generated`, such as { field: nickname }";
        let source = findings.take(source(value), &path, fix);
        sources.extend(source.map(|source| (name.clone(), source)));
    }
    sources
}

pub(super) fn known(name: &str, path: &str, users: &store::Settings, findings: &mut Findings<'_>) {
    if users.column(name).is_none() {
        let message = "this is a column of no table that is known here";
        let fix = "write `alias.column`, as in `users.join`";
        findings.mistake(path, message, fix);
    }
}

fn source(written: &ColumnValue) -> Result<Source, String> {
    let field = written.field.clone().map(|it| Ok(Source::Field(it)));
    let text = written.text.as_deref().map(|it| template(it, Source::Text));
    let date = written.date.as_deref().map(|it| template(it, Source::Date));
    let value = written.value.as_ref().map(|it| cell(it).map(Source::Value));
    let value = value.map(|it| it.map_err(str::to_owned));
    let generated = written.generated.map(|generated| match generated {
        Generated::Now => Ok(Source::Now),
        Generated::Today => Ok(Source::Today),
        Generated::Uuid => Ok(Source::Uuid),
    });
    let mut sources = [field, text, date, value, generated].into_iter().flatten();
    match (sources.next(), sources.next()) {
        (Some(source), None) => source,
        (None, _) => Err("nothing says where the value comes from".to_owned()),
        (Some(_), Some(_)) => Err("a value comes from one place".to_owned()),
    }
}

fn template(text: &str, source: fn(Template) -> Source) -> Result<Source, String> {
    let template = Template::parse(text).map_err(|error| error.to_string())?;
    if template.placeholders().next().is_none() {
        return Err("no field stands in it".to_owned());
    }
    Ok(source(template))
}

pub(super) fn cell(value: &serde_json::Value) -> Result<CellValue, &'static str> {
    use serde_json::Value;
    match value {
        Value::Null => Ok(CellValue::Null),
        Value::Bool(truth) => Ok(CellValue::Boolean(*truth)),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), _, _) => Ok(CellValue::Integer(whole)),
            (None, Some(large), _) => Ok(CellValue::Unsigned(large)),
            (None, None, Some(number)) => Ok(CellValue::Number(number)),
            (None, None, None) => Err("this is no number that a column takes"),
        },
        Value::String(text) => Ok(CellValue::text(text.as_str())),
        Value::Array(_) | Value::Object(_) => Err("a column takes one value"),
    }
}

pub(super) fn state(
    name: &str,
    path: &str,
    users: &store::Settings,
    findings: &mut Findings<'_>,
) -> StateName {
    let known: Vec<&str> = users
        .states
        .iter()
        .map(|state| state.name.as_str())
        .collect();
    if !known.contains(&name) {
        let fix = "name one of `users.states`";
        findings.unknown(path, "there is no such state", &known, fix);
    }
    StateName::new(name)
}
