//! Why a manager does something to a member: in their own words, for whoever asks later.

/// The most characters.
pub const LONGEST: usize = 500;

/// A reason.
#[derive(Clone, PartialEq, Eq)]
pub struct Reason(String);

/// A text is no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreasoned {
    /// There is none.
    #[error("a reason is needed")]
    Missing,
    /// It has more characters than are kept.
    #[error("the reason has more than {LONGEST} characters")]
    TooLong,
    /// It has characters that nobody can read, and that a terminal obeys.
    #[error("the reason has control characters")]
    Unreadable,
}

impl Reason {
    /// What was typed, without the space around it.
    pub fn new(typed: &str) -> Result<Self, Unreasoned> {
        let text = typed.trim();
        if text.is_empty() {
            return Err(Unreasoned::Missing);
        }
        if text.chars().count() > LONGEST {
            return Err(Unreasoned::TooLong);
        }
        if text.chars().any(is_unreadable) {
            return Err(Unreasoned::Unreadable);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, the two that end lines elsewhere, and those that turn the direction of what follows.
fn is_unreadable(character: char) -> bool {
    let turns = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || turns || matches!(character, '\u{2028}' | '\u{2029}')
}

impl std::fmt::Debug for Reason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Reason(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_line_of_words() {
        assert_eq!(
            Reason::new("  스팸 🦀 \n").expect("a reason").as_str(),
            "스팸 🦀"
        );
        assert!(Reason::new(&"가".repeat(LONGEST)).is_ok());
        let too_long = Reason::new(&"가".repeat(LONGEST + 1));
        assert_eq!(too_long, Err(Unreasoned::TooLong));
        for none in ["", " ", "\t\r\n", "\u{3000}"] {
            assert_eq!(Reason::new(none), Err(Unreasoned::Missing), "{none:?}");
        }
        for odd in [
            "a\nb",
            "a\0b",
            "\u{1b}[31mred",
            "a\u{202e}b",
            "a\u{2028}b",
            "a\u{7f}b",
        ] {
            assert_eq!(Reason::new(odd), Err(Unreasoned::Unreadable), "{odd:?}");
        }
    }
}
