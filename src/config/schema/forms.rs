//! The forms of texts, such as durations and sizes, as an editor checks them.
//!
//! Each has a name, by which keys refer to it, and says what it looks like. The patterns follow the parsers beside the
//! types; what a pattern cannot say, such as the largest size, the gateway says when it reads the file.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::config::{
    document::{
        rules::{ClaimTest, ClaimTests, ColumnTest, Scalar, Texts},
        tokens::SecretText,
    },
    duration::Span,
    moment::Moment,
    percent::Percent,
    rate::Rate,
    size::{Size, SizeLimit},
};

macro_rules! form {
    ($type:ty, $name:literal, $title:literal, $pattern:literal, $description:literal) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "title": $title,
                    "type": "string",
                    "pattern": $pattern,
                    "description": $description,
                })
            }
        }
    };
}

form!(
    Span,
    "Duration",
    "duration",
    "^[0-9]+(ms|s|m|h|d)$",
    "A whole number and `d`, `h`, `m`, `s` or `ms`: `30d`, `15m`, `500ms`."
);
form!(
    Size,
    "Size",
    "size",
    "^[0-9]+(B|KiB|MiB|GiB)$",
    "A whole number and `B`, `KiB`, `MiB` or `GiB`: `10MiB`, `64KiB`."
);
form!(
    SizeLimit,
    "SizeLimit",
    "size or unlimited",
    "^([0-9]+(B|KiB|MiB|GiB)|unlimited)$",
    "A size, or the word `unlimited`."
);
form!(
    Rate,
    "Rate",
    "rate",
    "^[0-9]+/[0-9]+(ms|s|m|h|d)$",
    "A whole number, a slash and a duration: `10/1m` is ten in a minute."
);
form!(
    Moment,
    "Moment",
    "moment in UTC",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
    "A day and a time of UTC, to the second: `2026-01-31T12:00:00Z`."
);
form!(
    Percent,
    "Share",
    "share",
    "^(100|[0-9]?[0-9])%$",
    "A whole number and `%`: `20%`."
);

impl JsonSchema for SecretText {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "secret",
            "type": "string",
            "description": "A text that is never shown. Best from elsewhere: `${NAME}` takes it from the environment, \
                            `file:PATH` from a file.",
        })
    }
}

impl JsonSchema for Texts {
    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "text or list of texts",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" } },
            ],
            "description": "A text, or a list of texts.",
        })
    }
}

impl JsonSchema for Scalar {
    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "text, number or boolean",
            "anyOf": [{ "type": "string" }, { "type": "number" }, { "type": "boolean" }],
            "description": "A text, a number or a boolean: `\"1\"` is not `1`.",
        })
    }
}

impl JsonSchema for ClaimTest {
    fn schema_name() -> Cow<'static, str> {
        "ClaimTest".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let scalar = generator.subschema_for::<Scalar>();
        let tests = generator.subschema_for::<ClaimTests>();
        json_schema!({
            "title": "value, list of values or tests",
            "anyOf": [scalar, { "type": "array", "items": scalar }, tests],
            "description": "A value that the claim has to be, a list of which one is enough, or tests by name.",
        })
    }
}

impl JsonSchema for ColumnTest {
    fn schema_name() -> Cow<'static, str> {
        "ColumnTest".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let scalar = generator.subschema_for::<Scalar>();
        let nothing = json_schema!({ "type": "null" });
        let one = json_schema!({ "anyOf": [scalar, nothing] });
        json_schema!({
            "title": "value, `null` or list of these",
            "anyOf": [scalar, nothing, { "type": "array", "items": one }],
            "description": "A value that the column has to be, or a list of which one is enough; `null` is NULL.",
        })
    }
}
