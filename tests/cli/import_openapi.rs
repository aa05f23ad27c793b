//! `sidegate import openapi`: routes out of an application's own document, and the two beside each other.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use serde_json::{Value, json};

use super::{Ended, ended, ended_with, written};
use crate::harness::{
    Setup, Upstream,
    certificates::{Authority, Versions},
    wrapping::TlsFront,
};

const PAMPAM: &str = include_str!("../fixtures/openapi/pampam_api.json");

/// A document with these paths, where a bearer token, a key and a way with scopes are known.
fn document(paths: &Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "odd", "version": "1" },
        "paths": paths,
        "components": { "securitySchemes": {
            "Bearer": { "type": "http", "scheme": "Bearer" },
            "OAuth": { "type": "oauth2", "flows": {} },
            "Key": { "type": "apiKey", "in": "header", "name": "X-Key" },
        } },
    })
}

fn imported(document: &Value) -> Ended {
    let input = document.to_string();
    ended_with(&Setup::empty(), &["import", "openapi", "-"], &input)
}

/// What is written for one operation `GET /it`, without what stands before it.
fn route(operation: &Value) -> String {
    let ended = imported(&document(&json!({ "/it": { "get": operation } })));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (_, routes) = ended.answer.split_once("routes:\n").expect("routes");
    routes.trim().to_owned()
}

#[test]
fn security_says_who_may_use_an_operation() {
    for (operation, expected) in [
        (json!({}), "access: public }"),
        (json!({ "security": [] }), "access: public }"),
        (
            json!({ "security": [{ "Bearer": [] }] }),
            "access: required }",
        ),
        (
            json!({ "security": [{}, { "Bearer": [] }] }),
            "access: optional }",
        ),
        (
            json!({ "security": [{ "OAuth": ["a", "b"] }] }),
            "access: required, require: { scope: [\"a\", \"b\"] } }",
        ),
        (
            json!({ "security": [{ "OAuth": ["a"] }, { "OAuth": ["b"] }] }),
            "access: required, require: { any: [{ scope: [\"a\"] }, { scope: [\"b\"] }] } }",
        ),
        (
            json!({ "security": [{ "OAuth": ["a"] }, { "Bearer": [] }] }),
            "access: required }",
        ),
    ] {
        let line = format!("- {{ match: \"GET /it\", {expected}");
        assert_eq!(route(&operation), line, "{operation}");
    }
}

#[test]
fn what_the_document_does_not_say_is_marked_and_closed() {
    for (operation, reason) in [
        (
            json!({ "security": [{ "Key": [] }] }),
            "`Key` is no bearer token",
        ),
        (
            json!({ "security": [{ "Bearer": [], "Key": [] }] }),
            "`Key` is no bearer token",
        ),
        (
            json!({ "security": [{ "Other": [] }] }),
            "does not say what `Other` is",
        ),
        (
            json!({ "security": [{ "Bearer": ["role"] }] }),
            "`Bearer` asks for roles",
        ),
        (
            json!({ "security": [{}, { "OAuth": ["a"] }] }),
            "without a token, or with scopes",
        ),
        (json!({ "security": "Bearer" }), "no list"),
        (json!({ "security": ["Bearer"] }), "no list of objects"),
        (
            json!({ "parameters": [{ "name": "Authorization", "in": "header" }] }),
            "reads the header `Authorization` itself",
        ),
        (
            json!({ "parameters": [{ "name": "session_id", "in": "cookie" }] }),
            "reads the cookie `session_id` itself",
        ),
        (
            json!({ "servers": [{ "url": "/other" }] }),
            "servers of its own",
        ),
    ] {
        let written = route(&operation);
        let (comment, line) = written.split_once('\n').expect(&written);
        assert!(
            comment.starts_with("# unknown: ") && comment.contains(reason),
            "{operation}: {written}"
        );
        assert_eq!(line.trim(), "- { match: \"GET /it\", access: required }");
    }
    let mut silent = document(&json!({ "/it": { "get": {} } }));
    silent["components"] = json!({});
    let answer = imported(&silent).answer;
    assert!(answer.contains("# unknown: the document says nothing about security at all\n  - { match: \"GET /it\", access: required }"), "{answer}");
}

