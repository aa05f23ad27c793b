//! What pydantic takes for a value of a type, and what it says of what it does not take.

use regex::Regex;
use serde_json::{Value, json};

use super::{
    super::{Field, FieldType, Given, Invalid, Limits, Place, Presence, Trim, read},
    JSON, assert_refused, given, unhex,
};

/// What Python takes and 64 bits do not hold is the one difference.
/// Place, type, least, most, pattern, input in hex, status, answer; written by a FastAPI application.
const GOLDEN: &str = include_str!("../golden_types.tsv");

fn field(field_type: FieldType) -> Field {
    Field::text(Place::Json, "f").of_type(field_type)
}

/// One field of a JSON body.
fn sent(field: &Field, value: &Value) -> Result<Value, Invalid> {
    let body = json!({ "f": value }).to_string();
    let values = read(
        std::slice::from_ref(field),
        &given("", JSON, body.as_bytes()),
    )?;
    Ok(values[0].clone())
}

/// The one error of a refusal, without the field's place and its input.
fn error(answer: Result<Value, Invalid>) -> Value {
    let invalid = answer.expect_err("a refusal");
    assert_eq!(invalid.status, 422);
    let said: Value = serde_json::from_slice(&invalid.body).expect("JSON");
    let mut error = said["detail"][0].clone();
    let error = error.as_object_mut().expect("an error");
    error.shift_remove("loc");
    error.shift_remove("input");
    Value::Object(error.clone())
}

/// The field that a line is about.
fn described(place: &str, field_type: &str, bounds: [&str; 3]) -> Field {
    let place = match place {
        "json" => Place::Json,
        _ => Place::Query,
    };
    let field_type = match field_type {
        "integer" => FieldType::Integer,
        "number" => FieldType::Number,
        "boolean" => FieldType::Boolean,
        "date" => FieldType::Date,
        "json" => FieldType::Json,
        _ => FieldType::Text,
    };
    let [min, max, pattern] = bounds;
    Field {
        limits: Limits {
            min: min.parse().ok(),
            max: max.parse().ok(),
            pattern: (pattern != "-").then(|| Regex::new(pattern).expect("a pattern")),
        },
        ..Field::text(place, "f").of_type(field_type)
    }
}

#[test]
fn every_answer_about_a_type_is_the_one_that_fastapi_gives() {
    for (number, line) in GOLDEN.lines().enumerate() {
        let [
            place,
            field_type,
            min,
            max,
            pattern,
            input,
            status,
            expected,
        ] = line.splitn(8, '\t').collect::<Vec<_>>()[..]
        else {
            panic!("line {} does not have eight cells", number + 1);
        };
        let field = described(place, field_type, [min, max, pattern]);
        let input = unhex(input);
        let text = std::str::from_utf8(&input).expect("text");
        let given = if field.place == Place::Json {
            given("", JSON, &input)
        } else {
            given(text, None, b"")
        };
        let (answered, body) = match read(std::slice::from_ref(&field), &given) {
            Ok(values) => (200, serde_json::to_string(&values).expect("JSON")),
            Err(invalid) => (
                invalid.status,
                String::from_utf8(invalid.body).expect("text"),
            ),
        };
        let is_beyond_us = ["int_parsing_size", "finite_number"]
            .iter()
            .any(|name| body.contains(name));
        if status == "500" || (status == "200" && is_beyond_us) {
            assert_refused(answered, &body);
            continue;
        }
        assert_eq!(
            (answered.to_string().as_str(), body.as_str()),
            (status, expected),
            "line {}: {text}",
            number + 1
        );
    }
}

#[test]
fn a_number_beyond_64_bits_is_refused_and_one_within_is_kept() {
    for (digits, kept) in [
        ("9223372036854775807", true),
        ("9223372036854775808", true),
        ("18446744073709551615", true),
        ("18446744073709551616", false),
        ("-9223372036854775808", true),
        ("-9223372036854775809", false),
        ("1e400", false),
        ("NaN", false),
    ] {
        for field_type in [FieldType::Integer, FieldType::Json] {
            let body = format!("{{\"f\":{digits}}}");
            let fields = [field(field_type)];
            let read = read(&fields, &given("", JSON, body.as_bytes()));
            match read {
                Ok(values) => assert_eq!((values[0].to_string().as_str(), true), (digits, kept)),
                Err(invalid) => assert_eq!((invalid.status, false), (422, kept), "{digits}"),
            }
        }
    }
}

