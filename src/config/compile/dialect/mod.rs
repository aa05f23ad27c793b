//! Dialect files, built-in and the operator's own: one file for each action, on what requests and answers have in common.

mod answer;
mod changing;
mod codes;
mod login;
mod refresh;
mod request;
mod sign_up;
mod verify;

use std::collections::BTreeMap;

use super::{Extent, Findings, user_tables::shown_as};
use crate::{
    accounts::dialect::{
        BUILT_IN, ChangePasswordDialect, ChangeProfileDialect, ConfirmLinkDialect, JsonStyle,
        LoginDialect, ProfileDialect, RefreshDialect, ResetPasswordDialect, SendCodeDialect,
        SignUpDialect, VerifyCodeDialect, VerifyDialect, WithdrawDialect,
    },
    config::{
        document::{Document, dialect as written},
        reading::places::key_step,
        reading::reader::read,
        source::{Environment, Source},
    },
};

/// All dialects by name; one with mistakes is there without content.
pub(super) struct Dialects(BTreeMap<String, Option<Dialect>>);

/// A compiled dialect.
#[derive(Default)]
pub(super) struct Dialect {
    pub(super) login: Option<LoginDialect>,
    pub(super) refresh: Option<RefreshDialect>,
    pub(super) verify: Option<VerifyDialect>,
    pub(super) sign_up: Option<SignUpDialect>,
    pub(super) withdraw: Option<WithdrawDialect>,
    pub(super) change_password: Option<ChangePasswordDialect>,
    pub(super) profile: Option<ProfileDialect>,
    pub(super) change_profile: Option<ChangeProfileDialect>,
    pub(super) codes: CodeDialects,
}

/// What it says of codes and links.
#[derive(Default)]
pub(super) struct CodeDialects {
    pub(super) send_code: Option<SendCodeDialect>,
    pub(super) verify_code: Option<VerifyCodeDialect>,
    pub(super) confirm_link: Option<ConfirmLinkDialect>,
    pub(super) reset_request: Option<SendCodeDialect>,
    pub(super) reset_password: Option<ResetPasswordDialect>,
}

impl Dialects {
    pub(super) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// `None` also for one whose file has mistakes, which have been reported where they are.
    pub(super) fn find(&self, name: &str) -> Option<&Dialect> {
        self.0.get(name)?.as_ref()
    }
}

/// A dialect takes nothing from the environment: it is data, the same everywhere.
struct NoEnvironment;

impl Environment for NoEnvironment {
    fn get(&self, _name: &str) -> Option<String> {
        None
    }
}

pub(super) fn load_all(document: &Document, findings: &mut Findings<'_>) -> Dialects {
    let columns = columns(document);
    let mut dialects = BTreeMap::new();
    for (name, text) in BUILT_IN {
        let source = Source::new(&format!("{name} (built in)"), text);
        dialects.insert(name.to_owned(), load(&source, &columns, findings));
    }
    for (name, file) in &document.dialects {
        let path = format!("dialects{}", key_step(name));
        if dialects.contains_key(name) {
            findings.mistake(
                &path,
                "a built-in dialect has this name",
                "choose another name",
            );
        }
        let source = Source::load(findings.files, &findings.resolve(file));
        let source = findings.take(source, &path, "name a readable dialect file");
        let dialect = source.and_then(|source| load(&source, &columns, findings));
        dialects.insert(name.clone(), dialect);
    }
    Dialects(dialects)
}

fn columns(document: &Document) -> Vec<String> {
    let users = document.users.as_ref();
    let shown = users.into_iter().flat_map(|users| {
        let shown = users.show.keys();
        shown.map(|column| format!("user.{}", shown_as(users, column)))
    });
    shown.collect()
}

fn load(source: &Source, columns: &[String], findings: &mut Findings<'_>) -> Option<Dialect> {
    let reading = read::<written::Dialect>(source, &NoEnvironment);
    findings.extend(reading.diagnostics);
    let document = reading.value?;
    let mut inner = Findings::new(
        &reading.places,
        Extent::Whole,
        findings.files,
        &findings.folder,
    );
    let mut compiler = Compiler {
        json: json_style(document.json),
        columns,
        findings: &mut inner,
    };
    let dialect = compiler.dialect(&document);
    let sound = !inner.has_mistakes();
    findings.extend(inner.into_diagnostics());
    sound.then_some(dialect)
}

/// What the parts of one dialect file are compiled with.
struct Compiler<'a, 'f> {
    json: JsonStyle,
    /// What answers about a user's row may say of it.
    columns: &'a [String],
    findings: &'a mut Findings<'f>,
}

impl Compiler<'_, '_> {
    fn dialect(&mut self, document: &written::Dialect) -> Dialect {
        let login = document.login.as_ref();
        let refresh = document.refresh.as_ref();
        let verify = document.verify.as_ref();
        Dialect {
            login: login.and_then(|login| self.login(login)),
            refresh: refresh.and_then(|refresh| self.refresh(refresh)),
            verify: verify.and_then(|verify| self.verify(verify)),
            sign_up: document.sign_up.as_ref().and_then(|it| self.sign_up(it)),
            withdraw: document.withdraw.as_ref().and_then(|it| self.withdraw(it)),
            change_password: document
                .change_password
                .as_ref()
                .and_then(|it| self.change_password(it)),
            profile: document.profile.as_ref().and_then(|it| self.profile(it)),
            change_profile: document
                .change_profile
                .as_ref()
                .and_then(|it| self.change_profile(it)),
            codes: self.codes(document),
        }
    }
}

fn json_style(style: written::JsonStyle) -> JsonStyle {
    match style {
        written::JsonStyle::Fastapi => JsonStyle::FastApi,
        written::JsonStyle::Flask => JsonStyle::Flask,
        written::JsonStyle::Python => JsonStyle::Python,
    }
}
