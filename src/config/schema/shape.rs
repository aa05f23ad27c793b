//! What a part of a schema amounts to, in the words of whoever writes YAML.

use serde_json::{Map, Value};

/// A schema and the definitions that it refers to.
#[derive(Clone, Copy)]
pub(super) struct Schema<'a> {
    pub(super) own: &'a Value,
    definitions: &'a Value,
}

/// One thing that a value may be.
#[derive(Clone, Copy)]
pub(super) enum Shape<'a> {
    /// A form with a name, such as a duration.
    Form(&'a str),
    /// A text, a number or a boolean.
    Plain(&'static str),
    /// A whole number, of at most so much.
    Whole(Option<u64>),
    /// A word, and what it means.
    Word(&'a str, &'a str),
    /// A list of these.
    List(Schema<'a>),
    /// Names of one's own, each with one of these.
    Named(Schema<'a>),
    /// Keys; the name of the definition, where there is one.
    Keys(Option<&'a str>, Schema<'a>),
    /// Whatever there is.
    Anything,
}

impl<'a> Schema<'a> {
    pub(super) fn root(root: &'a Value) -> Self {
        Self {
            own: root,
            definitions: root.get("definitions").unwrap_or(&Value::Null),
        }
    }

    fn below(self, own: &'a Value) -> Self {
        Self { own, ..self }
    }

    /// A text of its own, such as its `description`.
    pub(super) fn text(self, name: &str) -> &'a str {
        self.own
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The keys of a mapping, in their order, and whether each has to be there.
    pub(super) fn keys(self) -> Vec<(&'a str, Self, bool)> {
        let required = self.own.get("required").and_then(Value::as_array);
        let is_required =
            |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
        let keys = self.object("properties").into_iter().flatten();
        keys.map(|(name, schema)| (name.as_str(), self.below(schema), is_required(name)))
            .collect()
    }

    /// Everything that a value may be; `null` is only another way to leave a key out.
    pub(super) fn shapes(self) -> Vec<Shape<'a>> {
        if let Some(name) = self.reference() {
            return self.definition(name);
        }
        for word in ["allOf", "anyOf", "oneOf"] {
            if let Some(parts) = self.own.get(word).and_then(Value::as_array) {
                let parts = parts.iter().map(|part| self.below(part));
                return parts.flat_map(Self::shapes).collect();
            }
        }
        if let Some(word) = self.own.get("const").and_then(Value::as_str) {
            return vec![Shape::Word(word, self.text("description"))];
        }
        if let Some(words) = self.own.get("enum").and_then(Value::as_array) {
            let words = words.iter().filter_map(Value::as_str);
            return words.map(|word| Shape::Word(word, "")).collect();
        }
        self.of_types()
    }

    fn of_types(self) -> Vec<Shape<'a>> {
        let names = match self.own.get("type") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            Some(name) => name.as_str().into_iter().collect(),
            None => vec![""],
        };
        let names = names.into_iter().filter(|name| *name != "null");
        names.map(|name| self.of_type(name)).collect()
    }

    fn of_type(self, name: &str) -> Shape<'a> {
        match name {
            "string" => Shape::Plain("text"),
            "integer" => Shape::Whole(self.own.get("maximum").and_then(Value::as_u64)),
            "number" => Shape::Plain("number"),
            "boolean" => Shape::Plain("`true` or `false`"),
            "array" => Shape::List(self.below(self.own.get("items").unwrap_or(&Value::Null))),
            "object" if self.object("properties").is_none() => Shape::Named(
                self.below(self.own.get("additionalProperties").unwrap_or(&Value::Null)),
            ),
            "object" => Shape::Keys(None, self),
            _ => Shape::Anything,
        }
    }

    /// The name of the definition that stands here.
    fn reference(self) -> Option<&'a str> {
        let reference = self.own.get("$ref").and_then(Value::as_str)?;
        reference.strip_prefix("#/definitions/")
    }

    fn definition(self, name: &'a str) -> Vec<Shape<'a>> {
        let definition = self.definitions.get(name).unwrap_or(&Value::Null);
        if let Some(title) = self.below(definition).form() {
            return vec![Shape::Form(title)];
        }
        let shapes = self.below(definition).shapes();
        let named = |shape| {
            if let Shape::Keys(None, schema) = shape
                && std::ptr::eq(schema.own, definition)
            {
                return Shape::Keys(Some(name), schema);
            }
            shape
        };
        shapes.into_iter().map(named).collect()
    }

    /// The definitions of forms, which have a title.
    pub(super) fn forms(self) -> Vec<Self> {
        let definitions = self.definitions.as_object().into_iter().flatten();
        let definitions = definitions.map(|(_, definition)| self.below(definition));
        definitions
            .filter(|definition| definition.form().is_some())
            .collect()
    }

    /// The name of a form; what may be a mapping, too, has keys to tell.
    fn form(self) -> Option<&'a str> {
        let title = self.text("title");
        let has_keys = || {
            self.shapes()
                .iter()
                .any(|shape| matches!(shape, Shape::Keys(..)))
        };
        (!title.is_empty() && !has_keys()).then_some(title)
    }

    fn object(self, name: &str) -> Option<&'a Map<String, Value>> {
        self.own.get(name).and_then(Value::as_object)
    }
}
