//! A source text to a typed document, with every mistake at once.
//!
//! [`read`] never panics and always ends, whatever the text. The document types are plain serde structs that refuse
//! unknown keys. What the values mean together is for a later step, which reports through [`Places`].

use serde::de::DeserializeOwned;

use crate::config::diagnostic::{Aim, Diagnostic, Finding, Severity, sort};
use crate::config::reading::compose::compose;
use crate::config::reading::interpolate::interpolate;
use crate::config::reading::listing::Listing;
use crate::config::reading::peel::{MOST_FINDINGS, Peeled, peel};
use crate::config::reading::places::Places;
use crate::config::source::{Environment, Source};

/// What reading a source gave.
#[derive(Debug)]
pub struct Reading<T> {
    /// The document; only there if it has no mistake.
    pub value: Option<T>,
    /// What is left of a document that has mistakes, with something made up where a part has them and is needed: good
    /// for finding more mistakes, never for running.
    pub remainder: Option<T>,
    /// The paths at which something in the remainder is made up.
    pub made_up: Vec<String>,
    /// The mistakes and warnings, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// Where everything is.
    pub places: Places,
}

/// Reads `source`, with the variables of `environment`.
pub fn read<T: DeserializeOwned>(source: &Source, environment: &dyn Environment) -> Reading<T> {
    let mut composition = compose(source.text());
    let listing = Listing::new(source.name(), source.text(), composition.ranges);
    let mut findings = composition.findings;
    let mut peeled = Peeled {
        value: None,
        findings: Vec::new(),
        cut: false,
        made_up: Vec::new(),
    };
    if let Some(root) = &mut composition.root {
        findings.extend(interpolate(root, environment));
        peeled = peel(root);
    }
    findings.append(&mut peeled.findings);
    let cut = peeled.cut || findings.len() > MOST_FINDINGS;
    findings.sort_by_key(|finding| finding.location);
    findings.truncate(MOST_FINDINGS);
    findings.extend(cut.then(unfinished));
    let diagnose = |finding: Finding| finding.diagnose(Severity::Mistake, &listing);
    let mut diagnostics: Vec<_> = findings.into_iter().map(diagnose).collect();
    sort(&mut diagnostics);
    let sound = diagnostics.is_empty() && peeled.made_up.is_empty();
    let (value, remainder) = if sound {
        (peeled.value, None)
    } else {
        (None, peeled.value)
    };
    Reading {
        value,
        remainder,
        made_up: peeled.made_up,
        diagnostics,
        places: Places::new(listing, composition.root),
    }
}

fn unfinished() -> Finding {
    Finding {
        path: String::new(),
        location: None,
        aim: Aim::Beginning,
        value: None,
        message: "there may be more mistakes than are shown".to_owned(),
        fix: "correct these and check again".to_owned(),
    }
}

#[cfg(test)]
mod tests;
