//! Documents that parse and do not fit.

use super::*;

#[test]
fn an_unknown_key_names_the_one_that_was_meant() {
    let text = with("  table: user", "  tabel: user\n  tablespace: x");
    let expected = r"gateway.yaml:6:3: users.tabel: unknown key `tabel`; fix: did you mean `table`? possible here: database, table, columns, states
  6 |   tabel: user
    |   ^
gateway.yaml:7:3: users.tablespace: unknown key `tablespace`; fix: remove it; possible here: database, table, columns, states
  7 |   tablespace: x
    |   ^";
    tells(&text, expected);
}

#[test]
fn a_misspelt_key_has_its_value_read_too() {
    let text = with(
        "access: public",
        "acess: publik, methods: [GET, FETCH, PSOT, 3], bogus: 1",
    );
    let expected = r#"gateway.yaml:14:30: routes[0].acess: unknown key `acess`; fix: did you mean `access`? possible here: match, access, methods, require, version
  14 |   - { match: "GET /docs/**", acess: publik, methods: [GET, FETCH, PSOT, 3], bogus: 1 }
     |                              ^
gateway.yaml:14:37: routes[0].acess: this value is not possible here (found "publik"); fix: did you mean `public`? use one of public, optional, required
  14 |   - { match: "GET /docs/**", acess: publik, methods: [GET, FETCH, PSOT, 3], bogus: 1 }
     |                                     ^
gateway.yaml:14:60: routes[0].methods[1]: this value is not possible here (found "FETCH"); fix: use one of GET, PUT
  14 |   - { match: "GET /docs/**", acess: publik, methods: [GET, FETCH, PSOT, 3], bogus: 1 }
     |                                                            ^
gateway.yaml:14:67: routes[0].methods[2]: this value is not possible here (found "PSOT"); fix: use one of GET, PUT
  14 |   - { match: "GET /docs/**", acess: publik, methods: [GET, FETCH, PSOT, 3], bogus: 1 }
     |                                                                   ^
gateway.yaml:14:73: routes[0].methods[3]: this value is not possible here (found 3); fix: use one of GET, PUT
  14 |   - { match: "GET /docs/**", acess: publik, methods: [GET, FETCH, PSOT, 3], bogus: 1 }
     |                                                                         ^
gateway.yaml:14:77: routes[0].bogus: unknown key `bogus`; fix: remove it; possible here: match, access, methods, require, version
  14 |   - { match: "GET /docs/**", acess: publik, methods: [GET, FETCH, PSOT, 3], bogus: 1 }
     |                                                                             ^"#;
    tells(&text, expected);
}

#[test]
fn several_wrong_types_at_once() {
    let text = format!(
        "{SOUND}limits: {{ body: 10MB, connections: 70000, share: \"0.5\" }}\nadmin: [a]\n"
    );
    let expected = r#"gateway.yaml:16:17: limits.body: expected a size in B, KiB, MiB or GiB (found "10MB"); fix: use one of these units, such as 10MiB, 64KiB or 512B
  16 | limits: { body: 10MB, connections: 70000, share: "0.5" }
     |                 ^
gateway.yaml:16:36: limits.connections: expected a whole number from 0 to 65535 (found 70000); fix: write a whole number from 0 to 65535
  16 | limits: { body: 10MB, connections: 70000, share: "0.5" }
     |                                    ^
gateway.yaml:16:50: limits.share: expected a number, found text (found "0.5"); fix: write a number without quotes
  16 | limits: { body: 10MB, connections: 70000, share: "0.5" }
     |                                                  ^
gateway.yaml:17:8: admin: expected a mapping, found a list; fix: write a mapping: `key: value`, one per line
  17 | admin: [a]
     |        ^"#;
    tells(&text, expected);
}

#[test]
fn missing_keys_and_what_is_wrong_beside_them() {
    let text = with("  table: user\n", "")
        .replace("lifetime: 60d", "life: 60d")
        .replace("  - address: 0.0.0.0:8080", "  - port_reuse: yes");
    let expected = r#"gateway.yaml:3:5: listeners[0]: the key `address` is missing; fix: add `address: …`
  3 |   - port_reuse: yes
    |     ^
gateway.yaml:3:17: listeners[0].port_reuse: expected true or false, found text (found "yes"); fix: write true or false
  3 |   - port_reuse: yes
    |                 ^
gateway.yaml:5:3: users: the key `table` is missing; fix: add `table: …`
  5 |   database: [redacted]
    |   ^
gateway.yaml:11:12: tokens.refresh: the key `lifetime` is missing; fix: add `lifetime: …`
  11 |   refresh: { algorithm: HS256, secret: [redacted], life: 60d }
     |            ^
gateway.yaml:11:57: tokens.refresh.life: unknown key `life`; fix: remove it; possible here: algorithm, secret, lifetime
  11 |   refresh: { algorithm: HS256, secret: [redacted], life: 60d }
     |                                                    ^"#;
    tells(&text, expected);
}

