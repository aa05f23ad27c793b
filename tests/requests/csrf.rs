//! Whose pages may use the token of a cookie.

use crate::{
    cli::ended,
    harness::{Gateway, Request, Response, Upstream, http2::Http2, token},
};

const ROUTES: &str = r#"
- { match: "/cookie/**", access: required, token_from: { cookie: access } }
- { match: "/maybe/**", access: optional, token_from: { cookie: access } }
- { match: "/listed/**", access: required, token_from: { cookie: access }, csrf: { origins: ["https://app.test"] } }
- { match: "/shared/**", access: required, token_from: { cookie: access }, cors: { origins: ["https://app.test"], credentials: allow } }
- { match: "/read/**", access: required, token_from: { cookie: access }, cors: { origins: ["https://app.test"] } }
- { match: "/site/**", access: required, token_from: { cookie: access }, csrf: { pages: same_site } }
- { match: "/old/**", access: required, token_from: { cookie: access }, csrf: { without_origin: allow } }
- { match: "/any/**", access: required, token_from: { cookie: access }, csrf: { any_page: acknowledged } }
- { match: "/watched/**", access: required, mode: observe, token_from: { cookie: access } }
- { match: "/**", access: required }"#;

fn gateway(upstream: &Upstream) -> Gateway {
    let setup = Gateway::before(upstream).section("refusals", "problem");
    setup.routes(ROUTES).start()
}

fn cookie() -> String {
    format!("a=b; access={}", token::access("5"))
}

fn with(method: &str, path: &str, said: &[(&str, &str)]) -> Request {
    let request = Request::new(method, path).header("Cookie", &cookie());
    let said = said.iter().filter(|(_, value)| *value != "-");
    said.fold(request, |request, (name, value)| {
        request.header(name, value)
    })
}

#[track_caller]
fn assert_refused(response: &Response) {
    assert_eq!(response.status, 403, "{}", response.text());
    assert_eq!(response.json()["type"], "urn:sidegate:csrf");
    assert_eq!(response.header("www-authenticate"), None);
}

#[test]
fn what_a_page_may_send_with_the_users_cookie() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let own = "http://gateway.test";
    let evil = "https://evil.test";
    let mut forwarded = 0;
    for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] {
        for site in ["-", "same-origin", "none", "same-site", "cross-site", "x"] {
            for origin in ["-", own, "https://gateway.test", evil, "null"] {
                for page in ["-", "http://gateway.test/form?a", "https://evil.test/"] {
                    let said = [
                        ("Sec-Fetch-Site", site),
                        ("Origin", origin),
                        ("Referer", page),
                    ];
                    let safe = ["GET", "HEAD", "OPTIONS"].contains(&method);
                    let passes = match (site, origin, page) {
                        _ if safe => true,
                        ("same-origin" | "none", _, _) => true,
                        ("-", "-", page) => page.starts_with(own),
                        ("-", origin, _) => origin.ends_with("://gateway.test"),
                        _ => false,
                    };
                    let response = gateway.send(&with(method, "/cookie/a", &said));
                    if passes {
                        assert_eq!(response.status, 200, "{method} {said:?}");
                        forwarded += 1;
                    } else {
                        assert_refused(&response);
                    }
                }
            }
        }
    }
    assert_eq!(upstream.seen().len(), forwarded);
}

#[test]
fn a_token_that_no_browser_adds_by_itself_is_for_any_page() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let said = [
        ("Sec-Fetch-Site", "cross-site"),
        ("Origin", "https://evil.test"),
    ];
    let post = |path: &str| {
        let request = Request::post(path).token(&token::access("5"));
        said.iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        })
    };
    assert_eq!(gateway.send(&post("/cookie/a")).status, 200);
    // The page knows the token: it did not need the cookie.
    let both = post("/cookie/a").header("Cookie", &cookie());
    assert_eq!(gateway.send(&both).status, 200);
    // A route that reads no cookie has no use for one.
    let elsewhere = post("/b").header("Cookie", &cookie());
    assert_eq!(gateway.send(&elsewhere).status, 200);
    let nobody = Request::post("/maybe/a").header("Sec-Fetch-Site", "cross-site");
    assert_eq!(gateway.send(&nobody).status, 200);
    assert_refused(&gateway.send(&with("POST", "/maybe/a", &said)));
}

