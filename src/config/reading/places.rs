//! Paths like `routes[3].match`, and the places in the text that they name.
//!
//! [`Places`] lets a later step report what it finds by path alone. It outlives the reading, shows nothing secret, and
//! answers with the nearest place that exists.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::config::diagnostic::{
    Aim, Diagnostic, Finding, Location, REDACTED, Severity, printable,
};
use crate::config::reading::listing::Listing;
use crate::config::reading::suggestion::nearest;
use crate::config::reading::tree::{Node, Value};

/// Where everything in a document is.
#[derive(Clone)]
pub struct Places {
    listing: Listing,
    root: Option<Node>,
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places")
            .field("listing", &self.listing)
            .finish_non_exhaustive()
    }
}

impl Places {
    /// The places of the document below `root`.
    pub fn new(listing: Listing, root: Option<Node>) -> Self {
        Self { listing, root }
    }

    /// The document itself, where there is one.
    pub fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }

    /// The file's name.
    pub fn file(&self) -> Arc<str> {
        self.listing.file()
    }

    /// Where the value at `path` is, or the nearest thing above it that exists.
    pub fn at(&self, path: &str) -> Option<Location> {
        self.nearest(path).map(|spot| spot.node.location)
    }

    /// Where the key at the end of `path` is; a list's element and the document have none of their own.
    pub fn at_key(&self, path: &str) -> Option<Location> {
        self.nearest(path)
            .map(|spot| spot.key.unwrap_or(spot.node.location))
    }

    /// Which of some names the text at `path` was probably meant to be; nothing for a secret, since that would tell how
    /// near it is.
    pub fn meant<'a>(&self, path: &str, names: &[&'a str]) -> Option<&'a str> {
        let spot = self.nearest(path).filter(|spot| spot.exact)?;
        if let Value::Scalar(scalar) = &spot.node.value
            && !scalar.secret
        {
            nearest(&scalar.text, names)
        } else {
            None
        }
    }

    /// A mistake at `path`. The message and the fix are shown as they are, so they must not repeat a secret.
    pub fn mistake(&self, path: &str, message: &str, fix: &str) -> Diagnostic {
        self.diagnose(Severity::Mistake, path, message, fix)
    }

    /// A warning about `path`. The message and the fix are shown as they are, so they must not repeat a secret.
    pub fn warning(&self, path: &str, message: &str, fix: &str) -> Diagnostic {
        self.diagnose(Severity::Warning, path, message, fix)
    }

    /// A mistake in a part of the text at `path`, given by its bytes; about all of it where the file writes it in another
    /// way than it reads.
    pub fn mistake_within(
        &self,
        path: &str,
        part: Range<usize>,
        (message, fix): (&str, &str),
    ) -> Diagnostic {
        let located = self.nearest(path).and_then(|spot| match &spot.node.value {
            Value::Scalar(scalar) if spot.exact && !scalar.secret => {
                self.listing.locate(&spot.node.extent, &scalar.text, part)
            }
            Value::Scalar(_)
            | Value::Sequence(_)
            | Value::Mapping(_)
            | Value::Hole { .. }
            | Value::Removed => None,
        });
        let Some((location, length)) = located else {
            return self.mistake(path, message, fix);
        };
        let finding = Finding {
            path: path.to_owned(),
            location: Some(location),
            aim: Aim::Part(length),
            value: None,
            message: message.to_owned(),
            fix: fix.to_owned(),
        };
        finding.diagnose(Severity::Mistake, &self.listing)
    }

    fn diagnose(&self, severity: Severity, path: &str, message: &str, fix: &str) -> Diagnostic {
        let spot = self.nearest(path);
        let finding = Finding {
            path: path.to_owned(),
            location: spot.as_ref().map(|spot| spot.node.location),
            aim: spot.as_ref().map_or(Aim::Beginning, |spot| spot.node.aim()),
            value: spot
                .filter(|spot| spot.exact)
                .and_then(|spot| spot.node.shown()),
            message: message.to_owned(),
            fix: fix.to_owned(),
        };
        finding.diagnose(severity, &self.listing)
    }

    fn nearest(&self, path: &str) -> Option<Spot<'_>> {
        let mut spot = Spot {
            node: self.root.as_ref()?,
            key: None,
            exact: true,
        };
        let mut rest = path;
        while !rest.is_empty() {
            let Some((step, remaining)) = first_step(rest) else {
                break;
            };
            let Some(next) = spot.below(&step) else { break };
            (spot, rest) = (next, remaining);
        }
        spot.exact = rest.is_empty();
        Some(spot)
    }
}

/// A node on the way along a path.
struct Spot<'a> {
    node: &'a Node,
    key: Option<Location>,
    exact: bool,
}

impl<'a> Spot<'a> {
    fn below(&self, step: &Step) -> Option<Spot<'a>> {
        match (&self.node.value, step) {
            (Value::Sequence(items), Step::Position(position)) => {
                items.get(*position).map(|node| Spot {
                    node,
                    key: None,
                    exact: true,
                })
            }
            (Value::Mapping(entries), Step::Key(name)) => entries
                .iter()
                .find(|entry| entry.key.text == *name)
                .map(|entry| Spot {
                    node: &entry.value,
                    key: Some(entry.key.location),
                    exact: true,
                }),
            (
                Value::Sequence(_)
                | Value::Mapping(_)
                | Value::Scalar(_)
                | Value::Hole { .. }
                | Value::Removed,
                _,
            ) => None,
        }
    }
}

enum Step {
    Key(String),
    Position(usize),
}

fn first_step(path: &str) -> Option<(Step, &str)> {
    if let Some(quoted) = path.strip_prefix("[\"") {
        return quoted_key(quoted);
    }
    if let Some(numbered) = path.strip_prefix('[') {
        let (digits, rest) = numbered.split_once(']')?;
        return Some((Step::Position(digits.parse().ok()?), rest));
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (name, rest) = path.split_at_checked(end)?;
    (!name.is_empty()).then(|| (Step::Key(name.to_owned()), rest))
}

fn quoted_key(text: &str) -> Option<(Step, &str)> {
    let mut name = String::new();
    let mut characters = text.char_indices();
    loop {
        match characters.next()?.1 {
            '\\' => name.push(characters.next()?.1),
            '"' => {
                return characters
                    .as_str()
                    .strip_prefix(']')
                    .map(|rest| (Step::Key(name), rest));
            }
            character => name.push(character),
        }
    }
}

/// How a key is written in a path: `.match`, or `["a.b"]` where a dot or a bracket would mislead.
pub fn key_step(key: &str) -> String {
    let plain = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    if plain {
        return format!(".{}", printable(key, 60));
    }
    let escaped = key.replace('\\', "\\\\").replace('"', "\\\"");
    format!("[\"{}\"]", printable(&escaped, 80))
}

/// How an element of a list is written in a path.
pub fn position_step(position: usize) -> String {
    format!("[{position}]")
}

/// The path that a trail of positions makes below `root`.
pub fn path_of(root: &Node, trail: &[usize]) -> String {
    let mut path = String::new();
    let mut node = Some(root);
    for &position in trail {
        let step = match node.and_then(|node| node.entry(position)) {
            Some(entry) if entry.key.secret => format!(".{REDACTED}"),
            Some(entry) => key_step(&entry.key.text),
            None => position_step(position),
        };
        path.push_str(&step);
        node = node.and_then(|node| node.child(position));
    }
    path.trim_start_matches('.').to_owned()
}
