//! The words for what does not fit: message, value and fix.
//!
//! A type may add a fix of its own to its message or to what it expects, after `; fix: `. What a type says about a
//! secret is not repeated, since it may quote the secret; what it *expects* is its own words and is.

use crate::config::diagnostic::{Aim, Finding, REDACTED, Shown, printable};
use crate::config::reading::places::path_of;
use crate::config::reading::read_error::{Kind, ReadError};
use crate::config::reading::suggestion::nearest;
use crate::config::reading::tree::{Entry, Node, Style, Value};

/// What separates a message from its fix in the words of a type.
pub const FIX: &str = "; fix: ";

/// The finding that an error about the document `root` amounts to.
pub fn explain(root: &Node, error: &ReadError) -> Option<Finding> {
    let mut trail = error.trail();
    let node = root.at(&trail)?;
    let entry = error.key().and_then(|position| node.entry(position));
    trail.extend(error.key());
    let subject = Subject {
        node,
        entry,
        holder: holder_of_secrets(root, &trail),
    };
    let (message, mut fix) = subject.words(error.kind())?;
    if let (Value::Scalar(scalar), None) = (&node.value, entry)
        && !scalar.variables.is_empty()
    {
        fix.push_str("; the value comes from the environment: ");
        fix.push_str(&scalar.variables.join(", "));
    }
    Some(Finding {
        path: path_of(root, &trail),
        location: Some(entry.map_or(node.location, |entry| entry.key.location)),
        aim: entry.map_or(node.aim(), |_| Aim::Word),
        value: subject.value(error.kind()),
        message,
        fix,
    })
}

/// The node that an error is about, and the entry whose key it is about.
struct Subject<'a> {
    node: &'a Node,
    entry: Option<&'a Entry>,
    holder: Vec<&'a str>,
}

impl Subject<'_> {
    fn words(&self, kind: &Kind) -> Option<(String, String)> {
        match kind {
            Kind::UnknownKey { allowed } => Some(self.unknown_key(allowed)),
            Kind::UnknownVariant { allowed } => Some(self.unknown_variant(allowed)),
            Kind::MissingKey(name) => Some((
                format!("the key `{name}` is missing"),
                format!("add `{name}: …`"),
            )),
            Kind::RepeatedKey(name) => Some((
                format!("`{name}` is given twice, under two of its names"),
                "keep one of them".to_owned(),
            )),
            Kind::Expected(expected) => Some(self.expected(expected)),
            Kind::Said(message) => Some(self.said(message)),
            Kind::Reported => None,
        }
    }

    fn value(&self, kind: &Kind) -> Option<Shown> {
        match kind {
            Kind::UnknownVariant { .. } | Kind::Expected(_) | Kind::Said(_)
                if self.entry.is_some() =>
            {
                None
            }
            Kind::UnknownVariant { .. } | Kind::Expected(_) | Kind::Said(_) => self.node.shown(),
            Kind::UnknownKey { .. }
            | Kind::MissingKey(_)
            | Kind::RepeatedKey(_)
            | Kind::Reported => None,
        }
    }

    fn unknown_key(&self, allowed: &[&str]) -> (String, String) {
        let message = format!("unknown key {}", self.key());
        if allowed.is_empty() {
            return (message, "remove it; no keys are possible here".to_owned());
        }
        let listed = format!("possible here: {}", allowed.join(", "));
        match self.meant(allowed) {
            Some(meant) => (message, format!("did you mean `{meant}`? {listed}")),
            None => (message, format!("remove it; {listed}")),
        }
    }

    fn unknown_variant(&self, allowed: &[&str]) -> (String, String) {
        let listed = format!("use one of {}", allowed.join(", "));
        let message = match (self.entry, &self.node.value) {
            (Some(_), _) => format!("{} is not possible here", self.key()),
            (None, Value::Mapping(entries)) if entries.is_empty() => {
                "expected one key, found none".to_owned()
            }
            (None, Value::Mapping(_)) => "expected one key, found several".to_owned(),
            (None, Value::Sequence(_)) => "expected one value, found a list".to_owned(),
            (None, Value::Scalar(_)) if self.node.noun() == "nothing" => {
                "expected a value, found nothing".to_owned()
            }
            (None, Value::Scalar(_) | Value::Hole { .. } | Value::Removed) => {
                "this value is not possible here".to_owned()
            }
        };
        match self.meant(allowed) {
            Some(meant) => (message, format!("did you mean `{meant}`? {listed}")),
            None => (message, listed),
        }
    }

    fn expected(&self, expected: &str) -> (String, String) {
        let (expected, fix) = expected
            .split_once(FIX)
            .map_or((expected, None), |(expected, fix)| (expected, Some(fix)));
        let wanted = in_words(expected);
        let found = self.node.noun();
        let text_of_a_form = fix.is_some() && found == "text";
        let number_of_a_size = found == "a number" && wanted.contains("number");
        let message = if self.is_secret() || wanted == found || text_of_a_form || number_of_a_size {
            format!("expected {wanted}")
        } else {
            format!("expected {wanted}, found {found}")
        };
        (
            message,
            fix.map_or_else(|| self.fix_for(&wanted), str::to_owned),
        )
    }

    fn fix_for(&self, wanted: &str) -> String {
        let quoted = matches!(&self.node.value, Value::Scalar(scalar) if scalar.style == Style::Quoted && scalar.variables.is_empty());
        if quoted && (wanted.contains("number") || wanted == "true or false") {
            return format!("write {wanted} without quotes");
        }
        match wanted {
            "text" if self.node.noun() == "nothing" => {
                "give it a value, write \"\" for empty text, or remove the key".to_owned()
            }
            "text" => "write text, in quotes if it begins with `{` or `[`".to_owned(),
            "a list" => "write a list: [a, b], or one `- a` per line".to_owned(),
            "a mapping" if self.node.noun() == "nothing" => {
                "write `{}` to take the defaults, or remove the key".to_owned()
            }
            "a mapping" => "write a mapping: `key: value`, one per line".to_owned(),
            other => format!("write {other}"),
        }
    }

    fn said(&self, message: &str) -> (String, String) {
        let (message, fix) = message.split_once(FIX).unwrap_or((message, "correct it"));
        let repeats = self
            .holder
            .iter()
            .any(|text| shares_a_run(message, text) || shares_a_run(fix, text));
        if self.is_secret() || repeats {
            return (
                "this value is refused; the reason is not shown, as it may quote the secret"
                    .to_owned(),
                "correct it".to_owned(),
            );
        }
        (printable(message, 300), printable(fix, 300))
    }

    fn key(&self) -> String {
        match self.entry {
            Some(entry) if entry.key.secret => REDACTED.to_owned(),
            Some(entry) => format!("`{}`", printable(&entry.key.text, 60)),
            None => "here".to_owned(),
        }
    }

    /// A near miss is not pointed out for a secret, because that would tell how near.
    fn meant<'b>(&self, allowed: &[&'b str]) -> Option<&'b str> {
        let written = match (self.entry, &self.node.value) {
            (Some(entry), _) if !entry.key.secret => &entry.key.text,
            (None, Value::Scalar(scalar)) if !scalar.secret => &scalar.text,
            (Some(_) | None, _) => return None,
        };
        nearest(written, allowed)
    }

    fn is_secret(&self) -> bool {
        self.entry.map_or_else(
            || matches!(&self.node.value, Value::Scalar(scalar) if scalar.secret),
            |entry| entry.key.secret,
        )
    }
}