#[test]
fn a_bad_token_is_that_before_it_is_a_foreign_pages() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let request = Request::post("/cookie/a")
        .header("Cookie", "access=garbage")
        .header("Sec-Fetch-Site", "cross-site");
    let response = gateway.send(&request);
    assert_eq!(response.json()["type"], "urn:sidegate:invalid_token");
    assert!(upstream.seen().is_empty());
}

#[test]
fn whose_pages_may_besides_is_said_by_the_route() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let app = ("Origin", "https://app.test");
    let evil = ("Origin", "https://evil.test");
    let cross = ("Sec-Fetch-Site", "cross-site");
    let near = ("Sec-Fetch-Site", "same-site");
    for (path, said, passes) in [
        ("/listed/a", &[cross, app][..], true),
        ("/listed/a", &[app], true),
        ("/listed/a", &[cross, evil], false),
        ("/shared/a", &[cross, app], true),
        ("/shared/a", &[cross, evil], false),
        // Its pages may read answers, and not as the user.
        ("/read/a", &[cross, app], false),
        ("/site/a", &[near, evil], true),
        ("/site/a", &[cross, evil], false),
        ("/cookie/a", &[near, evil], false),
        ("/old/a", &[], true),
        ("/old/a", &[evil], false),
        ("/any/a", &[cross, evil], true),
    ] {
        let response = gateway.send(&with("POST", path, said));
        if passes {
            assert_eq!(response.status, 200, "{path} {said:?}");
        } else {
            assert_refused(&response);
        }
    }
}

#[test]
fn a_route_that_is_observed_says_whom_it_would_refuse() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let foreign = with("POST", "/watched/a", &[("Sec-Fetch-Site", "cross-site")]);
    assert_eq!(gateway.send(&foreign).status, 200);
    let line = gateway.access_line("/watched/a");
    assert_eq!(line["observed"], "csrf", "{line}");
    assert_eq!(upstream.only().values("x-user-id"), ["5"]);
}

#[test]
fn a_foreign_page_is_explained() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let foreign = with("POST", "/cookie/a", &[("Sec-Fetch-Site", "cross-site")]);
    assert_refused(&gateway.send(&foreign));
    let line = gateway.access_line("/cookie/a");
    let reason = line["reason"].as_str().expect("a reason");
    assert!(reason.contains("Sec-Fetch-Site"), "{line}");
    gateway.setup().write();
    let cookie = format!("Cookie: {}", cookie());
    let arguments = |site| {
        let site = format!("Sec-Fetch-Site: {site}");
        let headers = ["--header", &cookie, "--header", &site];
        let arguments = [&["explain", "POST", "/cookie/a", "--json"][..], &headers].concat();
        ended(gateway.setup(), &arguments).answer
    };
    let foreign = arguments("cross-site");
    assert!(foreign.contains(r#""code": "csrf""#), "{foreign}");
    assert!(foreign.contains("Sec-Fetch-Site"), "{foreign}");
    let own = arguments("same-origin");
    assert!(!own.contains("csrf"), "{own}");
}

#[test]
fn cookies_that_http2_has_split_are_one_and_foreign_pages_are_refused_there_too() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let [one, two] = ["a=b".to_owned(), format!("access={}", token::access("5"))];
    let client = Http2::connect(gateway.address);
    let send = |site: &str| {
        let request = Http2::request("POST", "/cookie/a")
            .header("cookie", &one)
            .header("cookie", &two)
            .header("sec-fetch-site", site);
        client.send(request, b"").status
    };
    assert_eq!(send("same-origin"), 200);
    assert_eq!(send("cross-site"), 403);
    assert_eq!(upstream.only().values("x-user-id"), ["5"]);
}