#[test]
fn every_missing_key_of_one_mapping() {
    let text = with(
        "  access:  { algorithm: HS256, secret: \"hunter2hunter2\", lifetime: 30d }",
        "  access: { lifetime: 30 }",
    );
    let expected = r"gateway.yaml:11:11: tokens.access: the key `algorithm` is missing; fix: add `algorithm: …`
  11 |   access: { lifetime: 30 }
     |           ^
gateway.yaml:11:11: tokens.access: the key `secret` is missing; fix: add `secret: …`
  11 |   access: { lifetime: 30 }
     |           ^
gateway.yaml:11:23: tokens.access.lifetime: expected a duration with its unit, found a number (found 30); fix: add d, h, m, s or ms, such as 30d, 1h, 15m, 10s or 500ms
  11 |   access: { lifetime: 30 }
     |                       ^";
    tells(&text, expected);
}

#[test]
fn a_section_and_its_neighbours() {
    let text = with("  table: user\n", "").replace("access: required", "access: requird");
    let expected = r#"gateway.yaml:5:3: users: the key `table` is missing; fix: add `table: …`
  5 |   database: [redacted]
    |   ^
gateway.yaml:14:40: routes[1].access: this value is not possible here (found "requird"); fix: did you mean `required`? use one of public, optional, required
  14 |   - { match: "/users/{id}/**", access: requird, require: { subject_is: id } }
     |                                        ^"#;
    tells(&text, expected);
}

#[test]
fn nothing_where_a_value_is_needed() {
    let text = with("  table: user", "  table:").replace("HS256, secret: \"h", "~, secret: \"h");
    let expected = r#"gateway.yaml:6:3: users.table: expected text, found nothing; fix: give it a value, write "" for empty text, or remove the key
  6 |   table:
    |   ^
gateway.yaml:11:25: tokens.access.algorithm: expected a value, found nothing; fix: use one of HS256, HS512
  11 |   access:  { algorithm: ~, secret: [redacted], lifetime: 30d }
     |                         ^"#;
    tells(&text, expected);
}

#[test]
fn nothing_where_a_section_is_needed() {
    let text = format!("{SOUND}limits:\n");
    let expected = r"gateway.yaml:16:1: limits: expected a mapping, found nothing; fix: write `{}` to take the defaults, or remove the key
  16 | limits:
     | ^";
    tells(&text, expected);
}

#[test]
fn variants_with_and_without_a_value() {
    let text = with("access: public }", "access: public, require: subject_is }\n  - { match: x, access: { public: 1 }, require: { user: { rol: [a] } } }\n  - { match: /x, access: required, require: { nobody: 1 } }").replace("{ subject_is: id }", "{ subjectis: 5, user: x }");
    let expected = r#"gateway.yaml:14:55: routes[0].require: expected `subject_is` with its value (found "subject_is"); fix: write `subject_is: …`
  14 |   - { match: "GET /docs/**", access: public, require: subject_is }
     |                                                       ^
gateway.yaml:15:14: routes[1].match: "x" is not a path (found "x"); fix: begin it with `/`
  15 |   - { match: x, access: { public: 1 }, require: { user: { rol: [a] } } }
     |              ^
gateway.yaml:15:35: routes[1].access.public: expected `public` without a value, found a number (found 1); fix: write `public` alone
  15 |   - { match: x, access: { public: 1 }, require: { user: { rol: [a] } } }
     |                                   ^
gateway.yaml:15:59: routes[1].require.user.rol: unknown key `rol`; fix: did you mean `role`? possible here: role
  15 |   - { match: x, access: { public: 1 }, require: { user: { rol: [a] } } }
     |                                                           ^
gateway.yaml:16:55: routes[2].require.nobody: expected `nobody` without a value, found a number (found 1); fix: write `nobody` alone
  16 |   - { match: /x, access: required, require: { nobody: 1 } }
     |                                                       ^
gateway.yaml:17:59: routes[3].require: expected one key, found several; fix: use one of subject_is, user, nobody
  17 |   - { match: "/users/{id}/**", access: required, require: { subjectis: 5, user: x } }
     |                                                           ^"#;
    tells(&text, expected);
}

