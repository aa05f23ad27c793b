//! Languages, headers, styles.

use super::{browser::Browser, pages};
use crate::harness::{Request, wait_until};

#[test]
fn a_language_is_what_the_browser_likes_until_one_is_chosen() {
    let gateway = pages().start();
    let language = |browser: &mut Browser<'_>, path: &str| {
        let html = browser.get(path).text();
        let begin = html.split("<html lang=\"").nth(1).expect("a language");
        begin[..2].to_owned()
    };
    let mut browser = Browser::new(&gateway).accepting("ko-KR,ko;q=0.9,en;q=0.8");
    assert_eq!(language(&mut browser, "/account/login"), "ko");
    assert_eq!(language(&mut browser, "/account/login?language=en"), "en");
    assert_eq!(language(&mut browser, "/account/login"), "en");
    assert_eq!(language(&mut browser, "/account/login?language=tlh"), "ko");
    let mut nobody = Browser::new(&gateway).accepting("de");
    assert_eq!(language(&mut nobody, "/account/login"), "ko");
    assert!(nobody.cookies.is_empty());
    let chosen = gateway.get("/account/login?language=en");
    let expected =
        "sidegate-language=en; Max-Age=31536000; Path=/account; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(chosen.values("set-cookie"), [expected]);
    let html = gateway.get("/account/login?next=/orders").text();
    assert!(
        html.contains("href=\"/account/login?next=/orders&#38;language=en\""),
        "{html}"
    );
}

#[test]
fn pages_are_kept_by_nobody_and_styles_by_browsers() {
    let gateway = pages().start();
    let page = gateway.get("/account/login");
    assert_eq!(page.values("cache-control"), ["no-store"]);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("content-type", "text/html; charset=utf-8"),
    ] {
        assert_eq!(page.values(name), [value]);
    }
    let style = gateway.get("/account/style.css");
    assert_eq!(
        style.header("content-type"),
        Some("text/css; charset=utf-8")
    );
    let tag = style.header("etag").expect("a tag");
    let again = gateway.send(&Request::get("/account/style.css").header("If-None-Match", tag));
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(gateway.get("/account/theme.css").status, 404);
}

#[test]
fn a_theme_is_loaded_behind_our_style_and_read_again_at_a_reload() {
    let setup = pages()
        .section("pages", "{ brand: '<b>&', root: /a/b, theme: own.css }")
        .file("own.css", ":root { --accent: #123456; }");
    let gateway = setup.start();
    let html = gateway.get("/a/b/login").text();
    let (own, theirs) = (html.find("/a/b/style.css"), html.find("/a/b/theme.css"));
    assert!(own < theirs && own.is_some(), "{html}");
    assert!(html.contains("&#60;b&#62;&#38;"), "{html}");
    assert!(gateway.get("/a/b/theme.css").text().contains("#123456"));
    let file = gateway.setup().folder().join("own.css");
    std::fs::write(file, ":root { --accent: #654321; }").expect("a file");
    gateway.sighup();
    wait_until("another theme", || {
        gateway.get("/a/b/theme.css").text().contains("#654321")
    });
}
