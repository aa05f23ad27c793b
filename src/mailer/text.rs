//! The texts of messages: those that ship with the binary, and the operator's in their place.
//!
//! A text begins with `Subject: …` and an empty line where it is an e-mail; the rest is what is read. Placeholders are those of
//! [`Kind::values`]. A value never becomes a line of a header: what is no printing character is left out of a subject.

use std::collections::HashMap;

use super::message::{Channel, Kind, Message};
use crate::template::{Template, TemplateError};

macro_rules! built_in {
    ($($language:literal)*) => {
        [$(($language, [
            built_in!(@ $language, "verify_code"), built_in!(@ $language, "verify_link"),
            built_in!(@ $language, "reset_code"), built_in!(@ $language, "reset_link"),
            built_in!(@ $language, "password_changed"),
            built_in!(@ $language, "sms_verify_code"), built_in!(@ $language, "sms_verify_link"),
            built_in!(@ $language, "sms_reset_code"), built_in!(@ $language, "sms_reset_link"),
            built_in!(@ $language, "sms_password_changed"),
        ])),*]
    };
    (@ $language:literal, $name:literal) => {
        ($name, include_str!(concat!("builtin/", $language, "/", $name, ".txt")))
    };
}

/// Every text that ships with the binary: by language and name of the file.
pub const BUILT_IN: [(&str, [(&str, &str); 10]); 2] = built_in!("en" "ko");

/// The text with this name, in this language, that ships with the binary.
pub fn built_in(language: &str, name: &str) -> Option<&'static str> {
    let (_, texts) = BUILT_IN.iter().find(|(known, _)| *known == language)?;
    let (_, text) = texts.iter().find(|(known, _)| *known == name)?;
    Some(text)
}

/// The name of the file of a text.
pub fn file_name(channel: Channel, kind: Kind) -> String {
    match channel {
        Channel::Mail => kind.word().to_owned(),
        Channel::Phone => format!("sms_{}", kind.word()),
    }
}

/// Why a text cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A broken template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// It has no subject.
    #[error("an e-mail begins with a line `Subject: …` and an empty line")]
    NoSubject,
    /// A placeholder that it has no value for.
    #[error("there is no value {{{name}}} here; there is {known}")]
    Unknown {
        /// The name.
        name: String,
        /// What there is.
        known: String,
    },
    /// The value that it is about is missing.
    #[error("it is of no use without {{{0}}}")]
    Useless(&'static str),
}

/// One text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    subject: Option<Template>,
    body: Template,
}

/// A text with its values.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) subject: String,
    pub(super) body: String,
}

impl Text {
    /// Reads a text.
    pub fn parse(text: &str, channel: Channel, kind: Kind) -> Result<Self, TextError> {
        let text = text.replace("\r\n", "\n");
        let (subject, body) = match channel {
            Channel::Phone => (None, text.trim_end()),
            Channel::Mail => {
                let parts = text
                    .strip_prefix("Subject:")
                    .and_then(|rest| rest.split_once("\n\n"));
                let (subject, body) = parts.ok_or(TextError::NoSubject)?;
                let subject = subject.trim();
                if subject.is_empty() || subject.contains('\n') {
                    return Err(TextError::NoSubject);
                }
                (Some(subject), body)
            }
        };
        let text = Self {
            subject: subject.map(Template::parse).transpose()?,
            body: Template::parse(body)?,
        };
        text.check(kind)?;
        Ok(text)
    }

