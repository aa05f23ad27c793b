//! The recorded shapes of the four providers.

use serde_json::{Value, json};

use super::{Browser, Idp, code_of, is_granted, setup};
use crate::harness::{Gateway, Request, keys::SigningKey};

/// Naver and Kakao as they are, at the addresses of a provider of the tests.
fn at(idp: &Idp, keys: &str) -> String {
    let url = idp.server.url();
    format!(
        "client_id: web, client_secret: \"the secret\", authorization_endpoint: \"{url}/authorize\", \
         token_endpoint: \"{url}/token\", user_info: \"{url}/me\"{keys}"
    )
}

fn comes_back(gateway: &Gateway, idp: &Idp, name: &str) -> crate::harness::Response {
    let browser = Browser::leaves(gateway, &format!("/{name}/start"));
    let query = format!(
        "code={}&state={}",
        idp.consent(&browser),
        browser.parameter("state")
    );
    browser.returns(gateway, &format!("/{name}/callback"), &query)
}

#[test]
fn naver_says_failure_with_200() {
    let idp = Idp::start();
    idp.without_id_token();
    let setup = setup(&[("naver", &at(&idp, ""))]);
    setup
        .users()
        .execute("UPDATE user SET sns_type = 'naver', sns_uid = 'aB-_9' WHERE id = 1");
    let gateway = setup.start();
    let said = |code: &str, id: Value| {
        json!({"resultcode": code, "message": "…", "response": {"id": id, "email": "active@example.com"}})
            .to_string()
    };
    idp.say("/me", 200, &said("00", json!("aB-_9")));
    assert!(is_granted(&comes_back(&gateway, &idp, "naver")));
    let asked = idp.asked("/token");
    let form = String::from_utf8_lossy(&asked[0].body).into_owned();
    assert!(form.contains("&state="), "Naver wants it: {form}");
    // A number as a text, and letters that are no letters of tokens elsewhere.
    let tokens = r#"{"access_token":"AAAAQosjWDJieBiQZc3to9YQp6HDLvrmyKC+6+iZ3gq7qrkqf50ljZC+Lgoqrg","refresh_token":"c8ceMEJisO4Se7uGisHoX0f5JEii7JnipglQipkOn5Zp3tyP7dHQoP0zNKHUq2gY","token_type":"bearer","expires_in":"3600"}"#;
    idp.say("/token", 200, tokens);
    let whole = r#"{"resultcode":"00","message":"success","response":{"id":"aB-_9","nickname":"OpenAPI","profile_image":"https:\/\/ssl.pstatic.net\/static\/pwe\/address\/nodata_33x33.gif","age":"40-49","gender":"F","email":"openapi@naver.com","mobile":"010-0000-0000","mobile_e164":"+821000000000","name":"\ud64d\uae38\ub3d9","birthday":"10-01","birthyear":"1900"}}"#;
    idp.say("/me", 200, whole);
    assert!(is_granted(&comes_back(&gateway, &idp, "naver")));
    let asked = idp.asked("/me");
    let bearer = asked
        .last()
        .expect("a question")
        .values("authorization")
        .concat();
    assert!(bearer.contains("KC+6+iZ3"), "as it is: {bearer}");
    idp.say("/me", 200, &said("024", json!("aB-_9")));
    let failed = comes_back(&gateway, &idp, "naver");
    assert_eq!(code_of(&failed), "provider_failed");
    idp.say("/me", 200, &said("00", Value::Null));
    assert_eq!(
        code_of(&comes_back(&gateway, &idp, "naver")),
        "provider_failed"
    );
    idp.say("/me", 200, &said("00", json!("ab-_9")));
    let other = comes_back(&gateway, &idp, "naver");
    assert_eq!(
        other.header("location"),
        Some("/login?error=unknown_member")
    );
    let used = r#"{"error":"invalid_request","error_description":"no valid data in session"}"#;
    idp.say("/token", 200, used);
    let used = comes_back(&gateway, &idp, "naver");
    assert_eq!(used.header("location"), Some("/login?error=code_refused"));
}

