//! Users change what their own row says of them.

use std::thread;

use serde_json::{Value, json};

use super::{HASH, NEW, PASSWORD, Tokens, signed_in, tokens};
use crate::harness::{Gateway, Request, Response, Setup, Upstream, database::Database, wait_until};

const DIALECT: &str = r#"
login:
  request: { from: json, fields: { login: {}, password: {} }, invalid: refused }
  granted: { status: 200, body: { access: "{access_token}", refresh: "{refresh_token}" } }
  refused: { status: 401, body: wrong }
refresh:
  request: { from: json, fields: { token: {} }, invalid: refused }
  granted: { status: 200, body: { access: "{access_token}", refresh: "{refresh_token}" } }
  refused: { status: 401, body: wrong }
profile:
  shown: { status: 200, body: { id: "{user.id}", "...": "{user}", hello: "hi {user.nickname}", points: "{user.point}" } }
change_profile:
  request:
    from: json
    fields:
      user: { from: path, type: integer, required: false }
      login: { name: name, min: 1, max: 60, required: false }
      nickname: { max: 20, pattern: "^[^<>]*$", required: false }
      point: { type: integer, min: 0, max: 1000, required: false }
      born: { type: date, required: false }
      current_password: { name: old, required: false }
      password: { name: new, required: false }
    invalid: fastapi
  changed: { status: 200, body: "{user}" }
  conflict: { status: 409, body: conflict }
  refused: { status: 403, body: refused }
  weak_password: { status: 422, body: "{reason}" }
  invalid: { status: 400, body: invalid }
"#;

const ACCOUNTS: &str = "
- { action: login, match: POST /login, dialect: shop }
- { action: refresh, match: POST /refresh, dialect: shop }
- { action: profile, match: GET /me, dialect: shop }
- { action: change_profile, match: PATCH /me, dialect: shop }
- { action: change_profile, match: 'PUT /users/{user}', dialect: shop }";

const PROFILE: &str = "
columns:
  login: { field: login }
  details.nickname: { field: nickname }
  details.point: { field: point }
  details.born: { field: born }
  changed_at: { generated: now }
unique: [details.nickname]";

