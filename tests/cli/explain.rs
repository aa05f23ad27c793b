//! `sidegate explain METHOD PATH`: which route, which rule, what would happen, and why.

use serde_json::Value;

use super::{Ended, ended, ended_with, written};
use crate::harness::{Gateway, Request, Setup, Upstream, token};

const ROUTES: &str = r#"
- { match: "/public/**", access: public }
- { match: "/a", host: api.example.com, access: public }
- { match: "GET /items/{id}", access: required }
- { match: "/items/**", access: optional }
- { match: "/users/{user_id}/**", access: required, require: { subject_is: user_id } }
- { match: "DELETE /only", access: required }"#;

fn setup() -> Setup {
    let setup = written().routes(ROUTES);
    setup.write();
    setup
}

fn explained(arguments: &[&str]) -> Ended {
    ended(&setup(), &[&["explain"][..], arguments].concat())
}

/// The value after a word at the beginning of a line.
pub(super) fn line<'a>(ended: &'a Ended, word: &str) -> Option<&'a str> {
    let rest = ended
        .answer
        .lines()
        .find_map(|line| line.strip_prefix(word));
    rest.map(str::trim_start)
}

#[test]
fn a_forwarded_request_shows_its_route_and_what_it_beat() {
    let setup = setup().file("token", &token::access("5"));
    let place = |route: &str| {
        let yaml = setup.yaml();
        let index = yaml
            .lines()
            .position(|line| line.contains(route))
            .expect("a route");
        format!("gateway.yaml:{}", index + 1)
    };
    let (narrow, wide) = (place("GET /items/{id}"), place("/items/**"));
    let ended = ended(
        &setup,
        &["explain", "GET", "/%69tems/7?full=1", "--token", "token"],
    );
    let expected = format!(
        "target     GET /%69tems/7?…
host       localhost
path       /items/7
route      GET /items/{{id}}  ({narrow}), access: required
candidate  GET /items/{{id}}  ({narrow}): matches
candidate  /items/**  ({wide}): matches
upstream   api at 127.0.0.1:9
token      valid
  from       Authorization
  algorithm  HS256
  cache      miss
  revocation not watched
subject    5
adds       x-user-id
verdict    forwarded to api"
    );
    let is_check = |line: &&str| line.starts_with("  check");
    let (checks, others): (Vec<&str>, Vec<&str>) = ended.answer.lines().partition(is_check);
    assert_eq!((ended.code, others.join("\n")), (Some(0), expected));
    let names: Vec<&str> = checks
        .iter()
        .map(|check| check.split_once(": holds, expected ").expect(check).0)
        .map(|check| check.trim_start_matches("  check      + "))
        .collect();
    let expected = [
        "shape",
        "header",
        "crit",
        "iss",
        "typ",
        "key",
        "signature",
        "claims",
        "aud",
        "subject",
        "exp",
        "nbf",
        "iat",
    ];
    assert_eq!(names, expected);
    assert!(checks[10].contains(", expires in "), "{checks:#?}");
    assert!(checks[10].ends_with(", leeway 0 s"), "{checks:#?}");
    assert!(
        checks[11].ends_with(", found none, leeway 5 s"),
        "{checks:#?}"
    );
}

#[test]
fn a_row_that_would_decide_is_not_asked_offline() {
    let routes = "[{ match: /staff, access: required, require: { any: [{ claim: { role: admin } }, { user: { user_type: admin } }] } }]";
    let setup = written().routes(routes).file("token", &token::access("1"));
    setup.write();
    let ended = ended(&setup, &["explain", "GET", "/staff", "--token", "token"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(line(&ended, "verdict"), Some("undecided"), "{ended:?}");
    assert_eq!(
        line(&ended, "note"),
        Some("the user's row decides, and no database is asked here")
    );
    assert!(
        ended.answer.contains("? user user_type: admin"),
        "{ended:?}"
    );
    assert!(ended.answer.contains("needs the user's row"), "{ended:?}");
}

#[test]
fn a_route_that_has_just_been_missed_is_named_with_the_difference() {
    let misspelt = explained(&["GET", "/user/5"]);
    let miss = line(&misspelt, "near miss").expect("a line");
    assert!(miss.starts_with("/users/{user_id}/**"), "{misspelt:?}");
    assert!(
        miss.ends_with("has `users` where the path has `user`"),
        "{misspelt:?}"
    );
    let none = explained(&["GET", "/elsewhere/5"]);
    assert_eq!(line(&none, "near miss"), None, "{none:?}");
}

#[test]
fn what_a_refused_path_could_mean_elsewhere_is_told() {
    let ended = explained(&["GET", "/public/..%2fusers/5"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let readings: Vec<&str> = ended
        .answer
        .lines()
        .filter(|line| line.starts_with("or else"))
        .collect();
    assert_eq!(
        readings,
        [
            "or else    decoded once: /public/../users/5, /public/**",
            "or else    with dot segments resolved: /users/5, /users/{user_id}/**"
        ]
    );
}

#[test]
fn an_expired_token_says_since_when_and_what_came_before_it_held() {
    let expired = token::expired("5");
    let ended = ended_with(
        &setup(),
        &["explain", "GET", "/users/5", "--token-file", "-"],
        &expired,
    );
    assert_eq!(ended.code, Some(2));
    let has = |text: &str| assert!(ended.answer.contains(text), "{text}: {ended:?}");
    has("+ signature: holds");
    has("- exp: does not hold, expected later than now, found ");
    has(", expired ");
    has(". nbf: not evaluated");
    has("+ subject: holds, expected a text or an integer as sub, found a text of 1 character\n");
    assert!(!ended.answer.contains(&expired), "{ended:?}");
}

#[test]
fn headers_that_go_no_further_are_named() {
    let ended = explained(&[
        "GET",
        "/public/x",
        "--header",
        "X_User_Id: 9",
        "--header",
        "Accept: */*",
    ]);
    assert_eq!(line(&ended, "removes"), Some("x_user_id"), "{ended:?}");
}

