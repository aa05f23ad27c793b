//! What to say about YAML that cannot be parsed, and where to point.
//!
//! The parser names dozens of ways to fail; the ones that people meet have words and a fix of their own here. Nothing
//! of the text goes into the words.

use serde_yaml::granit_parser::{ErrorKind, ScanError};

use crate::config::diagnostic::Location;
use crate::config::reading::compose::DEEPEST;

/// A message, its fix and its place.
pub(crate) struct Advice {
    pub(crate) message: String,
    pub(crate) fix: String,
    pub(crate) location: Location,
    pub(crate) offset: usize,
}

/// The words for a syntax error in `text`.
pub(crate) fn advise(error: &ScanError, text: &str) -> Advice {
    let marker = error.marker();
    let offset = marker.byte_offset().unwrap_or(0);
    let location = Location {
        line: marker.line(),
        column: marker.col() + 1,
    };
    if is_tab(error.kind()) {
        let (location, offset) = first_tab(text, offset, location).unwrap_or((location, offset));
        let (message, fix) = (
            "a tab is used for indentation".to_owned(),
            "indent with spaces".to_owned(),
        );
        return Advice {
            message,
            fix,
            location,
            offset,
        };
    }
    let (message, mut fix) = words(error.kind());
    if line_around(text, offset).1.contains(" ${") {
        "put `${…}` in quotes inside `{ }` and `[ ]`, and check the brackets".clone_into(&mut fix);
    }
    Advice {
        message,
        fix,
        location,
        offset,
    }
}

/// The byte offset and the text of the line that `at` is in.
pub(crate) fn line_around(text: &str, at: usize) -> (usize, &str) {
    let start = text
        .get(..at)
        .and_then(|before| before.rfind(['\n', '\r']))
        .map_or(0, |end| end + 1);
    let line = text
        .get(start..)
        .and_then(|rest| rest.split(['\n', '\r']).next());
    (start, line.unwrap_or(""))
}

/// The nearest line with anything on it before the line that begins at `start`.
pub(crate) fn line_before(text: &str, start: usize) -> &str {
    let before = text.get(..start).unwrap_or("").trim_end();
    before.rsplit(['\n', '\r']).next().unwrap_or("")
}

/// The parser points at the value before the tab; people look for the tab.
fn first_tab(text: &str, offset: usize, at: Location) -> Option<(Location, usize)> {
    let (mut start, _) = line_around(text, offset);
    for (number, line) in text.get(start..)?.split('\n').enumerate() {
        let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line.get(..indentation).and_then(|blank| blank.find('\t')) {
            return Some((
                Location {
                    line: at.line + number,
                    column: tab + 1,
                },
                start + tab,
            ));
        }
        start += line.len() + 1;
    }
    None
}

fn words(kind: &ErrorKind) -> (String, String) {
    if let ErrorKind::UnclosedFlowCollection { open } = kind {
        let close = if *open == '[' { ']' } else { '}' };
        return (
            format!("`{open}` is never closed"),
            format!("close it with `{close}`"),
        );
    }
    if let ErrorKind::MismatchedFlowCollectionEnd { open, close } = kind {
        return (
            format!("`{open}` is closed by `{close}`"),
            "use the bracket that belongs to it".to_owned(),
        );
    }
    let (message, fix) = known(kind).unwrap_or((
        "",
        "check the indentation, the quotes and the brackets here and just above",
    ));
    let message = if message.is_empty() {
        kind.to_string()
    } else {
        message.to_owned()
    };
    (message, fix.to_owned())
}

fn known(kind: &ErrorKind) -> Option<(&'static str, &'static str)> {
    if is_misplaced_value(kind) {
        return Some((
            "a `key: value` is not possible here",
            "check the indentation, and put the value in quotes if it contains `: `",
        ));
    }
    if matches!(kind, ErrorKind::ExpectedFlowMappingSeparator) {
        return Some((
            "a `,` or a `}` is missing",
            "put a comma between entries and close every `{`",
        ));
    }
    if matches!(kind, ErrorKind::ExpectedFlowSequenceSeparator) {
        return Some((
            "a `,` or a `]` is missing",
            "put a comma between elements and close every `[`",
        ));
    }
    if matches!(kind, ErrorKind::UnclosedQuotedScalar) {
        return Some((
            "a quote is never closed",
            "close it, or double it if it belongs to the text",
        ));
    }
    if matches!(kind, ErrorKind::MissingAnchorOrAliasName) {
        return Some((
            "`*` and `&` name aliases and anchors",
            "put the value in quotes",
        ));
    }
    if matches!(
        kind,
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation
    ) {
        return Some((
            "the indentation fits nothing above",
            "indent the keys of one mapping alike",
        ));
    }
    if matches!(kind, ErrorKind::DirectiveDisallowed) {
        return Some(("`%` directives have no meaning here", "remove the line"));
    }
    let deep = matches!(kind, ErrorKind::RecursionLimitExceeded);
    deep.then_some((TOO_DEEP, "make it flatter"))
}

/// The words for a document that is nested too deep.
pub(crate) const TOO_DEEP: &str = "nested more than 64 levels deep";
const _: () = assert!(DEEPEST == 64, "the words say how deep");

fn is_tab(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar
    )
}

fn is_misplaced_value(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::MappingValueNotAllowed
            | ErrorKind::InvalidColonPlacement
            | ErrorKind::MappingKeyNotAllowed
    )
}