/// A gateway whose members have two tables, in this database: `ann` and `bob`.
fn shop(database: Database) -> (Database, Upstream, Setup) {
    for sql in [
        "CREATE TABLE member (id INTEGER PRIMARY KEY, login VARCHAR(50), password VARCHAR(200), role VARCHAR(20), changed_at DATETIME)",
        "CREATE TABLE details (member INTEGER, nickname VARCHAR(20), point INTEGER NOT NULL, born DATE)",
        &format!(
            "INSERT INTO member VALUES (1, 'ann', '{}', 'user', NULL)",
            *HASH
        ),
        &format!(
            "INSERT INTO member VALUES (2, 'bob', '{}', 'user', NULL)",
            *HASH
        ),
        "INSERT INTO details VALUES (1, 'annie', 7, NULL), (2, 'bobby', 8, NULL)",
    ] {
        database.execute(sql);
    }
    let upstream = Upstream::start();
    let url = database.url();
    let users = format!(
        "
database: \"{url}\"
table: member
join: [{{ table: details, on: {{ member: id }} }}]
columns: {{ id: id, login: login, password: password }}
show: {{ login: text, details.nickname: text, details.point: integer, details.born: date }}
write: {{ actions: [password, profile] }}"
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
        .section("profile", PROFILE)
        .section("accounts", ACCOUNTS)
        .routes("[{ match: /**, access: required }]")
        .file("shop.yaml", DIALECT);
    (database, upstream, setup)
}

fn count(database: &Database, condition: &str) -> i64 {
    let sql = format!(
        "SELECT COUNT(*) FROM member JOIN details ON details.member = member.id WHERE {condition}"
    );
    database.numbers(&sql).first().copied().unwrap_or(-1)
}

/// What the rows say that nobody has changed.
fn is_untouched(database: &Database) -> bool {
    count(
        database,
        "nickname = 'annie' AND point = 7 AND born IS NULL AND login = 'ann' AND role = 'user'",
    ) == 1
        && count(
            database,
            "nickname = 'bobby' AND point = 8 AND login = 'bob' AND role = 'user'",
        ) == 1
        && count(database, &format!("password = '{}'", *HASH)) == 2
}

fn patch(gateway: &Gateway, token: &str, body: &Value) -> Response {
    let request = Request::post("/me").method("PATCH");
    gateway.send(&request.token(token).json(body))
}

fn said(response: &Response) -> (u16, Value) {
    (response.status, response.json())
}

#[test]
fn users_see_and_change_what_their_own_row_says() {
    for (database, _upstream, setup) in Database::both().map(shop) {
        let gateway = setup.start();
        let ann = signed_in(&gateway, "ann");
        let shown = gateway.send(&Request::get("/me").token(&ann.access));
        let text = r#"{"id":1,"login":"ann","nickname":"annie","point":7,"born":null,"hello":"hi annie","points":7}"#;
        assert_eq!((shown.status, &*shown.text()), (200, text));
        assert_eq!(gateway.send(&Request::get("/me")).status, 401);
        let body = json!({ "nickname": "앤 🦀", "point": 8, "born": "2001-02-03" });
        let changed = patch(&gateway, &ann.access, &body);
        let text = r#"{"login":"ann","nickname":"앤 🦀","point":8,"born":"2001-02-03"}"#;
        assert_eq!((changed.status, &*changed.text()), (200, text));
        assert_eq!(
            count(&database, "nickname = '앤 🦀' AND changed_at IS NOT NULL"),
            1
        );
        let shown = gateway.send(&Request::get("/me").token(&ann.access));
        assert_eq!(shown.json()["nickname"], "앤 🦀");
        let one = patch(&gateway, &ann.access, &json!({ "point": 9 }));
        assert_eq!(one.json()["nickname"], "앤 🦀", "what is not said stays");
        let none = patch(
            &gateway,
            &ann.access,
            &json!({ "born": null, "nickname": null }),
        );
        assert_eq!(
            none.json(),
            json!({ "login": "ann", "nickname": null, "point": 9, "born": null })
        );
        let login = patch(&gateway, &ann.access, &json!({ "name": "anna" }));
        assert_eq!(login.json()["login"], "anna");
        assert_eq!(super::login(&gateway, "ann", PASSWORD).status, 401);
        signed_in(&gateway, "anna");
        assert_eq!(
            ann.count(&gateway),
            (true, true),
            "a session is not about the name"
        );
        assert_eq!(
            count(
                &database,
                "login = 'bob' AND nickname = 'bobby' AND changed_at IS NULL"
            ),
            1
        );
        wait_until("the audit", || gateway.said().contains("profile_changed"));
        assert!(!gateway.said().contains("앤") && !gateway.said().contains("anna"));
    }
}

#[test]
fn a_date_of_three_fields_is_changed_whole_or_not_at_all() {
    let (database, _upstream, setup) = shop(Database::sqlite());
    let fields = "y: { required: false }
      m: { type: integer, required: false }
      d: { required: false }";
    let dialect = DIALECT.replace("born: { type: date, required: false }", fields);
    let composed = PROFILE.replace("{ field: born }", "{ date: \"{y}-{m}-{d}\" }");
    let setup = setup.section("profile", &composed);
    let gateway = setup.file("shop.yaml", &dialect).start();
    let ann = signed_in(&gateway, "ann");
    let change = |body: Value| said(&patch(&gateway, &ann.access, &body));
    let invalid = (400, json!("invalid"));
    assert_eq!(change(json!({ "y": "2001", "m": 2, "point": 9 })), invalid);
    assert_eq!(change(json!({ "y": "2001", "m": 2, "d": "29" })), invalid);
    assert_eq!(change(json!({ "y": "2001", "m": 2, "d": null })), invalid);
    assert!(is_untouched(&database));
    let born = |changed: (u16, Value)| changed.1["born"].clone();
    let day = born(change(json!({ "y": "2001", "m": 2, "d": "3" })));
    assert_eq!(day, "2001-02-03");
    assert_eq!(born(change(json!({ "point": 9 }))), "2001-02-03");
    let nothing = json!({ "y": null, "m": null, "d": null });
    assert_eq!(born(change(nothing)), Value::Null);
}

#[test]
fn nobody_changes_the_row_of_another() {
    for (database, _upstream, setup) in Database::both().map(shop) {
        let gateway = setup.start();
        let ann = signed_in(&gateway, "ann");
        let put = |id: &str, body: &Value| {
            let request = Request::post(&format!("/users/{id}")).method("PUT");
            said(&gateway.send(&request.token(&ann.access).json(body)))
        };
        let body = json!({ "nickname": "mallory" });
        assert_eq!(put("2", &body), (403, json!("refused")));
        for id in ["0", "-1", "3", "11"] {
            assert_eq!(put(id, &body).0, 403, "{id}");
        }
        for extra in [
            "id",
            "user",
            "member",
            "role",
            "password",
            "is_admin",
            "details.member",
        ] {
            let mut smuggled = json!({ "point": 7 });
            smuggled[extra] = json!(2);
            assert_eq!(
                patch(&gateway, &ann.access, &smuggled).status,
                200,
                "{extra}"
            );
        }
        for token in ["", "a.b.c", &ann.refresh] {
            assert_eq!(patch(&gateway, token, &body).status, 401);
        }
        assert!(is_untouched(&database));
        assert_eq!(put("1", &body).0, 200);
        assert_eq!(count(&database, "nickname = 'mallory'"), 1);
    }
}

#[test]
fn what_somebody_else_has_is_a_conflict() {
    for (database, _upstream, setup) in Database::both().map(shop) {
        let gateway = setup.start();
        let (ann, bob) = (signed_in(&gateway, "ann"), signed_in(&gateway, "bob"));
        let conflict = (409, json!("conflict"));
        let taken = json!({ "nickname": "bobby", "point": 99 });
        assert_eq!(said(&patch(&gateway, &ann.access, &taken)), conflict);
        let login = json!({ "name": "bob", "point": 99 });
        assert_eq!(said(&patch(&gateway, &ann.access, &login)), conflict);
        assert!(is_untouched(&database), "nothing is half written");
        let own = json!({ "nickname": "annie", "name": "ann" });
        assert_eq!(
            patch(&gateway, &ann.access, &own).status,
            200,
            "one's own is none"
        );
        let same = json!({ "nickname": "unique" });
        let statuses: Vec<u16> = thread::scope(|scope| {
            let sent: Vec<_> = [&ann, &bob, &ann, &bob]
                .map(|user| scope.spawn(|| patch(&gateway, &user.access, &same).status))
                .into_iter()
                .collect();
            sent.into_iter()
                .map(|it| it.join().expect("an answer"))
                .collect()
        });
        assert!(
            statuses.contains(&200) && statuses.contains(&409),
            "{statuses:?}"
        );
        assert_eq!(count(&database, "nickname = 'unique'"), 1);
    }
}

#[test]
fn what_no_column_takes_changes_nothing() {
    for (database, _upstream, setup) in Database::both().map(shop) {
        let gateway = setup.start();
        let ann = signed_in(&gateway, "ann");
        let long = "x".repeat(55);
        let bad = [
            json!({ "nickname": 5 }),
            json!({ "nickname": ["a"] }),
            json!({ "nickname": { "a": 1 } }),
            json!({ "nickname": "a\0b" }),
            json!({ "nickname": "<script>" }),
            json!({ "nickname": "x".repeat(21) }),
            json!({ "nickname": "x".repeat(60_000) }),
            json!({ "point": "many", "nickname": "other" }),
            json!({ "point": 1001, "nickname": "other" }),
            json!({ "point": -1 }),
            json!({ "point": 1.5 }),
            json!({ "point": null, "nickname": "other" }),
            json!({ "born": "2001-02-30" }),
            json!({ "name": "" }),
            json!({ "name": null }),
            json!({ "name": "an\0na" }),
        ];
        for body in &bad {
            let answer = patch(&gateway, &ann.access, body);
            assert!((400..500).contains(&answer.status), "{body} {answer:?}");
        }
        if !matches!(database, Database::Sqlite(_)) {
            let answer = patch(&gateway, &ann.access, &json!({ "name": long }));
            assert_eq!(said(&answer), (400, json!("invalid")), "nothing is cut");
        }
        for body in ["", "{", "[]", "null", "\"a\"", "{\"nickname\":"] {
            let request = Request::post("/me").method("PATCH").token(&ann.access);
            let request = request
                .header("content-type", "application/json")
                .body(body);
            let answer = gateway.send(&request);
            assert!((400..500).contains(&answer.status), "{body} {answer:?}");
        }
        let large = json!({ "nickname": "x".repeat(1 << 20) });
        assert_eq!(patch(&gateway, &ann.access, &large).status, 413);
        assert!(is_untouched(&database));
        assert_eq!(patch(&gateway, &ann.access, &json!({})).status, 200);
        assert_eq!(
            count(&database, "changed_at IS NULL"),
            2,
            "nothing was changed"
        );
        for odd in ["'; DROP TABLE x; --", "аnnie", "\u{202e}einna", "' OR 1=1"] {
            let answer = patch(&gateway, &ann.access, &json!({ "nickname": odd }));
            assert_eq!(answer.json()["nickname"], odd, "as it was said");
        }
    }
}

#[test]
fn a_password_is_changed_with_the_rest_or_not_at_all() {
    for (database, _upstream, setup) in Database::both().map(shop) {
        let gateway = setup.start();
        let (own, other) = (signed_in(&gateway, "ann"), signed_in(&gateway, "ann"));
        let with = |old: &str, new: &str, nickname: &str| json!({ "old": old, "new": new, "nickname": nickname });
        let wrong = patch(&gateway, &own.access, &with("wrong horse", NEW, "other"));
        assert_eq!(said(&wrong), (403, json!("refused")));
        let absent = patch(
            &gateway,
            &own.access,
            &json!({ "new": NEW, "nickname": "other" }),
        );
        assert_eq!(said(&absent), (403, json!("refused")));
        let weak = patch(&gateway, &own.access, &with(PASSWORD, "short", "other"));
        assert_eq!(said(&weak), (422, json!("short")));
        let mut unfit = with(PASSWORD, NEW, "other");
        unfit["point"] = Value::Null;
        assert_eq!(patch(&gateway, &own.access, &unfit).status, 400);
        let taken = patch(&gateway, &own.access, &with(PASSWORD, NEW, "bobby"));
        assert_eq!(said(&taken), (409, json!("conflict")));
        assert!(is_untouched(&database));
        let own = signed_in(&gateway, "ann");
        let done = patch(&gateway, &own.access, &with(PASSWORD, NEW, "other"));
        assert_eq!(
            (done.status, done.json()["nickname"].clone()),
            (200, json!("other"))
        );
        assert_eq!(own.count(&gateway), (true, true));
        assert_eq!(other.count(&gateway), (false, false));
        Tokens::of(&super::login(&gateway, "ann", NEW));
    }
}

#[test]
fn a_field_that_stands_alone_is_read_where_the_token_is_a_cookie() {
    let (database, _upstream, setup) = shop(Database::sqlite());
    let begin = DIALECT
        .find("      user: { from: path")
        .expect("its fields");
    let end = DIALECT.find("    invalid: fastapi").expect("their end");
    let one = format!(
        "{}      nickname: {{ required: false }}\n{}",
        &DIALECT[..begin],
        &DIALECT[end..]
    );
    let accounts = ACCOUNTS
        .replace("match: PATCH /me,", "match: PATCH /me, token_from: cookie,")
        .lines()
        .filter(|line| !line.contains("/users/"))
        .collect::<Vec<_>>()
        .join("\n");
    let gateway = setup
        .file("shop.yaml", &one)
        .section("cookies", "{ access: { name: __Host-access } }")
        .section("accounts", &accounts)
        .start();
    let ann = signed_in(&gateway, "ann");
    let request = Request::post("/me")
        .method("PATCH")
        .header("cookie", &format!("__Host-access={}", ann.access))
        .header("sec-fetch-site", "same-origin")
        .json(&json!({ "nickname": "other" }));
    let answer = gateway.send(&request);
    assert_eq!(answer.json()["nickname"], "other", "{answer:?}");
    assert_eq!(count(&database, "nickname = 'other'"), 1);
}
