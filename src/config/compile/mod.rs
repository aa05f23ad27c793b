//! From what was written to what it means.
//!
//! Every mistake is collected, so that an operator sees them all at once; a document with any is never run. One file
//! for each part of the document.

mod accounts;
mod actions;
mod admin;
mod assertion;
mod attempts;
mod claim_tests;
mod client_certificates;
mod code_routes;
mod codes;
mod column_tests;
mod cookies;
mod cors;
mod csrf;
mod database;
mod details;
mod dialect;
mod endpoints;
mod expressions;
mod form_tokens;
mod forwarded_routes;
mod groups;
mod header_changes;
mod header_templates;
mod headers;
mod identity;
mod issuers;
mod joining;
mod kept_refresh;
mod key_sets;
mod lint;
mod listener_tls;
mod listeners;
mod members;
mod messages;
mod networks;
mod observed;
mod outline;
mod pages;
mod passwords;
mod paths;
mod profile;
mod published_keys;
mod rate_limits;
mod redis;
mod refusals;
mod requires;
mod revocation;
mod rotation;
mod routes;
mod rule_values;
mod rules;
mod server;
mod sessions;
mod sign_up_fields;
mod social;
mod state;
mod statuses;
mod terms;
mod token_keys;
mod tokens;
mod upgrades;
mod upstreams;
mod user_tables;
mod users;
mod watch;
mod watched_tables;

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use super::{
    compiled::{Answering, Compiled, Tokens},
    diagnostic::{Diagnostic, Severity},
    document::Document,
    fingerprint::{Fingerprint, Recorder},
    reading::places::Places,
};
use crate::{
    accounts::{Cookies, Endpoint, Joining, members::Settings as Managing, pages::Pages},
    policy::{assertion::AssertionSettings, csrf::CsrfPolicy},
    store,
    token::publication::Publication,
};

/// What compiling collects.
pub(super) struct Findings<'a> {
    places: &'a Places,
    extent: Extent<'a>,
    diagnostics: Vec<Diagnostic>,
    /// Where files are, and where relative paths begin.
    files: &'a Recorder<'a>,
    folder: PathBuf,
}

/// How much of a document is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent<'a> {
    /// All of it.
    Whole,
    /// What its mistakes have left: what is missing may have been there, and what stands at these paths is made up.
    Remainder(&'a [String]),
}

