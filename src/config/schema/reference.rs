//! `docs/configuration.md`: a section for each key at the top, and one for each mapping below it.
//!
//! A mapping that may stand in several places is described once, and named in the others.

use std::{collections::HashMap, fmt::Write};

use serde_json::Value;

use super::{
    shape::{Schema, Shape},
    words,
};

const HEAD: &str = include_str!("head.md");
const DIALECT_HEAD: &str = "
# Dialect files

How one legacy login speaks. `dialects` names such files, `accounts` uses what is in them. They take nothing from the environment.
";

/// The page.
pub(super) fn write(gateway: &Value, dialect: &Value) -> String {
    let [gateway, dialect] = [gateway, dialect].map(Schema::root);
    let mut text = HEAD.to_owned();
    for form in gateway.forms() {
        let _ = writeln!(
            text,
            "- **{}**: {}",
            form.text("title"),
            form.text("description")
        );
    }
    let keys = gateway.keys();
    let links: Vec<String> = keys.iter().map(|(name, ..)| link(name)).collect();
    let _ = writeln!(text, "\nKeys at the top: {}.", links.join(", "));
    let mut page = Page::new(text);
    page.document(gateway);
    let mut page = Page::new(page.text + DIALECT_HEAD);
    page.document(dialect);
    page.text
}

/// What has been written so far, and where each mapping is described, by the name of its definition.
struct Page<'a> {
    text: String,
    homes: HashMap<&'a str, String>,
}

/// A key, and where it stands.
struct Key<'a> {
    path: String,
    name: &'a str,
    schema: Schema<'a>,
    required: bool,
}

/// A mapping that is to get a section, and its path.
type Pending<'a> = (String, Schema<'a>);

impl<'a> Page<'a> {
    fn new(text: String) -> Self {
        Self {
            text,
            homes: HashMap::new(),
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn document(&mut self, root: Schema<'a>) {
        // What has a key at the top is described there, however early it is used elsewhere.
        for (name, schema, _) in root.keys() {
            for (suffix, shape) in words::peeled(schema) {
                if let Shape::Keys(Some(definition), _) = shape {
                    let home = self.homes.entry(definition);
                    home.or_insert_with(|| format!("{name}{suffix}"));
                }
            }
        }
        for (name, schema, required) in root.keys() {
            let (description, _) = words::described(schema);
            let traits = words::sentence(&words::traits(schema, required));
            self.line(&format!("\n## `{name}`\n\n{description}\n\n*{traits}*"));
            for pending in self.top(name, schema) {
                self.section(pending);
            }
        }
    }

    /// What may be written at a key at the top.
    fn top(&mut self, name: &str, schema: Schema<'a>) -> Vec<Pending<'a>> {
        let mut pending = Vec::new();
        let shapes = words::peeled(schema);
        let is_listed = |(_, shape): &(String, Shape<'_>)| {
            matches!(shape, Shape::Word(..) | Shape::Keys(None, _))
        };
        if shapes.iter().any(is_listed) {
            self.text.push('\n');
        }
        for (suffix, shape) in shapes {
            let path = format!("{name}{suffix}");
            if let Shape::Keys(Some(definition), mapping) = shape {
                match self.homes.get(definition).cloned() {
                    Some(home) if home != path => {
                        self.line(&format!("\nThe keys are those of {}.", link(&home)));
                    }
                    Some(_) | None => {
                        self.introduction(mapping, words::described(schema).0);
                        pending.extend(self.bullets(&path, mapping, ""));
                    }
                }
            } else {
                pending.extend(self.alternative(&path, shape, ""));
            }
        }
        pending
    }

    /// What a mapping says about itself, as far as its key has not said it.
    fn introduction(&mut self, mapping: Schema<'a>, said: &str) {
        let words = mapping.text("description");
        let further = words.strip_prefix(said).unwrap_or(words).trim_start();
        if !further.is_empty() {
            self.line(&format!("\n{further}"));
        }
        self.text.push('\n');
    }

    fn section(&mut self, (path, schema): Pending<'a>) {
        self.line(&format!("\n### `{path}`"));
        self.introduction(schema, "");
        for pending in self.bullets(&path, schema, "") {
            self.section(pending);
        }
    }

    fn bullets(&mut self, path: &str, schema: Schema<'a>, indent: &str) -> Vec<Pending<'a>> {
        let mut pending = Vec::new();
        for (name, schema, required) in schema.keys() {
            let path = format!("{path}.{name}");
            let (description, _) = words::described(schema);
            let key = Key {
                path,
                name,
                schema,
                required,
            };
            pending.extend(self.bullet(&key, description, indent));
        }
        pending
    }

    /// A key, the words that may stand at it, and which mappings below it are still to be described.
    fn bullet(&mut self, key: &Key<'a>, description: &str, indent: &str) -> Vec<Pending<'a>> {
        let traits = words::traits(key.schema, key.required);
        let _ = write!(
            self.text,
            "{indent}- **`{}`** ({traits}): {description}",
            key.name
        );
        let mut pending = Vec::new();
        let mut others = Vec::new();
        for (suffix, shape) in words::peeled(key.schema) {
            let path = format!("{}{suffix}", key.path);
            let Shape::Keys(Some(definition), mapping) = shape else {
                others.push((path, shape));
                continue;
            };
            if !self.homes.contains_key(definition) {
                self.homes.insert(definition, path.clone());
                pending.push((path.clone(), mapping));
            }
            let home = self.homes.get(definition).unwrap_or(&path);
            let _ = write!(self.text, " Keys: {}.", link(home));
        }
        self.text.push('\n');
        let indent = format!("{indent}  ");
        for (path, shape) in others {
            pending.extend(self.alternative(&path, shape, &indent));
        }
        pending
    }

    /// A word, or a mapping of one key that may stand in its place; others need no more words than their type.
    fn alternative(&mut self, path: &str, shape: Shape<'a>, indent: &str) -> Vec<Pending<'a>> {
        match shape {
            Shape::Word(word, meaning) if !meaning.is_empty() => {
                self.line(&format!("{indent}- `{word}`: {meaning}"));
                Vec::new()
            }
            Shape::Keys(None, schema) => match schema.keys().as_slice() {
                &[(name, key, _)] => {
                    let path = format!("{path}.{name}");
                    let key = Key {
                        path,
                        name,
                        schema: key,
                        required: false,
                    };
                    self.bullet(&key, schema.text("description"), indent)
                }
                _ => self.bullets(path, schema, indent),
            },
            Shape::Word(..)
            | Shape::Keys(..)
            | Shape::Form(_)
            | Shape::Plain(_)
            | Shape::Whole(_)
            | Shape::List(_)
            | Shape::Named(_)
            | Shape::Anything => Vec::new(),
        }
    }
}

/// A link to the section about a path.
fn link(path: &str) -> String {
    let kept = |character: &char| character.is_alphanumeric() || matches!(character, '_' | '-');
    let anchor: String = path.to_lowercase().chars().filter(kept).collect();
    format!("[`{path}`](#{anchor})")
}