#[test]
fn global_security_holds_where_an_operation_says_nothing() {
    let mut document =
        document(&json!({ "/a": { "get": {} }, "/b": { "get": { "security": [] } } }));
    document["security"] = json!([{ "Bearer": [] }]);
    let answer = imported(&document).answer;
    assert!(
        answer.contains("\"GET /a\", access: required }"),
        "{answer}"
    );
    assert!(answer.contains("\"GET /b\", access: public }"), "{answer}");
}

#[test]
fn paths_that_routes_cannot_have_are_named() {
    let answer = imported(&document(&json!({
        "/a//b": { "get": {} },
        "/report/{id}.pdf": { "get": {} },
        "/twice/{x}": { "get": {} },
        "/twice/{y}": { "get": { "security": [{ "Bearer": [] }] } },
        "/traced": { "trace": {}, "get": {} },
        "/gone": { "$ref": "#/components/pathItems/Gone" },
        "x-else": "no path",
    })))
    .answer;
    for expected in [
        "# unknown: GET /a//b cannot be a route: ",
        "# unknown: /report/{id}.pdf is narrower\n  - { match: \"GET /report/{id__pdf}\", access: required }",
        "# unknown: two operations match the same paths; this is the stricter\n  - { match: \"GET /twice/{x}\", access: required }",
        "# unknown: /traced has `trace`, which is no method of routes",
        "# unknown: what /gone refers to is not in the document",
    ] {
        assert!(answer.contains(expected), "{expected}: {answer}");
    }
}

#[test]
fn servers_or_the_command_line_say_how_paths_begin() {
    let mut document = document(&json!({ "/it": { "get": {} } }));
    for (servers, arguments, expected) in [
        (json!([{ "url": "/api/v1" }]), &[][..], "GET /api/v1/it"),
        (
            json!([{ "url": "https://a.example/api/" }]),
            &[],
            "GET /api/it",
        ),
        (json!([{ "url": "https://a.example" }]), &[], "GET /it"),
        (json!([{ "url": "/a" }, { "url": "/b" }]), &[], "GET /it"),
        (json!([{ "url": "/{version}" }]), &[], "GET /it"),
        (json!([{ "url": "/a" }]), &["--prefix", "/b/"], "GET /b/it"),
    ] {
        document["servers"] = servers.clone();
        let arguments = [&["import", "openapi", "-"][..], arguments].concat();
        let ended = ended_with(&Setup::empty(), &arguments, &document.to_string());
        assert!(
            ended.answer.contains(&format!("\"{expected}\"")),
            "{servers}: {ended:?}"
        );
        let unknown = ended.answer.contains("say it with --prefix");
        let several = servers.as_array().is_some_and(|all| all.len() > 1);
        assert_eq!(
            unknown,
            several || servers.to_string().contains("{version}"),
            "{servers}: {ended:?}"
        );
    }
}

#[test]
fn what_a_document_says_cannot_break_out_of_a_comment() {
    let ended = imported(&document(&json!({
        "/it": { "get": { "operationId": "a\n  - { match: \"/**\", access: public }\u{1b}[2J" } },
        "/${HOME}": { "get": {} },
    })));
    let routes = ended.answer.lines().filter(|line| line.starts_with("  - "));
    assert_eq!(routes.count(), 2, "{ended:?}");
    assert!(!ended.answer.contains('\u{1b}'), "{ended:?}");
}

#[test]
fn yaml_is_read_as_well_and_its_variables_are_its_own() {
    let text = "openapi: 3.0.3\ninfo: { title: \"${HOME}\", version: '1' }\npaths:\n  /it:\n    get: { security: [] }\n";
    let ended = ended_with(&Setup::empty(), &["import", "openapi", "-"], text);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.answer.contains("${HOME} 1, 1 operations"),
        "{ended:?}"
    );
    assert!(
        ended.answer.contains("\"GET /it\", access: public }"),
        "{ended:?}"
    );
}

