//! New members, linked ones, and those whom a provider has lost.

use serde_json::{Value, json};

use super::{Browser, Idp, code_of, is_granted, log_in, setup};
use crate::harness::{Gateway, Request, Response, Setup, token, users::PASSWORD};

const WRITE: &str = "
database: ${DATABASE_URL}
table: user
columns: { id: id, login: email, password: hashed_password }
states:
  banned: { is_restricted: true }
  withdrawn: { is_active: false }
write: { actions: [sign_up, link] }";

/// A gateway that may write, with further account routes and keys of `social`.
fn writing(idp: &Idp, accounts: &str, social: &str) -> Setup {
    let more = ", notice_secret: 0123456789abcdef0123";
    let setup = setup(&[("idp", &idp.yaml(more))]).section("users", WRITE);
    setup
        .extended("accounts", accounts)
        .extended("social", social)
}

const NEW: &str = "
new_users: { columns: { name: \"{name}\", is_active: true, created_time: \"{now}\", user_type: \"sns {provider}\" } }";

pub(super) const LINKING: &str = "
- { action: social_link, match: POST /idp/link, provider: idp }
- { action: social_unlink, match: POST /idp/unlink, provider: idp }
- { action: social_notice, match: \"GET,POST /idp/notice\", provider: idp }
- { action: login, match: POST /auth/token/pair, dialect: pair }";

fn new_claims(claims: &mut Value) {
    claims["email"] = "new@example.com".into();
    claims["email_verified"] = true.into();
    claims["name"] = "새 사람 🦀'; DROP TABLE user; --".into();
}

/// What becomes of the claims of an ID token.
type Claims = fn(&mut Value);

/// How many rows there are with this condition.
fn rows(gateway: &Gateway, condition: &str) -> i64 {
    gateway.setup().users().count(condition)
}

#[test]
fn somebody_new_becomes_a_member_once() {
    let idp = Idp::start();
    let gateway = writing(&idp, "", NEW).start();
    idp.is("somebody-new");
    idp.claim(new_claims);
    for _ in 0..2 {
        assert!(is_granted(&log_in(&gateway, &idp)));
    }
    let whole = "sns_type = 'idp' AND sns_uid = 'somebody-new' AND email = 'new@example.com' AND is_active \
                 AND user_type = 'sns idp' AND hashed_password IS NULL AND length(created_time) = 19 \
                 AND name = '새 사람 🦀''; DROP TABLE user; --'";
    assert_eq!(rows(&gateway, whole), 1);
    assert_eq!(rows(&gateway, "1"), 5);
}

#[test]
fn nobody_becomes_a_member_with_an_address_of_somebody_else() {
    let idp = Idp::start();
    let gateway = writing(&idp, "", NEW).start();
    idp.is("somebody-new");
    let cases: [(&str, Claims); 3] = [
        ("no_email", |it| it["name"] = "N".into()),
        ("no_email", |it| it["email"] = "x@example.com".into()),
        ("blocked", |it| {
            it["email"] = "banned@example.com".into();
            it["email_verified"] = true.into();
        }),
    ];
    for (why, claims) in cases {
        idp.claim(claims);
        let refused = log_in(&gateway, &idp);
        let place = format!("/login?error={why}");
        assert_eq!(refused.header("location"), Some(place.as_str()));
    }
    assert_eq!(rows(&gateway, "1"), 4, "no row is left");

    let yaml = idp.yaml("").replace(", link_by_email: verified", "");
    let setup = super::setup(&[("idp", &yaml)]).section("users", WRITE);
    let gateway = setup.extended("social", NEW).start();
    idp.claim(|it| {
        // The column compares without regard to case.
        it["email"] = "ACTIVE@example.com".into();
        it["email_verified"] = true.into();
    });
    let refused = log_in(&gateway, &idp);
    assert_eq!(refused.header("location"), Some("/login?error=conflict"));
    assert_eq!(rows(&gateway, "1"), 4, "no row is left");
}

#[test]
fn windows_that_race_make_one_member() {
    let idp = Idp::start();
    let gateway = writing(&idp, "", NEW).start();
    idp.is("somebody-new");
    idp.claim(new_claims);
    let browsers: Vec<Browser> = (0..4)
        .map(|_| Browser::leaves(&gateway, "/idp/start"))
        .collect();
    let codes: Vec<String> = browsers
        .iter()
        .map(|browser| idp.consent(browser))
        .collect();
    std::thread::scope(|scope| {
        for (browser, code) in browsers.iter().zip(&codes) {
            let gateway = &gateway;
            scope.spawn(move || {
                let back = browser.brings(gateway, code);
                assert!(is_granted(&back), "{:?}", back.headers);
            });
        }
    });
    assert_eq!(rows(&gateway, "sns_uid = 'somebody-new'"), 1);
}

/// Begins to link, and comes back.
pub(super) fn link(gateway: &Gateway, idp: &Idp, member: i64) -> Response {
    let request = Request::post("/idp/link?return_to=/settings");
    let begun = gateway.send(&request.token(&token::access(member.to_string())));
    assert_eq!(begun.status, 200, "{}", begun.text());
    let cookie = begun.header("set-cookie").expect("a cookie");
    let browser = Browser {
        place: begun.json()["location"]
            .as_str()
            .expect("a place")
            .to_owned(),
        cookie: cookie.split(';').next().expect("a pair").to_owned(),
    };
    let code = idp.consent(&browser);
    browser.brings(gateway, &code)
}

#[test]
fn a_member_links_an_account_and_takes_it_off() {
    let idp = Idp::start();
    let gateway = writing(&idp, LINKING, "").start();
    gateway
        .setup()
        .users()
        .execute("UPDATE user SET sns_type = NULL, sns_uid = NULL WHERE id = 1");
    idp.is("mine");
    assert!(!is_granted(&log_in(&gateway, &idp)));
    let linked = link(&gateway, &idp, 1);
    assert_eq!(linked.header("location"), Some("/settings"));
    assert!(!is_granted(&linked), "who links is signed in already");
    assert!(is_granted(&log_in(&gateway, &idp)));
    assert_eq!(
        link(&gateway, &idp, 1).header("location"),
        Some("/settings"),
        "again"
    );
    let other = link(&gateway, &idp, 4);
    assert_eq!(
        other.header("location"),
        Some("/login?error=linked_elsewhere")
    );
    idp.is("second");
    let second = link(&gateway, &idp, 1);
    assert_eq!(
        second.header("location"),
        Some("/login?error=already_linked")
    );

    for path in ["/idp/link", "/idp/unlink"] {
        assert_eq!(gateway.send(&Request::post(path)).status, 401);
        let blocked = Request::post(path).token(&token::access("2"));
        assert_eq!(gateway.send(&blocked).status, 401);
    }
    let unlink = |id: &str| gateway.send(&Request::post("/idp/unlink").token(&token::access(id)));
    assert_eq!(unlink("1").json(), json!({"unlinked": true}));
    assert_eq!(unlink("1").json(), json!({"unlinked": false}));
    idp.is("mine");
    assert!(!is_granted(&log_in(&gateway, &idp)));
    gateway
        .setup()
        .users()
        .execute("UPDATE user SET sns_type = 'idp', sns_uid = 'four' WHERE id = 4");
    assert_eq!(unlink("4").status, 409, "there is no password");
    assert_eq!(rows(&gateway, "sns_uid = 'four'"), 1);
    let pair = json!({"email": "active@example.com", "password": PASSWORD});
    assert_eq!(
        gateway
            .send(&Request::post("/auth/token/pair").json(&pair))
            .status,
        200
    );
}

#[test]
fn who_has_left_a_provider_is_unlinked() {
    let idp = Idp::start();
    let gateway = writing(&idp, LINKING, "").start();
    let told = |query: &str, authorization: &str| {
        let request = Request::get(&format!("/idp/notice?{query}"));
        gateway
            .send(&request.header("Authorization", authorization))
            .status
    };
    let key = "KakaoAK 0123456789abcdef0123";
    let query = "app_id=1&user_id=Subject-1&referrer_type=UNLINK_FROM_APPS";
    assert_eq!(told(query, "KakaoAK 0123456789abcdef0124"), 401);
    assert_eq!(told(query, "Bearer 0123456789abcdef0123"), 401);
    assert_eq!(gateway.get(&format!("/idp/notice?{query}")).status, 401);
    assert_eq!(
        told("user_id=nobody", key),
        200,
        "nobody is answered the same"
    );
    assert_eq!(told("", key), 200);
    assert_eq!(rows(&gateway, "sns_uid = 'Subject-1'"), 1);
    assert_eq!(told(query, key), 200);
    assert_eq!(
        rows(
            &gateway,
            "sns_uid = 'Subject-1' OR sns_type IS NULL AND id = 1"
        ),
        1
    );
    assert_eq!(rows(&gateway, "sns_uid = 'Subject-1'"), 0);

    let signed = |kind: &str, audience: &str| {
        let events = format!(r#"{{"type":"{kind}","sub":"subject-2","event_time":1}}"#);
        let payload = idp.message(audience, &events);
        let request = Request::post("/idp/notice").json(&json!({"payload": payload}));
        gateway.send(&request)
    };
    assert_eq!(signed("email-disabled", "web").status, 200);
    assert_eq!(signed("account-delete", "another").status, 401);
    assert_eq!(rows(&gateway, "sns_uid = 'subject-2'"), 1);
    assert_eq!(signed("account-delete", "web").status, 200);
    assert_eq!(rows(&gateway, "sns_uid = 'subject-2'"), 0);
    let forged = Request::post("/idp/notice").json(&json!({"payload": "a.b.c"}));
    assert_eq!(gateway.send(&forged).status, 401);
    let idp_away = Idp::start();
    let gateway = writing(&idp_away, LINKING, "").start();
    idp_away.server.kill();
    let payload = json!({"payload": "a.b.c"});
    let away = gateway.send(&Request::post("/idp/notice").json(&payload));
    assert_eq!(code_of(&away), "provider_unavailable", "it will tell again");
}
