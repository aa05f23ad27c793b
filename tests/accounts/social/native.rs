//! What native applications bring.

use serde_json::json;

use super::{Idp, code_of, gateway, setup};
use crate::{
    accounts::hostile::values,
    harness::{Gateway, Request, Response},
};

fn bring(gateway: &Gateway, body: &serde_json::Value) -> Response {
    gateway.send(&Request::post("/idp/token").json(body))
}

#[test]
fn an_id_token_of_an_own_application_is_good_for_tokens() {
    let idp = Idp::start();
    let gateway = gateway(&idp, ", audiences: [android, ios]");
    let hashed = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    for (audience, said, body) in [
        ("android", None, json!({})),
        ("ios", Some("abc"), json!({"nonce": "abc"})),
        ("web", Some(hashed), json!({"nonce": "abc"})),
    ] {
        let mut body = body;
        body["id_token"] = idp.id_token(audience, said).into();
        let response = bring(&gateway, &body);
        assert_eq!(response.status, 200, "{}", response.text());
        let token = response.json()["access_token"]
            .as_str()
            .expect("a token")
            .to_owned();
        let guarded = gateway.send(&Request::get("/guarded").token(&token));
        assert_eq!(guarded.status, 200);
    }
    for (audience, said, body) in [
        ("another", None, json!({})),
        ("android", Some("abd"), json!({"nonce": "abc"})),
        ("android", None, json!({"nonce": "abc"})),
    ] {
        let mut body = body;
        body["id_token"] = idp.id_token(audience, said).into();
        let response = bring(&gateway, &body);
        assert_eq!(response.status, 401, "{audience}");
        assert_eq!(response.json()["message"], "올바르지 않은 계정입니다.");
    }
    for body in [
        json!({}),
        json!({"id_token": ""}),
        json!({"id_token": 7}),
        json!({"id_token": "a.b.c"}),
        json!({"id_token": "a".repeat(20_000)}),
        json!({"id_token": "한.\u{0}.🦀"}),
        json!([]),
    ] {
        assert_eq!(bring(&gateway, &body).status, 401, "{body}");
    }
    let form = format!("id_token={0}&id_token={0}", idp.id_token("android", None));
    let request = Request::post("/idp/token").body(form);
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(
        gateway.send(&request).status,
        401,
        "which one is meant nobody knows"
    );
}

#[test]
fn no_value_of_any_field_is_good_for_tokens_or_breaks_anything() {
    let idp = Idp::start();
    let gateway = gateway(&idp, ", audiences: [android]");
    let good = idp.id_token("android", Some("abc"));
    let send = |kind: &str, body: String| {
        let request = Request::post("/idp/token").header("Content-Type", kind);
        gateway.send(&request.body(body))
    };
    for (field, beside) in [
        ("id_token", "nonce"),
        ("nonce", "id_token"),
        ("access_token", "nonce"),
    ] {
        let usual = if beside == "nonce" { "abc" } else { &good };
        for hostile in values::all() {
            let json = format!("{{\"{beside}\":\"{usual}\",\"{field}\":{}}}", hostile.json);
            let mut answers = vec![send("application/json", json)];
            if let Some(value) = &hostile.form {
                let form = format!("{beside}={usual}&{field}={value}");
                answers.push(send("application/x-www-form-urlencoded", form));
            }
            for answer in answers {
                let told = || {
                    format!(
                        "{field} {:.60}: {} {}",
                        hostile.json,
                        answer.status,
                        answer.text()
                    )
                };
                // What is no text is as good as left out, and who shows no nonce has none checked.
                let is_text = hostile.json.starts_with('"') && hostile.json != "\"\"";
                let shows_none = field == "nonce" && !is_text;
                let least = if shows_none { 200 } else { 400 };
                assert!(
                    (least..500).contains(&answer.status) && answer.whole,
                    "{}",
                    told()
                );
            }
        }
    }
    let users = gateway.setup().users();
    assert_eq!(users.count("1 = 1"), 4);
    let said = gateway.said();
    assert!(
        !said.contains(values::MARK) && !said.contains("panicked"),
        "{said}"
    );
    let body = json!({"id_token": good, "nonce": "abc"});
    assert_eq!(
        bring(&gateway, &body).status,
        200,
        "whoever comes behind is served"
    );
}

#[test]
fn an_access_token_of_anybodys_application_is_refused() {
    let idp = Idp::start();
    let token = json!({"access_token": "of any application"});
    let without = gateway(&idp, ", user_info: discovered");
    assert_eq!(bring(&without, &token).status, 401);
    assert!(idp.asked("/me").is_empty(), "nobody is asked who it is");

    let url = idp.server.url();
    let info = format!(
        ", user_info: discovered, token_info: {{ url: \"{url}/info\", path: $.app_id, accepted: [\"12345\"] }}"
    );
    let proving = gateway(&idp, &info);
    for (app, status, expected) in [
        (json!({"app_id": 12345}), 200, 200),
        (json!({"app_id": "12345"}), 200, 200),
        (json!({"app_id": 99}), 200, 401),
        (json!({"msg": "this access token does not exist"}), 401, 401),
        (json!({}), 200, 502),
        (json!({}), 500, 503),
    ] {
        idp.say("/info", status, &app.to_string());
        assert_eq!(bring(&proving, &token).status, expected, "{app}");
    }

    let anybody = gateway(&idp, ", user_info: discovered, any_audience: acknowledged");
    assert_eq!(
        bring(&anybody, &token).status,
        200,
        "the operator has said so"
    );
    idp.say("/me", 401, "{}");
    assert_eq!(bring(&anybody, &token).status, 401);
}

#[test]
fn keys_that_cannot_be_read_are_no_fault_of_an_application() {
    let idp = Idp::start();
    let gateway = setup(&[("idp", &idp.yaml(", audiences: [android]"))]).start();
    idp.say("/keys", 500, "");
    let token = json!({"id_token": idp.id_token("android", None)});
    let response = bring(&gateway, &token);
    assert_eq!(
        (response.status, code_of(&response).as_str()),
        (503, "provider_unavailable")
    );
}