#[test]
fn a_misspelt_variant_has_its_value_read_too() {
    let text = with("{ subject_is: id }", "{ subject_si: [a] }");
    let expected = r#"gateway.yaml:15:61: routes[1].require.subject_si: `subject_si` is not possible here; fix: did you mean `subject_is`? use one of subject_is, user, nobody
  15 |   - { match: "/users/{id}/**", access: required, require: { subject_si: [a] } }
     |                                                             ^
gateway.yaml:15:73: routes[1].require.subject_si: expected text, found a list; fix: write text, in quotes if it begins with `{` or `[`
  15 |   - { match: "/users/{id}/**", access: required, require: { subject_si: [a] } }
     |                                                                         ^"#;
    tells(&text, expected);
}

#[test]
fn a_mistake_in_an_anchor_is_told_once() {
    let text = with(
        "  - { match: \"GET /docs/**\", access: public }",
        "  - &base { match: /a, access: nope }\n  - { <<: *base, match: /b }\n  - *base\n  - <<: 3\n    match: /x\n    access: public",
    );
    let expected = r#"gateway.yaml:14:32: routes[0].access: this value is not possible here (found "nope"); fix: use one of public, optional, required
  14 |   - &base { match: /a, access: nope }
     |                                ^
gateway.yaml:17:9: routes[3]: `<<` merges mappings only; fix: name a mapping: `<<: *anchor`
  17 |   - <<: 3
     |         ^"#;
    tells(&text, expected);
}

#[test]
fn wide_characters_keep_the_caret_in_place() {
    let text = with("access: public }", "탈퇴: \"회원\", access: publik }");
    let expected = r#"gateway.yaml:14:30: routes[0].탈퇴: unknown key `탈퇴`; fix: remove it; possible here: match, access, methods, require, version
  14 |   - { match: "GET /docs/**", 탈퇴: "회원", access: publik }
     |                              ^
gateway.yaml:14:48: routes[0].access: this value is not possible here (found "publik"); fix: did you mean `public`? use one of public, optional, required
  14 |   - { match: "GET /docs/**", 탈퇴: "회원", access: publik }
     |                                                    ^"#;
    tells(&text, expected);
}

#[test]
fn a_byte_order_mark_and_carriage_returns() {
    let text = format!(
        "\u{feff}{}",
        with("  table: user", "  tabel: user").replace('\n', "\r\n")
    );
    let expected = r"gateway.yaml:6:3: users.tabel: unknown key `tabel`; fix: did you mean `table`? possible here: database, table, columns, states
  6 |   tabel: user
    |   ^";
    tells(&text, expected);
}

#[test]
fn a_variable_of_the_wrong_kind_is_not_shown() {
    let text = format!("{SOUND}limits: {{ connections: \"${{WORD}}\" }}\n");
    let expected = r"gateway.yaml:16:24: limits.connections: expected a whole number from 0 to 65535 (found [redacted]); fix: write a whole number from 0 to 65535; the value comes from the environment: WORD
  16 | limits: { connections: [redacted] }
     |                        ^";
    tells(&text, expected);
}

#[test]
fn missing_variables() {
    let text = with("${SECRET_KEY}", "${NOPE}")
        .replace("30d", "\"${NOPE2:-30}\"")
        .replace("public", "\"${NOPE3\"");
    let expected = r#"gateway.yaml:11:68: tokens.access.lifetime: expected a duration with its unit (found [redacted]); fix: add d, h, m, s or ms, such as 30d, 1h, 15m, 10s or 500ms; the value comes from the environment: NOPE2
  11 |   access:  { algorithm: HS256, secret: [redacted], lifetime: [redacted] }
     |                                                              ^
gateway.yaml:12:40: tokens.refresh.secret: the environment has no NOPE; fix: set NOPE in the environment, or give a default: ${NOPE:-…}
  12 |   refresh: { algorithm: HS256, secret: [redacted], lifetime: 60d }
     |                                        ^
gateway.yaml:14:38: routes[0].access: `${` is never closed; fix: close it with `}`, or write `$${` for a literal `${`
  14 |   - { match: "GET /docs/**", access: [redacted] }
     |                                      ^"#;
    tells(&text, expected);
}
