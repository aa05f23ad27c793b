//! `when:` of a requirement.

use super::Findings;
use crate::{
    config::reading::suggestion::nearest,
    policy::expression::{Expression, Mistake},
};

pub(super) fn compile(
    text: &str,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Box<Expression>> {
    match Expression::compile(text) {
        Ok(expression) => Some(Box::new(expression)),
        Err(mistake) => {
            let fix = fix(&mistake);
            findings.mistake_within(path, mistake.at, (&mistake.message, &fix));
            None
        }
    }
}

/// What to do, with the name that was probably meant.
fn fix(mistake: &Mistake) -> String {
    let meant = mistake.unknown.as_ref();
    let meant = meant.and_then(|unknown| nearest(&unknown.name, &unknown.known));
    match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => mistake.fix.clone(),
    }
}
