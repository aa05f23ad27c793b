//! A parsed document in which every node knows its place and every scalar keeps its text.
//!
//! What a plain scalar means is decided by the type that reads it, so `1.10` or `0123` reach a text field as they were
//! written. Mending marks nodes instead of taking them out, so that positions keep their numbers. `Debug` never shows contents.

use std::fmt;
use std::ops::Range;

use crate::config::diagnostic::{Aim, Location, Shown};

/// A value and where it is.
#[derive(Clone)]
pub struct Node {
    /// Where it begins.
    pub location: Location,
    /// The bytes it covers.
    pub extent: Range<usize>,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone)]
pub enum Value {
    /// Text, a number, a boolean or nothing.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values, in the order of the text.
    Mapping(Vec<Entry>),
    /// A place whose mistake has been reported; reads as whatever is wanted there. Each attempt offers another text.
    Hole {
        /// How many stand-ins have been refused so far.
        attempt: usize,
    },
    /// As if it had not been written.
    Removed,
}

/// A key and its value.
#[derive(Clone)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Node,
}

/// A mapping's key.
#[derive(Clone)]
pub struct Key {
    /// Its text.
    pub text: String,
    /// Where it begins.
    pub location: Location,
    /// It is itself to be hidden: a word without a value in the place of a secret.
    pub secret: bool,
    /// It is the merge key `<<`.
    pub merges: bool,
}

/// A scalar as it was written.
#[derive(Clone)]
pub struct Scalar {
    /// Its text, after quotes and escapes and, later, variables have been resolved.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// It must not be shown.
    pub secret: bool,
    /// The variables of the environment that went into it.
    pub variables: Vec<String>,
    /// A mistake in it has already been reported.
    pub broken: bool,
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: it may be a number, a boolean or nothing.
    Plain,
    /// Quoted or a block: always text.
    Quoted,
}

/// What a plain scalar means when the type that reads it takes anything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning<'a> {
    /// Nothing.
    Null,
    /// `true` or `false`; `yes` and `on` are text.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Another number.
    Float(f64),
    /// Text.
    Text(&'a str),
}

impl Scalar {
    /// What it means by itself.
    pub fn meaning(&self) -> Meaning<'_> {
        // A value from the environment is text: what an operator sets there must not change its type.
        if self.style == Style::Quoted || !self.variables.is_empty() {
            return Meaning::Text(&self.text);
        }
        if matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL") {
            return Meaning::Null;
        }
        let text = self.text.as_str();
        boolean(text)
            .map(Meaning::Bool)
            .or_else(|| whole_number(text).map(Meaning::Integer))
            .or_else(|| number(text).map(Meaning::Float))
            .unwrap_or(Meaning::Text(text))
    }

    /// The text in which a number or a boolean may be looked for.
    pub fn literal(&self) -> Option<&str> {
        (self.style == Style::Plain || !self.variables.is_empty()).then_some(self.text.as_str())
    }
}

/// `true` or `false` in one of the three spellings of YAML 1.2.
pub fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// A whole number: decimal without leading zeros, `0x…` or `0o…`.
pub fn whole_number(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return only(hexadecimal, char::is_ascii_hexdigit)
            .and_then(|d| i128::from_str_radix(d, 16).ok());
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return only(octal, |c| matches!(c, '0'..='7'))
            .and_then(|d| i128::from_str_radix(d, 8).ok());
    }
    // `0123` is octal to some readers and decimal to others.
    if digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    only(digits, char::is_ascii_digit).and_then(|_| text.parse().ok())
}

fn only(text: &str, allowed: impl Fn(&char) -> bool) -> Option<&str> {
    (!text.is_empty() && text.chars().all(|c| allowed(&c))).then_some(text)
}