impl Extent<'_> {
    /// Whether what stands at this path was made up, so that nothing said about it is worth hearing.
    fn made_up(self, path: &str) -> bool {
        let below = |above: &String| {
            let rest = path.strip_prefix(above.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        match self {
            Self::Whole => false,
            Self::Remainder(paths) => paths.iter().any(below),
        }
    }
}

impl<'a> Findings<'a> {
    pub(super) fn new(
        places: &'a Places,
        extent: Extent<'a>,
        files: &'a Recorder<'a>,
        folder: &Path,
    ) -> Self {
        Self {
            places,
            extent,
            diagnostics: Vec::new(),
            files,
            folder: folder.to_owned(),
        }
    }

    /// A mistake: the configuration cannot be used.
    fn mistake(&mut self, path: &str, message: &str, fix: &str) {
        if !self.extent.made_up(path) {
            let mistake = self.places.mistake(path, message, fix);
            self.add(mistake, path);
        }
    }

    /// A mistake in a part of the text at `path`.
    fn mistake_within(&mut self, path: &str, part: Range<usize>, (message, fix): (&str, &str)) {
        if !self.extent.made_up(path) {
            let mistake = self.places.mistake_within(path, part, (message, fix));
            self.add(mistake, path);
        }
    }

    /// A name that is none of the known ones: a mistake, and the one that was probably meant.
    fn unknown(&mut self, path: &str, message: &str, known: &[&str], fix: &str) {
        match self.places.meant(path, known) {
            Some(meant) => self.mistake(path, message, &format!("did you mean `{meant}`? {fix}")),
            None => self.mistake(path, message, fix),
        }
    }

    /// A mistake that consists in something not being there.
    fn absence(&mut self, path: &str, message: &str, fix: &str) {
        if self.extent == Extent::Whole {
            self.mistake(path, message, fix);
        }
    }

    /// A warning: somebody should look.
    fn warning(&mut self, path: &str, message: &str, fix: &str) {
        if !self.extent.made_up(path) {
            let warning = self.places.warning(path, message, fix);
            self.add(warning, path);
        }
    }

    /// What is wrong with a group comes up at each of its routes.
    fn add(&mut self, diagnostic: Diagnostic, path: &str) {
        let shared = path.starts_with("groups");
        if !shared || !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Diagnostics of another file.
    fn extend(&mut self, diagnostics: Vec<Diagnostic>) {
        self.diagnostics.extend(diagnostics);
    }

    /// The value, or a mistake made of its error.
    fn take<T, E: std::fmt::Display>(
        &mut self,
        result: Result<T, E>,
        path: &str,
        fix: &str,
    ) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.mistake(path, &error.to_string(), fix);
                None
            }
        }
    }

    /// A path as the file means it: relative to the file's own folder.
    fn resolve(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// `gateway.yaml:12`, for logs and explanations.
    fn place(&self, path: &str) -> String {
        let line = self.places.at(path).map_or(0, |location| location.line);
        format!("{}:{line}", self.places.file())
    }

    /// What tells this configuration from others.
    fn fingerprint(&self) -> Fingerprint {
        let root = self.places.root();
        self.files.fingerprint(root, &self.folder)
    }

    fn has_mistakes(&self) -> bool {
        let mistake = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Mistake;
        self.diagnostics.iter().any(mistake)
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}

/// Compiles the document; `None` when anything in it is a mistake.
pub(super) fn compile(document: &Document, findings: &mut Findings<'_>) -> Option<Compiled> {
    let server = server::compile(document, findings);
    let upstreams = upstreams::compile(document, findings);
    let tokens = tokens::compile(document, findings);
    let (assertion, publication) = signed(document, tokens.as_ref(), findings);
    let headers = headers::compile(document, findings);
    let identity = identity::compile(document, findings);
    let cors = cors::compile(document.cors.as_ref(), "cors", findings);
    let refusals = refusals::compile(&document.refusals, "refusals", findings);
    let accounts = accounts::compile(document, findings);
    let hashing = passwords::compile(document, findings);
    let attempts = attempts::compile(document, findings);
    let redis = redis::compile(document, findings);
    let form_tokens = form_tokens::compile(document, findings);
    let mut cookies = cookies::compile(document, &form_tokens, findings);
    let limits = rate_limits::Limits::new(document);
    let rate_limits = limits.compile(document, &attempts, findings);
    let mut rules = rules::Rules::new(document, findings);
    let columns = codes::with_columns(rules.columns(), document);
    let users = users::compile(document, columns, findings);
    let (codes, messages) = codes::with_messages(document, users.as_ref(), findings);
    let whose = (users.as_ref(), tokens.as_ref());
    let (kept_refresh, joining, members) = of_users(document, whose, &mut rules, findings);
    let social = social::compile(document, (users.as_ref(), &joining), findings);
    let state = state::compile(document, findings);
    let watch = watch::compile(document, users.as_ref(), findings);
    passwords::may_upgrade(&hashing, (users.as_ref(), watch.as_ref()), findings);
    let revocation = revocation::compile(document, users.as_ref(), findings);
    let csrf = csrf::compile(&document.csrf, &form_tokens, "csrf", findings);
    let known = (users.as_ref(), &mut cookies, accounts.as_deref(), &joining);
    let pages = of_pages(document, known, csrf.as_ref(), findings);
    let defaults = routes::Defaults {
        groups: groups::Groups::new(document, &mut rules, findings),
        csrf,
        pages: pages.as_ref(),
        statuses: statuses::Statuses::new(document, findings),
        reading: paths::compile(document, findings),
        rate_limits: &limits,
        cors: cors.clone(),
        form_tokens: &form_tokens,
        refusals: std::sync::Arc::clone(&refusals),
    };
    let table = routes::compile(document, &defaults, &mut rules, findings);
    warn(document, table.as_ref(), findings);
    if findings.has_mistakes() {
        return None;
    }
    Some(Compiled {
        fingerprint: findings.fingerprint(),
        server: server?,
        upstreams,
        tokens: tokens?,
        identity: identity?,
        assertion: assertion.ok()?,
        publication,
        reading: defaults.reading,
        headers,
        row_cache: users::row_cache(document, users.as_ref()),
        revocation,
        users,
        state,
        watch,
        answering: Answering {
            endpoints: pages::behind(accounts?, pages),
            hashing,
            attempts: attempts.ok()?,
            valkey: redis.ok()?,
            cookies,
            social: social.ok()?,
            joining,
            kept_refresh,
            members,
            codes: codes.ok()?,
            messages: messages?,
        },
        cors: cors.or_else(|| routes::any_cors(table.as_ref())),
        refusals,
        rate_limits: rate_limits?,
        outline: outline::outline(document, table.as_ref()?, findings),
        table: table?,
    })
}

/// What is signed for upstreams, and the keys that are shown.
fn signed(
    document: &Document,
    tokens: Option<&Tokens>,
    findings: &mut Findings<'_>,
) -> (
    Result<Option<AssertionSettings>, rules::Broken>,
    Option<Publication>,
) {
    let assertion = assertion::compile(document, tokens, findings);
    let shown = assertion.as_ref().ok().and_then(Option::as_ref);
    let publication = published_keys::compile(document, tokens, shown, findings);
    (assertion, publication)
}

/// What is written in the user table besides passwords, and by whom.
fn of_users(
    document: &Document,
    (users, tokens): (Option<&store::Settings>, Option<&Tokens>),
    rules: &mut rules::Rules<'_>,
    findings: &mut Findings<'_>,
) -> (Option<String>, Joining, Option<Managing>) {
    let kept_refresh = kept_refresh::compile(document, users, findings);
    let mut joining = joining::compile(document, users, findings);
    joining.profile = profile::compile(document, (users, tokens), findings);
    let members = members::compile(document, users, rules, findings);
    (kept_refresh, joining, members)
}

/// The pages, with the forms for which there is what they need.
fn of_pages(
    document: &Document,
    (users, cookies, endpoints, joining): (
        Option<&store::Settings>,
        &mut Cookies,
        Option<&[Endpoint]>,
        &Joining,
    ),
    csrf: Option<&CsrfPolicy>,
    findings: &mut Findings<'_>,
) -> Option<Pages> {
    let pages = pages::compile(document, (users, cookies), csrf, findings);
    details::compile(pages, document, (endpoints, joining), findings)
}

/// What is no mistake, and hardly meant.
fn warn(
    document: &Document,
    table: Option<&crate::policy::table::RouteTable>,
    findings: &mut Findings<'_>,
) {
    requires::lint(document, findings);
    groups::lint(document, findings);
    observed::lint(document, findings);
    client_certificates::lint(document, findings);
    lint::lint(document, table, findings);
}