#[test]
fn values_are_read_as_pydantic_reads_them() {
    for (field_type, value, read) in [
        (FieldType::Integer, json!(7), json!(7)),
        (FieldType::Integer, json!(true), json!(1)),
        (FieldType::Integer, json!(7.0), json!(7)),
        (FieldType::Integer, json!(" -1_000.00 "), json!(-1000)),
        (FieldType::Number, json!("1e3"), json!(1000.0)),
        (FieldType::Number, json!(2), json!(2.0)),
        (FieldType::Boolean, json!("Yes"), json!(true)),
        (FieldType::Boolean, json!(0), json!(false)),
        (FieldType::Boolean, json!(1.0), json!(true)),
        (FieldType::Date, json!("2024-02-29"), json!("2024-02-29")),
        (
            FieldType::Json,
            json!({"b": [null, 1.5], "a": "\u{d55c}"}),
            json!({"b": [null, 1.5], "a": "\u{d55c}"}),
        ),
        (FieldType::Json, json!(null), json!(null)),
    ] {
        assert_eq!(
            sent(&field(field_type), &value).ok(),
            Some(read),
            "{field_type:?} {value}"
        );
    }
}

#[test]
fn what_is_of_another_type_is_refused_in_pydantic_s_words() {
    for (field_type, value, name, message) in [
        (
            FieldType::Integer,
            json!("7x"),
            "int_parsing",
            "Input should be a valid integer, unable to parse string as an integer",
        ),
        (
            FieldType::Integer,
            json!(7.5),
            "int_from_float",
            "Input should be a valid integer, got a number with a fractional part",
        ),
        (
            FieldType::Integer,
            json!(null),
            "int_type",
            "Input should be a valid integer",
        ),
        (
            FieldType::Number,
            json!("x"),
            "float_parsing",
            "Input should be a valid number, unable to parse string as a number",
        ),
        (
            FieldType::Number,
            json!([]),
            "float_type",
            "Input should be a valid number",
        ),
        (
            FieldType::Boolean,
            json!("maybe"),
            "bool_parsing",
            "Input should be a valid boolean, unable to interpret input",
        ),
        (
            FieldType::Boolean,
            json!(null),
            "bool_type",
            "Input should be a valid boolean",
        ),
        (
            FieldType::Text,
            json!(7),
            "string_type",
            "Input should be a valid string",
        ),
    ] {
        let expected = json!({ "type": name, "msg": message });
        assert_eq!(
            error(sent(&field(field_type), &value)),
            expected,
            "{field_type:?} {value}"
        );
    }
    assert_eq!(
        error(sent(&field(FieldType::Date), &json!("2024-13-01"))),
        json!({
            "type": "date_from_datetime_parsing",
            "msg": "Input should be a valid date or datetime, month value is outside expected range of 1-12",
            "ctx": { "error": "month value is outside expected range of 1-12" },
        })
    );
}

#[test]
fn lengths_are_of_characters_behind_the_trim() {
    let password = Field {
        trim: Trim::Both,
        limits: Limits {
            min: Some(1),
            max: Some(3),
            pattern: None,
        },
        ..field(FieldType::Text)
    };
    assert_eq!(
        sent(&password, &json!(" \u{d55c}\u{ae00}\u{1f600} ")).ok(),
        Some(json!("\u{d55c}\u{ae00}\u{1f600}"))
    );
    assert_eq!(
        error(sent(&password, &json!("  "))),
        json!({
            "type": "string_too_short",
            "msg": "String should have at least 1 character",
            "ctx": { "min_length": 1 },
        })
    );
    assert_eq!(
        error(sent(&password, &json!("abcd"))),
        json!({
            "type": "string_too_long",
            "msg": "String should have at most 3 characters",
            "ctx": { "max_length": 3 },
        })
    );
}

#[test]
fn numbers_keep_within_their_bounds() {
    let limits = Limits {
        min: Some(1),
        max: Some(9),
        pattern: None,
    };
    let bounded = |field_type| Field {
        limits: limits.clone(),
        ..field(field_type)
    };
    assert_eq!(
        error(sent(&bounded(FieldType::Integer), &json!(0))),
        json!({
            "type": "greater_than_equal",
            "msg": "Input should be greater than or equal to 1",
            "ctx": { "ge": 1 },
        })
    );
    let too_large = sent(&bounded(FieldType::Number), &json!(9.5)).expect_err("too large");
    let said = String::from_utf8(too_large.body).expect("text");
    assert!(
        said.contains(
            r#""msg":"Input should be less than or equal to 9","input":9.5,"ctx":{"le":9.0}"#
        ),
        "{said}"
    );
}

