//! How stored passwords are checked, and new ones stored.

mod digest;
mod recipes;

use std::thread::available_parallelism;

use super::Findings;
use crate::{
    accounts::hashing,
    config::document::{Document, passwords::PasswordFormat},
    password::{Accepted, Format},
    revocation::feed,
    store::{self, WriteAction},
};

pub(super) fn compile(document: &Document, findings: &mut Findings<'_>) -> hashing::Settings {
    let written = &document.passwords;
    let accepted = accepted(document, findings);
    let threads = written.threads.map(usize::from);
    let memory = written.memory.into();
    let first = accepted.formats.first();
    hashing::Settings {
        threads: threads
            .unwrap_or_else(|| available_parallelism().map_or(1, usize::from))
            .max(1),
        queue: usize::from(written.queue).max(1),
        memory,
        expected: first.map(|it| it.usual_work()).unwrap_or_default(),
        upgrade: recipes::upgrade(written, &accepted, findings),
        recipe: recipes::new(written, &accepted, findings),
        rules: recipes::rules(&written.rules, findings),
        accepted,
    }
}

/// Whether a better hash could be written, and without ending sessions.
pub(super) fn may_upgrade(
    hashing: &hashing::Settings,
    (users, watch): (Option<&store::Settings>, Option<&feed::Settings>),
    findings: &mut Findings<'_>,
) {
    let (Some(_), Some(users)) = (hashing.upgrade, users) else {
        return;
    };
    let writes = users.write.as_ref().map(|write| &write.actions);
    if !writes.is_some_and(|actions| actions.contains(&WriteAction::UpgradePassword)) {
        let message = "a better hash has to be written to the user table";
        let fix = "list `upgrade_password` under `users.write.actions`, or remove it";
        findings.mistake("passwords.upgrade", message, fix);
    }
    let column = users.column(&users.columns.password).map(|(_, name)| name);
    let tables = watch.map_or(&[][..], |watch| &watch.tables);
    let secrets = tables.iter().map(|table| &table.store.ruled);
    let mut with_others = secrets
        .filter(|it| it.len() > 1 && column.as_ref().is_some_and(|column| it.contains(column)));
    if with_others.next().is_some() {
        let message = "a table of the watch ends sessions for the password and for other columns: what is written is not known from its own";
        let fix = "watch the password alone, or leave `upgrade` out";
        findings.mistake("passwords.upgrade", message, fix);
    }
}

fn accepted(document: &Document, findings: &mut Findings<'_>) -> Accepted {
    let written = &document.passwords;
    let formats: Vec<Format> = written.formats.iter().map(|it| format(*it)).collect();
    if formats.is_empty() {
        let message = "no stored password could be checked";
        findings.mistake("passwords.formats", message, "write [bcrypt]");
    }
    for (index, format) in formats.iter().enumerate() {
        if let Some(weakness) = format.weakness() {
            let message = format!("`{format}` {weakness}");
            let fix = "give these users stronger hashes, and remove it then";
            findings.warning(&format!("passwords.formats[{index}]"), &message, fix);
        }
    }
    let digest = digest::compile(document, formats.contains(&Format::Digest), findings);
    Accepted { formats, digest }
}

fn format(written: PasswordFormat) -> Format {
    match written {
        PasswordFormat::Bcrypt => Format::Bcrypt,
        PasswordFormat::Bcrypt2x => Format::Bcrypt2x,
        PasswordFormat::Argon2 => Format::Argon2,
        PasswordFormat::Passlib => Format::Passlib,
        PasswordFormat::ShaCrypt => Format::ShaCrypt,
        PasswordFormat::Django => Format::Django,
        PasswordFormat::Werkzeug => Format::Werkzeug,
        PasswordFormat::Phpass => Format::Phpass,
        PasswordFormat::Wordpress => Format::Wordpress,
        PasswordFormat::LdapSalted => Format::LdapSalted,
        PasswordFormat::Mysql => Format::Mysql,
        PasswordFormat::Digest => Format::Digest,
    }
}
