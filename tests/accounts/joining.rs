//! Who joins and who leaves, in tables as the Flask member system has them: three, joined by a UUID, without a unique index.

use std::thread;

use serde_json::{Value, json};

use crate::harness::{Gateway, Request, Response, Setup, Upstream, database::Database};

const PASSWORD: &str = "correct horse battery";

const DIALECT: &str = r#"
login:
  request: { from: json, fields: { login: {}, password: {} }, invalid: refused }
  granted: { status: 200, body: { access: "{access_token}", refresh: "{refresh_token}" } }
  refused: { status: 401, body: wrong }
  states: { left: { status: 403, body: left }, unproven: { status: 403, body: unproven } }
sign_up:
  request:
    from: json
    fields:
      login: { max: 50, trim: both }
      password: {}
      password_again: { required: false }
      nickname: { required: false }
      age: { type: integer, required: false }
      agree: { type: boolean, required: false }
    invalid: fastapi
  created: { status: 201, body: { user_id: "{login}", no: "{user.id}", user: "{user}" } }
  pending: { status: 202, body: pending }
  conflict: { status: 409, body: conflict }
  too_early: { status: 409, body: too early }
  weak_password: { status: 422, body: { weak: "{reason}" } }
  invalid: { status: 400, body: invalid }
withdraw:
  request: { from: json, fields: { password: { required: false }, user: { required: false } }, invalid: refused }
  done: { status: 200, body: bye }
  refused: { status: 403, body: "no" }
"#;

const ACCOUNTS: &str = "
- { action: login, match: POST /login, dialect: members }
- { action: sign_up, match: POST /register, dialect: members }
- { action: withdraw, match: POST /withdraw, dialect: members }";

const SIGN_UP: &str = "
id: uuid
columns:
  is_active: { value: true }
  joined: { generated: now }
  profile.nickname: { field: nickname }
  profile.age: { field: age }
  profile.agreed: { field: agree }
unique: [profile.nickname]
consents: { agree: required }
unverified: unproven
rejoin: { state: left, column: quit_at, after: 7d }";

const WITHDRAWAL: &str = "{ set: { is_active: { value: false }, quit_at: { generated: now } } }";

/// A gateway whose members are in this database, with one member who was there before.
struct Members {
    database: Database,
    _upstream: Upstream,
}

impl Members {
    fn in_database(database: Database) -> (Self, Setup) {
        for sql in [
            "CREATE TABLE member (user_no VARCHAR(36) PRIMARY KEY, user_id VARCHAR(50), is_active BOOLEAN, joined DATETIME, quit_at DATETIME)",
            "CREATE TABLE profile (user_no VARCHAR(36), nickname VARCHAR(20), age INTEGER, agreed BOOLEAN, CHECK (age > 0))",
            "CREATE TABLE password (user_no VARCHAR(36), password VARCHAR(200))",
            "INSERT INTO member VALUES ('old', 'old', 1, NULL, NULL)",
            "INSERT INTO profile VALUES ('old', 'elder', 80, 1)",
            "INSERT INTO password VALUES ('old', '$2b$04$AAAAAAAAAAAAAAAAAAAAAOzjhyvkb6qJd3u9VVOyBmVfYFp1Gq8uu')",
        ] {
            database.execute(sql);
        }
        let upstream = Upstream::start();
        let url = database.url();
        let users = format!(
            "
database: \"{url}\"
table: member
join:
  - {{ table: password, on: {{ user_no: user_no }} }}
  - {{ table: profile, as: profile, on: {{ user_no: user_no }}, optional: true }}
columns: {{ id: user_no, login: user_id, password: password.password }}
states: {{ unproven: {{ is_active: false, quit_at: null }}, left: {{ is_active: false }} }}
show: {{ user_id: text, profile.nickname: text, profile.age: integer }}
write: {{ actions: [sign_up, withdraw] }}"
        );
        let setup = Gateway::before(&upstream)
            .section("users", &users)
            .section(
                "state",
                &format!("{{ database: \"{url}\", migrate: on_start }}"),
            )
            .section("dialects", "{ members: members.yaml }")
            .section("passwords", "{ new: { format: bcrypt, cost: 4 } }")
            .section("sign_up", SIGN_UP)
            .section("withdrawal", WITHDRAWAL)
            .section("accounts", ACCOUNTS)
            .routes("[{ match: /**, access: required }]")
            .file("members.yaml", DIALECT);
        let members = Self {
            database,
            _upstream: upstream,
        };
        (members, setup)
    }