#[test]
fn a_near_miss_says_what_did_not_fit() {
    let method = explained(&["POST", "/items/7"]);
    assert!(
        method.answer.contains("GET /items/{id}  (gateway.yaml:"),
        "{method:?}"
    );
    assert!(method.answer.contains("): other method\n"), "{method:?}");
    assert_eq!(line(&method, "verdict"), Some("forwarded to api"));
    let host = explained(&["GET", "/a", "--host", "www.example.com"]);
    assert!(host.answer.contains("): other host\n"), "{host:?}");
    assert_eq!(host.code, Some(2));
    let right = explained(&["GET", "/a", "--host", "api.example.com:8080"]);
    assert_eq!(right.code, Some(0), "{right:?}");
}

#[test]
fn a_refusal_has_status_code_and_reason() {
    for (arguments, verdict) in [
        (
            ["GET", "/nowhere"],
            "refused with 404 no_route: no route matches this host and path",
        ),
        (
            ["POST", "/only"],
            "refused with 405 method_not_allowed: no route matches this method; others are allowed: DELETE",
        ),
        (
            ["GET", "/a/../b"],
            "refused with 400 bad_target: the path has a dot segment",
        ),
        (
            ["GET", "/a#b"],
            "refused with 400 bad_target: the target has a fragment",
        ),
        (
            ["GET", "http://other.example.com/a"],
            "refused with 400 bad_target: the authority of an absolute target differs from the Host",
        ),
        (
            ["GET", "/users/5"],
            "refused with 401 missing_token: the route requires a token and the request has none",
        ),
    ] {
        let ended = explained(&arguments);
        assert_eq!(
            (ended.code, line(&ended, "verdict")),
            (Some(2), Some(verdict)),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_token_comes_from_standard_input_and_is_not_shown() {
    let arguments = ["explain", "GET", "/users/6", "--token", "-"];
    let token = token::access("5");
    let ended = ended_with(&setup(), &arguments, &format!("{token}\n"));
    let verdict =
        "refused with 403 not_the_subject: the path parameter {user_id} is not the token's subject";
    assert_eq!(
        (ended.code, line(&ended, "verdict")),
        (Some(2), Some(verdict))
    );
    assert!(!ended.answer.contains(&token), "{ended:?}");
}

#[test]
fn what_became_of_the_token_is_said() {
    for (path, token, expected) in [
        ("/public/x", "garbage".to_owned(), "not read"),
        ("/items", "garbage".to_owned(), "not accepted"),
        ("/items", token::access("5"), "valid"),
    ] {
        let ended = ended_with(&setup(), &["explain", "GET", path, "--token", "-"], &token);
        assert_eq!(line(&ended, "token"), Some(expected), "{ended:?}");
    }
    assert_eq!(
        line(&explained(&["GET", "/items"]), "token"),
        Some("absent")
    );
}

#[test]
fn machines_get_the_same() {
    let ended = explained(&["GET", "/items/7", "--format", "json"]);
    assert_eq!(
        explained(&["GET", "/items/7", "--json"]).answer,
        ended.answer
    );
    let explanation: Value = serde_json::from_str(&ended.answer).expect("JSON");
    assert_eq!(ended.code, Some(2));
    assert_eq!(explanation["canonical_path"], "/items/7");
    assert_eq!(explanation["route"]["route"], "GET /items/{id}");
    assert_eq!(explanation["candidates"][1]["fit"], "matches");
    assert_eq!(explanation["verdict"]["refused"]["status"], 401);
    assert_eq!(explanation["verdict"]["refused"]["code"], "missing_token");
}

#[test]
fn what_cannot_be_asked_is_unusable() {
    for arguments in [
        &["G T", "/"][..],
        &["GET", "/", "--host", "a b"],
        &["GET"],
        &["0123456789abcdef"],
        &["GET", "/", "--header", "nonsense"],
    ] {
        assert_eq!(explained(arguments).code, Some(64), "{arguments:?}");
    }
    assert_eq!(
        explained(&["GET", "/", "--token", "no-such-file"]).code,
        Some(1)
    );
}

#[test]
fn an_explanation_is_what_the_running_gateway_does() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).routes(ROUTES).start();
    let tokens = [
        None,
        Some("garbage".to_owned()),
        Some(token::access("5")),
        Some(token::access("6")),
    ];
    let targets = [
        ("GET", "/public/x"),
        ("GET", "/a"),
        ("GET", "/items/7"),
        ("HEAD", "/items/7"),
        ("POST", "/items/7"),
        ("GET", "/items"),
        ("GET", "/users/5"),
        ("PUT", "/users/5/name?x=1"),
        ("GET", "/%75sers/5"),
        ("GET", "/users/"),
        ("GET", "/users/%35"),
        ("GET", "/only"),
        ("DELETE", "/only"),
        ("GET", "/nowhere"),
        ("GET", "/a//b"),
        ("GET", "/a%2Fb"),
        ("GET", "/a;b"),
        ("GET", "/%2e%2e/a"),
        ("GET", "/a%zz"),
        ("GET", "/items/a%00"),
        ("OPTIONS", "/items/7"),
        ("TRACE", "/items/7"),
        ("PROPFIND", "/public/x"),
    ];
    let mut count = 0;
    for (method, target) in targets {
        for token in &tokens {
            count += 1;
            let mut request = Request::new(method, target);
            let mut arguments = vec![
                "explain",
                method,
                target,
                "--host",
                "gateway.test",
                "--format",
                "json",
            ];
            if let Some(token) = token {
                request = request.token(token);
                arguments.extend(["--token", "-"]);
            }
            let response = gateway.send(&request);
            let line = gateway.access_lines(count).pop().expect("a line");
            let ended = ended_with(
                gateway.setup(),
                &arguments,
                token.as_deref().unwrap_or_default(),
            );
            let explanation: Value = serde_json::from_str(&ended.answer).unwrap_or_default();
            let what = format!("{method} {target} {token:?}: {line} {ended:?}");
            let refused = &explanation["verdict"]["refused"];
            if refused.is_null() {
                assert_eq!((response.status, ended.code), (200, Some(0)), "{what}");
                assert_eq!(line["outcome"], "forwarded", "{what}");
            } else {
                assert_eq!(refused["status"], response.status, "{what}");
                assert_eq!(refused["code"], line["outcome"], "{what}");
                assert_eq!(refused["reason"], line["reason"], "{what}");
            }
            assert_eq!(explanation["route"]["route"], line["route"], "{what}");
        }
    }
}

#[test]
fn the_limits_of_a_route_are_named_and_asking_takes_nothing() {
    let limits = "{ few: { by: subject, rate: 1/1h }, many: { by: client, rate: 9/1m } }";
    let routes = "[{ match: /limited, access: optional, rate_limit: [few, many] }, { match: /free, access: public }]";
    let setup = written().section("rate_limits", limits).routes(routes);
    setup.write();
    let asked = |path: &str| ended(&setup, &["explain", "GET", path]);
    for _ in 0..2 {
        let explained = asked("/limited");
        assert_eq!(
            line(&explained, "limits"),
            Some("many (by client), few (by subject)")
        );
        assert_eq!(line(&explained, "verdict"), Some("forwarded to api"));
    }
    assert_eq!(line(&asked("/free"), "limits"), None);
}

const RULES: &str =
    "{ staff: { any: [{ claim: { user_type: [admin, staff] } }, { network: 10.0.0.0/8 }] } }";

#[test]
fn each_check_shows_what_was_asked_and_found_and_nothing_personal() {
    let routes = r#"
- { match: "/admin/{id}", access: required, require: { subject_is: id, rule: staff, scope: [read, write], not: { claim: { plan: free } } } }"#;
    let setup = written().section("rules", RULES).routes(routes);
    setup.write();
    let yaml = setup.yaml();
    let line = |part: &str| {
        yaml.lines()
            .position(|line| line.contains(part))
            .expect("a line")
            + 1
    };
    let (rule, route) = (line("staff:"), line("/admin/"));
    let mut claims = token::claims("7");
    claims["user_type"] = "ann@example.com".into();
    claims["scope"] = "read profile".into();
    let arguments = [
        "explain", "GET", "/admin/7", "--token", "-", "--client", "10.1.2.3",
    ];
    let explained = ended_with(&setup, &arguments, &token::signed(&claims));
    let expected = format!(
        "checks     - all  (gateway.yaml:{route}): does not hold
             + subject_is: id  (gateway.yaml:{route}): holds, found a segment of 1 character
             - scope: [read, write]  (gateway.yaml:{route}): does not hold, found read
             . rule staff  (gateway.yaml:{route}): not evaluated
             . not: {{ claim plan: free }}  (gateway.yaml:{route}): not evaluated
verdict    refused with 403 insufficient_scope: what is required does not hold: scope (gateway.yaml:{route}); it takes the scope read write
"
    );
    assert!(
        explained.answer.ends_with(&expected),
        "{}",
        explained.answer
    );
    claims["scope"] = "read write".into();
    let explained = ended_with(&setup, &arguments, &token::signed(&claims));
    let expected = format!(
        "             + rule staff  (gateway.yaml:{route}): holds
               + any  (gateway.yaml:{rule}): holds
                 - claim user_type: [admin, staff]  (gateway.yaml:{rule}): does not hold, found a text of 15 characters
                 + network: [10.0.0.0/8]  (gateway.yaml:{rule}): holds, found 10.1.2.3
             + not  (gateway.yaml:{route}): holds
               - claim plan: free  (gateway.yaml:{route}): does not hold, found nothing
verdict    forwarded to api
"
    );
    assert!(
        explained.answer.ends_with(&expected),
        "{}",
        explained.answer
    );
}

#[test]
fn checks_are_told_to_machines() {
    let routes = "[{ match: /a, access: public, require: { network: 10.0.0.0/8 } }]";
    let setup = written().routes(routes);
    setup.write();
    let explained = ended(&setup, &["explain", "GET", "/a", "--format", "json"]);
    let explanation: Value = serde_json::from_str(&explained.answer).expect("JSON");
    let check = &explanation["checks"][0];
    assert_eq!(check["asked"], "network: [10.0.0.0/8]");
    assert_eq!(check["result"], "unclear");
    assert_eq!(check["found"], "no address");
    assert_eq!(explanation["verdict"]["refused"]["code"], "forbidden");
}
