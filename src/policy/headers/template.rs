//! A header's value with placeholders, parsed once at load.

use ::http::HeaderValue;

use super::{
    expression::{Expression, ExpressionError, Source},
    facts::Facts,
    value::{self, Valued},
};
use crate::{
    template::{Piece, Template, TemplateError},
    token::verify::InvalidToken,
};

/// What a header is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderTemplate(Box<[Part]>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(Box<str>),
    Value(Expression),
}

/// Why a text is no header's template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderTemplateError {
    /// Braces that do not match.
    #[error(transparent)]
    Braces(#[from] TemplateError),
    /// What stands between them.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    /// Text that a header cannot carry.
    #[error("the text has characters that no header can carry, or a space at its beginning or end")]
    Characters,
}

/// Whether a header has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It has, and it stands at the end of the text.
    Present,
    /// Something that it is made of is missing: it is left out.
    Absent,
}

/// Why a value cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// A control character, or a space at the beginning or the end, which an upstream would cut off.
    #[error("a value has characters that no header can carry")]
    Characters,
    /// A reader would take one element for two.
    #[error("an element of a list has the separator in it")]
    Separator,
    /// An element that has no text of its own.
    #[error("an element of a list is neither a text nor a number nor a boolean")]
    Element,
    /// Too large.
    #[error("a header would be larger than its limit")]
    Large,
}

impl From<Unwritable> for InvalidToken {
    fn from(error: Unwritable) -> Self {
        match error {
            Unwritable::Characters => Self::NotAHeader,
            Unwritable::Separator | Unwritable::Element => Self::NotAList,
            Unwritable::Large => Self::LargeHeader,
        }
    }
}

impl HeaderTemplate {
    /// Parses the text.
    pub fn parse(text: &str) -> Result<Self, HeaderTemplateError> {
        let template = Template::parse_expressions(text)?;
        let mut parts = Vec::with_capacity(template.pieces().len());
        for piece in template.pieces() {
            parts.push(match piece {
                Piece::Literal(literal) => Part::Literal(literal.as_str().into()),
                Piece::Placeholder(text) => Part::Value(Expression::parse(text)?),
            });
        }
        let template = Self(parts.into());
        if template.literals().any(has_control) || template.has_outer_space() {
            return Err(HeaderTemplateError::Characters);
        }
        Ok(template)
    }

    /// The value, where it is always the same.
    pub fn fixed(&self) -> Option<HeaderValue> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Value(_) => return None,
            }
        }
        HeaderValue::try_from(text).ok()
    }

    /// Whether it says who the caller is, or is the gateway's own word, so that no client may send it.
    pub fn is_about_caller(&self) -> bool {
        self.sources().any(Source::is_about_caller)
    }

    /// Whether anything of it is said by the token.
    pub fn reads_token(&self) -> bool {
        self.sources().any(Source::is_of_token)
    }

    /// Whether anything of it is said by the client's certificate.
    pub fn reads_certificate(&self) -> bool {
        self.sources().any(Source::is_of_certificate)
    }

    /// Whether all of it is said by the token, or is always the same.
    pub fn is_of_token_alone(&self) -> bool {
        self.sources().all(Source::is_of_token)
    }

    /// Whether it has a value even where nothing that it is made of has one.
    pub fn is_never_absent(&self) -> bool {
        self.expressions()
            .all(|expression| expression.otherwise.is_some())
    }

    /// The parameters of the path that it is made of.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.sources().filter_map(|source| match source {
            Source::Parameter(name) => Some(&**name),
            Source::Subject
            | Source::Claim(_)
            | Source::CertificateSubject
            | Source::CertificateNames
            | Source::CertificateFingerprint
            | Source::Method
            | Source::Host
            | Source::Path
            | Source::Client
            | Source::Decision => None,
        })
    }

    /// Appends the value, of `limit` bytes at most. Where it is left out nothing stays behind.
    pub fn render(
        &self,
        facts: &Facts<'_>,
        limit: usize,
        out: &mut String,
    ) -> Result<Written, Unwritable> {
        let start = out.len();
        for part in &self.0 {
            let valued = match part {
                Part::Literal(literal) => {
                    out.push_str(literal);
                    Valued::Written
                }
                Part::Value(expression) => expression.write(facts, out)?,
            };
            if valued != Valued::Written {
                out.truncate(start);
                return Ok(Written::Absent);
            }
            if out.len() - start > limit {
                return Err(Unwritable::Large);
            }
        }
        let value = out.get(start..).unwrap_or_default();
        if has_control(value) || value.trim() != value {
            return Err(Unwritable::Characters);
        }
        Ok(Written::Present)
    }

    fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.0.iter().filter_map(|part| match part {
            Part::Value(expression) => Some(expression),
            Part::Literal(_) => None,
        })
    }

    fn sources(&self) -> impl Iterator<Item = &Source> {
        self.expressions().map(|expression| &expression.source)
    }

    /// All text of the operator's own.
    fn literals(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Literal(literal) => Some(&**literal),
            Part::Value(expression) => expression.otherwise.as_deref(),
        })
    }

    fn has_outer_space(&self) -> bool {
        let literal = |part: Option<&Part>| match part {
            Some(Part::Literal(literal)) => Some(literal.to_string()),
            Some(Part::Value(_)) | None => None,
        };
        let first = literal(self.0.first());
        let last = literal(self.0.last());
        first.is_some_and(|first| first.trim_start() != first)
            || last.is_some_and(|last| last.trim_end() != last)
    }
}

impl Expression {
    fn write(&self, facts: &Facts<'_>, out: &mut String) -> Result<Valued, Unwritable> {
        let valued = value::write(&self.source, &self.form, facts, out)?;
        match (valued, &self.otherwise) {
            (Valued::Missing, Some(otherwise)) => {
                out.push_str(otherwise);
                Ok(Valued::Written)
            }
            (Valued::Missing | Valued::Written | Valued::Unfit, _) => Ok(valued),
        }
    }
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}