/// The texts of the secrets at or below the end of a trail.
fn holder_of_secrets<'a>(root: &'a Node, trail: &[usize]) -> Vec<&'a str> {
    let mut secrets = Vec::new();
    if let Some(node) = root.at(trail) {
        collect_secrets(node, &mut secrets);
    }
    secrets
}

fn collect_secrets<'a>(node: &'a Node, secrets: &mut Vec<&'a str>) {
    if let Value::Scalar(scalar) = &node.value
        && scalar.secret
        && !scalar.text.is_empty()
    {
        secrets.push(&scalar.text);
    }
    node.children()
        .for_each(|child| collect_secrets(child, secrets));
}

/// Whether a message repeats four characters of a secret in a row, or all of a shorter one.
fn shares_a_run(message: &str, secret: &str) -> bool {
    const RUN: usize = 4;
    let message = message.to_lowercase();
    let secret: Vec<char> = secret.to_lowercase().chars().collect();
    secret
        .windows(secret.len().clamp(1, RUN))
        .any(|run| message.contains(&run.iter().collect::<String>()))
}

/// The words of Rust's types in those of an operator.
fn in_words(expected: &str) -> String {
    let words = match expected {
        "a string" | "a borrowed string" | "a character" | "str" => "text",
        "a boolean" => "true or false",
        "a sequence" | "an array" => "a list",
        "a map" => "a mapping",
        "unit" | "a unit struct" => "nothing",
        "f32" | "f64" => "a number",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "u128" | "usize" => "a whole number, not negative",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "a nonzero u8" | "a nonzero u16" | "a nonzero u32" | "a nonzero u64"
        | "a nonzero usize" => "a whole number above 0",
        other if other.starts_with("struct ") => "a mapping",
        other if other.starts_with("tuple ") => "a list",
        other => other,
    };
    printable(words, 200)
}
