//! String literals: escapes, surrogate pairs and what is wrong with them.

use super::scanner::{ParseError, Scanner};
use super::value::Text;

impl Scanner<'_> {
    /// The rest of a string whose opening quote has been read.
    pub(super) fn string(&mut self) -> Result<Text, ParseError> {
        let unterminated = ParseError::Malformed {
            position: self.at.saturating_sub(1),
            message: "Unterminated string starting at",
        };
        let mut text = Text::default();
        loop {
            match self.peek().ok_or(unterminated)? {
                '"' => {
                    self.at += 1;
                    return Ok(text);
                }
                '\\' => self.escape(unterminated, &mut text)?,
                '\0'..='\u{1f}' => return Err(self.error("Invalid control character at")),
                _ => {
                    text.push(self.points.get(self.at).copied().ok_or(unterminated)?);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self, unterminated: ParseError, text: &mut Text) -> Result<(), ParseError> {
        let c = match self.peek_at(self.at + 1).ok_or(unterminated)? {
            plain @ ('"' | '\\' | '/') => plain,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode_escape(text),
            _ => return Err(self.error("Invalid \\escape")),
        };
        text.push(u32::from(c));
        self.at += 2;
        Ok(())
    }

    fn unicode_escape(&mut self, text: &mut Text) -> Result<(), ParseError> {
        let first = self.code_unit()?;
        if !(0xd800..=0xdbff).contains(&first) || !self.at_second_escape() {
            text.push(first);
            return Ok(());
        }
        let between = self.at;
        let second = self.code_unit()?;
        if (0xdc00..=0xdfff).contains(&second) {
            text.push(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        } else {
            // The second escape is read again, on its own: it may be the first half of another pair.
            self.at = between;
            text.push(first);
        }
        Ok(())
    }

    fn at_second_escape(&self) -> bool {
        self.peek() == Some('\\')
            && self.peek_at(self.at + 1) == Some('u')
            && self.at + 6 < self.points.len()
    }

    /// The four digits after `\u`; `CPython` wants something to follow them, if only the closing quote.
    fn code_unit(&mut self) -> Result<u32, ParseError> {
        let malformed = ParseError::Malformed {
            position: self.at + 1,
            message: "Invalid \\uXXXX escape",
        };
        if self.at + 6 >= self.points.len() {
            return Err(malformed);
        }
        let mut unit = 0;
        for position in self.at + 2..self.at + 6 {
            let digit = self
                .peek_at(position)
                .and_then(|c| c.to_digit(16))
                .ok_or(malformed)?;
            unit = unit << 4 | digit;
        }
        self.at += 6;
        Ok(unit)
    }
}
