//! The configuration at the root of the repository, with the three secrets that it asks for.

use std::process::Command;

use crate::harness::token::{ACCESS_SECRET, REFRESH_SECRET};

#[track_caller]
fn sidegate(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidegate"));
    command.env_clear().current_dir(env!("CARGO_MANIFEST_DIR"));
    command.env("SECRET_KEY", ACCESS_SECRET);
    command.env("REFRESH_TOKEN_SECRET_KEY", REFRESH_SECRET);
    command.env("WATCH_SECRET", "a-secret-of-the-watch-that-is-long-enough");
    let output = command.args(arguments).output().expect("the binary");
    assert_eq!(
        output.stderr,
        b"",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("a text")
}

#[test]
fn the_sample_has_neither_mistakes_nor_warnings() {
    assert_eq!(sidegate(&["check"]), "gateway.yaml: good\n");
}

#[test]
fn the_sample_guards_what_it_says() {
    let verdict = |method: &str, path: &str| {
        let explanation = sidegate(&["explain", method, path]);
        let verdict = explanation.lines().last().unwrap_or_default();
        verdict
            .trim_start_matches("verdict")
            .trim_start()
            .to_owned()
    };
    let forwarded = "forwarded to pampam_api";
    assert_eq!(
        verdict("POST", "/login/access-token"),
        "answered by the gateway"
    );
    assert_eq!(verdict("GET", "/login/kakao"), forwarded);
    assert_eq!(verdict("POST", "/users"), forwarded);
    assert_eq!(verdict("GET", "/items/5"), forwarded);
    for (method, path) in [
        ("GET", "/deals"),
        ("DELETE", "/users/5"),
        ("POST", "/items"),
        ("POST", "/docs/x"),
    ] {
        let expected =
            "refused with 401 missing_token: the route requires a token and the request has none";
        assert_eq!(verdict(method, path), expected, "{method} {path}");
    }
}
