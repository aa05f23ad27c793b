//! Codes and links that are sent to users.

use std::time::Duration;

use super::{Findings, messages, rules::Broken, tokens::secret_text, users::expected};
use crate::{
    accounts::codes::{PurposeSettings, Settings},
    config::{
        document::{
            Document,
            codes::{Alphabet, By, Code, Codes, Form},
        },
        reading::places::key_step,
    },
    mailer::{self, Channel},
    member::{
        StateName,
        code::{self, Rules, SendingRules},
    },
    secret::Secret,
    store,
    template::Template,
};

/// Shorter ones could be guessed by whoever sees the tables.
const SHORTEST_SECRET: usize = 32;
/// As many codes as six digits have.
const FEWEST: u128 = 1_000_000;
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The columns of addresses, behind those that rules ask for.
pub(super) fn with_columns(mut columns: Vec<String>, document: &Document) -> Vec<String> {
    let (Some(codes), Some(users)) = (&document.codes, &document.users) else {
        return columns;
    };
    for code in [&codes.verify, &codes.reset].into_iter().flatten() {
        let column = code.to.as_ref().unwrap_or(&users.columns.login);
        if !columns.contains(column) {
            columns.push(column.clone());
        }
    }
    columns
}

/// The codes, and how messages are delivered; `None` where anything in that is a mistake.
pub(super) fn with_messages(
    document: &Document,
    users: Option<&store::Settings>,
    findings: &mut Findings<'_>,
) -> (Result<Option<Settings>, Broken>, Option<mailer::Settings>) {
    let codes = compile(document, users, findings);
    (codes, messages::compile(document, findings))
}

fn compile(
    document: &Document,
    users: Option<&store::Settings>,
    findings: &mut Findings<'_>,
) -> Result<Option<Settings>, Broken> {
    let Some(codes) = &document.codes else {
        return Ok(None);
    };
    if document.state.is_none() {
        let fix = "add `state: { database: … }`";
        findings.absence("codes", "there are no tables to keep codes in", fix);
    }
    if document.users.is_none() {
        let fix = "add `users: …`";
        findings.absence("codes", "there is nobody to send them to", fix);
    }
    let secret = secret(codes, findings);
    let mut purpose = |code: &Option<Code>, path: &str, verifies: bool| {
        let code = code.as_ref();
        let compiled = code.map(|code| {
            let whole = Whole {
                document,
                users,
                verifies,
            };
            whole.purpose(code, path, findings).ok_or(Broken)
        });
        compiled.transpose()
    };
    let verify = purpose(&codes.verify, "codes.verify", true);
    let reset = purpose(&codes.reset, "codes.reset", false);
    Ok(Some(Settings {
        secret: secret.ok_or(Broken)?,
        verify: verify?,
        reset: reset?,
    }))
}

fn secret(codes: &Codes, findings: &mut Findings<'_>) -> Option<Secret<Vec<u8>>> {
    const PATH: &str = "codes.secret";
    let secret = secret_text(&codes.secret, PATH, findings)?;
    if secret.expose().len() < SHORTEST_SECRET {
        let fix = "write 32 random characters or more";
        findings.mistake(PATH, "this secret is short enough to be guessed", fix);
        return None;
    }
    Some(Secret::new(secret.expose().as_bytes().to_vec()))
}

/// What a purpose is compiled with.
struct Whole<'a> {
    document: &'a Document,
    users: Option<&'a store::Settings>,
    verifies: bool,
}

