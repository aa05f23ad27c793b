//! One value as text.

use std::fmt::{self, Write};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;

use super::{
    expression::{Form, Source},
    facts::{Facts, RequestFacts},
    template::Unwritable,
};
use crate::{policy::requirement::Located, token::verify::Verified};

/// What a reader could lose or take for something else; what is not ASCII is encoded in any case.
const HIDDEN: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// What became of a placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Valued {
    Written,
    /// There is no value.
    Missing,
    /// There is one, but the form is for others.
    Unfit,
}

/// Appends the value.
pub(super) fn write(
    source: &Source,
    form: &Form,
    facts: &Facts<'_>,
    out: &mut String,
) -> Result<Valued, Unwritable> {
    let certificate = facts.certificate;
    let text = match source {
        Source::Subject => return Ok(subject(facts.verified, form, out)),
        Source::Claim(path) => {
            let Some(verified) = facts.verified else {
                return Ok(Valued::Missing);
            };
            return match path.locate(&verified.claims) {
                Located::Missing => Ok(Valued::Missing),
                Located::Obstructed => Ok(Valued::Unfit),
                Located::Value(value) => claim(value, form, out),
            };
        }
        Source::CertificateNames => {
            let names = certificate.map_or(&[][..], |certificate| &certificate.names);
            // No name has a space.
            return Ok(text(form, &names.join(", "), out));
        }
        Source::CertificateSubject => certificate.map(|certificate| &*certificate.subject),
        Source::CertificateFingerprint => certificate.map(|certificate| &*certificate.fingerprint),
        Source::Parameter(_)
        | Source::Method
        | Source::Host
        | Source::Path
        | Source::Client
        | Source::Decision => facts
            .request
            .and_then(|request| of_request(source, &request)),
    };
    Ok(self::text(form, text.unwrap_or_default(), out))
}

/// A parameter is written as the path has it, percent-encoding and all: another spelling would be another text.
fn of_request<'a>(source: &Source, request: &RequestFacts<'a>) -> Option<&'a str> {
    match source {
        Source::Parameter(name) => request.pattern.parameter(request.matched_path, name),
        Source::Method => Some(request.method),
        Source::Host => Some(request.host),
        Source::Path => Some(request.path),
        Source::Client => request.client,
        Source::Decision => Some(request.decision),
        Source::Subject
        | Source::Claim(_)
        | Source::CertificateSubject
        | Source::CertificateNames
        | Source::CertificateFingerprint => None,
    }
}

fn subject(verified: Option<&Verified>, form: &Form, out: &mut String) -> Valued {
    use crate::token::claims::Subject;
    match verified.map(|verified| &verified.subject) {
        None => Valued::Missing,
        Some(Subject::Text(text)) => self::text(form, text, out),
        Some(Subject::Integer(integer)) => display(integer, out),
    }
}

fn claim(value: &Value, form: &Form, out: &mut String) -> Result<Valued, Unwritable> {
    match (form, value) {
        (Form::Json, _) => Ok(display(value, &mut Ascii(out))),
        (Form::Joined(separator), Value::Array(elements)) => {
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push_str(separator);
                }
                self::element(element, separator, out)?;
            }
            Ok(Valued::Written)
        }
        (Form::Joined(separator), _) => {
            self::element(value, separator, out)?;
            Ok(Valued::Written)
        }
        (Form::Plain | Form::Percent, _) => Ok(scalar(value, form, out)),
    }
}

/// An element that has the separator in it would be read as two.
fn element(value: &Value, separator: &str, out: &mut String) -> Result<(), Unwritable> {
    let start = out.len();
    if scalar(value, &Form::Plain, out) != Valued::Written {
        return Err(Unwritable::Element);
    }
    let mark = match separator.trim() {
        "" => separator,
        mark => mark,
    };
    let written = out.get(start..).unwrap_or_default();
    if written.contains(mark) {
        return Err(Unwritable::Separator);
    }
    Ok(())
}

fn scalar(value: &Value, form: &Form, out: &mut String) -> Valued {
    match value {
        Value::String(text) => {
            if *form == Form::Percent {
                out.extend(utf8_percent_encode(text, HIDDEN));
            } else {
                out.push_str(text);
            }
            Valued::Written
        }
        Value::Number(number) => display(number, out),
        Value::Bool(boolean) => display(boolean, out),
        Value::Null | Value::Array(_) | Value::Object(_) => Valued::Unfit,
    }
}

/// An empty text of the request or the certificate is none.
fn text(form: &Form, text: &str, out: &mut String) -> Valued {
    if text.is_empty() {
        return Valued::Missing;
    }
    if *form == Form::Percent {
        out.extend(utf8_percent_encode(text, HIDDEN));
    } else {
        out.push_str(text);
    }
    Valued::Written
}

fn display(value: &impl fmt::Display, out: &mut impl Write) -> Valued {
    // INVARIANT: writing to a String cannot fail.
    write!(out, "{value}").expect("a text grows");
    Valued::Written
}

/// JSON whose characters beyond visible ASCII are escaped, as it may be written and most readers expect.
struct Ascii<'a>(&'a mut String);

impl Write for Ascii<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if matches!(character, ' '..='~') {
                self.0.push(character);
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(self.0, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}
