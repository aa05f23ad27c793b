//! Whether a route's rule holds for what is known of the caller.

use super::route::{Access, Route};
use crate::{certificate::Identity, token::claims::Subject};

/// What the token on a request turned out to be.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// There was no token, or the route does not read it.
    Anonymous,
    /// A token that holds, about this subject.
    Identified(&'a Subject),
}

/// The verdict of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The request may go on.
    Permit,
    /// It needs a certificate of the client's.
    RefuseCertificate,
    /// It needs a token.
    RefuseAnonymous,
    /// The token is somebody else's than the path speaks of.
    RefuseOther {
        /// The path parameter that should have been the subject.
        parameter: String,
    },
}

/// Decides. `certificate` was verified; `path` is canonical and matched by the route.
pub fn decide(
    route: &Route,
    certificate: Option<&Identity>,
    caller: Caller<'_>,
    path: &str,
) -> Decision {
    let rule = route.certificate.as_ref();
    if rule.is_some_and(|rule| !rule.admits(certificate)) {
        return Decision::RefuseCertificate;
    }
    match (route.access, caller) {
        (Access::Public, _) | (Access::Optional, Caller::Anonymous) => Decision::Permit,
        (Access::Required, Caller::Anonymous) => Decision::RefuseAnonymous,
        (Access::Optional | Access::Required, Caller::Identified(subject)) => {
            owns(route, subject, path)
        }
    }
}

fn owns(route: &Route, subject: &Subject, path: &str) -> Decision {
    let Some(parameter) = &route.subject_is else {
        return Decision::Permit;
    };
    let segment = route.pattern.parameter(path, parameter);
    if segment.is_some_and(|segment| names(segment, subject)) {
        return Decision::Permit;
    }
    Decision::RefuseOther {
        parameter: parameter.clone(),
    }
}

/// Whether a path segment spells the subject. Only the one spelling counts: `07` is not `7`.
fn names(segment: &str, subject: &Subject) -> bool {
    let decoded = percent_encoding::percent_decode_str(segment);
    let expected = subject.to_string();
    decoded.eq(expected.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_names_exactly_one_subject() {
        let text = |text: &str| Subject::Text(text.to_owned());
        assert!(names("7", &text("7")) && names("7", &Subject::Integer(7)));
        assert!(names("a%20b", &text("a b")) && names("%ED%95%9C", &text("한")));
        assert!(!names("07", &Subject::Integer(7)) && !names("7%00", &text("7")));
        assert!(!names("A", &text("a")) && !names("", &text("7")));
    }
}
