//! Texts that YAML, or this reader's part of it, does not allow.

use super::*;

#[test]
fn a_duplicate_key() {
    let text = with("  table: user", "  table: user\n  table: users");
    let expected = r"gateway.yaml:7:3: users.table: `table` is given twice; the first is at 6:3; fix: keep one of them
  7 |   table: users
    |   ^";
    tells(&text, expected);
}

#[test]
fn a_tab() {
    let text = with("  columns", "\tcolumns");
    let expected = r"gateway.yaml:7:1: a tab is used for indentation; fix: indent with spaces
  7 |  columns: { id: id, login: email, password[redacted]
    | ^";
    tells(&text, expected);
}

#[test]
fn a_bracket_that_another_closes() {
    let text = with("access: public }", "methods: [GET, access: public }");
    let expected = r#"gateway.yaml:14:39: `[` is closed by `}`; fix: use the bracket that belongs to it
  14 |   - { match: "GET /docs/**", methods: [GET, access: public }
     |                                       ^"#;
    tells(&text, expected);
}

#[test]
fn a_bracket_that_nothing_closes() {
    let text = format!("{SOUND}limits: {{ body: 1B\n");
    let expected = r"gateway.yaml:16:9: `{` is never closed; fix: close it with `}`
  16 | limits: { body: 1B
     |         ^";
    tells(&text, expected);
}

#[test]
fn a_brace_without_an_end() {
    let text = with(
        "columns: { id: id, login: email, password: hashed_password }",
        "columns: { id: id, login: email",
    );
    let expected = r"gateway.yaml:8:9: a `,` or a `}` is missing; fix: put a comma between entries and close every `{`
  8 |   states:
    |         ^";
    tells(&text, expected);
}

#[test]
fn a_second_document() {
    let text = format!("{SOUND}---\na: 1\n");
    let expected = r"gateway.yaml:16:1: a second document begins here; fix: keep one document: remove the `---` line
  16 | ---
     | ^";
    tells(&text, expected);
}

#[test]
fn nothing_at_all() {
    let text = String::new();
    let expected = r"gateway.yaml: the document is empty; fix: write the configuration into it";
    tells(&text, expected);
}

#[test]
fn only_a_comment() {
    let text = "# later\n".to_owned();
    let expected = r"gateway.yaml: the document is empty; fix: write the configuration into it";
    tells(&text, expected);
}

#[test]
fn a_word_instead_of_a_document() {
    let text = "hello".to_owned();
    let expected = r#"gateway.yaml:1:1: expected a mapping, found text (found "hello"); fix: write a mapping: `key: value`, one per line
  1 | hello
    | ^"#;
    tells(&text, expected);
}

#[test]
fn a_deep_flow_collection() {
    let text = format!("limits: {}{}", "[".repeat(100), "]".repeat(100));
    let expected = r"gateway.yaml:1:73: nested more than 64 levels deep; fix: make it flatter
  1 | …[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]…
    |                                                              ^";
    tells(&text, expected);
}

#[test]
fn a_chain_of_aliases_that_grows_deep() {
    let text = format!(
        "a0: &a0 [x]\n{}",
        (1..80)
            .map(|i| format!("a{i}: &a{i} [*a{}]\n", i - 1))
            .collect::<Vec<_>>()
            .concat()
    );
    let expected = r"gateway.yaml:63:12: nested more than 64 levels deep; fix: make it flatter
  63 | a62: &a62 [*a61]
     |            ^";
    tells(&text, expected);
}

#[test]
fn a_bomb_of_aliases() {
    let text = format!(
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n{}",
        (b'b'..b'j')
            .map(|c| {
                let (c, p) = (c as char, (c - 1) as char);
                format!("{c}: &{c} [*{p},*{p},*{p},*{p},*{p},*{p},*{p},*{p},*{p},*{p}]\n")
            })
            .collect::<Vec<_>>()
            .concat()
    );
    let expected = r"gateway.yaml:6:8: the document has too many values; fix: make it smaller, or use fewer aliases
  6 | f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]
    |        ^";
    tells(&text, expected);
}

#[test]
fn a_huge_file() {
    let text = "#".repeat(1024 * 1024 + 1);
    let expected = r"gateway.yaml: the file is larger than 1 MiB; fix: make it smaller";
    tells(&text, expected);
}

#[test]
fn a_star_without_quotes() {
    let text = with("\"GET /docs/**\"", "*");
    let expected = r"gateway.yaml:14:14: `*` and `&` name aliases and anchors; fix: put the value in quotes
  14 |   - { match: *, access: public }
     |              ^";
    tells(&text, expected);
}

#[test]
fn braces_without_quotes() {
    let text = with("\"/users/{id}/**\"", "{id}");
    let expected = r"gateway.yaml:15:14: routes[1].match: expected text, found a mapping; fix: write text, in quotes if it begins with `{` or `[`
  15 |   - { match: {id}, access: required, require: { subject_is: id } }
     |              ^";
    tells(&text, expected);
}

#[test]
fn a_colon_in_a_value() {
    let text = with("address: 0.0.0.0:8080", "address: 0.0.0.0: 8080");
    let expected = r"gateway.yaml:3:21: a `key: value` is not possible here; fix: check the indentation, and put the value in quotes if it contains `: `
  3 |   - address: 0.0.0.0: 8080
    |                     ^";
    tells(&text, expected);
}

#[test]
fn a_variable_without_quotes_inside_braces() {
    let text = with("\"/users/{id}/**\"", "${WORD}");
    let expected = r"gateway.yaml:15:15: a `,` or a `}` is missing; fix: put `${…}` in quotes inside `{ }` and `[ ]`, and check the brackets
  15 |   - { match:[redacted]
     |             ^";
    tells(&text, expected);
}

#[test]
fn a_key_that_is_a_list() {
    let text = with("is_restricted: true", "[a]: true, is_restricted: true");
    let expected = r"gateway.yaml:9:15: users.states.banned: a key has to be a word; fix: put the value in quotes if it begins with `{` or `[`
  9 |     banned: { [[redacted]]: [redacted], is_restricted: true }
    |               ^";
    tells(&text, expected);
}

#[test]
fn an_alias_of_itself_and_an_unknown_one() {
    let text = with("is_restricted: true", "x: &x [*x], y: *y");
    let expected = r#"gateway.yaml:9:22: users.states.banned.x[0]: an alias stands inside what it names; fix: name something that ends before it
  9 |     banned: { x: &x [*x], y: *y }
    |                      ^
gateway.yaml:9:30: users.states.banned.y: an alias names an anchor that is not set above (found "*y"); fix: put the value in quotes if it begins with `*`
  9 |     banned: { x: &x [*x], y: *y }
    |                              ^"#;
    tells(&text, expected);
}

#[test]
fn a_tag() {
    let text = with("  table: user", "  table: !name user");
    let expected = r"gateway.yaml:6:16: users.table: tags have no meaning here; fix: put the value in quotes if it begins with `!`, else remove the tag
  6 |   table: !name user
    |                ^";
    tells(&text, expected);
}