    fn both() -> [(Self, Setup); 2] {
        Database::both().map(Self::in_database)
    }

    fn count(&self) -> [i64; 3] {
        ["member", "profile", "password"].map(|table| {
            let count = self
                .database
                .numbers(&format!("SELECT COUNT(*) FROM {table}"));
            count.first().copied().unwrap_or_default()
        })
    }
}

fn ann() -> Value {
    json!({ "login": "ann", "password": PASSWORD, "nickname": "annie 🦀", "age": 30, "agree": true })
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

fn post(gateway: &Gateway, path: &str, body: &Value) -> Response {
    gateway.send(&Request::post(path).json(body))
}

fn register(gateway: &Gateway, body: &Value) -> (u16, Value) {
    let answer = post(gateway, "/register", body);
    (answer.status, answer.json())
}

fn login(gateway: &Gateway, login: &str) -> Response {
    post(
        gateway,
        "/login",
        &json!({ "login": login, "password": PASSWORD }),
    )
}

fn access(gateway: &Gateway, name: &str) -> String {
    let granted = login(gateway, name);
    assert_eq!(granted.status, 200, "{granted:?}");
    granted.json()["access"]
        .as_str()
        .expect("a token")
        .to_owned()
}

fn leave(gateway: &Gateway, token: &str, body: &Value) -> u16 {
    let request = Request::post("/withdraw").token(token).json(body);
    let answer = gateway.send(&request);
    assert_ne!(answer.status, 503, "{}", answer.text());
    answer.status
}

#[test]
fn from_sign_up_to_the_first_login_and_out_again() {
    for (members, setup) in Members::both() {
        let gateway = setup.start();
        let (status, created) = register(&gateway, &ann());
        assert_eq!(status, 201, "{created}");
        let id = created["no"].as_str().expect("an id");
        assert_eq!(id.len(), 36);
        assert_eq!(created["user_id"], "ann");
        let user = json!({ "user_id": "ann", "nickname": "annie 🦀", "age": 30 });
        assert_eq!(created["user"], user);
        let token = access(&gateway, "ann");
        let seen = gateway.send(&Request::get("/deals").token(&token));
        assert_eq!(seen.status, 200);
        assert_eq!(
            leave(&gateway, &token, &json!({ "password": "wrong" })),
            403
        );
        assert_eq!(leave(&gateway, &token, &json!({})), 403);
        let other = json!({ "password": PASSWORD, "user": "old" });
        assert_eq!(
            leave(&gateway, &token, &other),
            403,
            "nobody deletes another"
        );
        let own = json!({ "password": PASSWORD, "user": id });
        assert_eq!(leave(&gateway, "not.a.token", &own), 401);
        assert_eq!(leave(&gateway, &token, &own), 200);
        let seen = gateway.send(&Request::get("/deals").token(&token));
        assert_eq!(seen.status, 401, "every token is dead");
        assert_eq!(leave(&gateway, &token, &own), 401);
        assert_eq!(login(&gateway, "ann").json(), "left");
        let again = with(ann(), "nickname", json!("other"));
        assert_eq!(register(&gateway, &again), (409, json!("too early")));
        members
            .database
            .execute("UPDATE member SET quit_at = '2020-01-01 00:00:00' WHERE user_id = 'ann'");
        assert_eq!(register(&gateway, &again).0, 201);
        assert_eq!(login(&gateway, "ann").status, 200);
        assert_eq!(members.count(), [3, 3, 3]);
    }
}

#[test]
fn of_equal_sign_ups_at_the_same_time_one_wins() {
    for (members, setup) in Members::both() {
        let gateway = setup.start();
        let answers: Vec<u16> = thread::scope(|scope| {
            let sent: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| register(&gateway, &ann()).0))
                .collect();
            sent.into_iter()
                .map(|it| it.join().expect("an answer"))
                .collect()
        });
        let won = answers.iter().filter(|status| **status == 201).count();
        let lost = answers.iter().filter(|status| **status == 409).count();
        assert_eq!((won, lost), (1, 7), "{answers:?}");
        assert_eq!(members.count(), [2, 2, 2]);
    }
}

