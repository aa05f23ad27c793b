//! Every answer to where a request may come from.

use proptest::prelude::*;

use super::*;

const OWN: &str = "https://app.test";

/// What comes of a request for `app.test` with these headers.
fn judged(
    policy: &CsrfPolicy,
    method: &str,
    tls: bool,
    said: &[(&str, &str)],
) -> Result<(), Foreign> {
    let mut headers = HeaderMap::new();
    for (name, value) in said {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        headers.append(name, value.parse().expect("a value"));
    }
    let method = method.parse().expect("a method");
    let target = Target {
        method: &method,
        host: "app.test",
        tls,
        cookies: [None; 2],
        form: None,
    };
    policy.judge(target, &headers)
}

fn usual(said: &[(&str, &str)]) -> Result<(), Foreign> {
    judged(&CsrfPolicy::default(), "POST", false, said)
}

#[test]
fn methods_that_change_nothing_are_not_asked() {
    for method in ["GET", "HEAD", "OPTIONS"] {
        let said = [("sec-fetch-site", "cross-site"), ("origin", "null")];
        assert_eq!(
            judged(&CsrfPolicy::default(), method, true, &said),
            Ok(()),
            "{method}"
        );
    }
    for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE"] {
        let asked = judged(&CsrfPolicy::default(), method, true, &[]);
        assert_eq!(asked, Err(Foreign::Unsaid), "{method}");
    }
}

#[test]
fn what_the_browser_says_of_the_page_decides_before_its_origin_does() {
    let site = |site| usual(&[("sec-fetch-site", site), ("origin", OWN)]);
    assert_eq!(site("same-origin"), Ok(()));
    assert_eq!(site("none"), Ok(()));
    assert_eq!(site("same-site"), Err(Foreign::Neighbour));
    for other in [
        "cross-site",
        "",
        "Same-Origin",
        "same-origin, none",
        "whatever",
    ] {
        assert_eq!(site(other), Err(Foreign::Site), "{other}");
    }
    let twice = [
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "same-origin"),
    ];
    assert_eq!(usual(&twice), Err(Foreign::Site));
    // A proxy that changes the Host does not change what the browser knows.
    let elsewhere = [
        ("sec-fetch-site", "same-origin"),
        ("origin", "https://outside.test"),
    ];
    assert_eq!(usual(&elsewhere), Ok(()));
}

#[test]
fn without_it_the_origin_decides_and_without_that_the_page() {
    for origin in [
        "https://app.test",
        "http://app.test",
        "https://APP.test",
        "https://app.test:443",
    ] {
        assert_eq!(usual(&[("origin", origin)]), Ok(()), "{origin}");
    }
    for origin in [
        "null",
        "",
        "https://app.test.evil.test",
        "https://evil.test",
        "https://app.test:444",
        "http://app.test:443",
        "app.test",
        "ftp://app.test",
        "https://app.test/",
        "https://",
    ] {
        let own_page = [("origin", origin), ("referer", "https://app.test/")];
        assert_eq!(usual(&own_page), Err(Foreign::Origin), "{origin}");
    }
    let page = |page| usual(&[("referer", page)]);
    for own in [
        "https://app.test",
        "https://app.test/a?b#c",
        "http://app.test?x",
    ] {
        assert_eq!(page(own), Ok(()), "{own}");
    }
    for other in [
        "",
        "about:blank",
        "https://evil.test/https://app.test/",
        "https://evil.test?https://app.test/",
        "https://app.test@evil.test/",
        "https://app.test\\@evil.test/",
        "https://app.test.evil.test/",
    ] {
        assert_eq!(page(other), Err(Foreign::Referer), "{other}");
    }
    assert_eq!(
        usual(&[("origin", OWN), ("origin", OWN)]),
        Err(Foreign::Origin)
    );
}

#[test]
fn over_tls_a_page_in_clear_text_is_another_origins() {
    let policy = CsrfPolicy::default();
    let clear = [("origin", "http://app.test")];
    assert_eq!(judged(&policy, "POST", false, &clear), Ok(()));
    assert_eq!(judged(&policy, "POST", true, &clear), Err(Foreign::Origin));
    assert_eq!(judged(&policy, "POST", true, &[("origin", OWN)]), Ok(()));
}

#[test]
fn more_is_taken_only_where_somebody_has_said_so() {
    let listed = CsrfPolicy {
        origins: vec!["https://other.test".into()],
        ..CsrfPolicy::default()
    };
    let other = ("origin", "https://other.test");
    for site in ["same-site", "cross-site"] {
        let said = [("sec-fetch-site", site), other];
        assert_eq!(judged(&listed, "POST", true, &said), Ok(()), "{site}");
        assert!(usual(&said).is_err(), "{site}");
        let third = [("sec-fetch-site", site), ("origin", "https://third.test")];
        assert!(judged(&listed, "POST", true, &third).is_err(), "{site}");
    }
    assert_eq!(judged(&listed, "POST", true, &[other]), Ok(()));
    let page = [("referer", "https://other.test/a")];
    assert_eq!(judged(&listed, "POST", true, &page), Ok(()));
    let site = CsrfPolicy {
        pages: Pages::SameSite,
        ..CsrfPolicy::default()
    };
    let neighbour = [("sec-fetch-site", "same-site")];
    assert_eq!(judged(&site, "POST", true, &neighbour), Ok(()));
    assert!(judged(&site, "POST", true, &[("sec-fetch-site", "cross-site")]).is_err());
    let old = CsrfPolicy {
        unsaid: Unsaid::Allowed,
        ..CsrfPolicy::default()
    };
    assert_eq!(judged(&old, "POST", true, &[]), Ok(()));
    assert!(judged(&old, "POST", true, &[("origin", "null")]).is_err());
}

proptest! {
    /// Nobody but the own origin comes through by a name that only resembles it.
    #[test]
    fn no_other_origin_passes(origin in "(https?://)?[a-z.:@/\\\\]{0,12}(app\\.test)?[a-z.:@/0-9]{0,8}") {
        let own = ["https://app.test", "http://app.test", "https://app.test:443", "http://app.test:80"];
        let passes = usual(&[("origin", &origin)]).is_ok();
        prop_assert_eq!(passes, own.contains(&origin.as_str()));
    }
}
