//! A document beside the routes of a configuration: which of the two says something that the other does not.

use std::fmt;

use ::http::Method;
use serde::Serialize;

use super::{
    document::{Api, Operation},
    guard::Guard,
};
use crate::{
    config::compiled::Compiled,
    policy::{
        pattern::{End, Pattern, Segment},
        route::{Access, Action, Route},
        table::Found,
    },
};

/// What `FastAPI` serves without saying so in its document.
const UNDOCUMENTED: [&str; 4] = ["/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"];

/// One thing that the two do not agree about.
#[derive(Debug, Serialize)]
pub(super) struct Disagreement {
    /// Which kind.
    pub(super) kind: Kind,
    /// The operation or the route, and where it stands.
    pub(super) subject: String,
    /// What there is to say.
    pub(super) detail: String,
}

/// Kinds of disagreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// No route takes the operation.
    NoPolicy,
    /// No operation is behind the route.
    NoOperation,
    /// Only the route for everything takes the operation.
    CatchAll,
    /// The document asks for a token, and the route lets requests without one through.
    Weaker,
    /// The document asks for nothing, and the route does.
    Stricter,
}

impl Kind {
    /// Whether a check fails because of it: always, or when every route has to be meant.
    pub(super) fn fails(self, strict: bool) -> bool {
        match self {
            Self::NoPolicy | Self::NoOperation => true,
            Self::CatchAll | Self::Weaker => strict,
            Self::Stricter => false,
        }
    }
}

/// Everything that the two do not agree about, for requests to this host.
pub(super) fn compare(api: &Api, compiled: &Compiled, host: &str) -> Vec<Disagreement> {
    let mut found = Vec::new();
    let mut known = Vec::new();
    for operation in &api.operations {
        let Some(pattern) = operation.pattern.text() else {
            found.push(Disagreement::of(
                Kind::NoPolicy,
                operation,
                "no route can be written for its path",
            ));
            continue;
        };
        let Ok(pattern) = Pattern::parse_for(pattern, compiled.reading) else {
            found.push(Disagreement::of(
                Kind::NoPolicy,
                operation,
                "the gateway refuses its path",
            ));
            continue;
        };
        let Ok(method) = Method::from_bytes(operation.method.as_bytes()) else {
            continue;
        };
        match compiled.table.find(host, &method, &witness(&pattern)) {
            Found::NotFound => found.push(Disagreement::of(
                Kind::NoPolicy,
                operation,
                "no route takes it",
            )),
            Found::MethodNotAllowed(_) => {
                found.push(Disagreement::of(
                    Kind::NoPolicy,
                    operation,
                    "routes take other methods of its path alone",
                ));
            }
            Found::Route(route) => found.extend(about(operation, route)),
        }
        known.push((pattern, Some(method)));
    }
    let undocumented = UNDOCUMENTED
        .iter()
        .filter_map(|path| Pattern::parse(path).ok());
    known.extend(undocumented.map(|pattern| (pattern, None)));
    let routes = compiled.table.routes().iter();
    let unknown = routes.filter(|route| match route.action {
        Action::Answer(_) | Action::ShowKeys => false,
        Action::Forward(_) => !known.iter().any(|(pattern, method)| {
            method
                .as_ref()
                .is_none_or(|method| route.methods.contains(method))
                && overlap(&route.pattern, pattern)
        }),
    });
    found.extend(unknown.map(|route| Disagreement {
        kind: Kind::NoOperation,
        subject: format!("{} ({})", route.name, route.place),
        detail: "the document has no operation for it".to_owned(),
    }));
    found
}

fn about(operation: &Operation, route: &Route) -> Vec<Disagreement> {
    let mut found = Vec::new();
    let place = format!(
        "{} ({}), access: {}",
        route.name,
        route.place,
        route.access.name()
    );
    let forwarded = matches!(route.action, Action::Forward(_));
    if route.pattern.segments().is_empty() && route.pattern.ends() == End::Anything {
        let detail = format!("only {place} takes it");
        found.push(Disagreement::of(Kind::CatchAll, operation, &detail));
    }
    let asks = route.requirement.is_some();
    match (&operation.guard, route.access) {
        (Guard::Token { .. }, Access::Public | Access::Optional) if forwarded && !asks => {
            let detail = format!("it needs a token, and {place} does not");
            found.push(Disagreement::of(Kind::Weaker, operation, &detail));
        }
        (Guard::Public | Guard::Optional, Access::Required) if forwarded => {
            let detail = format!("it needs no token, and {place} does");
            found.push(Disagreement::of(Kind::Stricter, operation, &detail));
        }
        (
            Guard::Public | Guard::Optional | Guard::Token { .. } | Guard::Unknown { .. },
            Access::Public | Access::Optional | Access::Required,
        ) => {}
    }
    found
}

/// A path that the pattern matches, and a literal of another route hardly does.
fn witness(pattern: &Pattern) -> String {
    let mut path = String::new();
    for segment in pattern.segments() {
        path.push('/');
        path.push_str(match segment {
            Segment::Literal(text) => text,
            Segment::Parameter(_) => "any-segment",
        });
    }
    if pattern.ends() == End::Anything {
        path.push_str("/any-segment");
    }
    path
}

/// Whether some path is matched by both.
fn overlap(one: &Pattern, other: &Pattern) -> bool {
    let (mut left, mut right) = (one.segments().iter(), other.segments().iter());
    loop {
        match (left.next(), right.next()) {
            (Some(Segment::Literal(left)), Some(Segment::Literal(right))) if left != right => {
                return false;
            }
            (Some(_), Some(_)) => {}
            (None, None) => return true,
            (None, Some(_)) => return one.ends() == End::Anything,
            (Some(_), None) => return other.ends() == End::Anything,
        }
    }
}

impl Disagreement {
    fn of(kind: Kind, operation: &Operation, detail: &str) -> Self {
        let Operation {
            method, path, name, ..
        } = operation;
        let name = if name.is_empty() {
            String::new()
        } else {
            format!(" ({name})")
        };
        Self {
            kind,
            subject: format!("{method} {path}{name}"),
            detail: detail.to_owned(),
        }
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Out of somebody else's document, and so perhaps able to steer a terminal.
        let subject = crate::config::diagnostic::printable(&self.subject, 200);
        write!(f, "{subject}: {}", self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_overlap_where_a_path_fits_both() {
        let pattern = |text: &str| Pattern::parse(text).expect("a pattern");
        for (one, other, expected) in [
            ("/a", "/a", true),
            ("/a", "/b", false),
            ("/a/{x}", "/a/me", true),
            ("/a/{x}", "/a", false),
            ("/a/**", "/a", true),
            ("/a/**", "/a/b/c", true),
            ("/a/**", "/b", false),
            ("/**", "/", true),
            ("/a/b", "/a", false),
            ("/a/b/**", "/a/**", true),
        ] {
            assert_eq!(
                overlap(&pattern(one), &pattern(other)),
                expected,
                "{one} {other}"
            );
            assert_eq!(
                overlap(&pattern(other), &pattern(one)),
                expected,
                "{other} {one}"
            );
        }
    }
}