#[test]
fn what_may_be_left_out_is_null_or_its_default() {
    let optional = Field {
        presence: Presence::Optional,
        ..field(FieldType::Integer)
    };
    let default = Field {
        presence: Presence::Default(json!("x")),
        ..Field::text(Place::Json, "g")
    };
    let fields = [optional, default];
    let read = |body: &str| read(&fields, &given("", JSON, body.as_bytes()));
    assert_eq!(read("{}").ok(), Some(vec![json!(null), json!("x")]));
    assert_eq!(
        read(r#"{"f":null,"g":""}"#).ok(),
        Some(vec![json!(null), json!("")])
    );
    assert_eq!(
        read(r#"{"g":null}"#).map_err(|invalid| invalid.status),
        Err(422),
        "what has a default is not null"
    );
}

/// `OAuth2PasswordRequestForm` of FastAPI.
fn oauth() -> [Field; 3] {
    let grant_type = Field {
        presence: Presence::Optional,
        limits: Limits {
            pattern: Regex::new("^password$").ok(),
            ..Limits::default()
        },
        ..Field::text(Place::Form, "grant_type")
    };
    [
        grant_type,
        Field::text(Place::Form, "username"),
        Field::text(Place::Form, "password"),
    ]
}

#[test]
fn the_password_form_of_oauth_is_read_urlencoded_and_in_parts() {
    const URLENCODED: Option<&str> = Some("application/x-www-form-urlencoded");
    let read = |content_type, body: &str| {
        let answer = read(&oauth(), &given("", content_type, body.as_bytes()));
        answer.map_err(|invalid| String::from_utf8(invalid.body).expect("text"))
    };
    let values = |grant: Value| Ok(vec![grant, json!("a"), json!("b")]);
    assert_eq!(
        read(URLENCODED, "username=a&password=b"),
        values(json!(null))
    );
    assert_eq!(
        read(URLENCODED, "grant_type=password&username=a&password=b"),
        values(json!("password"))
    );
    let part = |name, value| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts = format!(
        "{}{}--x--\r\n",
        part("username", "a"),
        part("password", "b")
    );
    assert_eq!(
        read(Some("multipart/form-data; boundary=x"), &parts),
        values(json!(null))
    );
    assert_eq!(
        read(URLENCODED, "grant_type=x&password="),
        Err(concat!(
            r#"{"detail":[{"type":"string_pattern_mismatch","loc":["body","grant_type"],"#,
            r#""msg":"String should match pattern '^password$'","input":"x","ctx":{"pattern":"^password$"}},"#,
            r#"{"type":"missing","loc":["body","username"],"msg":"Field required","input":null},"#,
            r#"{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}]}"#
        )
        .to_owned())
    );
}

#[test]
fn errors_of_the_path_come_before_those_of_the_query_and_of_the_body() {
    let fields = [
        field(FieldType::Text),
        Field::text(Place::Query, "q"),
        Field::text(Place::Path, "id").of_type(FieldType::Integer),
        Field::text(Place::Bearer, "token"),
    ];
    let parameters = [("id".into(), "x".to_owned())];
    let sent = Given {
        parameters: &parameters,
        bearer: Some("t"),
        ..given("", JSON, b"[]")
    };
    let refused = read(&fields, &sent).expect_err("a refusal");
    let said: Value = serde_json::from_slice(&refused.body).expect("JSON");
    let places: Vec<&Value> = [0, 1, 2]
        .iter()
        .map(|at| &said["detail"][at]["loc"])
        .collect();
    assert_eq!(
        places,
        [
            &json!(["path", "id"]),
            &json!(["query", "q"]),
            &json!(["body"])
        ]
    );
    let unknown = Given {
        bearer: None,
        ..sent
    };
    let refused = read(&fields, &unknown).expect_err("nobody");
    assert_eq!(
        (refused.status, &refused.body[..]),
        (401, &br#"{"detail":"Not authenticated"}"#[..])
    );
}
