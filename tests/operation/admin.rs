//! Who is answered on the operators' listener.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use serde_json::json;
use sidegate::clock::Clock;

use crate::{
    cli::ended,
    harness::{Gateway, Request, Setup, Upstream, wait_until},
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn setup() -> Setup {
    Gateway::before(&Upstream::start())
}

#[test]
fn anybody_may_ask_whether_it_lives_and_is_ready_and_nothing_else() {
    let gateway = setup().start();
    let ask = |path| gateway.ask_as_anybody(Request::get(path));
    assert_eq!(ask("/live").status, 200);
    let ready = ask("/ready");
    assert_eq!(
        (ready.status, ready.json()),
        (200, json!({ "ready": true }))
    );
    for request in [
        Request::get("/metrics"),
        Request::get("/nonsense"),
        Request::post("/reload"),
        Request::post("/explain"),
        Request::get("/explain/00000000000000000000000000000000"),
    ] {
        let refused = gateway.ask_as_anybody(request.clone());
        assert_eq!(refused.status, 401, "{request:?}");
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        let told = gateway.operate(request.clone());
        assert_ne!(told.status, 401, "{request:?}");
    }
}

#[test]
fn why_it_is_not_ready_is_told_to_operators_alone() {
    let gateway = setup()
        .variable("DATABASE_URL", "sqlite:missing/users.db")
        .start();
    let ready = gateway.ask_as_anybody(Request::get("/ready"));
    assert_eq!(
        (ready.status, ready.json()),
        (503, json!({ "ready": false }))
    );
    let ready = gateway.ask("/ready");
    assert_eq!(ready.status, 503);
    assert!(ready.json()["reasons"][0].is_string(), "{}", ready.text());
    let admin = gateway.admin.to_string();
    let health = |further: &[&str]| {
        let arguments = [&["health", "--admin", &admin], further].concat();
        ended(gateway.setup(), &arguments)
    };
    let healthy = health(&[]);
    assert_eq!(healthy.code, Some(1), "{healthy:?}");
    assert!(
        healthy.complaint.contains("sqlite") || healthy.complaint.contains("database"),
        "{healthy:?}"
    );
    fs::write(gateway.setup().folder().join("other"), TOKEN).expect("a file");
    let stale = health(&["--admin-token", "other"]);
    assert_eq!(stale.code, Some(1), "{stale:?}");
    assert!(
        stale.complaint.contains("not ready: the reasons are told"),
        "{stale:?}"
    );
}

#[test]
fn a_made_token_is_in_a_file_for_one_user_and_goes_with_the_gateway() {
    let mut gateway = setup().start();
    let name = format!("admin-{}.token", gateway.admin.port());
    let path = gateway.setup().folder().join(name);
    let mode = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = gateway.admin_token();
    assert_eq!(token.len(), 64);
    assert!(!gateway.said().contains(&token));
    gateway.sigterm();
    assert_eq!(gateway.exit_code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn a_wrong_token_is_refused_slowly_on_open_paths_too_and_a_right_one_is_not_kept_waiting() {
    let gateway = setup().start();
    for path in ["/metrics", "/ready"] {
        let begun = Clock.instant();
        let refused = gateway.ask_as_anybody(Request::get(path).token(TOKEN));
        assert_eq!(refused.status, 401, "{path}");
        assert!(Clock.instant() - begun >= Duration::from_secs(1), "{path}");
    }
    let mut guesses = gateway.client_of_operators();
    guesses.write(
        Request::get("/metrics")
            .host("127.0.0.1")
            .token(TOKEN)
            .bytes(),
    );
    let begun = Clock.instant();
    assert_eq!(gateway.ask("/metrics").status, 200);
    assert!(Clock.instant() - begun < Duration::from_millis(900));
    assert_eq!(guesses.response().status, 401);
}

#[test]
fn a_written_token_is_the_one_and_no_file_is_made() {
    let gateway = setup()
        .variable("ADMIN_TOKEN", TOKEN)
        .section(
            "admin",
            "{ address: 127.0.0.1:0, token: \"${ADMIN_TOKEN}\" }",
        )
        .start();
    let answer = gateway.ask_as_anybody(Request::get("/metrics").token(TOKEN));
    assert_eq!(answer.status, 200);
    let files = fs::read_dir(gateway.setup().folder()).expect("a folder");
    let names = files.map(|file| file.expect("a file").file_name());
    let tokens = names.filter(|name| name.to_string_lossy().ends_with(".token"));
    assert_eq!(tokens.count(), 0);
}

#[test]
fn metrics_are_for_anybody_where_the_operator_says_so() {
    let gateway = setup()
        .section("admin", "{ address: 127.0.0.1:0, metrics: open }")
        .start();
    let ask = |path| gateway.ask_as_anybody(Request::get(path)).status;
    assert_eq!((ask("/metrics"), ask("/nonsense")), (200, 401));
}

#[test]
fn a_page_in_a_browser_is_not_answered() {
    let gateway = setup()
        .section("admin", "{ address: 127.0.0.1:0, hosts: [ops.internal] }")
        .start();
    let token = gateway.admin_token();
    let ask = |host: &str, origin: Option<&str>| {
        let mut request = Request::get("/live").host(host).token(&token);
        if let Some(origin) = origin {
            request = request.header("Origin", origin);
        }
        let mut connection = gateway.client_of_operators();
        connection.send(&request).status
    };
    assert_eq!(ask("127.0.0.1:1", None), 200);
    assert_eq!(ask("ops.internal", None), 200);
    assert_eq!(ask("rebound.example.com", None), 403);
    assert_eq!(ask("127.0.0.1:1", Some("http://127.0.0.1:1")), 200);
    assert_eq!(ask("127.0.0.1:1", Some("https://app.example.com")), 403);
}

#[test]
fn a_unix_socket_is_for_the_gateways_own_user_and_has_its_token_beside_it() {
    let setup = setup().section("admin", "{ address: \"unix:admin.sock\" }");
    let mut gateway = setup.start();
    let folder = gateway.setup().folder().to_owned();
    let mode = |name: &str| {
        let metadata = fs::metadata(folder.join(name)).expect("a file");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!((mode("admin.sock"), mode("admin.token")), (0o600, 0o600));
    let address = format!("unix:{}", folder.join("admin.sock").display());
    let healthy = ended(gateway.setup(), &["health", "--admin", &address]);
    assert_eq!(
        (healthy.code, healthy.answer.as_str()),
        (Some(0), "ready\n"),
        "{healthy:?}"
    );
    gateway.sigterm();
    assert_eq!(gateway.exit_code(), Some(0));
    wait_until("the files to go", || {
        !folder.join("admin.sock").exists() && !folder.join("admin.token").exists()
    });
}

#[test]
fn a_token_that_cannot_be_left_where_it_should_be_ends_the_start() {
    let setup = setup().section(
        "admin",
        "{ address: 127.0.0.1:0, token_file: missing/token }",
    );
    setup.write();
    let ended = ended(&setup, &["run"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended
            .complaint
            .contains("cannot write the operators' token"),
        "{ended:?}"
    );
}