#[test]
fn what_is_not_a_sign_up_leaves_no_row() {
    for (members, setup) in Members::both() {
        let gateway = setup.start();
        let long = "x".repeat(1 << 20);
        for (field, value, status) in [
            ("login", json!("old"), 409),
            ("nickname", json!("elder"), 409),
            ("login", json!(""), 400),
            ("login", json!("a\0b"), 400),
            ("login", json!("x".repeat(51)), 422),
            ("login", json!(7), 422),
            ("login", json!(["ann"]), 422),
            ("login", json!(null), 422),
            ("login", json!(long), 413),
            ("password", json!("short"), 422),
            ("password", json!("a\0bcdefghijkl"), 422),
            ("password", json!(12_345_678), 422),
            ("password_again", json!("another one"), 400),
            ("nickname", json!("n\0"), 400),
            ("nickname", json!({ "$gt": "" }), 422),
            ("age", json!("thirty"), 422),
            ("age", json!(-1), 400),
            ("agree", json!(false), 400),
            ("agree", json!(null), 400),
            ("agree", json!("1; DROP TABLE member"), 422),
        ] {
            let answer = post(&gateway, "/register", &with(ann(), field, value.clone()));
            assert_eq!(
                answer.status,
                status,
                "{field} {}: {answer:?}",
                value.to_string().len()
            );
        }
        assert_eq!(members.count(), [1, 1, 1], "nothing is half-written");
        for (number, login) in [
            "' OR '1'='1",
            "a'); DROP TABLE member; --",
            "аnn",
            "🦀",
            "%",
        ]
        .iter()
        .enumerate()
        {
            let body = with(ann(), "login", json!(login));
            let body = with(body, "nickname", json!(format!("n{number}")));
            assert_eq!(register(&gateway, &body).0, 201, "{login}");
            assert_eq!(
                self::login(&gateway, login).status,
                200,
                "{login} is a name"
            );
        }
        assert_eq!(members.count(), [6, 6, 6]);
    }
}

#[test]
fn a_sign_up_that_cannot_be_written_is_an_outage_and_leaves_no_row() {
    for (members, setup) in Members::both() {
        let gateway = setup.start();
        members
            .database
            .execute("ALTER TABLE profile RENAME TO elsewhere");
        let answer = post(&gateway, "/register", &ann());
        assert_eq!(answer.status, 503, "{answer:?}");
        members
            .database
            .execute("ALTER TABLE elsewhere RENAME TO profile");
        assert_eq!(members.count(), [1, 1, 1]);
        assert_eq!(register(&gateway, &ann()).0, 201);
    }
}

#[test]
fn an_unproven_member_is_pending_and_gives_way() {
    for (members, setup) in Members::both() {
        let unproven = SIGN_UP.replace("value: true", "value: false");
        let gateway = setup.section("sign_up", &unproven).start();
        assert_eq!(register(&gateway, &ann()), (202, json!("pending")));
        assert_eq!(login(&gateway, "ann").json(), "unproven");
        assert_eq!(
            register(&gateway, &ann()),
            (202, json!("pending")),
            "it is replaced"
        );
        let database = &members.database;
        assert_eq!(database.numbers("SELECT COUNT(*) FROM member"), [2]);
        assert_eq!(database.numbers("SELECT COUNT(*) FROM profile"), [2]);
        database.execute("UPDATE member SET is_active = 1");
        assert_eq!(register(&gateway, &ann()), (409, json!("conflict")));
        assert_eq!(login(&gateway, "ann").status, 200);
    }
}

#[test]
fn a_removal_deletes_the_rows_of_all_tables() {
    for (members, setup) in Members::both() {
        let gateway = setup
            .section("withdrawal", "{ remove: true, password: false }")
            .start();
        assert_eq!(register(&gateway, &ann()).0, 201);
        let token = access(&gateway, "ann");
        assert_eq!(leave(&gateway, &token, &json!({})), 200);
        for table in ["member", "profile", "password"] {
            let count = members
                .database
                .numbers(&format!("SELECT COUNT(*) FROM {table}"));
            assert_eq!(count, [1], "{table}");
        }
        let seen = gateway.send(&Request::get("/deals").token(&token));
        assert_eq!(seen.status, 401);
    }
}
