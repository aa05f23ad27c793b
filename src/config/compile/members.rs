//! Who looks after users on the pages for that, and what they may do.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::{Findings, joining, rules::Rules, user_tables};
use crate::{
    accounts::members::{self, Blocking},
    config::{
        document::{
            Document,
            members::{Block, Members},
        },
        reading::places::key_step,
    },
    policy::{
        pattern::Pattern,
        requirement::{Condition, Requirement},
    },
    store::{self, CellValue, Expected, StateRule, WriteAction},
};

pub(super) const PATH: &str = "pages.members";

pub(super) fn compile(
    document: &Document,
    users: Option<&store::Settings>,
    rules: &mut Rules<'_>,
    findings: &mut Findings<'_>,
) -> Option<members::Settings> {
    let pages = document.pages.as_ref()?;
    let written = pages.members.as_ref()?;
    let path = format!("{PATH}.require");
    let require = rules.requirement(&written.require, &path, findings).ok();
    if let Some(require) = &require {
        askable(require, &path, findings);
    }
    if document.state.is_none() {
        let message = "what managers do is kept in sidegate's own tables";
        findings.absence(PATH, message, "add `state`, where they are");
    }
    let users = users?;
    let blocking = written.block.as_ref();
    let blocking = blocking.map(|block| blocking_of(document, block, users, findings));
    let searched = searched(written, users, findings);
    Some(members::Settings {
        require: Arc::new(require?),
        // The root is a path of a route, and has been found to be one there.
        pattern: Pattern::parse(&format!("{}/**", pages.root)).ok()?,
        searched,
        blocking: match blocking {
            Some(blocking) => Some(blocking?),
            None => None,
        },
    })
}

/// Pages know no certificates, and their paths have no parameters.
fn askable(require: &Requirement, path: &str, findings: &mut Findings<'_>) {
    let is_odd = |condition: &Condition| {
        matches!(
            condition,
            Condition::SubjectIs(_) | Condition::Certificate(_)
        )
    };
    if require.find(&is_odd).is_some() {
        let message = "pages cannot tell this: it is about a parameter of a path, or a certificate";
        let fix =
            "require something of the user or of the token, such as `user: { user_type: admin }`";
        findings.mistake(path, message, fix);
    }
    if require.may_hold_without_token() {
        let message = "this would make a manager of whoever can log in";
        let fix =
            "require something of the user or of the token, such as `user: { user_type: admin }`";
        findings.mistake(path, message, fix);
    }
}

fn searched(
    written: &Members,
    users: &store::Settings,
    findings: &mut Findings<'_>,
) -> Vec<String> {
    let password = users.column(&users.columns.password);
    for (place, column) in written.search.iter().enumerate() {
        let path = format!("{PATH}.search[{place}]");
        joining::known(column, &path, users, findings);
        if users.column(column) == password {
            let message = "this is the column of the stored password";
            findings.mistake(&path, message, "name another column");
        }
        if written.search.iter().take(place).any(|it| it == column) {
            findings.mistake(&path, "this column stands here twice", "leave it out");
        }
    }
    if written.search.is_empty() {
        return vec![users.columns.login.clone()];
    }
    written.search.clone()
}

fn blocking_of(
    document: &Document,
    block: &Block,
    users: &store::Settings,
    findings: &mut Findings<'_>,
) -> Option<Blocking> {
    let path = format!("{PATH}.block");
    user_tables::needed(document, WriteAction::Block, &path, findings);
    let state_path = format!("{path}.state");
    let name = joining::state(&block.state, &state_path, users, findings);
    let rule = users.states.iter().find(|rule| rule.name == name)?;
    let admitted = if block.admitted.is_empty() {
        opposite(rule, &path, findings)?
    } else {
        admitted_of(&block.admitted, (rule, users), &path, findings)?
    };
    let blocked = rule.all.iter();
    let blocked = blocked.map(|(column, expected)| (column.clone(), cell(expected)));
    Some(Blocking {
        state: name,
        blocked: blocked.collect(),
        admitted,
        watched: document.watch.is_some(),
    })
}

/// What is not so where the one column of a state says so.
fn opposite(
    rule: &StateRule,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Vec<(String, CellValue)>> {
    if let [(column, Expected::Boolean(truth))] = rule.all.as_slice() {
        return Some(vec![(column.clone(), CellValue::Boolean(!truth))]);
    }
    let message = "nothing says what the columns are of a user who is admitted again";
    let fix = "write `admitted`, such as `{ status: active }`";
    findings.absence(&format!("{path}.admitted"), message, fix);
    None
}

fn admitted_of(
    written: &IndexMap<String, Value>,
    (rule, users): (&StateRule, &store::Settings),
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Vec<(String, CellValue)>> {
    let path = format!("{path}.admitted");
    let mut values = Vec::with_capacity(written.len());
    let mut is_left = false;
    for (name, value) in written {
        let path = format!("{path}{}", key_step(name));
        joining::known(name, &path, users, findings);
        if users.column(name) == users.column(&users.columns.id) {
            findings.mistake(&path, "an id never changes", "leave it out");
        }
        let fix = "write true, false, null, a whole number or a text";
        let expected = findings.take(super::users::expected(value), &path, fix)?;
        is_left |= rule.all.iter().any(|(column, blocked)| {
            users.column(column) == users.column(name) && *blocked != expected
        });
        values.push((name.clone(), cell(&expected)));
    }
    if !is_left {
        let message = format!("a user with these values would still be `{}`", rule.name);
        let fix = "give a column of the state another value";
        findings.mistake(&path, &message, fix);
        return None;
    }
    Some(values)
}

fn cell(expected: &Expected) -> CellValue {
    match expected {
        Expected::Null => CellValue::Null,
        Expected::Boolean(truth) => CellValue::Boolean(*truth),
        Expected::Integer(number) => CellValue::Integer(*number),
        Expected::Text(text) => CellValue::text(text.as_str()),
    }
}
