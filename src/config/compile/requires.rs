//! Every `require:` of a document, as it is written.

use super::Findings;
use crate::config::{
    document::{
        Document,
        rules::{Require, Texts},
    },
    reading::places::key_step,
};

/// The first key of a `require:`, without what is below it, that is about the token.
pub(super) fn token_key(require: &Require) -> Option<&'static str> {
    let keys = [
        (require.subject_is.is_some(), "subject_is"),
        (require.issuer.is_some(), "issuer"),
        (require.audience.is_some(), "audience"),
        (require.scope.is_some(), "scope"),
        (require.any_scope.is_some(), "any_scope"),
        (require.role.is_some(), "role"),
        (require.claim.is_some(), "claim"),
        (require.user.is_some(), "user"),
    ];
    keys.into_iter()
        .find_map(|(there, key)| there.then_some(key))
}

/// Calls `visit` for every `require:` in one, the outermost first, with its path.
pub(super) fn each<'a>(written: &'a Require, path: &str, visit: &mut dyn FnMut(&'a Require, &str)) {
    visit(written, path);
    for (list, key) in [(&written.all, "all"), (&written.any, "any")] {
        for (index, below) in list.iter().flatten().enumerate() {
            each(below, &format!("{path}.{key}[{index}]"), visit);
        }
    }
    if let Some(not) = &written.not {
        each(not, &format!("{path}.not"), visit);
    }
}

/// Calls `visit` for every `require:` of the document.
pub(super) fn everywhere<'a>(document: &'a Document, visit: &mut dyn FnMut(&'a Require, &str)) {
    let rules = document.rules.iter();
    let rules = rules.map(|(name, rule)| (format!("rules{}", key_step(name)), Some(rule)));
    let groups = document.groups.iter().map(|(name, group)| {
        let path = format!("groups{}.require", key_step(name));
        (path, group.require.as_ref())
    });
    let routes = document.routes.iter().enumerate().map(|(index, route)| {
        let path = format!("routes[{index}].require");
        (path, route.require.as_ref())
    });
    let pages = document.pages.as_ref();
    let members = pages.and_then(|pages| pages.members.as_ref());
    let members = members.map(|it| ("pages.members.require".to_owned(), Some(&it.require)));
    for (path, written) in rules.chain(groups).chain(routes).chain(members) {
        if let Some(written) = written {
            each(written, &path, visit);
        }
    }
}

/// Rules that nothing requires.
pub(super) fn lint(document: &Document, findings: &mut Findings<'_>) {
    let mut used = Vec::new();
    everywhere(document, &mut |require, _| {
        used.extend(require.rule.iter().flat_map(Texts::iter));
    });
    for name in document.rules.keys() {
        if !used.contains(&name.as_str()) {
            let path = format!("rules{}", key_step(name));
            let fix = "name it in a `require: { rule: … }`, or remove it";
            findings.warning(&path, "nothing requires this rule", fix);
        }
    }
}
