//! The way there and back, and who else tries to end it.

use super::{Browser, Idp, code_of, gateway, is_granted, log_in, setup};
use crate::harness::Request;

#[test]
fn a_browser_that_comes_back_is_signed_in() {
    let idp = Idp::start();
    let gateway = gateway(&idp, "");
    let response = gateway.get("/idp/start?return_to=%2Fthere%3Fx%3D1");
    assert_eq!(response.status, 302);
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let cookie = response.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-sidegate-social-"), "{cookie}");
    let attributes = "; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax";
    assert!(cookie.ends_with(attributes), "{cookie}");

    let browser = Browser::leaves(&gateway, "/idp/start?return_to=%2Fthere%3Fx%3D1");
    assert!(
        browser
            .place
            .starts_with(&format!("{}/authorize?tenant=1&", idp.server.url()))
    );
    for (name, expected) in [
        ("response_type", "code"),
        ("client_id", "web"),
        ("redirect_uri", "http://gateway.test/idp/callback"),
        ("scope", "openid email profile"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(browser.parameter(name), expected);
    }
    let code = idp.consent(&browser);
    let back = browser.brings(&gateway, &code);
    assert_eq!(back.status, 302, "{}", back.text());
    assert_eq!(back.header("location"), Some("/there?x=1"));
    assert!(is_granted(&back));
    let name = browser.cookie.split('=').next().expect("a name");
    let cookies = back.values("set-cookie");
    let removed = format!("{name}=; Max-Age=0");
    assert!(
        cookies.iter().any(|it| it.starts_with(&removed)),
        "{cookies:?}"
    );
    let mut access = cookies
        .iter()
        .filter_map(|it| it.strip_prefix("__Host-access="));
    let token = access.next().and_then(|rest| rest.split(';').next());
    let guarded = gateway.send(&Request::get("/guarded").token(token.expect("a token")));
    assert_eq!(guarded.status, 200);
    let asked = idp.asked("/token");
    let form = String::from_utf8_lossy(&asked[0].body).into_owned();
    assert!(
        form.contains("client_secret=the%20secret&")
            || form.ends_with("client_secret=the%20secret"),
        "{form}"
    );
    gateway.log_line("social_login_granted");
    let said = gateway.said();
    assert!(
        !said.contains("Subject-1") && !said.contains(&code),
        "{said}"
    );
}

#[test]
fn a_journey_ends_once() {
    let idp = Idp::start();
    let gateway = gateway(&idp, "");
    let browser = Browser::leaves(&gateway, "/idp/start");
    let code = idp.consent(&browser);
    assert!(is_granted(&browser.brings(&gateway, &code)));
    for code in [code, idp.consent(&browser)] {
        let again = browser.brings(&gateway, &code);
        assert_eq!(
            (again.status, code_of(&again).as_str()),
            (400, "social_state_invalid")
        );
        assert!(!is_granted(&again));
    }
    assert_eq!(idp.asked("/token").len(), 1, "the code went nowhere");
}

#[test]
fn the_state_of_another_browser_ends_nothing() {
    let idp = Idp::start();
    let gateway = gateway(&idp, "");
    let (victim, attacker) = (
        Browser::leaves(&gateway, "/idp/start"),
        Browser::leaves(&gateway, "/idp/start"),
    );
    let code = idp.consent(&attacker);
    let state = attacker.parameter("state");
    let state = state.as_str();
    for (cookie, query) in [
        (victim.cookie.as_str(), format!("code={code}&state={state}")),
        ("x=1", format!("code={code}&state={state}")),
        (&attacker.cookie, format!("code={code}")),
        (&attacker.cookie, format!("code={code}&state=")),
        (
            &attacker.cookie,
            format!("code={code}&state={state}&state={state}"),
        ),
        (
            &attacker.cookie,
            format!("code={code}&state={}", victim.parameter("state")),
        ),
        (
            &attacker.cookie,
            format!("code={code}&state={}x", &state[..42]),
        ),
    ] {
        let request = Request::get(&format!("/idp/callback?{query}"));
        let response = gateway.send(&request.header("Cookie", cookie));
        assert_eq!(response.status, 400, "{query}");
        assert_eq!(code_of(&response), "social_state_invalid");
        assert!(!is_granted(&response));
    }
    assert!(idp.asked("/token").is_empty());
    assert!(
        is_granted(&attacker.brings(&gateway, &code)),
        "nothing was spent"
    );
}

#[test]
fn the_code_of_one_provider_is_not_taken_for_another_ones() {
    let (idp, other) = (Idp::start(), Idp::start());
    let gateway = setup(&[("idp", &idp.yaml("")), ("other", &other.yaml(""))]).start();
    let browser = Browser::leaves(&gateway, "/idp/start");
    let code = idp.consent(&browser);
    let query = format!("code={code}&state={}", browser.parameter("state"));
    let mixed = browser.returns(&gateway, "/other/callback", &query);
    assert_eq!(code_of(&mixed), "social_state_invalid");
    assert!(
        other.asked("/token").is_empty(),
        "the code is not given away"
    );
    let said = format!("{query}&iss=https%3A%2F%2Fother.example");
    let mixed = browser.returns(&gateway, "/idp/callback", &said);
    assert_eq!(code_of(&mixed), "provider_failed");
    assert!(idp.asked("/token").is_empty());
}

#[test]
fn nobody_is_sent_where_nobody_has_named() {
    let idp = Idp::start();
    let gateway = gateway(&idp, "");
    for place in [
        "%2F%2Fevil.example",
        "https%3A%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "javascript%3Aalert(1)",
        "https%3A%2F%2Fapp.example.com.evil.example%2F",
    ] {
        let response = gateway.get(&format!("/idp/start?return_to={place}"));
        assert_eq!(
            (response.status, code_of(&response).as_str()),
            (400, "return_to_refused")
        );
    }
    let twice = gateway.get("/idp/start?return_to=/a&return_to=/b");
    assert_eq!(code_of(&twice), "return_to_refused");
    let browser = Browser::leaves(
        &gateway,
        "/idp/start?return_to=https%3A%2F%2Fapp.example.com%2Fa",
    );
    let back = browser.brings(&gateway, &idp.consent(&browser));
    assert_eq!(back.header("location"), Some("https://app.example.com/a"));
}

#[test]
fn several_windows_log_in_at_once() {
    let idp = Idp::start();
    let gateway = gateway(&idp, "");
    let browsers: Vec<Browser> = (0..8)
        .map(|_| Browser::leaves(&gateway, "/idp/start"))
        .collect();
    let all: Vec<&str> = browsers
        .iter()
        .map(|browser| browser.cookie.as_str())
        .collect();
    for browser in browsers.iter().rev() {
        let code = idp.consent(browser);
        let query = format!("code={code}&state={}", browser.parameter("state"));
        let request = Request::get(&format!("/idp/callback?{query}"));
        let back = gateway.send(&request.header("Cookie", &all.join("; ")));
        assert!(is_granted(&back), "{}", back.text());
    }
}

#[test]
fn who_says_no_or_is_nobody_is_sent_to_the_login_page() {
    let idp = Idp::start();
    let gateway = gateway(&idp, "");
    let browser = Browser::leaves(&gateway, "/idp/start");
    let query = format!("error=access_denied&state={}", browser.parameter("state"));
    let denied = browser.returns(&gateway, "/idp/callback", &query);
    assert_eq!(denied.header("location"), Some("/login?error=denied"));
    let browser = Browser::leaves(&gateway, "/idp/start");
    let used = browser.brings(&gateway, "code-of-nobody");
    assert_eq!(used.header("location"), Some("/login?error=code_refused"));
    for (subject, why) in [
        ("subject-2", "blocked"),
        ("subject-9", "unknown_member"),
        // The column compares without regard to case; ids do not.
        ("subject-1", "unknown_member"),
        ("SUBJECT-1", "unknown_member"),
    ] {
        idp.is(subject);
        let refused = log_in(&gateway, &idp);
        let place = format!("/login?error={why}");
        assert_eq!(
            refused.header("location"),
            Some(place.as_str()),
            "{subject}"
        );
        assert!(!is_granted(&refused));
    }
    gateway.log_line("social_login_refused");
}
