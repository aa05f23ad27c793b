//! What holds for every text.

use proptest::prelude::*;

use super::*;

const SNIPPETS: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    ",",
    "\"",
    "'",
    "\n",
    "\r\n",
    "\t",
    " ",
    "#",
    " # ",
    "- ",
    "&a ",
    "*a",
    "!t ",
    "|\n",
    ">\n",
    "---\n",
    "...\n",
    "<<: ",
    "? ",
    "~",
    "${",
    "${X}",
    "$${",
    "%YAML",
    "\u{feff}",
    "\0",
    "탈",
    "x: ",
    "\\",
    "`",
    "@",
    "secret: ",
    "0x",
    "\u{1b}[31m",
];

fn snippet() -> impl Strategy<Value = String> {
    prop::sample::select(SNIPPETS.to_vec()).prop_map(str::to_owned)
}

/// The sound document, damaged in a few places.
fn damaged() -> impl Strategy<Value = String> {
    let cut = (0..SOUND.len(), 0..12_usize, snippet());
    prop::collection::vec(cut, 1..4).prop_map(|cuts| {
        let mut text: Vec<char> = SOUND.chars().collect();
        for (at, removed, added) in cuts {
            let start = at.min(text.len());
            let end = (start + removed).min(text.len());
            text.splice(start..end, added.chars());
        }
        text.into_iter().collect()
    })
}

/// Whether each secret still stands close behind its key: one that is gone, or part of a comment, cannot say that its
/// value is secret.
fn names_its_secrets(text: &str) -> bool {
    text.match_indices("hunter2").all(|(at, _)| {
        let before: String = text[..at]
            .chars()
            .rev()
            .take(30)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        let in_comment = before.contains('#');
        !in_comment
            && ["secret", "database"].iter().any(|name| {
                before
                    .rsplit_once(name)
                    .is_some_and(|(_, rest)| !rest.starts_with(char::is_alphanumeric))
            })
    })
}

proptest! {
    #[test]
    fn any_text_is_read_to_an_end(text in ".{0,120}") {
        reading(&text);
    }

    #[test]
    fn any_syntax_is_read_to_an_end(parts in prop::collection::vec(snippet(), 0..40)) {
        let reading = reading(&parts.concat());
        prop_assert!(reading.value.is_none() && !reading.diagnostics.is_empty());
    }

    #[test]
    fn a_damaged_document_is_sound_or_says_why(text in damaged()) {
        let reading = reading(&text);
        prop_assert_eq!(reading.value.is_some(), reading.diagnostics.is_empty());
    }

    #[test]
    fn no_secret_is_ever_said(text in damaged()) {
        if !names_its_secrets(&text) {
            return Ok(());
        }
        let reading = reading(&text);
        let said = format!("{}{}", render(&reading.diagnostics), serde_json::to_string(&reading.diagnostics).unwrap());
        prop_assert!(!said.contains("hunter2"), "{}\n---\n{}", said, text);
    }
}
