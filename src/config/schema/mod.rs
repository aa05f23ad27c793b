//! What may be written, for editors and for people: a JSON Schema and a reference, both out of the structs of `document`.
//!
//! What a doc comment there says is the description of its key, so the two cannot drift apart from what is read.

mod editor;
mod forms;
mod reference;
mod shape;
mod words;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::transform_subschemas};
use serde_json::{Value, json};

use super::document::{Document, dialect::Dialect};
use editor::Variables;

/// The schema of `gateway.yaml`, for editors.
pub fn gateway() -> Value {
    let mut schema = of::<Document>("gateway.yaml");
    editor::widen(&mut schema, Variables::Filled);
    schema.to_value()
}

/// The schema of a dialect file, for editors.
pub fn dialect() -> Value {
    let mut schema = of::<Dialect>("a dialect file");
    editor::widen(&mut schema, Variables::Absent);
    schema.to_value()
}

/// Every key of both, in Markdown.
pub fn markdown() -> String {
    let [gateway, dialect] = [of::<Document>(""), of::<Dialect>("")].map(Schema::to_value);
    reference::write(&gateway, &dialect)
}

/// What the structs say.
fn of<T: JsonSchema>(title: &'static str) -> Schema {
    // Of the drafts, this is the one that every editor knows.
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    tidy(&mut schema);
    schema.insert("title".to_owned(), Value::from(title));
    schema
}

/// Takes out what comes of Rust: line breaks of comments, names of integers, options that are `None`.
fn tidy(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = unwrapped(description).into_owned();
    }
    match schema.remove("format") {
        Some(Value::String(format)) if format == "uint32" => {
            schema.insert("maximum".to_owned(), json!(u32::MAX));
        }
        Some(_) | None => {}
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    transform_subschemas(&mut tidy, schema);
}

/// Paragraphs without line breaks inside.
fn unwrapped(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return Cow::Borrowed(text);
    }
    let paragraphs = text.split("\n\n").map(|lines| lines.replace('\n', " "));
    Cow::Owned(paragraphs.collect::<Vec<_>>().join("\n\n"))
}

#[cfg(test)]
mod tests;