/// A finite number with a point or an exponent, or a whole one.
pub fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let leading_zero =
        digits.starts_with('0') && digits.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
    let begins = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let plausible = digits
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'));
    if leading_zero || !begins || !plausible {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

impl Node {
    /// What may be shown of it: a scalar's text; nothing for a list, a mapping or no value.
    pub fn shown(&self) -> Option<Shown> {
        let Value::Scalar(scalar) = &self.value else {
            return None;
        };
        if scalar.secret {
            return Some(Shown::redacted());
        }
        match scalar.meaning() {
            Meaning::Null => None,
            Meaning::Text(text) => Some(Shown::text(text)),
            Meaning::Bool(_) | Meaning::Integer(_) | Meaning::Float(_) => {
                Some(Shown::bare(&scalar.text))
            }
        }
    }

    /// How much of the text it is about.
    pub fn aim(&self) -> Aim {
        match &self.value {
            Value::Scalar(_) => Aim::Word,
            Value::Sequence(_) | Value::Mapping(_) | Value::Hole { .. } | Value::Removed => {
                Aim::Beginning
            }
        }
    }

    /// What it is, in words.
    pub fn noun(&self) -> &'static str {
        match &self.value {
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
            Value::Hole { .. } | Value::Removed => "nothing",
            Value::Scalar(scalar) => match scalar.meaning() {
                Meaning::Null => "nothing",
                Meaning::Bool(_) => "a boolean",
                Meaning::Integer(_) | Meaning::Float(_) => "a number",
                Meaning::Text(_) => "text",
            },
        }
    }

    /// The nodes directly below it.
    pub fn children(&self) -> Box<dyn Iterator<Item = &Node> + '_> {
        match &self.value {
            Value::Sequence(items) => Box::new(items.iter()),
            Value::Mapping(entries) => Box::new(entries.iter().map(|entry| &entry.value)),
            Value::Scalar(_) | Value::Hole { .. } | Value::Removed => Box::new(std::iter::empty()),
        }
    }

    /// The nodes directly below it, to be changed.
    pub fn children_mut(&mut self) -> Box<dyn Iterator<Item = &mut Node> + '_> {
        match &mut self.value {
            Value::Sequence(items) => Box::new(items.iter_mut()),
            Value::Mapping(entries) => Box::new(entries.iter_mut().map(|entry| &mut entry.value)),
            Value::Scalar(_) | Value::Hole { .. } | Value::Removed => Box::new(std::iter::empty()),
        }
    }

    /// The node at a position directly below it.
    pub fn child(&self, position: usize) -> Option<&Node> {
        match &self.value {
            Value::Sequence(items) => items.get(position),
            Value::Mapping(entries) => entries.get(position).map(|entry| &entry.value),
            Value::Scalar(_) | Value::Hole { .. } | Value::Removed => None,
        }
    }

    fn child_mut(&mut self, position: usize) -> Option<&mut Node> {
        match &mut self.value {
            Value::Sequence(items) => items.get_mut(position),
            Value::Mapping(entries) => entries.get_mut(position).map(|entry| &mut entry.value),
            Value::Scalar(_) | Value::Hole { .. } | Value::Removed => None,
        }
    }

    /// The node that a trail of positions leads to.
    pub fn at(&self, trail: &[usize]) -> Option<&Node> {
        trail
            .iter()
            .try_fold(self, |node, &position| node.child(position))
    }

    /// The node that a trail of positions leads to, to be changed.
    pub fn at_mut(&mut self, trail: &[usize]) -> Option<&mut Node> {
        trail
            .iter()
            .try_fold(self, |node, &position| node.child_mut(position))
    }

    /// The entry at a position of a mapping.
    pub fn entry(&self, position: usize) -> Option<&Entry> {
        if let Value::Mapping(entries) = &self.value {
            entries.get(position)
        } else {
            None
        }
    }

    /// How many nodes it consists of.
    pub fn weight(&self) -> usize {
        1 + self.children().map(Node::weight).sum::<usize>()
    }

    /// How many levels it has.
    pub fn height(&self) -> usize {
        1 + self.children().map(Node::height).max().unwrap_or(0)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.noun(), self.location)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value").finish_non_exhaustive()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry at {}", self.key.location)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key at {}", self.location)
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scalar")
            .field("style", &self.style)
            .finish_non_exhaustive()
    }
}
