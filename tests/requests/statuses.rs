//! What the application means by its answers: read out of small JSON bodies of the routes that say so, and of nothing else.

use crate::{
    accounts::login,
    harness::{After, Gateway, Request, Setup, Upstream},
};

const RULES: &str = "
pampam:
  code: detail.error_code
  codes: { 191: 410, 192: 401, 1701: 404 }
  otherwise: 600
shown: { code: error, looked_into: [200], codes: { none: 200, taken: 409 }, otherwise: 600, seen_by: everybody }
waived: { code: error, codes: { taken: 409 }, otherwise: 600, seen_by: everybody, status_600: acknowledged }";

const ROUTES: &str = r#"
- { match: "/pampam/**", access: public, statuses: pampam }
- { match: "/shown/**", access: public, statuses: shown }
- { match: "/waived/**", access: public, statuses: waived }
- { match: "/plain/**", access: public }
- { match: "/**", access: required }"#;

const GONE: &[u8] = br#"{"detail":{"error_code":191,"message":"x"}}"#;

/// What the application says, by the last part of the path.
fn application() -> Upstream {
    Upstream::answering(|seen, wire| {
        let json = &["Content-Type: application/json; charset=utf-8"][..];
        match seen.target().rsplit('/').next().unwrap_or_default() {
            "gone" => wire.respond(400, json, GONE),
            "other" => wire.respond(400, json, br#"{"detail":{"error_code":7}}"#),
            "missing" => wire.respond(404, json, GONE),
            "text" => wire.respond(400, &["Content-Type: text/plain"], GONE),
            "packed" => wire.respond(400, &[json[0], "Content-Encoding: gzip"], GONE),
            "long" => {
                let text = "x".repeat(17 * 1024);
                let body = format!(r#"{{"detail":{{"error_code":191,"text":"{text}"}}}}"#);
                wire.respond(400, json, body.as_bytes())
            }
            "chunked" => {
                let length = GONE.len();
                let head = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
                let body = [format!("{length:x}\r\n").as_bytes(), GONE, b"\r\n0\r\n\r\n"].concat();
                wire.send(&[head.as_bytes(), &body].concat());
                After::Keep
            }
            "broken" => {
                wire.send(b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{\"detail\"");
                After::Close
            }
            "taken" => wire.respond(200, json, br#"{"error":"taken"}"#),
            "strange" => wire.respond(200, json, br#"{"error":"strange"}"#),
            "fine" => wire.respond(200, json, br#"{"error":"none"}"#),
            _ => wire.respond(200, json, br#"{"data":1}"#),
        }
    })
}

fn setup(upstream: &Upstream) -> Setup {
    Gateway::before(upstream)
        .section("statuses", RULES)
        .routes(ROUTES)
}

/// The statuses of the access line: what is meant, and what was sent where that is another one.
fn line(gateway: &Gateway, path: &str) -> (u64, Option<u64>) {
    let line = gateway.access_line(path);
    (
        line["status"].as_u64().expect("a status"),
        line["sent"].as_u64(),
    )
}

#[test]
fn operators_see_what_is_meant_and_clients_what_was_said() {
    let upstream = application();
    let gateway = setup(&upstream).start();
    for (path, status, meant) in [
        ("/pampam/gone", 400, (410, Some(400))),
        ("/pampam/other", 400, (600, Some(400))),
        ("/pampam/data", 200, (200, None)),
        ("/plain/gone", 400, (400, None)),
    ] {
        assert_eq!(gateway.get(path).status, status, "{path}");
        assert_eq!(line(&gateway, path), meant, "{path}");
    }
    let gone = gateway.get("/pampam/gone");
    assert_eq!(gone.text().as_bytes(), GONE);
    assert_eq!(
        gone.header("content-length"),
        Some(&*GONE.len().to_string())
    );
    let metrics = gateway.ask("/metrics").text();
    let series = r#"sidegate_requests_total{route="/pampam/**",host="",status="600"} 1"#;
    assert!(metrics.contains(series), "{metrics}");
}

#[test]
fn only_small_json_of_a_known_length_and_a_listed_status_is_looked_into() {
    let upstream = application();
    let gateway = setup(&upstream).start();
    for (path, status) in [
        ("/pampam/missing", 404),
        ("/pampam/text", 400),
        ("/pampam/packed", 400),
        ("/pampam/long", 400),
        ("/pampam/chunked", 400),
    ] {
        assert_eq!(gateway.get(path).status, status, "{path}");
        assert_eq!(line(&gateway, path), (status.into(), None), "{path}");
    }
    let head = gateway.send(&Request::new("HEAD", "/pampam/gone"));
    assert_eq!(head.status, 400);
}

#[test]
fn a_body_that_breaks_off_breaks_off() {
    let upstream = application();
    let gateway = setup(&upstream).start();
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/pampam/broken").bytes());
    let head = connection.head();
    assert_eq!(head.status, 400);
    assert!(connection.ends(), "what comes of the body is not all of it");
    assert_eq!(gateway.outcome("/pampam/broken"), "upstream_broke_off");
}

#[test]
fn clients_see_it_where_that_is_said_and_600_by_a_waiver_alone() {
    let upstream = application();
    let gateway = setup(&upstream).start();
    for (path, status, meant) in [
        ("/shown/taken", 409, (409, Some(409))),
        ("/shown/fine", 200, (200, Some(200))),
        ("/shown/strange", 200, (600, Some(200))),
        ("/waived/strange", 600, (600, Some(600))),
    ] {
        assert_eq!(gateway.get(path).status, status, "{path}");
        assert_eq!(line(&gateway, path), meant, "{path}");
    }
    assert_eq!(gateway.get("/shown/taken").text(), r#"{"error":"taken"}"#);
}

#[test]
fn the_answers_of_a_dialect_are_read_by_the_same_rules() {
    let upstream = application();
    let accounts =
        "[{ action: login, match: POST /login/access-token, dialect: pampam, statuses: pampam }]";
    let gateway = setup(&upstream).section("accounts", accounts).start();
    let refused = gateway.send(&login("withdrawn@example.com", "x"));
    assert_eq!(refused.status, 400);
    assert_eq!(line(&gateway, "/login/access-token"), (410, Some(400)));
}
