//! Reads a document the way `CPython`'s scanner does, error positions included.
//!
//! Positions count code points. Containers wait on a stack of their own, so that a document cannot exhaust the thread's;
//! past [`MAX_DEPTH`] it is unreadable, as it is where the interpreter's recursion limit ends.

use indexmap::IndexMap;

use super::encoding;
use super::value::{Text, Value};

/// The depth at which a FastAPI endpoint without further middleware stops echoing a document (recursion limit 1000).
const MAX_DEPTH: usize = 958;

/// The digits past which Python refuses to make an integer.
const MAX_INTEGER_DIGITS: usize = 4300;

/// Why a document has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum ParseError {
    #[error("malformed json at character {position}: {message}")]
    Malformed {
        position: usize,
        message: &'static str,
    },
    #[error("undecodable bytes, an integer too long or nesting too deep")]
    Unreadable,
}

/// Reads a whole document.
pub(in super::super) fn parse(bytes: &[u8]) -> Result<Value, ParseError> {
    let points = encoding::decode(bytes)?;
    let mut scanner = Scanner {
        points: &points,
        at: 0,
    };
    scanner.skip_space();
    let value = scanner.value()?;
    scanner.skip_space();
    if scanner.at == points.len() {
        Ok(value)
    } else {
        Err(scanner.error("Extra data"))
    }
}

pub(super) struct Scanner<'a> {
    pub(super) points: &'a [u32],
    pub(super) at: usize,
}

/// A container whose next value is being read.
enum Open {
    Array(Vec<Value>),
    Object(IndexMap<Text, Value>, Text),
}

enum Step {
    Opened(Open),
    Complete(Value),
}

impl Scanner<'_> {
    pub(super) fn peek(&self) -> Option<char> {
        self.peek_at(self.at)
    }

    /// The character there; a surrogate reads as U+FFFD, which no rule of the syntax knows.
    pub(super) fn peek_at(&self, position: usize) -> Option<char> {
        self.points
            .get(position)
            .map(|point| char::from_u32(*point).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    pub(super) fn error(&self, message: &'static str) -> ParseError {
        ParseError::Malformed {
            position: self.at,
            message,
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Value, ParseError> {
        let mut waiting = Vec::new();
        loop {
            let mut step = self.begin(waiting.len())?;
            loop {
                match step {
                    Step::Opened(container) => {
                        waiting.push(container);
                        break;
                    }
                    Step::Complete(value) => match waiting.pop() {
                        Some(container) => step = self.resume(container, value)?,
                        None => return Ok(value),
                    },
                }
            }
        }
    }

    fn begin(&mut self, depth: usize) -> Result<Step, ParseError> {
        match self.peek() {
            Some('[' | '{') if depth >= MAX_DEPTH => Err(ParseError::Unreadable),
            Some('[') => {
                self.at += 1;
                self.skip_space();
                Ok(if self.take(']') {
                    Step::Complete(Value::Array(Vec::new()))
                } else {
                    Step::Opened(Open::Array(Vec::new()))
                })
            }
            Some('{') => {
                self.at += 1;
                self.skip_space();
                if self.take('}') {
                    return Ok(Step::Complete(Value::empty_object()));
                }
                let name = self.member_name()?;
                Ok(Step::Opened(Open::Object(IndexMap::new(), name)))
            }
            Some(_) | None => self.scalar().map(Step::Complete),
        }
    }

    fn resume(&mut self, container: Open, value: Value) -> Result<Step, ParseError> {
        self.skip_space();
        match container {
            Open::Array(mut items) => {
                items.push(value);
                if self.take(']') {
                    return Ok(Step::Complete(Value::Array(items)));
                }
                self.expect(',', "Expecting ',' delimiter")?;
                self.skip_space();
                Ok(Step::Opened(Open::Array(items)))
            }
            Open::Object(mut members, name) => {
                members.insert(name, value);
                if self.take('}') {
                    return Ok(Step::Complete(Value::Object(members)));
                }
                self.expect(',', "Expecting ',' delimiter")?;
                self.skip_space();
                let name = self.member_name()?;
                Ok(Step::Opened(Open::Object(members, name)))
            }
        }
    }

    fn member_name(&mut self) -> Result<Text, ParseError> {
        self.expect('"', "Expecting property name enclosed in double quotes")?;
        let name = self.string()?;
        self.skip_space();
        self.expect(':', "Expecting ':' delimiter")?;
        self.skip_space();
        Ok(name)
    }

    fn scalar(&mut self) -> Result<Value, ParseError> {
        if self.take('"') {
            return self.string().map(Value::Text);
        }
        let constants = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ];
        for (word, value) in constants {
            if word
                .chars()
                .enumerate()
                .all(|(offset, c)| self.peek_at(self.at + offset) == Some(c))
            {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.number()
    }

    fn number(&mut self) -> Result<Value, ParseError> {
        let mut end = self.at + usize::from(self.peek() == Some('-'));
        end = match self.peek_at(end) {
            Some('0') => end + 1,
            Some('1'..='9') => self.digits_from(end),
            Some(_) | None => return Err(self.error("Expecting value")),
        };
        let integer_end = end;
        if self.peek_at(end) == Some('.') {
            end = self.longer(end, end + 1);
        }
        if let Some('e' | 'E') = self.peek_at(end) {
            let sign = usize::from(matches!(self.peek_at(end + 1), Some('+' | '-')));
            end = self.longer(end, end + 1 + sign);
        }
        let literal: String = (self.at..end)
            .filter_map(|position| self.peek_at(position))
            .collect();
        self.at = end;
        if end == integer_end {
            integer(literal)
        } else {
            literal
                .parse()
                .map(Value::Float)
                .map_err(|_| ParseError::Unreadable)
        }
    }

    fn digits_from(&self, mut position: usize) -> usize {
        while matches!(self.peek_at(position), Some('0'..='9')) {
            position += 1;
        }
        position
    }

    /// The end of the digits that start at `digits`, or `end` where there are none.
    fn longer(&self, end: usize, digits: usize) -> usize {
        let longer = self.digits_from(digits);
        if longer > digits { longer } else { end }
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, c: char, message: &'static str) -> Result<(), ParseError> {
        if self.take(c) {
            Ok(())
        } else {
            Err(self.error(message))
        }
    }
}

fn integer(literal: String) -> Result<Value, ParseError> {
    if literal.trim_start_matches('-').len() > MAX_INTEGER_DIGITS {
        return Err(ParseError::Unreadable);
    }
    Ok(Value::Integer(if literal == "-0" {
        "0".to_owned()
    } else {
        literal
    }))
}