impl Whole<'_> {
    fn purpose(
        &self,
        code: &Code,
        path: &str,
        findings: &mut Findings<'_>,
    ) -> Option<PurposeSettings> {
        let (channel, there, key) = match code.by {
            By::Mail => (Channel::Mail, self.document.mail.is_some(), "mail"),
            By::Phone => (Channel::Phone, self.document.sms.is_some(), "sms"),
        };
        if !there {
            let message = "there is nothing that would deliver them";
            findings.absence(&format!("{path}.by"), message, &format!("add `{key}: …`"));
        }
        let form = form(code, path, findings);
        let link = link(code, path, findings);
        bounds(code, path, findings);
        let state = self.state(code, path, findings);
        let sets = self.sets(code, path, findings);
        let users = self.users?;
        let column = code.to.as_ref().unwrap_or(&users.columns.login);
        let column = users.ruled.iter().position(|it| it == column)?;
        Some(PurposeSettings {
            rules: Rules {
                form,
                lifetime: code.lifetime.into(),
                attempts: code.attempts,
                sending: SendingRules {
                    after: code.resend_after.into(),
                    per_day: code.per_day,
                },
            },
            channel,
            column,
            link: link.ok()?,
            state,
            sets,
        })
    }

    fn state(&self, code: &Code, path: &str, findings: &mut Findings<'_>) -> Option<StateName> {
        let name = code.state.as_ref()?;
        let path = format!("{path}.state");
        if !self.verifies {
            findings.mistake(&path, "this is for `verify` alone", "take it out");
        }
        let users = self.document.users.as_ref()?;
        if !users.states.contains_key(name) {
            let known: Vec<&str> = users.states.keys().map(String::as_str).collect();
            let fix = "use a name of `users.states`";
            findings.unknown(&path, "there is no such state", &known, fix);
        }
        Some(StateName::new(name))
    }

    fn sets(
        &self,
        code: &Code,
        path: &str,
        findings: &mut Findings<'_>,
    ) -> Vec<(String, store::Expected)> {
        let path = format!("{path}.sets");
        if !self.verifies && !code.sets.is_empty() {
            findings.mistake(&path, "this is for `verify` alone", "take it out");
        }
        if self.verifies && code.sets.is_empty() {
            let message = "nothing would come of an address that is proven";
            findings.absence(
                &path,
                message,
                "write a column, such as `{ is_active: true }`",
            );
        }
        let mut sets = Vec::new();
        for (column, value) in &code.sets {
            let path = format!("{path}{}", key_step(column));
            let fix = "write true, false, null, a whole number or a text";
            if let Some(value) = findings.take(expected(value), &path, fix) {
                sets.push((column.clone(), value));
            }
        }
        sets
    }
}

fn form(code: &Code, path: &str, findings: &mut Findings<'_>) -> code::Form {
    if code.form == Form::Link {
        return code::Form::Link;
    }
    let alphabet = match code.alphabet {
        Alphabet::Digits => code::Alphabet::Digits,
        Alphabet::LettersAndDigits => code::Alphabet::LettersAndDigits,
    };
    let form = code::Form::Typed {
        alphabet,
        length: code.length,
    };
    if form.count() < FEWEST || code.length > 32 {
        let fix = "write 6 or more, at most 32; of letters and digits 4 are enough";
        let path = format!("{path}.length");
        findings.mistake(&path, "codes of this length are guessed or mistyped", fix);
    }
    form
}

fn link(code: &Code, path: &str, findings: &mut Findings<'_>) -> Result<Option<Template>, Broken> {
    let path = format!("{path}.link");
    match (code.form, &code.link) {
        (Form::Code, None) => Ok(None),
        (Form::Code, Some(_)) => {
            let fix = "take it out, or write `form: link`";
            findings.mistake(&path, "codes that are typed stand in no link", fix);
            Err(Broken)
        }
        (Form::Link, None) => {
            let fix = "write `link: \"https://example.com/verify?code={code}\"`";
            findings.absence(&path, "there is nothing to follow", fix);
            Err(Broken)
        }
        (Form::Link, Some(text)) => {
            let fix = "write https://example.com/verify?code={code}";
            let template = findings
                .take(Template::parse(text), &path, fix)
                .ok_or(Broken)?;
            let names: Vec<&str> = template.placeholders().collect();
            if names != ["code"] || !text.starts_with("http") {
                findings.mistake(&path, "this is no link with one {code} in it", fix);
                return Err(Broken);
            }
            if !text.starts_with("https://") {
                let message = "whoever sees the link on its way can use it";
                findings.warning(&path, message, "write https://");
            }
            Ok(Some(template))
        }
    }
}

fn bounds(code: &Code, path: &str, findings: &mut Findings<'_>) {
    let lifetime = Duration::from(code.lifetime);
    if lifetime.as_secs() == 0 || lifetime > LONGEST {
        let fix = "write a time such as 10m, at most 7d";
        let path = format!("{path}.lifetime");
        findings.mistake(&path, "codes that count for this long are of no use", fix);
    }
    for (key, number) in [("attempts", code.attempts), ("per_day", code.per_day)] {
        if !(1..=100).contains(&number) {
            let path = format!("{path}.{key}");
            findings.mistake(&path, "this is too few or too many", "write 1 to 100");
        }
    }
}
