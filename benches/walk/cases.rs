//! Configurations, tokens and requests.

use std::sync::Arc;

use ::http::{HeaderValue, Request};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sidegate::{
    app::{Assembled, assemble, control_runtime},
    config::{
        load::load_source,
        source::{Disk, Environment, Source},
    },
    member::StateName,
    pipeline::Live,
    revocation::{Block, Denylist, Snapshot},
};

const SECRET: &str = "a secret of at least sixty-four bytes, as HMAC with SHA-512 wants it";

pub(crate) const CONFIGURATION: &str = r#"
listeners: [{ address: 127.0.0.1:0 }]
upstreams: { app: { endpoints: [http://127.0.0.1:1] } }
tokens: { access: { algorithm: HS256, secret: "a secret of at least sixty-four bytes, as HMAC with SHA-512 wants it", lifetime: 30d } }
groups:
  owned: { access: required, require: { subject_is: id, claim: { plan: gold } } }
routes:
  - { match: "GET /docs/**", access: public }
  - { match: "/users/{user_id}/**", access: required, require: { subject_is: user_id } }
  - { match: "/items/{item_id}/photos/{photo_id}", access: optional }
  - match: "/ruled/{user_id}"
    access: required
    require: { subject_is: user_id, scope: [read, write], role: admin, claim: { level: { at_least: 3 }, plan: [gold, platinum] } }
  - match: "/told/{user_id}"
    access: required
    require: { when: "claims.level >= 3 && subject == path.user_id && 'admin' in claims.roles" }
  - { match: "/**", access: required }
"#;

/// What it takes for tokens to be judged by what is told of their users.
const WATCHED: &str = r#"
users: { database: "sqlite:nobody.db", table: user, columns: { id: id, login: email, password: hash }, states: { banned: { banned: true } } }
watch: {}
"#;

struct NoEnvironment;

impl Environment for NoEnvironment {
    fn get(&self, _name: &str) -> Option<String> {
        None
    }
}

/// The usual routes, and so many more with a rule on each.
pub(crate) fn many(count: usize) -> String {
    let mut text = CONFIGURATION.to_owned();
    for number in 0..count {
        let (service, part) = (number % 100, number);
        let line = format!("  - {{ match: \"GET /s{service}/{{id}}/p{part}\", group: owned }}\n");
        text.push_str(&line);
    }
    text
}

pub(crate) fn live(configuration: &str) -> Arc<Live> {
    assembled(configuration).live
}

fn assembled(configuration: &str) -> Assembled {
    let source = Source::new("bench.yaml", configuration);
    let loaded = load_source(&source, ".".as_ref(), &Disk, &NoEnvironment);
    let compiled = loaded.compiled.expect("a good configuration");
    let runtime = control_runtime().expect("a runtime");
    let _entered = runtime.enter();
    assemble(compiled, None).expect("a snapshot")
}

/// The usual routes where so many users are blocked, and who can block more.
pub(crate) fn watched(blocked: u64) -> (Arc<Live>, Arc<Denylist>) {
    let claims = "lifetime: 30d, claims: { sub: \"{user.id}\" } }";
    let configuration = CONFIGURATION.replace("lifetime: 30d }", claims) + WATCHED;
    let Assembled { live, denylist, .. } = assembled(&configuration);
    block(&denylist, blocked);
    (live, denylist)
}

/// Blocks so many users and nobody else.
pub(crate) fn block(denylist: &Denylist, blocked: u64) {
    let mut all = Snapshot::default();
    for number in 0..blocked {
        let member = (1_000_000 + number).to_string();
        all.block(&member, Block::State(StateName::new("banned")));
    }
    denylist.replace(all);
}

/// A token of the usual claims, signed with the secret of the configuration or with a key in DER.
pub(crate) fn token(algorithm: &str, key: Option<&[u8]>, subject: u64) -> String {
    let algorithm: Algorithm = algorithm.parse().expect("an algorithm");
    let key = match (algorithm, key) {
        (_, None) => EncodingKey::from_secret(SECRET.as_bytes()),
        (Algorithm::ES256 | Algorithm::ES384, Some(der)) => EncodingKey::from_ec_der(der),
        (Algorithm::EdDSA, Some(der)) => EncodingKey::from_ed_der(der),
        (_, Some(der)) => EncodingKey::from_rsa_der(der),
    };
    let claims = serde_json::json!({
        "exp": 4_000_000_000_u64,
        "sub": subject.to_string(),
        "scope": "profile read write",
        "roles": ["user", "admin"],
        "level": 4,
        "plan": "gold",
    });
    jsonwebtoken::encode(&Header::new(algorithm), &claims, &key).expect("a token")
}

/// As a header carries it.
pub(crate) fn bearer(token: &str) -> HeaderValue {
    HeaderValue::try_from(format!("Bearer {token}")).expect("a header value")
}

pub(crate) fn request(path: &str, token: &HeaderValue) -> Request<()> {
    Request::get(path)
        .header("host", "api.example.com")
        .header("user-agent", "bench")
        .header("accept", "*/*")
        .header("authorization", token)
        .body(())
        .expect("a request")
}
