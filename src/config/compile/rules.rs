//! Requirements: from `require:` and `rules:` to the tree that is asked.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{
    Findings, claim_tests, client_certificates,
    column_tests::Columns,
    expressions,
    rule_values::{listed, network, scope, text},
    terms::{DEEPEST, Size, Terms},
};
use crate::{
    config::{
        document::{
            Document,
            rules::{Require, Texts},
        },
        reading::{places::key_step, suggestion::nearest},
    },
    policy::requirement::{ClaimPath, Condition, Requirement, Term},
};

/// The named rules, where roles stand, and which columns of users are asked for.
pub(super) struct Rules<'a> {
    written: &'a IndexMap<String, Require>,
    roles: Box<[ClaimPath]>,
    columns: Columns<'a>,
    compiled: IndexMap<&'a str, State>,
    /// The rules that are being compiled, the outermost first.
    open: Vec<&'a str>,
}

/// What is wrong with it has been reported.
#[derive(Debug, Clone, Copy)]
pub(super) struct Broken;

enum State {
    Broken,
    Good(Arc<Requirement>, Size),
}

impl<'a> Rules<'a> {
    /// Compiles every named rule.
    pub(super) fn new(document: &'a Document, findings: &mut Findings<'_>) -> Self {
        let mut rules = Self {
            written: &document.rules,
            roles: roles(&document.identity.roles, findings),
            columns: Columns::new(document),
            compiled: IndexMap::new(),
            open: Vec::new(),
        };
        for name in document.rules.keys() {
            rules.named(name, "", findings);
        }
        rules
    }

    /// The columns of the user's row that rules name.
    pub(super) fn columns(&self) -> Vec<String> {
        self.columns.names()
    }

    /// What is written at `path`.
    pub(super) fn requirement(
        &mut self,
        written: &Require,
        path: &str,
        findings: &mut Findings<'_>,
    ) -> Result<Requirement, Broken> {
        let tree = self.tree(written, path, findings);
        let fitting = tree.filter(|(_, size)| size.fits(path, findings));
        fitting.map(|(requirement, _)| requirement).ok_or(Broken)
    }

    fn tree(
        &mut self,
        written: &Require,
        path: &str,
        findings: &mut Findings<'_>,
    ) -> Option<(Requirement, Size)> {
        let mut terms = Terms::default();
        about_clients(written, path, &mut terms, findings);
        self.about_tokens(written, path, &mut terms, findings);
        self.about_users(written, path, &mut terms, findings);
        self.combined(written, path, &mut terms, findings);
        if let Some(text) = &written.when {
            let path = format!("{path}.when");
            match expressions::compile(text, &path, findings) {
                Some(expression) => terms.add(Condition::When(expression), &path, findings),
                None => terms.broken += 1,
            }
        }
        if terms.good.is_empty() && terms.broken == 0 {
            let fix = "write what is, such as `subject_is:` or `claim:`, or take it out";
            findings.absence(path, "nothing is required", fix);
            return None;
        }
        terms.into_one(findings.place(path))
    }

    fn about_tokens(
        &self,
        written: &Require,
        path: &str,
        terms: &mut Terms,
        findings: &mut Findings<'_>,
    ) {
        if let Some(parameter) = &written.subject_is {
            let condition = Condition::SubjectIs(parameter.as_str().into());
            terms.add(condition, &format!("{path}.subject_is"), findings);
        }
        let mut add =
            |texts: &Option<Texts>, key: &str, of: &dyn Fn(Box<[Box<str>]>) -> Condition| {
                let Some(texts) = texts else { return };
                let path = format!("{path}.{key}");
                let check = if key.ends_with("scope") { scope } else { text };
                match listed(texts, &path, findings, check) {
                    Some(texts) => terms.add(of(texts), &path, findings),
                    None => terms.broken += 1,
                }
            };
        add(&written.issuer, "issuer", &Condition::Issuer);
        add(&written.audience, "audience", &Condition::Audience);
        add(&written.scope, "scope", &Condition::Scope);
        add(&written.any_scope, "any_scope", &Condition::AnyScope);
        add(&written.role, "role", &|roles| Condition::Role {
            paths: self.roles.clone(),
            roles,
        });
        let path = format!("{path}.claim");
        let claims = written.claim.as_ref();
        if claims.is_some_and(IndexMap::is_empty) {
            findings.absence(&path, "no claim is named", "name one, or take it out");
            terms.broken += 1;
        }
        for (name, test) in claims.into_iter().flatten() {
            let path = format!("{path}{}", key_step(name));
            match claim_tests::compile(name, test, &path, findings) {
                Some(rule) => terms.add(Condition::Claim(rule), &path, findings),
                None => terms.broken += 1,
            }
        }
    }

    fn about_users(
        &self,
        written: &Require,
        path: &str,
        terms: &mut Terms,
        findings: &mut Findings<'_>,
    ) {
        let Some(columns) = &written.user else { return };
        let path = format!("{path}.user");
        if columns.is_empty() {
            findings.absence(&path, "no column is named", "name one, or take it out");
            terms.broken += 1;
        }
        for (name, test) in columns {
            let path = format!("{path}{}", key_step(name));
            match self.columns.compile(name, test, &path, findings) {
                Some(rule) => terms.add(Condition::Column(rule), &path, findings),
                None => terms.broken += 1,
            }
        }
    }

