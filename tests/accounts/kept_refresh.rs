//! Refresh tokens that never leave the server: one for each user, in a column of the monolith's own.

use serde_json::json;

use super::login;
use crate::harness::{
    Gateway, Request, Response, Setup, Upstream,
    token::{self, ACCESS_SECRET, REFRESH_SECRET},
    users::PASSWORD,
};

const DIALECT: &str = r#"
login:
  request: { from: query, fields: { login: { name: email }, password: {} }, invalid: refused }
  granted: { status: 200, body: { name: "{user.id}" } }
  refused: { status: 401, body: wrong }
"#;

const ACCOUNTS: &str = "
- { action: login, match: POST /login/access-token, dialect: mine, cookies: [access] }
- { action: logout, match: GET /logout, cookies: [access], token_from: cookie }";

const ROUTES: &str = r#"
- { match: "/page/**", access: required, token_from: { cookie: access_token, renewed_by: kept_refresh_token } }
- { match: "/**", access: required, token_from: { cookie: access_token } }"#;

fn gateway() -> Gateway {
    let tokens = format!(
        "
access: {{ algorithm: HS256, secret: \"{ACCESS_SECRET}\", lifetime: 15m, claims: {{ sub: \"{{user.id}}\" }} }}
refresh: {{ algorithm: HS256, secret: \"{REFRESH_SECRET}\", lifetime: 60d, claims: {{ sub: \"{{user.id}}\" }}, kept_in: {{ column: refresh_token }} }}"
    );
    let setup: Setup = Gateway::before(&Upstream::start())
        .section("tokens", &tokens)
        .section(
            "cookies",
            "{ access: { name: access_token, clear_text: acknowledged } }",
        )
        .section("dialects", "{ mine: mine.yaml }")
        .section("accounts", ACCOUNTS)
        .file("mine.yaml", DIALECT)
        .routes(ROUTES);
    setup
        .users()
        .execute("ALTER TABLE user ADD COLUMN refresh_token TEXT");
    setup.writing("[refresh_token]").start()
}

fn page(gateway: &Gateway, path: &str, token: &str) -> Response {
    let request = Request::get(path).header("Sec-Fetch-Site", "same-origin");
    gateway.send(&request.header("Cookie", &format!("access_token={token}")))
}

/// The token that an answer sets.
fn set(response: &Response) -> Option<String> {
    let fields = response.values("set-cookie");
    let field = fields
        .iter()
        .find_map(|field| field.strip_prefix("access_token="))?;
    let (token, _) = field.split_once(';')?;
    (!token.is_empty()).then(|| token.to_owned())
}

fn column(gateway: &Gateway) -> Option<String> {
    gateway
        .setup()
        .users()
        .text("SELECT refresh_token FROM user WHERE id = 1")
}

#[test]
fn a_login_overwrites_it_a_logout_takes_it_away_and_no_answer_has_it() {
    let gateway = gateway();
    let granted = gateway.send(&login("active@example.com", PASSWORD));
    assert_eq!(granted.status, 200, "{granted:?}");
    let access = set(&granted).expect("a cookie");
    let first = column(&gateway).expect("a refresh token");
    assert!(
        !granted.text().contains(&first) && !granted.values("set-cookie").concat().contains(&first)
    );
    assert_eq!(page(&gateway, "/page/a", &access).status, 200);
    let left = page(&gateway, "/logout", &token::expired("1"));
    assert_eq!(left.status, 200, "{left:?}");
    assert_eq!(column(&gateway), None);
    assert!(left.values("set-cookie").concat().contains("Max-Age=0"));
    assert_eq!(page(&gateway, "/page/b", &token::expired("1")).status, 401);
}

#[test]
fn an_expired_token_is_renewed_as_long_as_the_kept_one_holds() {
    let gateway = gateway();
    let users = gateway.setup().users();
    let expired = token::expired("1");
    assert_eq!(
        page(&gateway, "/page/a", &expired).status,
        401,
        "nobody has logged in"
    );
    gateway.send(&login("active@example.com", PASSWORD));
    let renewed = page(&gateway, "/page/b", &expired);
    assert_eq!(renewed.status, 200, "{renewed:?}");
    let token = set(&renewed).expect("a new token");
    assert_ne!(token, expired);
    assert_eq!(page(&gateway, "/deals", &token).status, 200);
    assert_eq!(
        page(&gateway, "/deals", &expired).status,
        401,
        "the route does not renew"
    );
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let mut claims = token::claims("1");
    claims["exp"] = (token::now() - 10_000).into();
    let signed_by = |secret: &str, claims| token::with_header(&header, claims, secret);
    let forged = signed_by("another-secret-of-nobody-0123456789abc", &claims);
    assert_eq!(page(&gateway, "/page/c", &forged).status, 401);
    for (kept, why) in [
        (signed_by(REFRESH_SECRET, &claims), "it has expired"),
        (
            signed_by(REFRESH_SECRET, &token::claims("2")),
            "it is another user's",
        ),
        ("nonsense".to_owned(), "it is none"),
    ] {
        users.execute(&format!(
            "UPDATE user SET refresh_token = '{kept}' WHERE id = 1"
        ));
        let answer = page(
            &gateway,
            "/page/d",
            &token::signed(&{
                let mut claims = claims.clone();
                claims["jti"] = why.into();
                claims
            }),
        );
        assert_eq!(answer.status, 401, "{why}");
    }
}
