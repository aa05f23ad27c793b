//! Every field of every action with what it does not expect: each request is answered, by nobody's fault of ours; what is not
//! done leaves the rows as they were; nothing that was typed is logged; and whoever comes behind is served.

pub(super) mod values;

use std::{fmt::Write as _, sync::LazyLock, time::Duration};

use serde_json::{Value, json};
use sidegate::clock::Clock;
use values::{Hostile, MARK};

use crate::harness::{Gateway, Request, Response, Upstream, database::Database, wait_until};

const PASSWORD: &str = "correct horse battery";

static HASH: LazyLock<String> = LazyLock::new(|| bcrypt::hash(PASSWORD, 4).expect("a hash"));

/// `FROM` is `json` or `form`, and how a request that does not fit is answered goes with it.
const DIALECT: &str = r#"
login:
  request: { from: FROM, fields: { login: {}, password: {} }, invalid: INVALID }
  granted: { status: 200, body: { access: "{access_token}", refresh: "{refresh_token}" } }
  refused: { status: 401, body: wrong }
refresh:
  request: { from: FROM, fields: { token: {} }, invalid: INVALID }
  granted: { status: 200, body: { access: "{access_token}", refresh: "{refresh_token}" } }
  refused: { status: 401, body: wrong }
verify:
  request: { from: FROM, fields: { token: {} }, invalid: INVALID }
  valid: { status: 200, body: { valid: true } }
  invalid: { status: 401, body: { valid: false } }
sign_up:
  request:
    from: FROM
    fields:
      login: { type: email }
      password: {}
      password_again: { required: false }
      nickname: { required: false }
      age: { type: integer, required: false }
      born: { type: date, required: false }
      score: { type: number, required: false }
      agree: { type: boolean, required: false }
    invalid: INVALID
  created: { status: 201, body: { id: "{user.id}" } }
  pending: { status: 202, body: pending }
  conflict: { status: 409, body: conflict }
  too_early: { status: 409, body: early }
  weak_password: { status: 422, body: "{reason}" }
  invalid: { status: 400, body: invalid }
withdraw:
  request: { from: FROM, fields: { password: { required: false }, user: { required: false } }, invalid: refused }
  done: { status: 200, body: bye }
  refused: { status: 403, body: "no" }
change_password:
  request: { from: FROM, fields: { current_password: {}, password: {}, password_again: { required: false } }, invalid: INVALID }
  done: { status: 200, body: done }
  refused: { status: 403, body: "no" }
  weak: { status: 422, body: "{reason}" }
change_profile:
  request:
    from: FROM
    fields:
      nickname: { required: false }
      age: { type: integer, required: false }
      born: { type: date, required: false }
      score: { type: number, required: false }
      current_password: { required: false }
    invalid: INVALID
  changed: { status: 200, body: "{user}" }
  conflict: { status: 409, body: conflict }
  refused: { status: 403, body: "no" }
  weak_password: { status: 422, body: "{reason}" }
  invalid: { status: 400, body: invalid }
send_code:
  request: { from: FROM, fields: { login: {} }, invalid: INVALID }
  sent: { status: 200, body: sent }
verify_code:
  request: { from: FROM, fields: { login: {}, code: {} }, invalid: INVALID }
  verified: { status: 200, body: done }
  refused: { status: 400, body: wrong }
reset_request:
  request: { from: FROM, fields: { login: {} }, invalid: INVALID }
  sent: { status: 200, body: sent }
reset_password:
  request: { from: FROM, fields: { login: {}, code: {}, password: {} }, invalid: INVALID }
  done: { status: 200, body: done }
  refused: { status: 400, body: wrong }
  weak: { status: 422, body: "{reason}" }
"#;

/// An action, whether it is about whoever is signed in, and fields that fit it.
type Action = (&'static str, bool, &'static [(&'static str, &'static str)]);

/// The actions, whether they are about whoever is signed in, and fields that fit them. Nobody gets in or through by these
/// alone, but where `sign_up` and those about oneself do what they are asked.
const ACTIONS: [Action; 11] = [
    (
        "login",
        false,
        &[("login", "ann@example.com"), ("password", "wrong")],
    ),
    ("refresh", false, &[("token", "a.b.c")]),
    ("verify", false, &[("token", "a.b.c")]),
    (
        "sign_up",
        false,
        &[
            ("login", "new@example.com"),
            ("password", PASSWORD),
            ("password_again", PASSWORD),
            ("nickname", "newt"),
            ("age", "30"),
            ("born", "2000-01-31"),
            ("score", "1.5"),
            ("agree", "true"),
        ],
    ),
    ("send_code", false, &[("login", "nobody@example.com")]),
    (
        "verify_code",
        false,
        &[("login", "ann@example.com"), ("code", "AAAAAA")],
    ),
    ("reset_request", false, &[("login", "nobody@example.com")]),
    (
        "reset_password",
        false,
        &[
            ("login", "ann@example.com"),
            ("code", "AAAAAA"),
            ("password", "another horse"),
        ],
    ),
    (
        "change_password",
        true,
        &[
            ("current_password", PASSWORD),
            ("password", "another horse"),
            ("password_again", "another horse"),
        ],
    ),
    (
        "change_profile",
        true,
        &[
            ("nickname", "annie"),
            ("age", "30"),
            ("born", "2000-01-31"),
            ("score", "1.5"),
            ("current_password", PASSWORD),
        ],
    ),
    ("withdraw", true, &[("password", PASSWORD), ("user", "u-2")]),
];

