//! Results in the form that `JUnit` has made common: one suite, one element for each case.

use std::fmt::Write as _;

use super::trial::Trial;

pub(super) fn document(trials: &[Trial]) -> String {
    let failed = trials.iter().filter(|trial| !trial.passed).count();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // A text takes whatever is written to it.
    let _ = writeln!(
        text,
        "<testsuite name=\"sidegate\" tests=\"{}\" failures=\"{failed}\">",
        trials.len()
    );
    for trial in trials {
        let (name, place) = (escaped(&trial.name), escaped(&trial.place));
        let _ = write!(text, "  <testcase name=\"{name}\" classname=\"{place}\"");
        if trial.passed {
            text.push_str("/>\n");
            continue;
        }
        let message = escaped(&trial.differences.join("; "));
        let explanation = escaped(&trial.explanation.to_string());
        let _ = writeln!(
            text,
            ">\n    <failure message=\"{message}\">{explanation}</failure>\n  </testcase>"
        );
    }
    text.push_str("</testsuite>\n");
    text
}

/// A text where XML expects one. What XML 1.0 cannot hold at all is replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            character if character.is_control() => escaped.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_an_attribute() {
        assert_eq!(
            escaped("a \"<b>\" & \u{1b}[1m\n"),
            "a &quot;&lt;b&gt;&quot; &amp; \u{fffd}[1m&#10;"
        );
    }
}