    fn combined(
        &mut self,
        written: &Require,
        path: &str,
        terms: &mut Terms,
        findings: &mut Findings<'_>,
    ) {
        if let Some(names) = &written.rule {
            self.references(names, &format!("{path}.rule"), terms, findings);
        }
        for (list, key, of) in [
            (&written.all, "all", Term::all as fn(_) -> _),
            (&written.any, "any", Term::any),
        ] {
            let Some(list) = list else { continue };
            let path = format!("{path}.{key}");
            let mut below = Terms::default();
            for (index, term) in list.iter().enumerate() {
                let term = self.tree(term, &format!("{path}[{index}]"), findings);
                below.take(term);
            }
            if list.is_empty() {
                findings.absence(
                    &path,
                    "nothing is listed",
                    "list at least one, or take it out",
                );
                below.broken += 1;
            }
            let term = (below.broken == 0).then(|| {
                let term = of(below.good);
                let place = findings.place(&path).into();
                (Requirement { term, place }, below.size.deeper())
            });
            terms.take(term);
        }
        if let Some(not) = &written.not {
            let path = format!("{path}.not");
            let below = self.tree(not, &path, findings);
            let term = below.map(|(below, size)| {
                let term = Term::Not(Box::new(below));
                let place = findings.place(&path).into();
                (Requirement { term, place }, size.deeper())
            });
            terms.take(term);
        }
    }

    fn references(
        &mut self,
        names: &Texts,
        path: &str,
        terms: &mut Terms,
        findings: &mut Findings<'_>,
    ) {
        let names = names.at(path);
        if names.is_empty() {
            findings.absence(path, "no rule is named", "name one, or take it out");
            terms.broken += 1;
        }
        for (path, name) in names {
            let term = self
                .named(name, &path, findings)
                .map(|(requirement, size)| {
                    let name = format!("rule {name}").into();
                    let term = Term::Named { name, requirement };
                    let place = findings.place(&path).into();
                    (Requirement { term, place }, size.deeper())
                });
            terms.take(term);
        }
    }

    /// The rule of this name, which `path` asks for.
    fn named(
        &mut self,
        name: &str,
        path: &str,
        findings: &mut Findings<'_>,
    ) -> Option<(Arc<Requirement>, Size)> {
        if let Some(state) = self.compiled.get(name) {
            return match state {
                State::Broken => None,
                State::Good(requirement, size) => Some((Arc::clone(requirement), *size)),
            };
        }
        let Some((name, written)) = self.written.get_key_value(name) else {
            let known: Vec<&str> = self.written.keys().map(String::as_str).collect();
            findings.mistake(path, "there is no such rule", &meant(name, &known, "rules"));
            return None;
        };
        if let Some(first) = self.open.iter().position(|open| open == name) {
            let circle: Vec<&str> = self.open.iter().skip(first).copied().collect();
            let message = format!(
                "these rules require each other: {} → {name}",
                circle.join(" → ")
            );
            findings.mistake(path, &message, "take one of them out");
            return None;
        }
        if self.open.len() >= DEEPEST {
            let message = format!("this is more than {DEEPEST} rules within each other");
            findings.mistake(path, &message, "make it flatter");
            return None;
        }
        self.open.push(name);
        let path = format!("rules{}", key_step(name));
        let compiled = self.tree(written, &path, findings);
        self.open.pop();
        let fitting = compiled.filter(|(_, size)| size.fits(&path, findings));
        let good = fitting.map(|(requirement, size)| (Arc::new(requirement), size));
        let state = match &good {
            Some((requirement, size)) => State::Good(Arc::clone(requirement), *size),
            None => State::Broken,
        };
        self.compiled.insert(name, state);
        good
    }
}

/// What needs no token is asked first: it is said to clients before they are asked for one.
fn about_clients(written: &Require, path: &str, terms: &mut Terms, findings: &mut Findings<'_>) {
    if let Some(certificate) = &written.client_certificate {
        let path = format!("{path}.client_certificate");
        let rule = client_certificates::compile(certificate, &path, findings);
        terms.add(Condition::Certificate(rule), &path, findings);
    }
    if let Some(networks) = &written.network {
        let path = format!("{path}.network");
        match listed(networks, &path, findings, network) {
            Some(networks) => terms.add(Condition::Network(networks), &path, findings),
            None => terms.broken += 1,
        }
    }
}

/// What was probably meant, or what there is.
pub(super) fn meant(name: &str, known: &[&str], section: &str) -> String {
    match nearest(name, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => format!("add it under `{section}`"),
        None => format!(
            "use one of: {}, or add it under `{section}`",
            known.join(", ")
        ),
    }
}

fn roles(written: &Texts, findings: &mut Findings<'_>) -> Box<[ClaimPath]> {
    let paths = listed(written, "identity.roles", findings, |text| {
        ClaimPath::parse(text).map_err(|error| (error.to_string(), claim_tests::NAME.to_owned()))
    });
    paths.unwrap_or_default()
}
