//! What holds for the schema whatever keys there are.

use super::*;

/// Every key with its path and what is said about it.
fn keys(schema: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let definitions = schema["definitions"].as_object().expect("definitions");
    let mappings = definitions
        .iter()
        .map(|(name, mapping)| (name.as_str(), mapping));
    for (name, mapping) in mappings.chain([("", schema)]) {
        for (key, property) in mapping["properties"].as_object().into_iter().flatten() {
            found.push((format!("{name}.{key}"), property.clone()));
        }
    }
    assert!(found.len() > 10, "{found:?}");
    found
}

fn written() -> Vec<(String, Value)> {
    let [gateway, dialect] = [of::<Document>(""), of::<Dialect>("")].map(Schema::to_value);
    [keys(&gateway), keys(&dialect)].concat()
}

#[test]
fn every_key_says_what_it_is_for() {
    let silent = written()
        .into_iter()
        .filter(|(_, key)| key.get("description").is_none());
    let silent: Vec<String> = silent.map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "no doc comment: {silent:?}");
}

#[test]
fn the_default_that_is_told_is_the_one_that_is_taken() {
    let mut compared = 0;
    for (path, key) in written() {
        let description = key["description"].as_str().expect("a description");
        let Some((_, told)) = description.rsplit_once("Default: ") else {
            continue;
        };
        let taken = match key.get("default") {
            Some(Value::String(text)) => text.clone(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            _ => continue,
        };
        // A span may be told in another unit, and a word by what it means.
        let same_span = || {
            let told = told
                .trim_end_matches('.')
                .parse::<crate::config::duration::Span>();
            told.is_ok() && told == taken.parse()
        };
        let told_plainly = told.replace(['`', '"'], "");
        let is_word = path.ends_with(".states_reported");
        assert!(
            is_word || told_plainly.starts_with(&taken) || same_span(),
            "{path}: {told}, but {taken} is taken"
        );
        compared += 1;
    }
    assert!(compared > 30, "only {compared} defaults were compared");
}

#[test]
fn a_variable_may_stand_for_whatever_is_no_text() {
    let schema = gateway();
    let cores = &schema["properties"]["cores"];
    let alternatives = cores["anyOf"].as_array().expect("alternatives");
    assert_eq!(alternatives[0]["type"], json!(["integer", "null"]));
    assert_eq!(alternatives[1], json!({ "$ref": "#/definitions/Variable" }));
    assert!(schema["definitions"]["Variable"].is_object());
    assert!(dialect()["definitions"].get("Variable").is_none());
}
