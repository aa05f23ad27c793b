//! What a value may be and what it is for, in words.

use std::fmt::Write;

use super::shape::{Schema, Shape};

/// Everything that may stand somewhere, without the lists and names around it, which make a part of its path.
pub(super) fn peeled(schema: Schema<'_>) -> Vec<(String, Shape<'_>)> {
    let mut inner = Vec::new();
    for shape in schema.shapes() {
        match shape {
            Shape::List(item) => inner.extend(below("[]", item)),
            Shape::Named(item) => inner.extend(below(".NAME", item)),
            Shape::Form(_)
            | Shape::Plain(_)
            | Shape::Whole(_)
            | Shape::Word(..)
            | Shape::Keys(..)
            | Shape::Anything => inner.push((String::new(), shape)),
        }
    }
    inner
}

fn below<'a>(step: &str, item: Schema<'a>) -> Vec<(String, Shape<'a>)> {
    let shapes = peeled(item).into_iter();
    let below = |(suffix, shape)| (format!("{step}{suffix}"), shape);
    shapes.map(below).collect()
}

/// What a key is for, and its default, of which the words tell more than the value.
pub(super) fn described(schema: Schema<'_>) -> (&str, Option<&str>) {
    let description = schema.text("description");
    match description.rsplit_once("Default: ") {
        Some((meaning, default)) => (meaning.trim_end(), Some(default.trim_end_matches('.'))),
        None => (description, None),
    }
}

/// `duration; default: 10s`.
pub(super) fn traits(schema: Schema<'_>, required: bool) -> String {
    let mut traits = kinds(schema);
    if required {
        traits.push_str("; required");
    }
    if let (_, Some(default)) = described(schema) {
        let _ = write!(traits, "; default: {default}");
    }
    traits
}

/// A text that begins with a capital letter and ends with a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}

/// What a value may be.
fn kinds(schema: Schema<'_>) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut kinds: Vec<String> = Vec::new();
    for shape in schema.shapes() {
        match shape {
            Shape::Word(word, _) => words.push(format!("`{word}`")),
            Shape::Form(_)
            | Shape::Plain(_)
            | Shape::Whole(_)
            | Shape::List(_)
            | Shape::Named(_)
            | Shape::Keys(..)
            | Shape::Anything => {
                let kind = kind(shape);
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
        }
    }
    match words.as_slice() {
        [] => {}
        [word] => kinds.insert(0, word.clone()),
        several => kinds.insert(0, format!("one of {}", several.join(", "))),
    }
    kinds.join(", or ")
}

fn kind(shape: Shape<'_>) -> String {
    match shape {
        Shape::Word(name, _) | Shape::Form(name) | Shape::Plain(name) => name.to_owned(),
        Shape::Whole(Some(most)) if most < u64::from(u32::MAX) => {
            format!("whole number up to {most}")
        }
        Shape::Whole(_) => "whole number".to_owned(),
        Shape::List(item) => format!("list of {}", several(kinds(item))),
        Shape::Named(item) => format!("mapping of NAME to {}", kinds(item)),
        Shape::Keys(..) => "mapping".to_owned(),
        Shape::Anything => "any value".to_owned(),
    }
}

fn several(kind: String) -> String {
    match kind.strip_prefix("one of ") {
        Some(words) => words.to_owned(),
        None if kind.chars().all(char::is_alphabetic) => kind + "s",
        None => kind,
    }
}
