//! The further tables that a user's row is made of, and what may be written in all of them.

use super::{Findings, database};
use crate::{
    config::{
        document::{
            Document,
            users::{self, Users},
        },
        reading::places::key_step,
    },
    store::{DatabaseUrl, Join, Settings, TlsSettings, WriteAction, WriteSettings},
};

/// Half a day and a bit is the most that any country's clock is off.
const LARGEST_OFFSET: i32 = 14 * 3600;

pub(super) fn joins(users: &Users) -> Vec<Join> {
    let joins = users.join.iter().map(|join| Join {
        table: join.table.clone(),
        alias: join.alias.clone(),
        on: join.on.clone().into_iter().collect(),
        is_optional: join.optional,
    });
    joins.collect()
}

/// What a shown column is called in an answer: its own name, whatever table it is of.
pub(super) fn shown_as(users: &Users, column: &str) -> String {
    let own = column.split_once('.').filter(|_| !users.join.is_empty());
    own.map_or(column, |(_, own)| own).to_owned()
}

/// The shorter of the two names that a column of the first table has.
pub(super) fn without_first<'a>(users: &Users, column: &'a str) -> &'a str {
    let first = users.table.rsplit('.').next().unwrap_or_default();
    let own = column.split_once('.').filter(|_| !users.join.is_empty());
    let own = own.filter(|(alias, _)| *alias == first);
    own.map_or(column, |(_, own)| own)
}

pub(super) fn shown_once(settings: &Settings, findings: &mut Findings<'_>) {
    for (place, shown) in settings.shown.iter().enumerate() {
        let before = settings.shown.iter().take(place);
        if before.clone().any(|it| it.as_name == shown.as_name) {
            let path = format!("users.show{}", key_step(&shown.column));
            let message = format!("two columns would be called `{}`", shown.as_name);
            findings.mistake(&path, &message, "leave one of them out");
        }
    }
}

pub(super) fn write(
    users: &Users,
    read_from: Option<&DatabaseUrl>,
    findings: &mut Findings<'_>,
) -> Option<WriteSettings> {
    let written = users.write.as_ref()?;
    let database = match &written.database {
        Some(url) => database::url(url, "users.write.database", findings)?,
        None => read_from?.clone(),
    };
    if written.connections == 0 {
        let fix = "write 1 or more, or leave it out";
        findings.mistake(
            "users.write.connections",
            "nothing could ever be written",
            fix,
        );
    }
    if written.actions.is_empty() {
        let fix = "list what may be written, such as `[sign_up]`, or remove `users.write`";
        findings.mistake("users.write.actions", "nothing may be written", fix);
    }
    let offset = written.utc_offset.as_deref().map_or(Ok(0), offset);
    let fix = "write hours and minutes, such as +09:00";
    let utc_offset = findings.take(offset, "users.write.utc_offset", fix)?;
    let tls = match (&written.tls, &users.tls) {
        (Some(tls), _) => Some(tls_of(tls, "users.write.tls.ca", findings)),
        (None, Some(tls)) => Some(tls_of(tls, "users.tls.ca", findings)),
        (None, None) => None,
    };
    let actions = written.actions.iter().map(|action| compiled(*action));
    Some(WriteSettings {
        database,
        tls,
        connections: written.connections.into(),
        actions: actions.collect(),
        utc_offset,
    })
}

fn tls_of(tls: &users::Tls, path: &str, findings: &mut Findings<'_>) -> TlsSettings {
    let ca = tls.ca.as_deref();
    TlsSettings {
        authorities: ca.and_then(|ca| database::read_authorities(ca, path, findings)),
    }
}

/// A mistake at `path` where the configuration does not list what is written there.
pub(super) fn needed(
    document: &Document,
    action: WriteAction,
    path: &str,
    findings: &mut Findings<'_>,
) {
    if document.users.is_some() && !may_write(document, action) {
        let word = action.word();
        let message = "it writes to the user table, which the configuration does not allow";
        let fix = format!("add `{word}` to `users.write.actions`");
        findings.absence(path, message, &fix);
    }
}

/// Whether the configuration lists what is written there.
pub(super) fn may_write(document: &Document, action: WriteAction) -> bool {
    let write = document.users.as_ref().and_then(|it| it.write.as_ref());
    let listed = |write: &users::Write| write.actions.iter().any(|it| compiled(*it) == action);
    write.is_some_and(listed)
}

fn compiled(action: users::WriteAction) -> WriteAction {
    match action {
        users::WriteAction::UpgradePassword => WriteAction::UpgradePassword,
        users::WriteAction::SignUp => WriteAction::SignUp,
        users::WriteAction::Verify => WriteAction::Verify,
        users::WriteAction::Password => WriteAction::Password,
        users::WriteAction::Profile => WriteAction::Profile,
        users::WriteAction::Withdraw => WriteAction::Withdraw,
        users::WriteAction::Block => WriteAction::Block,
        users::WriteAction::Link => WriteAction::Link,
        users::WriteAction::RefreshToken => WriteAction::RefreshToken,
    }
}

/// `+09:00` in seconds.
fn offset(text: &str) -> Result<i32, &'static str> {
    const MESSAGE: &str = "this is no offset from UTC";
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        Some(_) | None => return Err(MESSAGE),
    };
    let (hours, minutes) = rest.split_once(':').ok_or(MESSAGE)?;
    let number = |text: &str| {
        let proper = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        proper.then(|| text.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = number(hours).zip(number(minutes)).ok_or(MESSAGE)?;
    let seconds = hours * 3600 + minutes * 60;
    let fits = minutes < 60 && seconds <= LARGEST_OFFSET;
    fits.then_some(sign * seconds).ok_or(MESSAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_hours_and_minutes() {
        assert_eq!(offset("+09:00"), Ok(32_400));
        assert_eq!(offset("-03:30"), Ok(-12_600));
        assert_eq!(offset("+00:00"), Ok(0));
        for text in [
            "", "9", "+9:00", "09:00", "+09", "+09:60", "+15:00", "+٠٩:00", "+0９:0",
        ] {
            assert!(offset(text).is_err(), "{text}");
        }
    }
}
