//! What arrives in the document, and what is left of one that has mistakes.

use super::*;
use crate::config::diagnostic::Location;

fn is_serialisable<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sampler {
    #[serde(default)]
    text: Vec<String>,
    #[serde(default)]
    numbers: Vec<i64>,
    #[serde(default)]
    truths: Vec<bool>,
    #[serde(default)]
    anything: Vec<serde_json::Value>,
    #[serde(default)]
    by_number: BTreeMap<u16, String>,
    #[serde(default)]
    pair: Option<(String, u8)>,
    #[serde(default)]
    inner: Option<Box<Sampler>>,
}

fn sample(text: &str) -> Sampler {
    let reading = read::<Sampler>(&Source::new("s", text), &Fixed);
    assert_eq!(render(&reading.diagnostics), "", "for {text}");
    reading.value.unwrap()
}

#[test]
fn a_sound_document_arrives() {
    let reading = reading(SOUND);
    assert_eq!(render(&reading.diagnostics), "");
    let document = reading.value.unwrap();
    assert_eq!(document.tokens.refresh.secret, "hunter2hunter2");
    assert_eq!(document.tokens.refresh.algorithm, Algorithm::HS256);
    assert_eq!(document.limits, Limits::default());
    assert_eq!(
        document.routes[1].require,
        Some(Require::SubjectIs("id".to_owned()))
    );
    assert_eq!(document.users.states["banned"]["is_restricted"], true);
    assert_eq!(reading.remainder, None);
}

#[test]
fn text_arrives_as_it_was_written() {
    let text = "text: [1.10, 0123, true, 1e5, 0x10, yes, 2024-01-01, '', \"~\", .5, +1, 1_000]";
    let expected = [
        "1.10",
        "0123",
        "true",
        "1e5",
        "0x10",
        "yes",
        "2024-01-01",
        "",
        "~",
        ".5",
        "+1",
        "1_000",
    ];
    assert_eq!(sample(text).text, expected);
    assert_eq!(
        sample("text: [!!str 5, \"a\\nb\", 'it''s']").text,
        ["5", "a\nb", "it's"]
    );
    assert_eq!(
        sample("text:\n- |\n  a\n  b\n- >-\n  a\n  b\n").text,
        ["a\nb\n", "a b"]
    );
}

#[test]
fn numbers_and_booleans_are_strict() {
    assert_eq!(
        sample("numbers: [1, -1, 0x10, 0o17, +5, 0]").numbers,
        [1, -1, 16, 15, 5, 0]
    );
    assert_eq!(
        sample("truths: [true, False, TRUE]").truths,
        [true, false, true]
    );
    for wrong in [
        "numbers: [0123]",
        "numbers: [1_000]",
        "numbers: [1.0]",
        "numbers: ['1']",
        "numbers: [9223372036854775808]",
        "truths: [yes]",
        "truths: [on]",
        "truths: ['true']",
        "truths: [1]",
    ] {
        let reading = read::<Sampler>(&Source::new("s", wrong), &Fixed);
        assert_eq!(reading.diagnostics.len(), 1, "{wrong}");
    }
}

#[test]
fn a_variable_fills_any_kind_of_field() {
    assert_eq!(
        sample("numbers: [\"${PORT}\"]\ntruths: [ \"${TRUE}\" ]\ntext: [\"${PORT}\"]").numbers,
        [8080]
    );
    assert_eq!(
        sample("anything:\n- ${PORT}\n").anything,
        [serde_json::json!("8080")]
    );
    assert_eq!(sample("text:\n- ${NOPE:-}\n").text, [""]);
}

#[test]
fn anything_takes_the_kind_that_it_looks_like() {
    let expected =
        serde_json::json!([1, -1, 1.5, true, null, null, "0123", "1", {"b": 1, "a": [2]}]);
    assert_eq!(
        serde_json::Value::from(
            sample("anything: [1, -1, 1.5, true, null, ~, 0123, '1', {b: 1, a: [2]}]").anything
        ),
        expected
    );
}

#[test]
fn keys_pairs_and_documents_within() {
    let sampler = sample("by_number: {80: a}\npair: [a, 1]\ninner: {inner: {text: [x]}}\n");
    assert_eq!(sampler.by_number[&80], "a");
    assert_eq!(sampler.pair, Some(("a".to_owned(), 1)));
    assert_eq!(sampler.inner.unwrap().inner.unwrap().text, ["x"]);
}