/// A gateway whose members are `ann` and `bob`.
struct Swept {
    database: Database,
    gateway: Gateway,
    is_form: bool,
    _upstream: Upstream,
}

impl Swept {
    fn start(database: Database, is_form: bool) -> Self {
        database.execute(
            "CREATE TABLE member (id VARCHAR(36) PRIMARY KEY, login VARCHAR(80), password VARCHAR(200), nickname VARCHAR(40), \
             age INTEGER, born DATE, score DOUBLE, agreed BOOLEAN, is_active BOOLEAN, has_left BOOLEAN)",
        );
        let (from, invalid) = if is_form {
            ("form", "refused")
        } else {
            ("json", "fastapi")
        };
        let dialect = DIALECT.replace("FROM", from);
        // What has no refusal that says nothing else is answered as FastAPI answers.
        let dialect = dialect.replace(
            "INVALID",
            if is_form {
                "{ answer: { status: 400, body: unfit } }"
            } else {
                invalid
            },
        );
        let url = database.url();
        let users = format!(
            "
database: \"{url}\"
table: member
columns: {{ id: id, login: login, password: password }}
states: {{ left: {{ has_left: true }}, unproven: {{ is_active: false }} }}
show: {{ nickname: text, age: integer, born: date, score: number }}
write: {{ actions: [sign_up, verify, password, profile, withdraw] }}"
        );
        let mut accounts = String::new();
        for (action, ..) in ACTIONS {
            write!(
                accounts,
                "\n- {{ action: {action}, match: POST /{action}, dialect: swept, rate_limit: [] }}"
            )
            .expect("a text grows");
        }
        let upstream = Upstream::start();
        let gateway = Gateway::before(&upstream)
            .section("users", &users)
            .section("state", &format!("{{ database: \"{url}\", migrate: on_start }}"))
            .section("dialects", "{ swept: swept.yaml }")
            .section("passwords", "{ new: { format: bcrypt, cost: 4 } }")
            .section("sign_up", SIGN_UP)
            .section("withdrawal", "{ password: true, set: { has_left: { value: true } } }")
            .section("profile", PROFILE)
            .section("mail", "{ from: \"Shop <no-reply@shop.example>\", to: { directory: \"${RUNTIME_DIRECTORY}\" } }")
            .section("codes", CODES)
            .section("accounts", &accounts)
            .routes("[{ match: /**, access: required }]")
            .file("swept.yaml", &dialect)
            .start();
        let swept = Self {
            database,
            gateway,
            is_form,
            _upstream: upstream,
        };
        swept.seed();
        wait_until("its tables", || swept.login().status == 200);
        swept
    }

    fn seed(&self) {
        self.database.execute("DELETE FROM member");
        for (id, name) in [("u-1", "ann"), ("u-2", "bob")] {
            self.database.execute(&format!(
                "INSERT INTO member VALUES ('{id}', '{name}@example.com', '{}', '{name}', 7, '1999-12-31', 0.5, 1, 1, 0)",
                *HASH
            ));
        }
    }

    /// Whether the rows are as they were at first.
    fn is_untouched(&self) -> bool {
        let one_of_them = format!(
            "password = '{}' AND age = 7 AND born = '1999-12-31' AND score = 0.5 AND agreed = 1 AND is_active = 1 \
             AND has_left = 0 AND (id = 'u-1' AND login = 'ann@example.com' AND nickname = 'ann' \
             OR id = 'u-2' AND login = 'bob@example.com' AND nickname = 'bob')",
            *HASH
        );
        let sql = format!("SELECT SUM(CASE WHEN {one_of_them} THEN 1 ELSE 100 END) FROM member");
        self.database.numbers(&sql) == [2]
    }

    fn login(&self) -> Response {
        self.ask(
            "login",
            &self.body(
                &[("login", "ann@example.com"), ("password", PASSWORD)],
                None,
            ),
            None,
        )
    }

    fn token(&self) -> String {
        let answer = self.login();
        assert_eq!(
            answer.status, 200,
            "whoever comes behind is served: {answer:?}"
        );
        answer.json()["access"]
            .as_str()
            .expect("a token")
            .to_owned()
    }

