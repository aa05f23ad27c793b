//! Colours for terminals.
//!
//! Whether there is a terminal is for whoever writes to it to know. What is written to anything else has no colours.

use std::fmt;

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// It is not.
    Plain,
    /// It is, by the escape sequences of ECMA-48.
    Coloured,
}

/// What a text is, by which it gets its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Where something is.
    Place,
    /// Something is wrong.
    Bad,
    /// Somebody should look.
    Doubtful,
    /// What helps, or is as it should be.
    Good,
    /// What is around it.
    Faint,
}

impl Paint {
    /// `text` in its colour.
    pub fn tone<T: fmt::Display>(self, tone: Tone, text: T) -> impl fmt::Display {
        Painted {
            paint: self,
            tone,
            text,
        }
    }
}

struct Painted<T> {
    paint: Paint,
    tone: Tone,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = match (self.paint, self.tone) {
            (Paint::Plain, _) => return self.text.fmt(f),
            (Paint::Coloured, Tone::Place) => "1",
            (Paint::Coloured, Tone::Bad) => "1;31",
            (Paint::Coloured, Tone::Doubtful) => "1;33",
            (Paint::Coloured, Tone::Good) => "32",
            (Paint::Coloured, Tone::Faint) => "2",
        };
        write!(f, "\u{1b}[{code}m{}\u{1b}[0m", self.text)
    }
}
