//! What users change of their own row, and never may.

use super::{Findings, joining::sources, user_tables};
use crate::{
    accounts::{About, Profile, Source, dialect::ChangeProfileDialect},
    config::{
        compiled::Tokens,
        document::{Document, accounts::Action, sign_up as written},
        reading::places::key_step,
    },
    store::{self, WriteAction},
};

/// What a route cannot do without.
pub(super) fn check(
    document: &Document,
    dialect: &ChangeProfileDialect,
    path: &str,
    findings: &mut Findings<'_>,
) {
    let action = format!("{path}.action");
    user_tables::needed(document, WriteAction::Profile, &action, findings);
    if document.profile.is_none() {
        let message = "this action cannot do anything yet";
        let fix = "add `profile`, what users may change";
        findings.absence(&action, message, fix);
    }
    let has = |role: &str| dialect.request.roles.iter().any(|known| **known == *role);
    if !has("password") {
        return;
    }
    user_tables::needed(document, WriteAction::Password, &action, findings);
    if document.state.is_none() {
        let message =
            "what has ended with a password has to be known after a restart and to every gateway";
        let fix = "add `state: { database: … }`, the gateway's own tables";
        findings.absence(&action, message, fix);
    }
    if !has("current_password") {
        let message = "nobody changes a password without knowing the one that there is";
        let fix = "add the field `current_password` to the dialect";
        findings.mistake(&format!("{path}.dialect"), message, fix);
    }
}

/// Whether passwords are changed here, of users whose own sessions go on.
pub(super) fn changes_passwords(document: &Document) -> bool {
    let mut accounts = document.accounts.iter();
    accounts.any(|account| {
        matches!(
            account.action,
            Action::ChangePassword | Action::ChangeProfile
        )
    })
}

pub(super) fn compile(
    document: &Document,
    (users, tokens): (Option<&store::Settings>, Option<&Tokens>),
    findings: &mut Findings<'_>,
) -> Option<Profile> {
    let (written, users) = (document.profile.as_ref()?, users?);
    let columns = sources(&written.columns, "profile.columns", users, findings);
    let is_field = |(_, source): &(String, Source)| !source.fields().is_empty();
    if !columns.iter().any(is_field) {
        let fix = "write a column such as `nickname: { field: nickname }`";
        findings.mistake("profile.columns", "nobody could change anything", fix);
    }
    let whole = Whole {
        document,
        users,
        tokens,
    };
    for name in written.columns.keys() {
        if let Some(message) = whole.objection(name) {
            let path = format!("profile.columns{}", key_step(name));
            findings.mistake(&path, message, "leave it out");
        }
    }
    let unique = unique(written, findings);
    let is_login = |name: &&String| users.column(name) == users.column(&users.columns.login);
    let login = written.columns.keys().find(is_login).cloned();
    let further = login.iter().filter(|login| !unique.contains(login));
    Some(Profile {
        columns,
        unique: further.chain(&unique).cloned().collect(),
        login,
    })
}

fn unique(written: &written::Profile, findings: &mut Findings<'_>) -> Vec<String> {
    for (place, column) in written.unique.iter().enumerate() {
        if !written.columns.contains_key(column) {
            let path = format!("profile.unique[{place}]");
            let fix = "name a column of `profile.columns`";
            findings.mistake(&path, "nothing is written to this column", fix);
        }
    }
    written.unique.clone()
}

/// What a column is to the rest of the configuration.
struct Whole<'a> {
    document: &'a Document,
    users: &'a store::Settings,
    tokens: Option<&'a Tokens>,
}

impl Whole<'_> {
    /// Why no user may change this column.
    fn objection(&self, name: &str) -> Option<&'static str> {
        let (own, users) = (self.users.column(name)?, self.users);
        let is = |other: &str| users.column(other).as_ref() == Some(&own);
        let columns = &users.columns;
        if is(&columns.id) || self.joins(&is) {
            return Some("rows are found by it");
        }
        if is(&columns.password) {
            return Some("a password is changed by whoever knows it, as the field `password`");
        }
        if columns.salt.as_deref().is_some_and(&is) {
            return Some("the password is checked with it");
        }
        let mut states = users.states.iter().flat_map(|state| &state.all);
        if states.any(|(column, _)| is(column)) {
            return Some("it says who may log in");
        }
        if is(&columns.login) && self.names_login() {
            return Some("tokens name their users by it");
        }
        if users.ruled.iter().any(|column| is(column)) {
            return Some("rules decide by it, or codes are sent there");
        }
        self.is_own(&is).then_some("sidegate goes by it")
    }

    /// Whether the rows of several tables are joined by it.
    fn joins(&self, is: &dyn Fn(&str) -> bool) -> bool {
        self.users.joins.iter().any(|join| {
            let table = join.table.rsplit('.').next().unwrap_or_default();
            let alias = join.alias.as_deref().unwrap_or(table);
            let mut on = join.on.iter();
            on.any(|(column, first)| is(first) || is(&format!("{alias}.{column}")))
        })
    }

    /// Whether somebody's subject is what they log in with, so that whoever took another's would become them.
    fn names_login(&self) -> bool {
        let kinds = self.tokens.into_iter();
        let mut kinds = kinds.flat_map(|tokens| [Some(&tokens.access), tokens.refresh.as_ref()]);
        kinds.any(|kind| kind.is_some_and(|kind| kind.about == About::Login))
    }

    /// Whether anything that sidegate writes or reads for itself stands there.
    fn is_own(&self, is: &dyn Fn(&str) -> bool) -> bool {
        let document = self.document;
        let codes = document.codes.as_ref().and_then(|it| it.verify.as_ref());
        let proven = codes.is_some_and(|code| code.sets.keys().any(|column| is(column)));
        let social = document.social.as_ref();
        let linked = social.is_some_and(|it| it.columns_of_its_own().any(is));
        let refresh = document.tokens.refresh.as_ref();
        let kept = refresh.and_then(|it| it.kept_in.as_ref());
        let rejoin = document.sign_up.as_ref().and_then(|it| it.rejoin.as_ref());
        proven
            || linked
            || kept.is_some_and(|it| is(&it.column))
            || rejoin.is_some_and(|it| is(&it.column))
    }
}