#[test]
fn kakao_numbers_keep_every_digit() {
    let idp = Idp::start();
    let url = idp.server.url();
    let keys = format!(
        ", issuers: [\"{url}\"], jwks_url: \"{url}/keys\", algorithms: [ES256], link_as: KAKAO, link_by_email: verified"
    );
    let setup = setup(&[("kakao", &at(&idp, &keys))]);
    setup
        .users()
        .execute("UPDATE user SET sns_type = 'KAKAO', sns_uid = '9007199254740993' WHERE id = 1");
    let gateway = setup.start();
    let account = |id: u64, verified: bool| {
        json!({"id": id, "kakao_account": {
            "profile": {"nickname": "홍길동"}, "email": "active@example.com",
            "is_email_valid": true, "is_email_verified": verified,
        }})
        .to_string()
    };
    idp.is("9007199254740993");
    idp.say("/me", 200, &account(9_007_199_254_740_993, false));
    assert!(is_granted(&comes_back(&gateway, &idp, "kakao")));
    let browser = Browser::leaves(&gateway, "/kakao/start");
    assert_eq!(
        browser.parameter("scope"),
        "openid,account_email,profile_nickname"
    );

    // One digit less, as a reader of floating numbers has it, is somebody else.
    idp.is("9007199254740992");
    idp.say("/me", 200, &account(9_007_199_254_740_992, false));
    let other = comes_back(&gateway, &idp, "kakao");
    assert_eq!(
        other.header("location"),
        Some("/login?error=unknown_member")
    );
    idp.say("/me", 200, &account(9_007_199_254_740_992, true));
    assert!(
        is_granted(&comes_back(&gateway, &idp, "kakao")),
        "by the verified address"
    );
    idp.say("/me", 200, &account(9_007_199_254_740_993, true));
    let mixed = comes_back(&gateway, &idp, "kakao");
    assert_eq!(
        code_of(&mixed),
        "provider_failed",
        "the ID token is of another user"
    );
}

#[test]
fn apple_comes_back_with_a_form_and_takes_a_signed_secret() {
    let idp = Idp::start();
    let url = idp.server.url();
    let key = SigningKey::new("ES256", "KEY1234567");
    let yaml = format!(
        "client_id: web, client_key: {{ team: TEAM123456, id: KEY1234567, private_key: \"file:apple.pem\" }}, \
         issuers: [\"{url}\"], authorization_endpoint: \"{url}/authorize\", token_endpoint: \"{url}/token\", \
         jwks_url: \"{url}/keys\", algorithms: [ES256]"
    );
    let setup = setup(&[("apple", &yaml)]).file("apple.pem", &key.private_pem());
    setup
        .users()
        .execute("UPDATE user SET sns_type = 'apple' WHERE id = 1");
    let gateway = setup.start();
    let sent = gateway.get("/apple/start");
    let cookie = sent.header("set-cookie").expect("a cookie").to_owned();
    assert!(
        cookie.ends_with("; Secure; HttpOnly; SameSite=None"),
        "{cookie}"
    );
    let browser = Browser::leaves(&gateway, "/apple/start");
    assert_eq!(browser.parameter("response_mode"), "form_post");
    assert_eq!(browser.parameter("scope"), "name email");
    let user = "%7B%22name%22%3A%7B%22firstName%22%3A%22G%22%7D%2C%22email%22%3A%22banned%40example.com%22%7D";
    let form = format!(
        "code={}&state={}&user={user}&id_token=ignored",
        idp.consent(&browser),
        browser.parameter("state")
    );
    let request = Request::post("/apple/callback")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Cookie", &browser.cookie)
        .header("Origin", "https://appleid.apple.com")
        .header("Sec-Fetch-Site", "cross-site")
        .body(form);
    let back = gateway.send(&request);
    assert!(is_granted(&back), "{} {}", back.status, back.text());
    let asked = idp.asked("/token");
    let body = String::from_utf8_lossy(&asked[0].body).into_owned();
    let secret = body.split("client_secret=").nth(1).expect("a secret");
    assert!(secret.starts_with("eyJ"), "{secret}");
    assert_eq!(
        gateway.get("/apple/callback").status,
        401,
        "no query comes back here"
    );
}

#[test]
fn google_has_two_spellings_of_its_name() {
    let idp = Idp::start();
    let url = idp.server.url();
    let keys = format!(
        "client_id: web, client_secret: \"the secret\", authorization_endpoint: \"{url}/authorize\", \
         token_endpoint: \"{url}/token\", jwks_url: \"{url}/keys\", algorithms: [ES256]"
    );
    let setup = setup(&[("google", &keys)]);
    setup
        .users()
        .execute("UPDATE user SET sns_type = 'google' WHERE id = 1");
    let gateway = setup.start();
    let spellings: [fn(&mut Value); 3] = [
        |it| it["iss"] = "https://accounts.google.com".into(),
        |it| it["iss"] = "accounts.google.com".into(),
        |it| it["iss"] = "https://accounts.google.com.evil.example".into(),
    ];
    let granted = spellings.map(|spelling| {
        idp.claim(spelling);
        is_granted(&comes_back(&gateway, &idp, "google"))
    });
    assert_eq!(granted, [true, true, false]);
}