    fn check(&self, kind: Kind) -> Result<(), TextError> {
        let known = kind.values();
        let mut names = self
            .body
            .placeholders()
            .chain(self.subject.iter().flat_map(Template::placeholders));
        if let Some(name) = names.find(|name| !known.contains(name)) {
            let listed: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
            let (name, known) = (name.to_owned(), listed.join(", "));
            return Err(TextError::Unknown { name, known });
        }
        match kind.needed() {
            Some(needed) if !self.body.placeholders().any(|name| name == needed) => {
                Err(TextError::Useless(needed))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn write(&self, site: &str, message: &Message) -> Written {
        let render = |template: &Template| {
            let rendered = template.render(|name, text| {
                let value = if name == "site" {
                    Some(site)
                } else {
                    message.value(name)
                };
                text.push_str(value.unwrap_or_default());
                Some(())
            });
            rendered.unwrap_or_default()
        };
        let subject = self.subject.as_ref().map(render).unwrap_or_default();
        Written {
            subject: subject.chars().filter(|it| !it.is_control()).collect(),
            body: render(&self.body),
        }
    }
}

/// The texts of a channel, in all of its languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// What the messages say they are from.
    pub site: String,
    /// The languages; the first where a reader wants none of them.
    pub languages: Vec<String>,
    /// The texts, by the number of the language.
    pub texts: HashMap<(usize, Kind), Text>,
}

impl Texts {
    /// The message in the language that its reader likes best.
    pub(super) fn write(&self, message: &Message) -> Option<Written> {
        let wanted = message.languages.as_deref().unwrap_or_default();
        let language = preferred(wanted, &self.languages);
        let text = self.texts.get(&(language, message.kind))?;
        Some(text.write(&self.site, message))
    }
}

/// Which language `Accept-Language` (RFC 9110 section 12.5.4) likes best; the first where it likes none.
fn preferred(wanted: &str, languages: &[String]) -> usize {
    let mut best: Option<(usize, f32)> = None;
    for range in wanted.split(',').take(20) {
        let mut parts = range.split(';');
        let tag = parts.next().unwrap_or_default().trim();
        let primary = tag.split('-').next().unwrap_or_default();
        let weight = parts.find_map(|part| part.trim().strip_prefix("q="));
        let weight = weight.map_or(1.0, |text| text.parse().unwrap_or(0.0));
        let same = |language: &String| {
            let known = language.split('-').next().unwrap_or_default();
            language.eq_ignore_ascii_case(tag) || known.eq_ignore_ascii_case(primary)
        };
        let Some(found) = languages.iter().position(same) else {
            continue;
        };
        if weight > 0.0 && best.is_none_or(|(_, known)| weight > known) {
            best = Some((found, weight));
        }
    }
    best.map_or(0, |(found, _)| found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn message(code: &str) -> Message {
        Message {
            kind: Kind::VerifyCode,
            channel: Channel::Mail,
            to: Secret::new("ann@example.com".to_owned()),
            languages: None,
            values: vec![
                ("code", Secret::new(code.to_owned())),
                ("minutes", Secret::new("10".to_owned())),
            ],
            account: "7".to_owned(),
        }
    }

    #[test]
    fn every_text_that_ships_can_be_used() {
        for (language, texts) in BUILT_IN {
            assert_eq!(texts.len(), Kind::ALL.len() * 2);
            for channel in [Channel::Mail, Channel::Phone] {
                for kind in Kind::ALL {
                    let text = built_in(language, &file_name(channel, kind)).expect("a file");
                    Text::parse(text, channel, kind).expect(text);
                }
            }
        }
    }

    #[test]
    fn a_text_has_its_values_and_no_others() {
        let parse = |text| Text::parse(text, Channel::Mail, Kind::VerifyCode);
        let text = parse("Subject: {site} {code}\n\n{code} for {minutes}\n").expect("a text");
        let written = text.write("Shop", &message("AB12CD"));
        assert_eq!(written.subject, "Shop AB12CD");
        assert_eq!(written.body, "AB12CD for 10\n");
        for wrong in [
            "no subject {code}",
            "Subject: a\nBcc: eve@example.com\n\n{code}",
            "Subject: a\n\n{link} {code}",
            "Subject: a\n\nnothing",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_value_begins_no_header() {
        let text = Text::parse("Subject: {code}\n\n{code}", Channel::Mail, Kind::VerifyCode);
        let written = text
            .expect("a text")
            .write("Shop", &message("A\r\nBcc: eve@example.com"));
        assert_eq!(written.subject, "ABcc: eve@example.com");
    }

    #[test]
    fn the_language_is_the_one_that_is_liked_best() {
        let languages = ["en".to_owned(), "ko".to_owned()];
        for (wanted, number) in [
            ("", 0),
            ("ko", 1),
            ("ko-KR,ko;q=0.9,en;q=0.8", 1),
            ("en-US,en;q=0.9,ko;q=0.8", 0),
            ("fr, ko;q=0.1", 1),
            ("ko;q=0, en;q=0.1", 0),
            ("fr", 0),
            ("ko;q=x", 0),
            ("*", 0),
        ] {
            assert_eq!(preferred(wanted, &languages), number, "{wanted}");
        }
    }
}
