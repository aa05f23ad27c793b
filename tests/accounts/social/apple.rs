//! Apple: the name that comes once, and the refresh token that it wants back.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    Browser, Idp, is_granted,
    members::LINKING,
    setup,
    tables::{count, one_table, users, vouched},
};
use crate::harness::{
    Gateway, Request, Response, Setup, database::Database, keys::SigningKey, token,
};

const DIALECT: &str = "
withdraw:
  request: { from: json, fields: { password: { required: false } }, invalid: refused }
  done: { status: 200, body: bye }
  refused: { status: 403, body: refused }";

const NEW: &str = "
new_users: { columns: { name: \"{name}\", is_active: true } }";

/// What comes with the form of a first consent, and never again.
const USER: &str = "%7B%22name%22%3A%7B%22firstName%22%3A%22%EA%B8%B8%EB%8F%99%22%2C%22lastName%22%3A%22%ED%99%8D%22%7D%2C%22email%22%3A%22banned%40example.com%22%7D";

/// A gateway before Apple, whose key is in a file.
fn before(database: &Database, idp: &Idp) -> Setup {
    let url = idp.server.url();
    let yaml = format!(
        "client_id: web, client_key: {{ team: TEAM123456, id: KEY1234567, private_key: \"file:apple.pem\" }}, \
         issuers: [\"{url}\"], authorization_endpoint: \"{url}/authorize\", token_endpoint: \"{url}/token\", \
         revocation_endpoint: \"{url}/revoke\", jwks_url: \"{url}/keys\", algorithms: [ES256], \
         refresh_token_column: apple_refresh_token, link_by_email: verified, audiences: [app]"
    );
    let linking = LINKING.replace("idp", "apple");
    let accounts =
        format!("{linking}\n- {{ action: withdraw, match: POST /withdraw, dialect: leaving }}");
    let state = format!("{{ database: \"{}\", migrate: on_start }}", database.url());
    let key = SigningKey::new("ES256", "KEY1234567");
    setup(&[("apple", &yaml)])
        .section("users", &users(database))
        .section("state", &state)
        .section("dialects", "{ leaving: leaving.yaml }")
        .section(
            "withdrawal",
            "{ password: false, set: { is_active: { value: false }, quit_at: { generated: today } } }",
        )
        .extended("accounts", &accounts)
        .extended("social", NEW)
        .file("leaving.yaml", DIALECT)
        .file("apple.pem", &key.private_pem())
}

/// A login whose form has this besides.
fn log_in(gateway: &Gateway, idp: &Idp, more: &str) -> Response {
    let browser = Browser::leaves(gateway, "/apple/start");
    let (code, state) = (idp.consent(&browser), browser.parameter("state"));
    let request = Request::post("/apple/callback")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Cookie", &browser.cookie)
        .header("Origin", "https://appleid.apple.com")
        .header("Sec-Fetch-Site", "cross-site")
        .body(format!("code={code}&state={state}{more}"));
    gateway.send(&request)
}

fn id_of(database: &Database, condition: &str) -> String {
    let found = database.numbers(&format!("SELECT id FROM user WHERE {condition}"));
    found.first().expect("a row").to_string()
}

fn post(gateway: &Gateway, path: &str, member: &str) -> u16 {
    let request = Request::post(path).json(&json!({}));
    gateway.send(&request.token(&token::access(member))).status
}

/// The fields of what was sent to take a token back.
fn revoked(idp: &Idp) -> Vec<Vec<(String, String)>> {
    let asked = idp.asked("/revoke").into_iter();
    let fields = asked.map(|seen| {
        let form = String::from_utf8_lossy(&seen.body).into_owned();
        let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    });
    fields.collect()
}

#[test]
fn a_name_that_comes_once_is_written_with_the_row() {
    for database in Database::both() {
        one_table(&database);
        let idp = Idp::start();
        let gateway = before(&database, &idp).start();
        idp.is("001.Hex.1");
        idp.claim(|it| {
            it["email"] = "relay@privaterelay.appleid.com".into();
            it["email_verified"] = "true".into();
            it["is_private_email"] = "true".into();
        });
        idp.give("apples-1");
        let form = format!("&user={USER}");
        assert!(is_granted(&log_in(&gateway, &idp, &form)));
        let whole = "sns_type = 'apple' AND sns_uid = '001.Hex.1' AND name = '길동 홍' \
                     AND email = 'relay@privaterelay.appleid.com' AND apple_refresh_token = 'apples-1'";
        assert_eq!(count(&database, whole), 1);
        idp.give("apples-2");
        assert!(is_granted(&log_in(&gateway, &idp, "")));
        let whole = whole.replace("apples-1", "apples-2");
        assert_eq!(
            count(&database, &whole),
            1,
            "the name stays, and the newest token"
        );
        assert!(!gateway.said().contains("apples-"));
    }
}

#[test]
fn who_leaves_is_let_go_by_apple() {
    for database in Database::both() {
        one_table(&database);
        let idp = Idp::start();
        let gateway = before(&database, &idp).start();
        idp.is("001.Hex.1");
        idp.claim(vouched);
        idp.give("apples-1");
        assert!(is_granted(&log_in(&gateway, &idp, "")));
        let member = id_of(&database, "sns_uid = '001.Hex.1'");
        assert_eq!(post(&gateway, "/withdraw", &member), 200);
        let sent = revoked(&idp);
        let field = |name: &str| {
            let mut found = sent[0].iter().filter(|(known, _)| known == name);
            found
                .next()
                .map(|(_, value)| value.clone())
                .unwrap_or_default()
        };
        assert_eq!(sent.len(), 2, "which application had it nobody knows");
        assert_eq!(
            (field("token"), field("token_type_hint"), field("client_id")),
            ("apples-1".into(), "refresh_token".into(), "web".into())
        );
        let secret = field("client_secret");
        let claims = secret.split('.').nth(1).expect("claims");
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).expect("base64url");
        let claims: Value = serde_json::from_slice(&claims).expect("JSON");
        assert_eq!(
            (&claims["iss"], &claims["sub"]),
            (&"TEAM123456".into(), &"web".into())
        );
        let left = "is_active = 0 AND quit_at IS NOT NULL AND apple_refresh_token IS NULL";
        assert_eq!(count(&database, left), 1);
        gateway.log_line("provider_token_revoked");
        assert!(!gateway.said().contains("apples-1"));
    }
}

#[test]
fn who_leaves_while_apple_is_away_has_left() {
    let database = Database::sqlite();
    one_table(&database);
    let idp = Idp::start();
    let gateway = before(&database, &idp).start();
    for (id, status, body) in [
        (1, 500, ""),
        (2, 400, r#"{"error":"invalid_client"}"#),
        (3, 302, ""),
    ] {
        database.execute(&format!(
            "UPDATE user SET is_restricted = 0, apple_refresh_token = 'apples' WHERE id = {id}"
        ));
        idp.say("/revoke", status, body);
        assert_eq!(post(&gateway, "/withdraw", &id.to_string()), 200);
        let row = format!("id = {id} AND is_active = 0 AND apple_refresh_token = 'apples'");
        assert_eq!(count(&database, &row), 1, "it can still be taken back");
        gateway.log_line("provider_token_left");
    }
}

#[test]
fn an_apple_that_says_nothing_is_not_waited_for_for_ever() {
    let database = Database::sqlite();
    one_table(&database);
    database.execute("UPDATE user SET apple_refresh_token = 'apples-3' WHERE id = 3");
    let idp = Idp::start();
    let gateway = before(&database, &idp).start();
    idp.hush("/revoke");
    assert_eq!(post(&gateway, "/withdraw", "3"), 200);
    assert_eq!(count(&database, "id = 3 AND is_active = 0"), 1);
    gateway.log_line("provider_token_left");
}

#[test]
fn who_unlinks_is_let_go_and_who_is_gone_already_is_not_asked_for() {
    for database in Database::both() {
        one_table(&database);
        let linked = "UPDATE user SET sns_type = 'apple', sns_uid = 'Subject-3', apple_refresh_token = 'apples-3' WHERE id = 3";
        database.execute(linked);
        let idp = Idp::start();
        let gateway = before(&database, &idp).start();
        assert_eq!(
            post(&gateway, "/apple/unlink", "1"),
            200,
            "who is not linked"
        );
        assert!(revoked(&idp).is_empty());
        assert_eq!(post(&gateway, "/apple/unlink", "3"), 200);
        assert_eq!(revoked(&idp).len(), 2);
        let empty =
            "id = 3 AND sns_type IS NULL AND sns_uid IS NULL AND apple_refresh_token IS NULL";
        assert_eq!(count(&database, empty), 1);

        database.execute(linked);
        let events = r#"{"type":"consent-revoked","sub":"Subject-3","event_time":1}"#;
        let told = json!({ "payload": idp.message("web", events) });
        let told = gateway.send(&Request::post("/apple/notice").json(&told));
        assert_eq!(told.status, 200);
        assert_eq!(count(&database, empty), 1);
        assert_eq!(revoked(&idp).len(), 2, "Apple has taken it back itself");
    }
}

#[test]
fn who_is_known_by_the_address_has_the_token_kept_with_the_link() {
    for database in Database::both() {
        one_table(&database);
        let idp = Idp::start();
        let gateway = before(&database, &idp).start();
        idp.is("001.Hex.1");
        idp.claim(|it| {
            it["email"] = "active@example.com".into();
            it["email_verified"] = true.into();
        });
        idp.give("apples-1");
        assert!(is_granted(&log_in(&gateway, &idp, "")));
        let whole = "id = 1 AND sns_type = 'apple' AND sns_uid = '001.Hex.1' AND apple_refresh_token = 'apples-1'";
        assert_eq!(count(&database, whole), 1);
    }
}

/// What the kit of a native application has.
fn brings(gateway: &Gateway, idp: &Idp, code: &str) -> Response {
    let body = json!({
        "id_token": idp.id_token("app", Some("abc")), "nonce": "abc", "code": code, "name": "홍 길동\n",
    });
    gateway.send(&Request::post("/apple/token").json(&body))
}

#[test]
fn a_native_application_brings_a_code_and_the_name_that_comes_once() {
    for database in Database::both() {
        one_table(&database);
        let idp = Idp::start();
        let gateway = before(&database, &idp).start();
        idp.is("001.Hex.1");
        idp.claim(|it| {
            it["email"] = "new@example.com".into();
            it["email_verified"] = true.into();
        });
        idp.give("apples-1");
        assert_eq!(brings(&gateway, &idp, &idp.native_code()).status, 200);
        let whole =
            "sns_uid = '001.Hex.1' AND name = '홍 길동' AND apple_refresh_token = 'apples-1'";
        assert_eq!(count(&database, whole), 1);
        let asked = idp.asked("/token");
        let form = String::from_utf8_lossy(&asked[0].body).into_owned();
        assert!(form.contains("&client_id=app&"), "{form}");
        assert!(!form.contains("redirect_uri"), "{form}");

        // A code that is no good is no reason to let nobody in.
        idp.give("apples-2");
        assert_eq!(brings(&gateway, &idp, "code-of-nobody").status, 200);
        assert_eq!(count(&database, whole), 1);
        idp.say("/token", 500, "");
        assert_eq!(brings(&gateway, &idp, &idp.native_code()).status, 503);
    }
}

#[test]
fn a_code_of_somebody_else_gives_nobody_their_token() {
    let database = Database::sqlite();
    one_table(&database);
    database.execute("UPDATE user SET sns_type = 'apple', sns_uid = 'mine' WHERE id = 3");
    let idp = Idp::start();
    let gateway = before(&database, &idp).start();
    idp.is("mine");
    let own = idp.id_token("app", None);
    idp.is("theirs");
    idp.give("apples-1");
    let body = json!({ "id_token": own, "code": idp.native_code() });
    let back = gateway.send(&Request::post("/apple/token").json(&body));
    assert_eq!(back.status, 200);
    assert_eq!(idp.asked("/token").len(), 1);
    assert_eq!(count(&database, "apple_refresh_token IS NULL"), 3);
}
