//! A JSON body with placeholders.
//!
//! A text that is nothing but one placeholder takes the value with its JSON type; inside other text the value is
//! written out. The key `...` merges an object into the one that holds it, at that place.

use serde_json::{Map, Value};

use crate::template::{Template, TemplateError};

/// The key that merges.
const SPREAD: &str = "...";

/// A compiled JSON body.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Null, a boolean, a number, or text without placeholders.
    Fixed(Value),
    /// Exactly one placeholder.
    Value(String),
    /// Text around placeholders.
    Text(Template),
    /// An array.
    List(Vec<Shape>),
    /// An object, in order.
    Object(Vec<(String, Shape)>),
}

/// Why a body is not a shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// A broken template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A placeholder that this answer has no value for.
    #[error("there is no value {{{name}}} here; there is {known}")]
    Unknown {
        /// The name.
        name: String,
        /// What there is.
        known: String,
    },
}

impl Shape {
    /// Compiles a body; only the names in `known` may stand in placeholders.
    pub fn compile(body: &Value, known: &[&str]) -> Result<Self, ShapeError> {
        match body {
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Self::Fixed(body.clone())),
            Value::String(text) => Self::compile_text(text, known),
            Value::Array(items) => {
                let items = items.iter().map(|item| Self::compile(item, known));
                Ok(Self::List(items.collect::<Result<_, _>>()?))
            }
            Value::Object(members) => {
                let members = members
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), Self::compile(value, known)?)));
                Ok(Self::Object(members.collect::<Result<_, ShapeError>>()?))
            }
        }
    }

    fn compile_text(text: &str, known: &[&str]) -> Result<Self, ShapeError> {
        let template = checked_text(text, known)?;
        if let Some(name) = template.sole_placeholder() {
            return Ok(Self::Value(name.to_owned()));
        }
        if template.placeholders().next().is_some() {
            return Ok(Self::Text(template));
        }
        let text = template.render(|_, _| None).unwrap_or_default();
        Ok(Self::Fixed(Value::String(text)))
    }

    /// Whether it says this value anywhere.
    pub fn names(&self, name: &str) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Value(known) => known == name,
            Self::Text(template) => template.placeholders().any(|it| it == name),
            Self::List(items) => items.iter().any(|item| item.names(name)),
            Self::Object(members) => members.iter().any(|(_, shape)| shape.names(name)),
        }
    }

    /// The body with its values.
    pub fn fill(&self, values: &dyn Fn(&str) -> Option<Value>) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Value(name) => values(name).unwrap_or(Value::Null),
            Self::Text(template) => {
                let text = template.render(|name, text| {
                    push(&values(name).unwrap_or(Value::Null), text);
                    Some(())
                });
                Value::String(text.unwrap_or_default())
            }
            Self::List(items) => items.iter().map(|item| item.fill(values)).collect(),
            Self::Object(members) => Value::Object(fill_members(members, values)),
        }
    }
}

/// A text in which only the names in `known` stand in placeholders.
pub fn checked_text(text: &str, known: &[&str]) -> Result<Template, ShapeError> {
    let template = Template::parse(text)?;
    let unknown = template.placeholders().find(|name| !known.contains(name));
    let Some(name) = unknown.map(str::to_owned) else {
        return Ok(template);
    };
    let listed: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
    let known = if listed.is_empty() {
        "none".to_owned()
    } else {
        listed.join(", ")
    };
    Err(ShapeError::Unknown { name, known })
}

fn fill_members(
    members: &[(String, Shape)],
    values: &dyn Fn(&str) -> Option<Value>,
) -> Map<String, Value> {
    let mut filled = Map::new();
    for (name, shape) in members {
        let value = shape.fill(values);
        if name == SPREAD
            && let Value::Object(merged) = value
        {
            filled.extend(merged);
        } else {
            filled.insert(name.clone(), value);
        }
    }
    filled
}

pub(in crate::accounts) fn push(value: &Value, text: &mut String) {
    match value {
        Value::String(inner) => text.push_str(inner),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)) => text.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_order_and_nulls_are_kept() {
        let body = json!({
            "...": "{user}",
            "token": { "access": "{access_token}", "type": "bearer" },
            "text": "id {user.id}!", "braces": "{{x}}", "none": null, "list": [1, "{user.id}"],
        });
        let known = ["user", "user.id", "access_token"];
        let shape = Shape::compile(&body, &known).expect("a shape");
        let filled = shape.fill(&|name| match name {
            "user" => Some(json!({"z": 1, "a": null})),
            "user.id" => Some(json!(7)),
            "access_token" => Some(json!("t")),
            _ => None,
        });
        let expected = r#"{"z":1,"a":null,"token":{"access":"t","type":"bearer"},"text":"id 7!","braces":"{x}","none":null,"list":[1,7]}"#;
        assert_eq!(filled.to_string(), expected);
    }

    #[test]
    fn an_unknown_placeholder_names_the_known_ones() {
        let error =
            Shape::compile(&json!("{acess_token}"), &["access_token"]).expect_err("unknown");
        let text = "there is no value {acess_token} here; there is {access_token}";
        assert_eq!(error.to_string(), text);
    }
}