#[test]
fn what_is_no_document_is_unusable() {
    for text in [
        "",
        "{",
        "[]",
        "{\"swagger\": \"2.0\", \"paths\": {}}",
        "{\"openapi\": \"3.1.0\"}",
        "a: [",
        "openapi: 4.0.0\npaths: {}",
    ] {
        let ended = ended_with(&Setup::empty(), &["import", "openapi", "-"], text);
        assert_eq!(ended.code, Some(64), "{text}: {ended:?}");
        assert!(ended.complaint.starts_with("sidegate: "), "{ended:?}");
    }
    let missing = ended(&Setup::empty(), &["import", "openapi", "none.json"]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    let other = ended(
        &Setup::empty(),
        &["import", "openapi", "ftp://a.example/openapi.json"],
    );
    assert!(other.complaint.contains("pass it on with -"), "{other:?}");
}

#[test]
fn a_running_application_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!(
        "http://{}/openapi.json",
        listener.local_addr().expect("an address")
    );
    let served = thread::spawn(move || {
        for answer in [
            format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{PAMPAM}",
                PAMPAM.len()
            ),
            "HTTP/1.1 404 Not Found\r\n\r\n".to_owned(),
        ] {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = [0; 1024];
            let length = stream.read(&mut request).expect("a request");
            assert!(request[..length].starts_with(b"GET /openapi.json HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).expect("an answer");
        }
    });
    let found = ended(&Setup::empty(), &["import", "openapi", &url]);
    assert_eq!(found.code, Some(0), "{found:?}");
    assert!(
        found.answer.contains("pampam_api 1.4.2, 58 operations"),
        "{found:?}"
    );
    let missing = ended(&Setup::empty(), &["import", "openapi", &url]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.complaint.contains("answered 404"), "{missing:?}");
    served.join().expect("no failure");
}

#[test]
fn an_application_behind_tls_is_asked_if_its_certificate_holds() {
    let upstream = Upstream::answering(|seen, wire| match seen.target() {
        "/openapi.json" => wire.respond(200, &[], PAMPAM.as_bytes()),
        "/moved" => wire.respond(301, &["Location: /openapi.json"], b""),
        "/large" => wire.respond(200, &[], &vec![b' '; 17 * 1024 * 1024]),
        _ => wire.respond(404, &[], b""),
    });
    let (authority, other) = (Authority::new(), Authority::new());
    let config = authority.server(&["127.0.0.1"], Versions::Both);
    let url = TlsFront::before(&upstream, config).url();
    let import = |path: &str, ca: &[&str]| {
        let setup = Setup::empty()
            .file("ca.pem", &authority.pem)
            .file("other.pem", &other.pem);
        let url = format!("{url}{path}");
        ended(&setup, &[&["import", "openapi", &url], ca].concat())
    };
    let good = import("/openapi.json", &["--ca", "ca.pem"]);
    assert_eq!(good.code, Some(0), "{good:?}");
    assert!(good.answer.contains("58 operations"), "{good:?}");
    let asked = upstream.seen().len();
    for ca in [&["--ca", "other.pem"][..], &[], &["--ca", "none.pem"]] {
        let bad = import("/openapi.json", ca);
        assert_eq!((bad.code, bad.answer.as_str()), (Some(1), ""), "{bad:?}");
    }
    assert_eq!(
        upstream.seen().len(),
        asked,
        "nothing was asked of a stranger"
    );
    for (path, complaint) in [
        (
            "/moved",
            "answered 301 Moved Permanently, which leads elsewhere",
        ),
        ("/none", "answered 404"),
        ("/large", "the answer is too large or broke off"),
    ] {
        let bad = import(path, &["--ca", "ca.pem"]);
        assert_eq!(bad.code, Some(1), "{path}: {bad:?}");
        assert!(bad.complaint.contains(complaint), "{path}: {bad:?}");
    }
    assert_eq!(upstream.seen().len(), asked + 3, "no redirect was followed");
}

#[test]
fn what_is_no_url_is_not_asked() {
    for url in [
        "https://",
        "https://user:secret@127.0.0.1/x",
        "ftp://127.0.0.1/x",
    ] {
        let found = ended(&Setup::empty(), &["import", "openapi", url]);
        assert_eq!(found.code, Some(1), "{found:?}");
    }
}

/// The routes that are written, without what stands before them.
fn section(answer: &str) -> &str {
    let (_, routes) = answer.split_once("routes:\n").expect("routes");
    routes.trim_end()
}

#[test]
fn the_monoliths_document_becomes_routes_that_agree_with_it() {
    let setup = written().file("openapi.json", PAMPAM);
    let imported = ended(&setup, &["import", "openapi", "openapi.json"]);
    let routes = section(&imported.answer);
    assert!(
        routes.contains("- { match: \"GET,PUT,DELETE /users/{user_id}\", access: required }"),
        "{routes}"
    );
    // The gateway answers these itself.
    let answered = |line: &&str| {
        !["/login/access-token", "/auth/token/"]
            .iter()
            .any(|path| line.contains(path))
    };
    let routes: Vec<&str> = routes.lines().filter(answered).collect();
    let setup = setup.routes(&format!("\n{}", routes.join("\n")));
    setup.write();
    let checked = ended(
        &setup,
        &["import", "openapi", "openapi.json", "--check", "--strict"],
    );
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(
        checked.answer.ends_with(", 0 disagreements\n"),
        "{checked:?}"
    );
}

#[test]
fn a_check_fails_for_what_only_one_of_the_two_knows() {
    let both = r#"[{ match: "GET /users/{id}", access: required }, { match: "GET /free", access: public }]"#;
    let checked = |routes: &str, arguments: &[&str]| {
        let paths = json!({
            "/users/{user_id}": { "get": { "security": [{ "Bearer": [] }] } },
            "/free": { "get": {} },
        });
        let setup = written()
            .file("openapi.json", &document(&paths).to_string())
            .routes(routes);
        setup.write();
        let command = ["import", "openapi", "openapi.json", "--check"];
        ended(&setup, &[&command[..], arguments].concat())
    };
    assert_eq!(checked(both, &["--strict"]).code, Some(0));
    for (routes, arguments, code, expected) in [
        (
            r#"[{ match: "GET /free", access: public }]"#,
            &[][..],
            1,
            "GET /users/{user_id}: no route takes it",
        ),
        (
            r#"[{ match: "GET /free", access: public }, { match: "PUT /users/{id}", access: required }]"#,
            &[],
            1,
            "routes take other methods",
        ),
        (
            &both.replace("[{", r#"[{ match: "/old/**", access: public }, {"#),
            &[],
            1,
            "/old/** (gateway.yaml:",
        ),
        (
            &both.replace("[{", r#"[{ match: "/docs", access: public }, {"#),
            &[],
            0,
            "0 disagreements",
        ),
        (
            &both.replace("[{", r#"[{ match: "/users/me", access: required }, {"#),
            &[],
            0,
            "0 disagreements",
        ),
        (
            r#"[{ match: "GET /free", access: public }, { match: "/**", access: required }]"#,
            &[],
            0,
            "note: GET /users/{user_id}: only /**",
        ),
        (
            r#"[{ match: "GET /free", access: public }, { match: "/**", access: required }]"#,
            &["--strict"],
            1,
            "GET /users/{user_id}: only /**",
        ),
        (
            &both.replace("required", "public"),
            &[],
            0,
            "note: GET /users/{user_id}: it needs a token, and ",
        ),
        (
            &both.replace("required", "public"),
            &["--strict"],
            1,
            "it needs a token, and ",
        ),
        (
            &both.replace("public", "required"),
            &["--strict"],
            0,
            "note: GET /free: it needs no token, and ",
        ),
    ] {
        let ended = checked(routes, arguments);
        assert_eq!(ended.code, Some(code), "{routes}: {ended:?}");
        assert!(ended.answer.contains(expected), "{routes}: {ended:?}");
    }
    let machine = checked("[{ match: /free, access: public }]", &["--format", "json"]);
    let report: Value = serde_json::from_str(&machine.answer).expect("JSON");
    assert_eq!(report["agree"], false);
    assert_eq!(report["disagreements"][0]["kind"], "no_policy");
}
