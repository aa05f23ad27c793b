//! How new passwords are stored, and what they have to be like.

use crate::{
    config::{
        compile::Findings,
        document::passwords::{self as written, NewPassword, Passwords},
    },
    password::{Accepted, Format, NewFormat, Recipe, Rules, Work},
};

/// How new passwords are stored where nothing else is said.
pub(super) fn new(written: &Passwords, accepted: &Accepted, findings: &mut Findings<'_>) -> Recipe {
    match &written.new {
        Some(new) => recipe(new, "passwords.new", accepted, findings),
        None => accepted
            .formats
            .first()
            .map_or_else(Recipe::default, |first| Recipe::usual(usual(*first))),
    }
}

/// What is written in place of what is outdated.
pub(super) fn upgrade(
    written: &Passwords,
    accepted: &Accepted,
    findings: &mut Findings<'_>,
) -> Option<Recipe> {
    let to = &written.upgrade.as_ref()?.to;
    Some(recipe(to, "passwords.upgrade.to", accepted, findings))
}

/// What the library of a format writes today.
fn usual(format: Format) -> NewFormat {
    match format {
        Format::Argon2 => NewFormat::Argon2id,
        Format::Passlib => NewFormat::PasslibPbkdf2Sha256,
        Format::Django => NewFormat::DjangoPbkdf2Sha256,
        Format::Werkzeug => NewFormat::WerkzeugScrypt,
        Format::Bcrypt
        | Format::Bcrypt2x
        | Format::ShaCrypt
        | Format::Phpass
        | Format::Wordpress
        | Format::LdapSalted
        | Format::Mysql
        | Format::Digest => NewFormat::Bcrypt,
    }
}

fn recipe(
    written: &NewPassword,
    path: &str,
    accepted: &Accepted,
    findings: &mut Findings<'_>,
) -> Recipe {
    let recipe = Recipe::usual(format(written.format));
    if !accepted.formats.contains(&recipe.family()) {
        let message = "whoever has a password of this format could not log in";
        let fix = format!("list `{}` under `passwords.formats`", recipe.family());
        findings.mistake(&format!("{path}.format"), message, &fix);
    }
    for (key, is_there) in keys(written) {
        if is_there && !takes(recipe.work(), key) {
            let message = "this format does not take it";
            findings.mistake(&format!("{path}.{key}"), message, "remove it");
        }
    }
    recipe
        .with(work(recipe.work(), written))
        .unwrap_or_else(|| {
            let message = "a check of this would take too much, or next to nothing";
            let fix = "stay within what docs/passwords.md says, or leave the numbers out";
            findings.mistake(path, message, fix);
            recipe
        })
}

fn keys(written: &NewPassword) -> [(&'static str, bool); 5] {
    [
        ("cost", written.cost.is_some()),
        ("rounds", written.rounds.is_some()),
        ("memory", written.memory.is_some()),
        ("passes", written.passes.is_some()),
        ("lanes", written.lanes.is_some()),
    ]
}

fn takes(work: Work, key: &str) -> bool {
    match work {
        Work::Bcrypt { .. } => key == "cost",
        Work::Pbkdf2 { .. } => key == "rounds",
        Work::Argon2 { .. } => matches!(key, "memory" | "passes" | "lanes"),
        Work::Scrypt { .. } | Work::ShaCrypt { .. } | Work::Phpass { .. } | Work::Digest(_) => {
            false
        }
    }
}

/// The usual work with the numbers that are written.
fn work(usual: Work, written: &NewPassword) -> Work {
    let kibibytes = |size| u32::try_from(u64::from(size) / 1024).unwrap_or(u32::MAX);
    match usual {
        Work::Bcrypt { cost } => Work::Bcrypt {
            cost: written.cost.unwrap_or(cost),
        },
        Work::Pbkdf2 { hash, rounds } => Work::Pbkdf2 {
            hash,
            rounds: written.rounds.unwrap_or(rounds),
        },
        Work::Argon2 {
            variant,
            latest,
            memory,
            passes,
            lanes,
        } => Work::Argon2 {
            variant,
            latest,
            memory: written.memory.map_or(memory, kibibytes),
            passes: written.passes.unwrap_or(passes),
            lanes: written.lanes.unwrap_or(lanes),
        },
        Work::Scrypt { .. } | Work::ShaCrypt { .. } | Work::Phpass { .. } | Work::Digest(_) => {
            usual
        }
    }
}

fn format(written: written::NewFormat) -> NewFormat {
    match written {
        written::NewFormat::Bcrypt => NewFormat::Bcrypt,
        written::NewFormat::Argon2id => NewFormat::Argon2id,
        written::NewFormat::PasslibPbkdf2Sha256 => NewFormat::PasslibPbkdf2Sha256,
        written::NewFormat::DjangoPbkdf2Sha256 => NewFormat::DjangoPbkdf2Sha256,
        written::NewFormat::DjangoArgon2id => NewFormat::DjangoArgon2id,
        written::NewFormat::WerkzeugScrypt => NewFormat::WerkzeugScrypt,
        written::NewFormat::WerkzeugPbkdf2Sha256 => NewFormat::WerkzeugPbkdf2Sha256,
    }
}

pub(super) fn rules(written: &written::Rules, findings: &mut Findings<'_>) -> Rules {
    if written.min == 0 || written.max < written.min {
        let message = "no password, or an empty one, would do";
        findings.mistake("passwords.rules", message, "write `min: 8, max: 128`");
    }
    if !(1..=4).contains(&written.classes) {
        let message = "there are four kinds of characters";
        findings.mistake(
            "passwords.rules.classes",
            message,
            "write a number from 1 to 4",
        );
    }
    Rules {
        min: written.min.into(),
        max: written.max.into(),
        classes: written.classes.into(),
        may_be_login: written.may_be_login,
    }
}
