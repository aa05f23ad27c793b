//! Widens a schema by what YAML and the reader allow besides: variables, and texts without quotes.
//!
//! An editor that complains about a good file is not believed when it complains about a bad one.

use schemars::{
    Schema, json_schema,
    transform::{Transform, transform_subschemas},
};
use serde_json::{Map, Value, json};

/// Whether `${NAME}` is filled in where the file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variables {
    /// From the environment.
    Filled,
    /// Not at all: the file is data, the same everywhere.
    Absent,
}

/// The definition of a value that comes from the environment.
const VARIABLE: &str = "Variable";

/// What a schema says about the value itself.
const ASSERTIONS: [&str; 6] = ["type", "pattern", "const", "enum", "minimum", "maximum"];

pub(super) fn widen(schema: &mut Schema, variables: Variables) {
    Widening { variables }.transform(schema);
    if variables == Variables::Filled
        && let Some(Value::Object(definitions)) = schema.get_mut("definitions")
    {
        definitions.insert(VARIABLE.to_owned(), variable().to_value());
    }
}

fn variable() -> Schema {
    json_schema!({
        "type": "string",
        "pattern": r"\$\{",
        "description": "From the environment: `${NAME}`, or `${NAME:-default}` where it may be unset.",
    })
}

struct Widening {
    variables: Variables,
}

impl Transform for Widening {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(Value::Array(alternatives)) = schema.remove("oneOf") {
            let alternatives = self.alternatives(alternatives);
            schema.insert("anyOf".to_owned(), alternatives);
            return;
        }
        transform_subschemas(self, schema);
        let Some(schema) = schema.as_object_mut() else {
            return;
        };
        if is_any_text(schema) {
            // `name: 1.10` is a text to whoever asks for one.
            let mut types = types(schema);
            if !types.iter().any(|name| name == "number") {
                types.push("number".to_owned());
            }
            schema.insert("type".to_owned(), json!(types));
        } else if self.variables == Variables::Filled && is_scalar(schema) {
            let assertions: Map<String, Value> = ASSERTIONS
                .into_iter()
                .filter_map(|word| schema.remove(word).map(|value| (word.to_owned(), value)))
                .collect();
            schema.insert("anyOf".to_owned(), json!([assertions, reference()]));
        }
    }
}

impl Widening {
    /// The words of an enum, and what may stand in place of one.
    fn alternatives(&mut self, mut alternatives: Vec<Value>) -> Value {
        let mut further = Vec::new();
        for alternative in &mut alternatives {
            match alternative.get("const").and_then(Value::as_str) {
                // `1.2` without quotes.
                Some(word) => further.extend(
                    word.parse::<f64>()
                        .ok()
                        .map(|number| json!({ "const": number })),
                ),
                None => self.widen_below(alternative),
            }
        }
        if self.variables == Variables::Filled {
            further.push(reference());
        }
        alternatives.extend(further);
        Value::Array(alternatives)
    }

    fn widen_below(&mut self, value: &mut Value) {
        if let Ok(schema) = <&mut Schema>::try_from(value) {
            self.transform(schema);
        }
    }
}

fn reference() -> Value {
    json!({ "$ref": format!("#/definitions/{VARIABLE}") })
}

fn is_any_text(schema: &Map<String, Value>) -> bool {
    let is_text = types(schema).iter().any(|name| name == "string");
    is_text
        && !["pattern", "const", "enum"]
            .iter()
            .any(|word| schema.contains_key(*word))
}

fn is_scalar(schema: &Map<String, Value>) -> bool {
    let scalar = ["string", "integer", "number", "boolean"];
    types(schema)
        .iter()
        .any(|name| scalar.contains(&name.as_str()))
}

/// The names of the types that a schema allows.
fn types(schema: &Map<String, Value>) -> Vec<String> {
    let names = match schema.get("type") {
        Some(Value::Array(names)) => names.clone(),
        Some(name) => vec![name.clone()],
        None => Vec::new(),
    };
    names
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
