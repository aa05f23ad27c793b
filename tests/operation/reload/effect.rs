//! What a reload changes, and what it refuses.

use std::fs;

use serde_json::json;

use super::{PUBLIC, changed, unwatched};
use crate::{
    accounts::login,
    harness::{Gateway, Request, Setup, Upstream, token, users::PASSWORD, wait_until},
};

#[test]
fn a_route_is_there_and_gone_as_soon_as_the_answer_says_so() {
    let upstream = Upstream::start();
    let gateway = unwatched(&upstream)
        .section("cores", "4")
        .routes("[{ match: \"/a\", access: public }]")
        .start();
    let mut connections: Vec<_> = (0..8).map(|_| gateway.client().connect()).collect();
    for round in 0..20 {
        let (here, gone) = if round % 2 == 0 {
            ("/b", "/a")
        } else {
            ("/a", "/b")
        };
        gateway.reload(&changed(
            &gateway,
            "[{ match: \"/a\", access: public }]",
            &format!("[{{ match: \"{here}\", access: public }}]"),
        ));
        for connection in &mut connections {
            assert_eq!(connection.send(&Request::get(gone)).status, 404);
            assert_eq!(connection.send(&Request::get(here)).status, 200);
        }
    }
}

#[test]
fn a_bad_file_keeps_the_old_one_and_every_mistake_is_told() {
    let gateway = unwatched(&Upstream::start()).start();
    let before = gateway.config();
    let text = changed(&gateway, "access: optional", "access: sometimes");
    gateway.write(
        &text
            .replace("lifetime: 30d", "lifetime: 30")
            .replace("table: user", "tabel: user"),
    );
    let answer = gateway.ask_to_reload();
    let report = answer.json();
    assert_eq!((answer.status, &report["result"]), (422, &json!("refused")));
    for told in [&report["config"]["refused"], &gateway.config()["refused"]] {
        let mistakes = told["mistakes"].as_array().expect("a list");
        let paths: Vec<&str> = mistakes
            .iter()
            .filter_map(|it| it["path"].as_str())
            .collect();
        for path in ["tokens.access.lifetime", "routes[1].access"] {
            assert!(paths.contains(&path), "{told}");
        }
        assert!(
            mistakes
                .iter()
                .all(|it| it["location"]["line"].is_u64() && it["fix"].is_string())
        );
    }
    assert!(gateway.metric("sidegate_config_mistakes") >= 3);
    assert_eq!(
        gateway.metric("sidegate_config_reloads_total{result=\"refused\"}"),
        1
    );
    let line = gateway.log_line("the configuration has a mistake");
    assert!(line.contains("gateway.yaml:"), "{line}");
    gateway.log_line("routes[1].access");
    let ready = gateway.ask("/ready");
    assert_eq!(
        (ready.status, &ready.json()["config"]["hash"]),
        (200, &before["hash"])
    );
    assert_eq!(gateway.get("/public/a").status, 200);
    assert_eq!(gateway.get("/optional/a").status, 200);
    // Put right, it is what is in effect already.
    gateway.write(&gateway.setup().yaml());
    assert_eq!(gateway.ask_to_reload().json()["result"], "unchanged");
    assert_eq!(gateway.metric("sidegate_config_mistakes"), 0);
    assert!(gateway.config().get("refused").is_none());
}

#[test]
fn a_file_that_is_gone_or_no_text_keeps_the_old_one() {
    let gateway = unwatched(&Upstream::start()).start();
    let path = gateway.setup().folder().join("gateway.yaml");
    fs::remove_file(&path).expect("a file");
    let told = gateway.ask_to_reload().json();
    let message = told["config"]["refused"]["mistakes"][0]["message"].as_str();
    assert!(
        message.is_some_and(|it| it.contains("gateway.yaml cannot be read")),
        "{told}"
    );
    fs::write(&path, b"\xff").expect("a file");
    assert_eq!(gateway.ask_to_reload().status, 422);
    assert_eq!(gateway.get("/public/a").status, 200);
}

