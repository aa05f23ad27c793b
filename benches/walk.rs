//! The walk of a guarded request without a network: from the parsed head to the decision, with a warm token.

use std::sync::Arc;

use ::http::{HeaderValue, Request};
use divan::{Bencher, black_box};
use sidegate::{
    app::{assemble, control_runtime},
    clock::{Clock, UnixSeconds},
    config::{
        load::load_source,
        source::{Disk, Environment, Source},
    },
    pipeline::{Live, explain::decide},
};

const CONFIGURATION: &str = r#"
listeners: [{ address: 127.0.0.1:0 }]
upstreams: { app: { endpoints: [http://127.0.0.1:1] } }
tokens: { access: { algorithm: HS256, secret: "a secret of at least thirty-two bytes", lifetime: 30d } }
groups:
  owned: { access: required, require: { subject_is: id, claim: { plan: gold } } }
routes:
  - { match: "GET /docs/**", access: public }
  - { match: "/users/{user_id}/**", access: required, require: { subject_is: user_id } }
  - { match: "/items/{item_id}/photos/{photo_id}", access: optional }
  - match: "/ruled/{user_id}"
    access: required
    require: { subject_is: user_id, scope: [read, write], role: admin, claim: { level: { at_least: 3 }, plan: [gold, platinum] } }
  - { match: "/**", access: required }
"#;

fn main() {
    divan::main();
}

struct NoEnvironment;

impl Environment for NoEnvironment {
    fn get(&self, _name: &str) -> Option<String> {
        None
    }
}

/// The usual routes, and so many more with a rule on each.
fn many(count: usize) -> String {
    let mut text = CONFIGURATION.to_owned();
    for number in 0..count {
        let (service, part) = (number % 100, number);
        let line = format!("  - {{ match: \"GET /s{service}/{{id}}/p{part}\", group: owned }}\n");
        text.push_str(&line);
    }
    text
}

fn live(configuration: &str) -> Arc<Live> {
    let source = Source::new("bench.yaml", configuration);
    let loaded = load_source(&source, ".".as_ref(), &Disk, &NoEnvironment);
    let compiled = loaded.compiled.expect("a good configuration");
    let runtime = control_runtime().expect("a runtime");
    let _entered = runtime.enter();
    assemble(compiled, None).expect("a snapshot").live
}

fn token() -> HeaderValue {
    let key = jsonwebtoken::EncodingKey::from_secret(b"a secret of at least thirty-two bytes");
    let claims = serde_json::json!({
        "exp": 4_000_000_000_u64,
        "sub": "7",
        "scope": "profile read write",
        "roles": ["user", "admin"],
        "level": 4,
        "plan": "gold",
    });
    let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key);
    let value = format!("Bearer {}", token.expect("a token"));
    HeaderValue::try_from(value).expect("a header value")
}

fn request(path: &str, token: &HeaderValue) -> Request<()> {
    Request::get(path)
        .header("host", "api.example.com")
        .header("user-agent", "bench")
        .header("accept", "*/*")
        .header("authorization", token)
        .body(())
        .expect("a request")
}

#[divan::bench(args = ["/docs/intro", "/users/7/profile", "/items/5/photos/2", "/deals", "/ruled/7"])]
fn decided(bencher: Bencher<'_, '_>, path: &str) {
    decide_each(bencher, &live(CONFIGURATION), path);
}

/// Among so many routes.
#[divan::bench(args = [10, 1_000, 10_000])]
fn matched(bencher: Bencher<'_, '_>, count: usize) {
    let path = format!("/s{}/7/p{}", (count - 1) % 100, count - 1);
    decide_each(bencher, &live(&many(count)), &path);
}

fn decide_each(bencher: Bencher<'_, '_>, live: &Live, path: &str) {
    let token = token();
    let now: UnixSeconds = Clock.unix_seconds();
    assert!(decide(request(path, &token), live, now).is_ok(), "{path}");
    bencher
        .with_inputs(|| request(path, &token))
        .bench_values(|request| decide(black_box(request), live, now).is_ok());
}