    /// Fields as a body, one of them with something else.
    fn body(&self, fields: &[(&str, &str)], hostile: Option<(&str, &Hostile)>) -> String {
        let instead = |name: &str| {
            hostile
                .filter(|(field, _)| *field == name)
                .map(|(_, it)| it)
        };
        let pair = |(name, value): &(&str, &str)| {
            if self.is_form {
                let other = instead(name).and_then(|it| it.form.clone());
                let usual = || super::urlencoded(&[(name, value)]);
                other.map_or_else(usual, |other| format!("{name}={other}"))
            } else {
                let usual = || Value::from(*value).to_string();
                let value = instead(name).map_or_else(usual, |it| it.json.clone());
                format!("{}:{value}", Value::from(*name))
            }
        };
        let pairs: Vec<String> = fields.iter().map(pair).collect();
        if self.is_form {
            pairs.join("&")
        } else {
            format!("{{{}}}", pairs.join(","))
        }
    }

    fn ask(&self, action: &str, body: &str, token: Option<&str>) -> Response {
        let kind = if self.is_form {
            "application/x-www-form-urlencoded"
        } else {
            "application/json"
        };
        let request = Request::post(&format!("/{action}"))
            .header("Content-Type", kind)
            .body(body);
        let request = match token {
            Some(token) => request.token(token),
            None => request,
        };
        self.gateway.send(&request)
    }

    /// One action, each of its fields, each value.
    fn sweep(&self, (action, is_own, fields): Action) {
        let mut token = is_own.then(|| self.token());
        for (field, _) in fields {
            for hostile in values::all()
                .iter()
                .filter(|it| !self.is_form || it.form.is_some())
            {
                let body = self.body(fields, Some((field, hostile)));
                let began = Clock.instant();
                let answer = self.ask(action, &body, token.as_deref());
                let told = || {
                    format!(
                        "{action} {field} {:.60}: {} {:.200}",
                        hostile.json,
                        answer.status,
                        answer.text()
                    )
                };
                assert!(
                    (200..500).contains(&answer.status) && answer.whole,
                    "{}",
                    told()
                );
                assert!(
                    Clock.instant().duration_since(began) < Duration::from_secs(20),
                    "{}",
                    told()
                );
                assert!(!answer.text().contains("$2b$"), "{}", told());
                let is_done = answer.status < 300;
                let is_untouched = self.is_untouched();
                assert!(is_done || is_untouched, "{}", told());
                assert!(
                    !is_done
                        || !matches!(
                            action,
                            "login" | "refresh" | "verify" | "verify_code" | "reset_password"
                        ),
                    "{}",
                    told()
                );
                if !is_untouched {
                    self.seed();
                    token = is_own.then(|| self.token());
                }
            }
        }
        self.token();
    }
}

const SIGN_UP: &str = "
id: uuid
columns:
  is_active: { value: true }
  has_left: { value: false }
  nickname: { field: nickname }
  age: { field: age }
  born: { field: born }
  score: { field: score }
  agreed: { field: agree }";

const PROFILE: &str = "
columns:
  nickname: { field: nickname }
  age: { field: age }
  born: { field: born }
  score: { field: score }";

const CODES: &str = "
secret: \"${SECRET_KEY}${SECRET_KEY}\"
verify: { state: unproven, sets: { is_active: true }, resend_after: 0s, per_day: 100 }
reset: { resend_after: 0s, per_day: 100 }";

fn swept(database: Database, is_form: bool) {
    let swept = Swept::start(database, is_form);
    for action in ACTIONS {
        swept.sweep(action);
    }
    let said = swept.gateway.said();
    let told = said.lines().find(|line| line.contains(MARK));
    assert_eq!(told, None, "what was typed is logged");
    assert!(
        !said.contains("panicked") && !said.contains("\"code\":\"internal\""),
        "{said}"
    );
}

#[test]
fn no_value_in_any_field_of_json_breaks_anything() {
    for database in Database::both() {
        swept(database, false);
    }
}

#[test]
fn no_value_in_any_field_of_a_form_breaks_anything() {
    swept(Database::sqlite(), true);
}

#[test]
fn a_body_that_is_none_breaks_nothing() {
    let swept = Swept::start(Database::sqlite(), false);
    for (action, is_own, _) in ACTIONS {
        let token = is_own.then(|| swept.token());
        for body in [
            "",
            "{",
            "[]",
            "7",
            "null",
            "\"h0st1le\"",
            "{\"login\":1,\"login\":2}",
            "\u{feff}{}",
            "\0",
        ] {
            let answer = swept.ask(action, body, token.as_deref());
            assert!(
                (200..500).contains(&answer.status),
                "{action} {body:?}: {answer:?}"
            );
        }
        let large = json!({ "login": "x".repeat(3 << 20) }).to_string();
        assert_eq!(
            swept.ask(action, &large, token.as_deref()).status,
            413,
            "{action}"
        );
        assert!(swept.is_untouched(), "{action}");
    }
}