#[test]
fn what_needs_a_restart_is_named_and_nothing_of_the_file_is_used() {
    let gateway = unwatched(&Upstream::start()).start();
    let text = changed(&gateway, "cores: 1", "cores: 2");
    let text = text.replace(
        "logs: { format: json }",
        "logs: { format: json, level: debug }",
    );
    let text = format!(
        "{text}limits: {{ header_count: 50 }}\nidentity: {{ certificate_headers: {{ X-Client: \"{{subject}}\" }} }}\n"
    );
    gateway.write(&text.replace(PUBLIC, r#"match: "/elsewhere/**", access: public"#));
    let answer = gateway.ask_to_reload();
    assert_eq!(answer.status, 422);
    let told = answer.json()["config"]["refused"].take();
    assert_eq!(told["mistakes"], json!([]), "{told}");
    assert_eq!(
        told["restart"],
        json!([
            "cores",
            "limits.header_count",
            "logs.level",
            "identity.certificate_headers"
        ])
    );
    for key in ["cores", "limits.header_count"] {
        gateway.log_line(&format!("\"key\":\"{key}\""));
    }
    assert_eq!(gateway.metric("sidegate_config_mistakes"), 4);
    assert_eq!(gateway.get("/public/a").status, 200);
    assert_eq!(gateway.get("/elsewhere/a").status, 401);
}

#[test]
fn headers_that_are_made_of_a_token_change_with_the_configuration() {
    let upstream = Upstream::start();
    let gateway = unwatched(&upstream)
        .section("identity", "{ headers: { X-One: \"{subject}\" } }")
        .start();
    let good = Request::get("/private/a").token(&token::access(5));
    gateway.send(&good);
    gateway.reload(&changed(&gateway, "X-One", "X-Two"));
    gateway.send(&good.header("X-Two", "6").header("X-One", "7"));
    let seen = upstream.seen();
    assert_eq!(
        (seen[0].values("x-one"), seen[0].values("x-two")),
        (vec!["5"], vec![])
    );
    assert_eq!(
        (seen[1].values("x-one"), seen[1].values("x-two")),
        (vec!["7"], vec!["5"])
    );
}

#[test]
fn logins_follow_the_configuration() {
    let gateway = unwatched(&Upstream::start()).start();
    let answer = || gateway.send(&login("active@example.com", PASSWORD));
    let before = answer();
    assert_eq!(before.status, 200);
    gateway.reload(&changed(
        &gateway,
        "is_restricted: true",
        "is_restricted: false",
    ));
    assert_ne!(answer().status, 200);
    gateway.reload(&gateway.setup().yaml());
    assert_eq!(answer().status, 200);
}

#[test]
fn upstreams_that_are_gone_are_not_asked_for_their_health() {
    let (one, other) = (Upstream::start(), Upstream::start());
    let setup = Setup::before_all(&[&one], "health: { path: /well, interval: 20ms }");
    let gateway = setup.section("reload", "{ watch: false }").start();
    let asked = |upstream: &Upstream| upstream.seen().len();
    wait_until("questions", || asked(&one) > 2);
    gateway.reload(&changed(&gateway, "/optional/**", "/other/**"));
    let before = asked(&one);
    wait_until("more questions", || asked(&one) > before + 2);
    gateway.reload(&changed(&gateway, &one.url(), &other.url()));
    let before = asked(&one);
    wait_until("questions to the other one", || asked(&other) > 10);
    // One may have been under way.
    assert!(asked(&one) <= before + 1, "{before} became {}", asked(&one));
}

#[test]
fn a_trusted_proxy_is_believed_at_once() {
    let upstream = Upstream::start();
    let gateway = unwatched(&upstream).start();
    let request = Request::get("/public/a").header("X-Forwarded-For", "192.0.2.7");
    gateway.send(&request);
    gateway.reload(&format!(
        "{}trusted_proxies: [127.0.0.1]\n",
        gateway.setup().yaml()
    ));
    gateway.send(&request);
    let seen = upstream.seen();
    assert_eq!(seen[0].values("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(seen[1].values("x-forwarded-for"), ["192.0.2.7, 127.0.0.1"]);
}

#[test]
fn a_configuration_is_known_by_the_same_hash_everywhere() {
    let gateway = unwatched(&Upstream::start()).start();
    let checked = |arguments: &[&str]| {
        let output = gateway
            .setup()
            .command(arguments)
            .output()
            .expect("the binary");
        String::from_utf8(output.stdout).expect("a text")
    };
    let known = || {
        let hash = gateway.config()["hash"]
            .as_str()
            .expect("a hash")
            .to_owned();
        assert_eq!(
            gateway.metric(&format!("sidegate_config_info{{hash=\"{hash}\"}}")),
            1
        );
        let text = checked(&["check", "--hash"]);
        assert!(
            text.ends_with(&format!("gateway.yaml: hash {hash}\n")),
            "{text}"
        );
        assert!(checked(&["check", "--format", "json"]).contains(&hash));
        gateway.log_line(&format!("\"hash\":\"{hash}\""));
        hash
    };
    let before = known();
    gateway.reload(&changed(&gateway, "/optional/**", "/other/**"));
    assert_ne!(known(), before);
    // A comment moves lines, which explanations name; it means nothing.
    gateway.reload(&format!("# once more\n{}", gateway.setup().yaml()));
    assert_eq!(known(), before);
    let config = gateway.config();
    let loaded = config["loaded_at"].as_u64().expect("a time");
    assert_eq!(
        gateway.metric("sidegate_config_loaded_timestamp_seconds"),
        loaded
    );
    assert!(loaded.abs_diff(token::now()) < 60 && config["age_seconds"].is_u64());
}

#[test]
fn only_an_operator_reloads_and_only_by_post() {
    let gateway: Gateway = unwatched(&Upstream::start()).start();
    assert_eq!(gateway.ask("/reload").status, 405);
    assert_eq!(gateway.send(&Request::post("/reload")).status, 401);
    assert_eq!(gateway.ask_to_reload().json()["result"], "unchanged");
    assert_eq!(
        gateway.metric("sidegate_config_reloads_total{result=\"unchanged\"}"),
        1
    );
}
