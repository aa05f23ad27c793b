//! What an operator is told about one mistake: where it is, what was found there, and how to put it right.
//!
//! A [`Diagnostic`] holds nothing secret: values and source excerpts are redacted before they get here, so it may be
//! printed, logged and serialised freely. It does not decide what is a mistake and never reads a file.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::config::paint::{Paint, Tone};
use crate::config::reading::listing::{Excerpt, Listing};

/// What stands for a value that must not be shown.
pub const REDACTED: &str = "[redacted]";

/// How many characters of a value are shown.
const SHOWN_VALUE: usize = 60;

/// A place in a source text; both numbers count from one, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Location {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Whether the configuration can be used in spite of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The configuration is refused.
    Mistake,
    /// The configuration is taken, and somebody should look.
    Warning,
}

/// A found value in the form in which it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Shown {
    text: String,
    #[serde(skip)]
    quoted: bool,
}

impl Shown {
    /// Text, printed between quotes.
    pub fn text(text: &str) -> Self {
        Self {
            text: printable(text, SHOWN_VALUE),
            quoted: true,
        }
    }

    /// A number, a boolean or another word that is printed as it is.
    pub fn bare(text: &str) -> Self {
        Self {
            text: printable(text, SHOWN_VALUE),
            quoted: false,
        }
    }

    /// A value that must not be shown.
    pub fn redacted() -> Self {
        Self::bare(REDACTED)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.quoted {
            write!(f, "\"{}\"", self.text)
        } else {
            f.write_str(&self.text)
        }
    }
}

/// One mistake or warning. `Display` renders it for people, `Serialize` for `--format json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Whether the configuration is refused because of it.
    pub severity: Severity,
    /// The file's name as the operator gave it.
    pub file: Arc<str>,
    /// The place in the document, like `routes[3].match`; empty for the document as a whole.
    pub path: String,
    /// The place in the text, where there is one.
    pub location: Option<Location>,
    /// What was found there, redacted and cut.
    pub value: Option<Shown>,
    /// What is wrong with it.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// The source line, with what is meant underlined, redacted.
    #[serde(skip)]
    pub excerpt: Option<Excerpt>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, Paint::Plain)
    }
}

impl Diagnostic {
    /// As `Display` shows it, but in colours.
    pub fn painted(&self, paint: Paint) -> String {
        let mut text = String::new();
        // A text takes whatever is written to it.
        let _ = self.write(&mut text, paint);
        text
    }

    fn write(&self, f: &mut dyn fmt::Write, paint: Paint) -> fmt::Result {
        let tone = match self.severity {
            Severity::Mistake => Tone::Bad,
            Severity::Warning => Tone::Doubtful,
        };
        let place = self
            .location
            .map_or_else(String::new, |location| format!("{location}:"));
        write!(
            f,
            "{}",
            paint.tone(Tone::Place, format_args!("{}:{place}", self.file))
        )?;
        if self.severity == Severity::Warning {
            write!(f, " {}", paint.tone(tone, "warning:"))?;
        }
        if !self.path.is_empty() {
            write!(f, " {}:", self.path)?;
        }
        write!(f, " {}", self.message)?;
        if let Some(value) = &self.value {
            write!(f, " (found {value})")?;
        }
        write!(f, "; {} {}", paint.tone(Tone::Good, "fix:"), self.fix)?;
        match (&self.excerpt, self.location) {
            (Some(excerpt), Some(location)) => {
                write!(f, "{}", excerpt.painted(location.line, paint, tone))
            }
            (None, _) | (_, None) => Ok(()),
        }
    }
}

/// How much stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// A key, a value or an alias: all of it is meant.
    Word,
    /// The beginning of something longer, such as a mapping, whose first key is not what is meant.
    Beginning,
    /// A part of a text: so many bytes.
    Part(usize),
}

/// What is wrong at a place, before the file and the excerpt are added to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The place in the document.
    pub path: String,
    /// The place in the text.
    pub location: Option<Location>,
    /// How much of the text is meant.
    pub aim: Aim,
    /// What was found, as it may be shown.
    pub value: Option<Shown>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