#[test]
fn merging_keeps_what_is_written() {
    let text = with(
        "  - { match: \"GET /docs/**\", access: public }",
        "  - &base { match: /a, access: public, version: 1.10 }\n  - <<: *base\n    match: /b\n  - <<: [{ version: \"2\" }, *base]",
    );
    let routes = reading(&text).value.unwrap().routes;
    assert_eq!(routes[1].pattern, Pattern("/b".to_owned()));
    assert_eq!(routes[1].version.as_deref(), Some("1.10"));
    assert_eq!(routes[2].version.as_deref(), Some("2"));
}

#[test]
fn a_long_comment_is_no_mistake() {
    let text = format!("{}{SOUND}", "# a line\n".repeat(2_000));
    assert_eq!(told(&text), "");
}

#[test]
fn what_is_left_is_apart_from_the_value() {
    let reading = reading(&with("access: public", "access: publik"));
    assert_eq!(reading.value, None);
    assert_eq!(reading.made_up, ["routes[0].access"]);
    let routes = reading.remainder.unwrap().routes;
    assert_eq!(routes[1].pattern, Pattern("/users/{id}/**".to_owned()));
    let missing = super::reading(&with("  table: user\n", ""));
    assert_eq!(missing.value, None);
    assert_eq!(missing.made_up, ["users.table"]);
    assert_eq!(missing.remainder.unwrap().routes.len(), 2);
}

#[test]
fn places_are_found_by_path() {
    let places = reading(&SOUND.replace("banned", "\"a.b\"")).places;
    let at = |line, column| Some(Location { line, column });
    assert_eq!(places.at("routes[1].match"), at(15, 14));
    assert_eq!(places.at_key("routes[1].match"), at(15, 7));
    assert_eq!(places.at("routes[1].nothing.here"), at(15, 5));
    assert_eq!(places.at("routes[9]"), at(14, 3));
    assert_eq!(places.at("users.states[\"a.b\"].is_restricted"), at(9, 29));
    assert_eq!(places.at(""), at(2, 1));
    assert_eq!(places.at("[[\"..]"), at(2, 1));
}

#[test]
fn a_later_step_reports_by_path() {
    let places = reading(SOUND).places;
    assert_eq!(
        places
            .warning(
                "routes[0].access",
                "anyone may read this",
                "say so with care"
            )
            .to_string(),
        "gateway.yaml:14:38: warning: routes[0].access: anyone may read this (found \"public\"); fix: say so with care\n  \
         14 |   - { match: \"GET /docs/**\", access: public }\n     |                                      ^^^^^^"
    );
    let about_secret = places.mistake(
        "tokens.access.secret",
        "shorter than 32 bytes",
        "make a longer one",
    );
    assert_eq!(
        is_serialisable(&about_secret),
        r#"{"severity":"mistake","file":"gateway.yaml","path":"tokens.access.secret","location":{"line":11,"column":40},"value":"[redacted]","message":"shorter than 32 bytes","fix":"make a longer one"}"#
    );
    assert!(!format!("{places:?}").contains("hunter2"));
}

#[test]
fn many_mistakes_are_cut() {
    let text = format!("{SOUND}{}", "  - { match: x, access: y }\n".repeat(300));
    let diagnostics = reading(&text).diagnostics;
    assert_eq!(diagnostics.len(), 201);
    assert_eq!(
        diagnostics[200].to_string(),
        "gateway.yaml: there may be more mistakes than are shown; fix: correct these and check again"
    );
}

#[test]
fn mistakes_of_every_kind_are_cut_in_good_time() {
    for text in [
        "text: []\n".repeat(20_000),
        format!("text: [{}]", "\"${NOPE}\",".repeat(20_000)),
        format!("text: [{}]", "*nope,".repeat(20_000)),
        format!("numbers: [{}]", "{secret: x},".repeat(20_000)),
    ] {
        let reading = read::<Sampler>(&Source::new("s", &text), &Fixed);
        assert_eq!(reading.diagnostics.len(), 201);
    }
}

#[test]
fn a_large_sound_document_is_read() {
    let text = format!(
        "{SOUND}{}",
        "  - { match: /x, access: public }\n".repeat(20_000)
    );
    assert_eq!(reading(&text).value.unwrap().routes.len(), 20_002);
    let keys: Vec<_> = (0..60_000)
        .map(|number| format!("k{number}: a\n"))
        .collect();
    let wide = read::<BTreeMap<String, String>>(&Source::new("s", &keys.concat()), &Fixed);
    assert_eq!(wide.value.unwrap().len(), 60_000);
}
