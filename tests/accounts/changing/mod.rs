//! What users change that is theirs: a password here, their own row there, and never anybody else's.

mod password;
mod profile;

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::harness::{Gateway, Request, Response, Setup, Upstream, database::Database};

const PASSWORD: &str = "correct horse battery";
const NEW: &str = "a better horse battery";

/// What is stored for the password.
static HASH: LazyLock<String> = LazyLock::new(|| bcrypt::hash(PASSWORD, 4).expect("a hash"));

const DIALECT: &str = r#"
login:
  request: { from: json, fields: { login: {}, password: {} }, invalid: refused }
  granted: { status: 200, body: { access: "{access_token}", refresh: "{refresh_token}" } }
  refused: { status: 401, body: wrong }
refresh:
  request: { from: json, fields: { token: {} }, invalid: refused }
  granted: { status: 200, body: { access: "{access_token}", refresh: "{refresh_token}" } }
  refused: { status: 401, body: wrong }
change_password:
  request:
    from: json
    fields: { current_password: { name: old }, password: { name: new }, password_again: { name: again, required: false }, user: { type: json, required: false } }
    invalid: fastapi
  done: { status: 200, body: { changed: "{user.id}" } }
  refused: { status: 403, body: refused }
  weak: { status: 422, body: { weak: "{reason}" } }
"#;

/// What hands out the tokens of a new session.
const HANDS_OUT: &str =
    r#"done: { status: 200, body: { access: "{access_token}", refresh: "{refresh_token}" } }"#;

const ACCOUNTS: &str = "
- { action: login, match: POST /login, dialect: shop }
- { action: refresh, match: POST /refresh, dialect: shop }
- { action: change_password, match: PUT /password, dialect: shop }";

/// A gateway whose members are in this database: `ann`, `bob`, and `sam`, who has no password.
struct Shop {
    database: Database,
    _upstream: Upstream,
}

impl Shop {
    fn in_database(database: Database) -> (Self, Setup) {
        for sql in [
            "CREATE TABLE member (id INTEGER PRIMARY KEY, login VARCHAR(50), password VARCHAR(200), mail VARCHAR(80))",
            &format!(
                "INSERT INTO member VALUES (1, 'ann', '{}', 'ann@example.com')",
                *HASH
            ),
            &format!(
                "INSERT INTO member VALUES (2, 'bob', '{}', 'bob@example.com')",
                *HASH
            ),
            "INSERT INTO member VALUES (3, 'sam', NULL, NULL)",
        ] {
            database.execute(sql);
        }
        let upstream = Upstream::start();
        let url = database.url();
        let users = format!(
            "
database: \"{url}\"
table: member
columns: {{ id: id, login: login, password: password }}
write: {{ actions: [password] }}"
        );
        let setup = Gateway::before(&upstream)
            .section("users", &users)
            .section(
                "state",
                &format!("{{ database: \"{url}\", migrate: on_start }}"),
            )
            .section("tokens", &tokens("jti: \"{token.id}\""))
            .section("dialects", "{ shop: shop.yaml }")
            .section("passwords", "{ new: { format: bcrypt, cost: 4 } }")
            .section("accounts", ACCOUNTS)
            .routes("[{ match: /**, access: required }]")
            .file("shop.yaml", DIALECT);
        let shop = Self {
            database,
            _upstream: upstream,
        };
        (shop, setup)
    }

    fn both() -> [(Self, Setup); 2] {
        Database::both().map(Self::in_database)
    }

    /// How many rows there are of which this holds.
    fn count(&self, condition: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM member WHERE {condition}");
        self.database.numbers(&sql).first().copied().unwrap_or(-1)
    }
}

/// Tokens with further claims.
fn tokens(claims: &str) -> String {
    let kind = |name: &str, secret: &str| {
        format!(
            "{name}: {{ algorithm: HS256, secret: \"${{{secret}}}\", lifetime: 30d, claims: {{ sub: \"{{user.id}}\", {claims} }} }}"
        )
    };
    let access = kind("access", "SECRET_KEY");
    let refresh = kind("refresh", "REFRESH_TOKEN_SECRET_KEY");
    format!("\n{access}\n{refresh}")
}

/// The tokens of an answer.
#[derive(Debug, Clone)]
struct Tokens {
    access: String,
    refresh: String,
}

impl Tokens {
    #[track_caller]
    fn of(answer: &Response) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        let answer = answer.json();
        let token = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Self {
            access: token("access"),
            refresh: token("refresh"),
        }
    }

    /// Whether the two of them are still good for anything.
    fn count(&self, gateway: &Gateway) -> (bool, bool) {
        let seen = gateway.send(&Request::get("/deals").token(&self.access));
        let body = json!({ "token": self.refresh });
        let renewed = gateway.send(&Request::post("/refresh").json(&body));
        assert_ne!(renewed.status, 503, "{renewed:?}");
        (seen.status == 200, renewed.status == 200)
    }
}

fn login(gateway: &Gateway, login: &str, password: &str) -> Response {
    let body = json!({ "login": login, "password": password });
    gateway.send(&Request::post("/login").json(&body))
}

#[track_caller]
fn signed_in(gateway: &Gateway, name: &str) -> Tokens {
    Tokens::of(&login(gateway, name, PASSWORD))
}

fn change(gateway: &Gateway, token: &str, body: &Value) -> Response {
    let request = Request::post("/password").method("PUT");
    gateway.send(&request.token(token).json(body))
}

fn from_to(old: &str, new: &str) -> Value {
    json!({ "old": old, "new": new })
}
