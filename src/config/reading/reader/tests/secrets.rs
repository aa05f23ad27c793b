//! Secrets in the wrong places: whatever is said, they are not.

use super::*;

#[test]
fn of_the_wrong_type() {
    let text = with("\"hunter2hunter2\"", "[hunter2]")
        .replace("mysql://app:hunter2@db/app", "{ url: hunter2 }");
    let expected = r"gateway.yaml:5:13: users.database: expected text, found a mapping; fix: write text, in quotes if it begins with `{` or `[`
  5 |   database: { url: [redacted] }
    |             ^
gateway.yaml:11:40: tokens.access.secret: expected text, found a list; fix: write text, in quotes if it begins with `{` or `[`
  11 |   access:  { algorithm: HS256, secret: [[redacted]], lifetime: 30d }
     |                                        ^";
    tells(&text, expected);
}

#[test]
fn beside_a_mistake() {
    let text = with("access:  { algorithm: HS256", "access:  { algorithm: HS999");
    let expected = r#"gateway.yaml:11:25: tokens.access.algorithm: this value is not possible here (found "HS999"); fix: use one of HS256, HS512
  11 |   access:  { algorithm: HS999, secret: [redacted], lifetime: 30d }
     |                         ^"#;
    tells(&text, expected);
}

#[test]
fn under_a_misspelt_key() {
    let text = with("secret: \"hunter2hunter2\"", "secert: \"hunter2hunter2\"");
    let expected = r"gateway.yaml:11:32: tokens.access.secert: unknown key `secert`; fix: did you mean `secret`? possible here: algorithm, secret, lifetime
  11 |   access:  { algorithm: HS256, secert: [redacted], lifetime: 30d }
     |                                ^";
    tells(&text, expected);
}

#[test]
fn in_braces() {
    let text = with("\"hunter2hunter2\"", "{hunter2}");
    let expected = r"gateway.yaml:11:40: tokens.access.secret: expected text, found a mapping; fix: write text, in quotes if it begins with `{` or `[`
  11 |   access:  { algorithm: HS256, secret: {[redacted]}, lifetime: 30d }
     |                                        ^";
    tells(&text, expected);
}

#[test]
fn with_a_quote_missing() {
    let text = with("\"hunter2hunter2\"", "\"hunter2hunter2");
    let expected = r"gateway.yaml:12:41: invalid trailing content after double-quoted scalar; fix: check the indentation, the quotes and the brackets here and just above
  12 | [redacted]
     | ^";
    tells(&text, expected);
}

#[test]
fn with_a_star_or_a_tag() {
    let text =
        with("\"hunter2hunter2\"", "*hunter2").replace("mysql://app:hunter2@db/app", "!hunter2 x");
    let expected = r"gateway.yaml:5:22: users.database: tags have no meaning here; fix: put the value in quotes if it begins with `!`, else remove the tag
  5 |   database: [redacted] [redacted]
    |                        ^
gateway.yaml:11:40: tokens.access.secret: an alias names an anchor that is not set above (found [redacted]); fix: put the value in quotes if it begins with `*`
  11 |   access:  { algorithm: HS256, secret: [redacted], lifetime: 30d }
     |                                        ^";
    tells(&text, expected);
}

#[test]
fn in_a_block_that_is_indented_wrong() {
    let text = with(
        "  database: mysql://app:hunter2@db/app",
        "  database: |\n    hunter2\n   hunter2\n",
    );
    let expected = r"gateway.yaml:7:4: the indentation fits nothing above; fix: indent the keys of one mapping alike
  7 | [redacted]
    | ^";
    tells(&text, expected);
}

#[test]
fn in_a_comment() {
    let text = with("table: user", "tabel: user # password: hunter2");
    let expected = r"gateway.yaml:6:3: users.tabel: unknown key `tabel`; fix: did you mean `table`? possible here: database, table, columns, states
  6 |   tabel: user
    |   ^";
    tells(&text, expected);
}

#[test]
fn behind_an_alias() {
    let text = with("table: user", "table: &t { a: hunter2 }").replace("\"hunter2hunter2\"", "*t");
    let expected = r"gateway.yaml:6:13: users.table: expected text, found a mapping; fix: write text, in quotes if it begins with `{` or `[`
  6 |   table: &t { a: [redacted] }
    |             ^
gateway.yaml:11:40: tokens.access.secret: expected text, found a mapping; fix: write text, in quotes if it begins with `{` or `[`
  11 |   access:  { algorithm: HS256, secret: *t, lifetime: 30d }
     |                                        ^";
    tells(&text, expected);
}

#[test]
fn in_a_url_elsewhere() {
    let text = with(
        "  - address: 0.0.0.0:8080",
        "  - address: http://me:hunter2@host",
    );
    let expected = r"gateway.yaml:3:14: listeners[0].address: this value is refused; the reason is not shown, as it may quote the secret (found [redacted]); fix: correct it
  3 |   - address: [redacted]
    |              ^";
    tells(&text, expected);
}

#[test]
fn from_the_environment() {
    let text = with(
        "  - address: 0.0.0.0:8080",
        "  - address: \"${SECRET_KEY}\"",
    )
    .replace("/users/{id}/**", "${SECRET_KEY}");
    let expected = r"gateway.yaml:3:14: listeners[0].address: this value is refused; the reason is not shown, as it may quote the secret (found [redacted]); fix: correct it; the value comes from the environment: SECRET_KEY
  3 |   - address: [redacted]
    |              ^
gateway.yaml:15:14: routes[1].match: this value is refused; the reason is not shown, as it may quote the secret (found [redacted]); fix: correct it; the value comes from the environment: SECRET_KEY
  15 |   - { match: [redacted], access: required, require: { subject_is: id } }
     |              ^";
    tells(&text, expected);
}

#[test]
fn in_a_key_that_is_no_word() {
    for text in [
        with(
            "algorithm: HS256, secret: \"hunter2hunter2\"",
            "algoritsecret:  HS256,{ret: \"hunter2hunter2\"",
        ),
        with("secret: \"hunter2hunter2\"", "[ret, \"hunter2hunter2\"]: x"),
        with("secret: \"hunter2hunter2\"", "{ret: x}: \"hunter2hunter2\""),
    ] {
        assert!(!told(&text).contains("hunter2"), "{}", told(&text));
    }
}
