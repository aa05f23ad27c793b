//! What stands between the braces of a header's template: `claims.realm_access.roles|join:,:-none`.
//!
//! A name, then perhaps a form after `|`, then perhaps after `:-` what is written where the value is missing.

use crate::policy::requirement::{ClaimPath, PathError};

/// Every name. Those that end in `.` go on with a name of the operator's.
pub const NAMES: [&str; 11] = [
    "subject",
    "claims.",
    "path.",
    "certificate.subject",
    "certificate.names",
    "certificate.fingerprint",
    "request.method",
    "request.host",
    "request.path",
    "client.address",
    "decision.id",
];

/// A placeholder, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expression {
    pub(super) source: Source,
    pub(super) form: Form,
    /// What is written where there is no value.
    pub(super) otherwise: Option<Box<str>>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Subject,
    Claim(ClaimPath),
    Parameter(Box<str>),
    CertificateSubject,
    CertificateNames,
    CertificateFingerprint,
    Method,
    Host,
    Path,
    Client,
    Decision,
}

/// How a value is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Texts as they are, numbers and booleans as JSON writes them.
    Plain,
    /// The same, with everything but visible ASCII percent-encoded.
    Percent,
    /// As JSON, in ASCII.
    Json,
    /// The elements of a list with this between them.
    Joined(Box<str>),
}

/// Why a placeholder cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// No such name.
    #[error("there is no value {{{0}}} for a header")]
    Unknown(String),
    /// What follows `claims.` does not lead to a claim.
    #[error(transparent)]
    Claim(#[from] PathError),
    /// No such form.
    #[error("there is no form {0} for a value")]
    Form(String),
    /// A separator that readers could not find again.
    #[error("{0:?} cannot separate the elements of a list")]
    Separator(String),
    /// Only claims are lists or objects.
    #[error("{0} is a form of claims")]
    FormOfClaims(String),
}

impl Expression {
    pub(super) fn parse(text: &str) -> Result<Self, ExpressionError> {
        let (text, otherwise) = match text.split_once(":-") {
            Some((text, otherwise)) => (text, Some(otherwise.into())),
            None => (text, None),
        };
        let (name, form) = match text.split_once('|') {
            Some((name, form)) => (name, Some(form)),
            None => (text, None),
        };
        let source = Source::parse(name)?;
        let parsed = form.map_or(Ok(Form::Plain), Form::parse)?;
        let structured = matches!(parsed, Form::Json | Form::Joined(_));
        if structured && !matches!(source, Source::Claim(_)) {
            let form = form.unwrap_or_default().to_owned();
            return Err(ExpressionError::FormOfClaims(form));
        }
        Ok(Self {
            source,
            form: parsed,
            otherwise,
        })
    }
}

impl Source {
    fn parse(name: &str) -> Result<Self, ExpressionError> {
        if let Some(claim) = name.strip_prefix("claims.").filter(|rest| !rest.is_empty()) {
            return Ok(Self::Claim(ClaimPath::parse(claim)?));
        }
        if let Some(parameter) = name.strip_prefix("path.").filter(|rest| !rest.is_empty()) {
            return Ok(Self::Parameter(parameter.into()));
        }
        let known = match name {
            "subject" => Self::Subject,
            "certificate.subject" => Self::CertificateSubject,
            "certificate.names" => Self::CertificateNames,
            "certificate.fingerprint" => Self::CertificateFingerprint,
            "request.method" => Self::Method,
            "request.host" => Self::Host,
            "request.path" => Self::Path,
            "client.address" => Self::Client,
            "decision.id" => Self::Decision,
            _ => return Err(ExpressionError::Unknown(name.to_owned())),
        };
        Ok(known)
    }

    /// Whether it says who the caller is, or is the gateway's own word.
    pub(super) fn is_about_caller(&self) -> bool {
        match self {
            Self::Subject
            | Self::Claim(_)
            | Self::CertificateSubject
            | Self::CertificateNames
            | Self::CertificateFingerprint
            | Self::Client
            | Self::Decision => true,
            Self::Parameter(_) | Self::Method | Self::Host | Self::Path => false,
        }
    }

    pub(super) fn is_of_certificate(&self) -> bool {
        matches!(
            self,
            Self::CertificateSubject | Self::CertificateNames | Self::CertificateFingerprint
        )
    }

    pub(super) fn is_of_token(&self) -> bool {
        matches!(self, Self::Subject | Self::Claim(_))
    }
}

impl Form {
    fn parse(text: &str) -> Result<Self, ExpressionError> {
        if let Some(separator) = text.strip_prefix("join:") {
            if is_separator(separator) {
                return Ok(Self::Joined(separator.into()));
            }
            return Err(ExpressionError::Separator(separator.to_owned()));
        }
        match text {
            "json" => Ok(Self::Json),
            "percent" => Ok(Self::Percent),
            _ => Err(ExpressionError::Form(text.to_owned())),
        }
    }
}

/// One mark, perhaps with a space behind it, or a space: what elements are searched for, so that a reader who splits
/// the text gets them back.
fn is_separator(text: &str) -> bool {
    let mark = text.strip_suffix(' ').unwrap_or(text);
    let is_mark = |mark: &str| {
        let mut bytes = mark.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_punctuation()) && bytes.next().is_none()
    };
    text == " " || is_mark(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(path: &str) -> Source {
        Source::Claim(ClaimPath::parse(path).expect(path))
    }

    fn parsed(text: &str) -> (Source, Form, Option<String>) {
        let expression = Expression::parse(text).expect(text);
        let otherwise = expression.otherwise.map(String::from);
        (expression.source, expression.form, otherwise)
    }

    #[test]
    fn an_expression_is_a_name_a_form_and_a_default() {
        let none = Some("none".to_owned());
        for (text, expected) in [
            ("subject", (Source::Subject, Form::Plain, None)),
            (
                "claims.realm_access.roles|json",
                (claim("realm_access.roles"), Form::Json, None),
            ),
            (
                "claims.roles|join:,:-none",
                (claim("roles"), Form::Joined(",".into()), none.clone()),
            ),
            (
                "claims.roles|join:, ",
                (claim("roles"), Form::Joined(", ".into()), None),
            ),
            (
                "claims.'https://example.com/roles'.0|percent",
                (claim("'https://example.com/roles'.0"), Form::Percent, None),
            ),
            (
                "path.user_id:-none",
                (Source::Parameter("user_id".into()), Form::Plain, none),
            ),
            (
                "client.address:-",
                (Source::Client, Form::Plain, Some(String::new())),
            ),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in [
            "claims.",
            "claims.a..b",
            "claims.a.",
            "claims.'a",
            "claims.'a'b",
            "claims.a'b'",
            "claims.''",
            "claims.https://example.com/roles",
            "claims.a.b.c.d.e.f.g.h.i",
            "path.",
            "subjekt",
            "request.query",
            "claims.a|xml",
            "claims.a|join:",
            "claims.a|join:ab",
            "claims.a|join:a",
            "claims.a|join:,,",
            "subject|json",
            "path.id|join:,",
        ] {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_name_of_the_list_is_one() {
        for name in NAMES {
            let whole = format!("{name}{}", if name.ends_with('.') { "x" } else { "" });
            assert!(Source::parse(&whole).is_ok(), "{whole}");
        }
    }
}