impl Finding {
    /// The diagnostic, with the file and the line that `listing` shows.
    pub fn diagnose(self, severity: Severity, listing: &Listing) -> Diagnostic {
        Diagnostic {
            severity,
            file: listing.file(),
            excerpt: self
                .location
                .and_then(|location| listing.excerpt(location, self.aim)),
            path: self.path,
            location: self.location,
            value: self.value,
            message: self.message,
            fix: self.fix,
        }
    }
}

/// Puts diagnostics into the order of the text, file by file; those without a place come last.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| {
        let place = |d: &Diagnostic| (d.location.is_none(), d.location);
        let file = a.file.cmp(&b.file);
        file.then_with(|| place(a).cmp(&place(b)))
            .then_with(|| a.path.cmp(&b.path))
    });
}

/// Renders diagnostics for people, one below the other.
pub fn render(diagnostics: &[Diagnostic]) -> String {
    let lines: Vec<_> = diagnostics.iter().map(Diagnostic::to_string).collect();
    lines.join(
        "
",
    )
}

/// The first `limit` characters of a text, with everything escaped that could steer a terminal.
pub fn printable(text: &str, limit: usize) -> String {
    let mut characters = text.chars();
    let mut shown = String::new();
    for character in characters.by_ref().take(limit) {
        if steers_terminal(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Control characters, and the marks that make text run the other way.
pub(crate) fn steers_terminal(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake() -> Diagnostic {
        Diagnostic {
            severity: Severity::Mistake,
            file: "gateway.yaml".into(),
            path: "routes[3].match".to_owned(),
            location: Some(Location {
                line: 12,
                column: 5,
            }),
            value: Some(Shown::text("GTE /x")),
            message: "unknown method GTE".to_owned(),
            fix: "use one of GET, HEAD".to_owned(),
            excerpt: None,
        }
    }

    #[test]
    fn reads_as_one_line() {
        assert_eq!(
            mistake().to_string(),
            "gateway.yaml:12:5: routes[3].match: unknown method GTE (found \"GTE /x\"); fix: use one of GET, HEAD"
        );
    }

    #[test]
    fn colours_leave_the_words_as_they_are() {
        let painted = mistake().painted(Paint::Coloured);
        assert!(
            painted.starts_with("\u{1b}[1mgateway.yaml:12:5:\u{1b}[0m "),
            "{painted}"
        );
        let codes = ["\u{1b}[1m", "\u{1b}[32m", "\u{1b}[0m"];
        let words = codes
            .iter()
            .fold(painted, |text, code| text.replace(code, ""));
        assert_eq!(words, mistake().to_string());
    }

    #[test]
    fn serialises_without_the_excerpt() {
        assert_eq!(
            serde_json::to_string(&mistake()).unwrap(),
            r#"{"severity":"mistake","file":"gateway.yaml","path":"routes[3].match","location":{"line":12,"column":5},"value":"GTE /x","message":"unknown method GTE","fix":"use one of GET, HEAD"}"#
        );
    }

    #[test]
    fn a_long_value_is_cut_and_cannot_steer_a_terminal() {
        let shown = Shown::text(&format!("\u{1b}[31m{}", "x".repeat(100))).to_string();
        assert!(
            shown.starts_with("\"\\u{1b}[31m") && shown.ends_with("x…\""),
            "{shown}"
        );
        assert_eq!(Shown::text(&"x".repeat(60)).to_string().len(), 62);
    }

    #[test]
    fn the_order_is_the_order_of_the_text() {
        let at = |line, column, path: &str| Diagnostic {
            location: Some(Location { line, column }),
            path: path.to_owned(),
            ..mistake()
        };
        let mut list = vec![
            Diagnostic {
                location: None,
                ..mistake()
            },
            Diagnostic {
                file: "pair.yaml".into(),
                ..at(1, 1, "d")
            },
            at(10, 1, "c"),
            at(9, 20, "b"),
            at(9, 3, "a"),
        ];
        sort(&mut list);
        assert_eq!(
            list.iter().map(|d| d.path.as_str()).collect::<Vec<_>>(),
            ["a", "b", "c", "routes[3].match", "d"]
        );
    }
}
