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
routes:
  - { match: "GET /docs/**", access: public }
  - { match: "/users/{user_id}/**", access: required, require: { subject_is: user_id } }
  - { match: "/items/{item_id}/photos/{photo_id}", access: optional }
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

fn live() -> Arc<Live> {
    let source = Source::new("bench.yaml", CONFIGURATION);
    let loaded = load_source(&source, ".".as_ref(), &Disk, &NoEnvironment);
    let compiled = loaded.compiled.expect("a good configuration");
    let runtime = control_runtime().expect("a runtime");
    let _entered = runtime.enter();
    assemble(compiled, None).expect("a snapshot").live
}

fn token() -> HeaderValue {
    let key = jsonwebtoken::EncodingKey::from_secret(b"a secret of at least thirty-two bytes");
    let claims = serde_json::json!({ "exp": 4_000_000_000_u64, "sub": "7" });
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

#[divan::bench(args = ["/docs/intro", "/users/7/profile", "/items/5/photos/2", "/deals"])]
fn decided(bencher: Bencher<'_, '_>, path: &str) {
    let (live, token) = (live(), token());
    let now: UnixSeconds = Clock.unix_seconds();
    bencher
        .with_inputs(|| request(path, &token))
        .bench_values(|request| decide(black_box(request), &live, now).is_ok());
}
