//! The public keys of what the gateway signs.

use serde_json::json;

use super::*;

/// Access tokens by two keys, refresh tokens by a third, assertions by a fourth.
fn signing(upstream: &Upstream) -> Setup {
    let files = ["access", "old", "refresh", "own"];
    let setup = Gateway::before(upstream)
        .section("reload", "{ watch: false }")
        .section(
            "tokens",
            &format!(
                "
access:
  lifetime: 1h
  claims: {{ sub: \"{{user.id}}\" }}
  keys:
    - {{ algorithm: ES256, private_key: \"file:access.pem\", kid: access }}
    - {{ algorithm: ES256, private_key: \"file:old.pem\", kid: old, retires_at: {} }}
    - {{ algorithm: HS256, secret: \"${{SECRET_KEY}}\" }}
refresh: {{ algorithm: ES256, private_key: \"file:refresh.pem\", kid: refresh, lifetime: 60d, claims: {{ sub: \"{{user.id}}\" }} }}",
                moment(token::now() + 100)
            ),
        )
        .section("assertion", "{ algorithm: ES256, private_key: \"file:own.pem\", kid: own }")
        .section("published_keys", "{}");
    files.iter().fold(setup, |setup, name| {
        let key = SigningKey::new("ES256", name);
        setup.file(&format!("{name}.pem"), &key.private_pem())
    })
}

#[test]
fn the_public_halves_of_what_signs_are_there_for_everybody_and_nothing_else() {
    let upstream = Upstream::start();
    let gateway = signing(&upstream).start();
    let response = gateway.get(KEYS);
    assert_eq!(response.status, 200);
    assert_eq!(
        response.header("content-type"),
        Some("application/jwk-set+json")
    );
    let set = response.json();
    assert_eq!(set.as_object().expect("an object").len(), 1);
    let keys = set["keys"].as_array().expect("a list");
    let names: Vec<&Value> = keys.iter().map(|key| &key["kid"]).collect();
    assert_eq!(names, ["access", "old", "own"]);
    for key in keys {
        let members: Vec<&String> = key.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["crv", "kty", "x", "y", "kid", "use", "alg"]);
        assert_eq!((&key["use"], &key["alg"]), (&json!("sig"), &json!("ES256")));
    }
    assert_eq!(gateway.outcome(KEYS), "keys");
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_login_can_be_verified_by_the_published_keys() {
    let gateway = signing(&Upstream::start()).start();
    let mut command = gateway.setup().command(&["token", "mint", "--user", "7"]);
    let minted = command.output().expect("the binary").stdout;
    let minted = String::from_utf8(minted).expect("text");
    let set = published(&gateway).to_string();
    let set = key_set::read(set.as_bytes(), &[Algorithm::Es256]).expect("a set");
    let issuer = Issuer::new(Checks::usual("sub"), set.keys, None);
    let verifier = Verifier::with_issuers(vec![issuer], 8192);
    let now = UnixSeconds(token::now());
    let proof = verifier.verify_at(minted.trim().as_bytes(), now);
    assert_eq!(proof.expect("a proof").subject.to_string(), "7");
}

#[test]
fn the_set_is_read_and_nothing_else() {
    let gateway = signing(&Upstream::start()).start();
    let whole = gateway.get(KEYS);
    let mut connection = gateway.client().connect();
    connection.write(Request::new("HEAD", KEYS).bytes());
    let head = connection.response_to("HEAD");
    assert_eq!((head.status, head.text().as_str()), (200, ""));
    assert_eq!(head.header("etag"), whole.header("etag"));
    assert_eq!(connection.send(&Request::get(KEYS)).text(), whole.text());
    let refused = gateway.send(&Request::post(KEYS).body("{}"));
    assert_eq!(refused.status, 401, "the catch-all of the routes");
    let gateway = signing(&Upstream::start()).routes("[]").start();
    let refused = gateway.send(&Request::post(KEYS).body("{}"));
    assert_eq!(
        (refused.status, refused.header("allow")),
        (405, Some("GET, HEAD"))
    );
}

#[test]
fn readers_that_have_the_set_are_told_so() {
    let gateway = signing(&Upstream::start()).start();
    let whole = gateway.get(KEYS);
    let tag = whole.header("etag").expect("a tag");
    let again = gateway.send(&Request::get(KEYS).header("If-None-Match", tag));
    assert_eq!((again.status, again.text().as_str()), (304, ""));
    assert_eq!(again.header("etag"), Some(tag));
    assert!(again.header("cache-control").is_some());
    let other = gateway.send(&Request::get(KEYS).header("If-None-Match", "\"other\""));
    assert_eq!((other.status, other.text()), (200, whole.text()));
}

#[test]
fn nobody_is_told_to_keep_a_key_for_longer_than_it_is_used() {
    let gateway = signing(&Upstream::start()).start();
    let kept = gateway.get(KEYS);
    let kept = kept
        .header("cache-control")
        .and_then(|it| it.strip_prefix("public, max-age="));
    let kept: u64 = kept.and_then(|it| it.parse().ok()).expect("a number");
    assert!((1..=100).contains(&kept), "{kept}");
    let gateway = before(&Upstream::start(), &SigningKey::new("ES256", ""), "")
        .section("published_keys", "{ max_age: 1m }")
        .start();
    let kept = gateway.get(KEYS);
    assert_eq!(kept.header("cache-control"), Some("public, max-age=60"));
}

#[test]
fn they_are_where_the_configuration_says() {
    let origin = "https://app.example.com";
    let keys =
        format!("{{ path: /keys, host: api.example.com, cors: {{ origins: [\"{origin}\"] }} }}");
    let gateway = before(&Upstream::start(), &SigningKey::new("ES256", ""), "")
        .section("published_keys", &keys)
        .start();
    let there = Request::get("/keys")
        .host("api.example.com")
        .header("Origin", origin);
    let there = gateway.send(&there);
    assert_eq!(there.status, 200);
    assert_eq!(there.header("access-control-allow-origin"), Some(origin));
    assert_eq!(gateway.get("/keys").status, 401, "another host");
    assert_eq!(gateway.get(KEYS).status, 401, "another path");
}

#[test]
fn a_gateway_that_publishes_nothing_answers_nothing() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    assert_eq!(gateway.get(KEYS).status, 401);
}
