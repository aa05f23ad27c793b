//! What an application means by its answers.

use std::{collections::HashMap, sync::Arc};

use super::Findings;
use crate::{
    config::{
        document::{
            Document,
            statuses::{SeenBy as WrittenSeenBy, Statuses as Written},
        },
        reading::places::key_step,
    },
    policy::statuses::{NOTHING_STANDARD, NothingStandard, SeenBy, StatusRules},
};

/// All that are written, by name; one with mistakes is there without content.
pub(super) struct Statuses(HashMap<String, Option<Arc<StatusRules>>>);

impl Statuses {
    pub(super) fn new(document: &Document, findings: &mut Findings<'_>) -> Self {
        let written = document.statuses.iter();
        let compiled = written.map(|(name, written)| {
            let path = format!("statuses{}", key_step(name));
            let sound = is_sound(written, &path, findings);
            (name.clone(), sound.then(|| Arc::new(rules(written))))
        });
        Self(compiled.collect())
    }

    /// Those that a route names.
    pub(super) fn find(
        &self,
        name: &str,
        path: &str,
        findings: &mut Findings<'_>,
    ) -> Option<Arc<StatusRules>> {
        let found = self.0.get(name);
        if found.is_none() {
            let mut known: Vec<&str> = self.0.keys().map(String::as_str).collect();
            known.sort_unstable();
            let fix = "name one of `statuses`";
            findings.unknown(path, "there are no such rules", &known, fix);
        }
        found?.clone()
    }
}

fn rules(written: &Written) -> StatusRules {
    let codes = written.codes.iter();
    StatusRules {
        looked_into: written.looked_into.clone(),
        code: written.code.split('.').map(Box::from).collect(),
        meanings: codes
            .map(|(code, status)| (code.as_str().into(), *status))
            .collect(),
        otherwise: written.otherwise,
        largest: written.largest.into(),
        seen_by: match written.seen_by {
            WrittenSeenBy::Operators => SeenBy::Operators,
            WrittenSeenBy::Everybody => SeenBy::Everybody,
        },
        nothing_standard: match written.status_600 {
            None => NothingStandard::Kept,
            Some(_) => NothingStandard::Sent,
        },
    }
}

fn is_sound(written: &Written, path: &str, findings: &mut Findings<'_>) -> bool {
    let mut sound = true;
    let mut mistake = |path: &str, message: &str, fix: &str| {
        findings.mistake(path, message, fix);
        sound = false;
    };
    if written.code.split('.').any(str::is_empty) {
        let fix = "write names such as detail.error_code";
        mistake(&format!("{path}.code"), "this leads to nothing", fix);
    }
    for (index, status) in written.looked_into.iter().enumerate() {
        if !(200..600).contains(status) {
            let path = format!("{path}.looked_into[{index}]");
            let message = "no final answer has this status";
            mistake(&path, message, "write a status from 200 to 599");
        }
    }
    let codes = written.codes.iter();
    let codes = codes.map(|(code, status)| (format!(".codes{}", key_step(code)), *status));
    let otherwise = written.otherwise.map(|it| (".otherwise".to_owned(), it));
    for (key, status) in codes.chain(otherwise) {
        if !has_body(status) {
            let message = "no refusal with a body has this status";
            let fix = "write a status from 200 to 599 that has a body, or 600 where none says it";
            mistake(&format!("{path}{key}"), message, fix);
        }
    }
    if written.status_600.is_some() && written.seen_by == WrittenSeenBy::Operators {
        let message = "clients see nothing of it in any case";
        mistake(&format!("{path}.status_600"), message, "leave it out");
    }
    sound
}

fn has_body(status: u16) -> bool {
    let bodiless = [204, 205, 304];
    (200..600).contains(&status) && !bodiless.contains(&status) || status == NOTHING_STANDARD
}
