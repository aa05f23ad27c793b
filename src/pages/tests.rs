//! What holds for every page in every language.

use super::*;

pub(super) const NASTY: &str = "\"><script>alert('1')</script>&amp;{{ x }}";

pub(super) fn frame(language: Language) -> Frame<'static> {
    Frame {
        brand: "Pampam",
        root: "/account",
        language,
        offered: &Language::ALL,
        here: Some("/login?"),
        theme: true,
        form_token: Some("a-token"),
    }
}

fn login(refused: Option<Refused>) -> Page<'static> {
    Page::Login(Login {
        typed: "somebody",
        next: Some("/orders"),
        refused,
        links: &[Asks::ForReset, Asks::ForProof],
        joins: true,
        joined: refused.is_none(),
    })
}

fn profile(said: Option<Said>, sessions: &[(&'static str, bool)]) -> Page<'static> {
    let session = |&(agent, current): &(&'static str, bool)| OpenSession {
        id: "abc",
        agent: Some(agent),
        address: Some("192.0.2.1"),
        opened: "2026-11-21 10:00 UTC",
        used: "2026-11-21 11:00 UTC",
        current,
    };
    Page::Profile(Profile {
        login: "somebody@example.com",
        sessions: Some(sessions.iter().map(session).collect()),
        said,
        links: &[Asks::ToChange, Asks::ToLeave],
        edits: said.is_some(),
        manages: said.is_some(),
    })
}

fn forms() -> impl Iterator<Item = Page<'static>> {
    let asks = [
        Asks::ForReset,
        Asks::ToReset,
        Asks::ForProof,
        Asks::ToProve,
        Asks::ToChange,
        Asks::ToLeave,
        Asks::ToLeaveUnasked,
    ];
    let objections = [
        None,
        Some(Objection::Missing),
        Some(Objection::WrongCode),
        Some(Objection::WrongPassword),
        Some(Objection::Weak),
        Some(Objection::Differs),
        Some(Objection::Later),
    ];
    asks.into_iter().flat_map(move |asks| {
        let form = move |(objection, code)| Form {
            asks,
            login: "somebody",
            code,
            objection,
        };
        let every = objections
            .into_iter()
            .flat_map(|it| [(it, None), (it, Some("abc"))]);
        every.map(form).map(Page::Form)
    })
}

fn every_page() -> Vec<Page<'static>> {
    let refused = [
        Refused::Wrong,
        Refused::LoginMissing,
        Refused::PasswordMissing,
        Refused::NotAdmitted,
        Refused::Later,
        Refused::Unavailable,
    ];
    let messages = [
        Message::LoggedOut,
        Message::Sent,
        Message::Proven,
        Message::PasswordChosen,
        Message::Left,
        Message::NotFound,
        Message::Expired,
        Message::Forbidden,
        Message::Refused,
        Message::Later,
        Message::Failed,
    ];
    let mut pages: Vec<Page<'static>> = refused.map(|it| login(Some(it))).into();
    pages.extend(messages.map(Page::Message));
    pages.extend(forms());
    pages.extend([
        login(None),
        Page::Login(Login::default()),
        Page::Profile(Profile::default()),
        Page::Directory(Directory::default()),
        profile(None, &[]),
        profile(Some(Said::SessionEnded), &[("Firefox", true)]),
        profile(
            Some(Said::OthersEnded),
            &[("Firefox", true), ("curl", false)],
        ),
    ]);
    pages.extend(managing_tests::every_page());
    pages.extend(details_tests::every_page());
    pages
}

fn every_rendering() -> impl Iterator<Item = String> {
    let of = |language| {
        let pages = every_page().into_iter();
        pages.map(move |page| page.render(&frame(language)))
    };
    Language::ALL.into_iter().flat_map(of)
}

/// The tags of this name, with what stands in them.
pub(super) fn tags<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!("<{name}");
    let found = html.split(&begin as &str).skip(1);
    let whole = found.filter(|rest| rest.starts_with([' ', '>', '\n']));
    whole.filter_map(|rest| rest.split('>').next()).collect()
}

pub(super) fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let begin = format!(" {name}=\"");
    let (_, rest) = tag.split_once(&begin as &str)?;
    rest.split('"').next()
}

#[test]
fn no_page_has_a_script_or_a_style_of_its_own() {
    for html in every_rendering() {
        for word in [
            "<script",
            "<style",
            " style=",
            " onclick",
            " onload",
            "javascript:",
            "http:",
            "https:",
        ] {
            assert!(!html.contains(word), "{word} is in {html}");
        }
    }
}

#[test]
fn every_page_has_one_heading_a_title_and_its_language() {
    for language in Language::ALL {
        for page in every_page() {
            let html = page.render(&frame(language));
            assert_eq!(tags(&html, "h1").len(), 1, "{html}");
            assert!(
                html.starts_with(&format!("<!doctype html>\n<html lang=\"{language}\">")),
                "{html}"
            );
            assert!(html.contains(" – Pampam</title>"), "{html}");
            assert!(html.contains("<meta name=\"viewport\""), "{html}");
        }
    }
}

#[test]
fn every_field_has_a_label_and_every_description_is_there() {
    for html in every_rendering() {
        for input in tags(&html, "input") {
            let is_seen = !input.contains(" readonly hidden");
            if attribute(input, "type") == Some("hidden") || !is_seen {
                continue;
            }
            let id = attribute(input, "id").expect("an id");
            assert!(html.contains(&format!("<label for=\"{id}\">")), "{html}");
            assert!(attribute(input, "autocomplete").is_some(), "{input}");
        }
        for name in ["aria-describedby", "aria-labelledby"] {
            for described in html.split(&format!(" {name}=\"") as &str).skip(1) {
                let ids = described.split('"').next().expect("an id");
                for id in ids.split(' ') {
                    let times = html.matches(&format!(" id=\"{id}\"") as &str).count();
                    assert_eq!(times, 1, "{id} in {html}");
                }
            }
        }
        assert!(
            tags(&html, "input")
                .iter()
                .filter(|it| it.contains(" autofocus"))
                .count()
                <= 1
        );
    }
}

#[test]
fn every_form_posts_below_the_root_and_brings_its_token_and_language() {
    for html in every_rendering() {
        let forms = html.split("<form ").skip(1);
        for form in forms.filter_map(|form| form.split("</form>").next()) {
            if form.starts_with("method=\"get\" action=\"/account/") {
                assert!(!form.contains("a-token"), "it would stand in addresses");
                continue;
            }
            assert!(
                form.starts_with("method=\"post\" action=\"/account/"),
                "{form}"
            );
            assert!(
                form.contains("name=\"csrf_token\" value=\"a-token\""),
                "{form}"
            );
            assert!(form.contains("name=\"language\""), "{form}");
        }
    }
}

#[test]
fn what_is_wrong_is_said_at_the_field_and_in_the_title() {
    let html = login(Some(Refused::PasswordMissing)).render(&frame(Language::English));
    assert!(
        html.contains("<title>Error: Log in – Pampam</title>"),
        "{html}"
    );
    let password = tags(&html, "input").into_iter();
    let password = password.filter(|it| it.contains("type=\"password\""));
    let password: Vec<&str> = password.collect();
    assert_eq!(
        attribute(password[0], "aria-describedby"),
        Some("password-error")
    );
    assert_eq!(attribute(password[0], "aria-invalid"), Some("true"));
    assert!(password[0].contains(" autofocus"));
    // Nothing tells which of the two was wrong.
    let html = login(Some(Refused::Wrong)).render(&frame(Language::English));
    assert!(
        html.contains("role=\"alert\"") && !html.contains("aria-invalid"),
        "{html}"
    );
}

#[test]
fn what_somebody_has_typed_or_sent_is_text() {
    let pages = [
        Page::Login(Login {
            typed: NASTY,
            next: Some(NASTY),
            refused: Some(Refused::Wrong),
            links: &[Asks::ForReset],
            joins: true,
            joined: true,
        }),
        Page::Profile(Profile {
            login: NASTY,
            links: &[Asks::ToChange],
            sessions: Some(vec![OpenSession {
                id: NASTY,
                agent: Some(NASTY),
                address: Some(NASTY),
                opened: NASTY,
                used: NASTY,
                current: false,
            }]),
            said: None,
            edits: false,
            manages: false,
        }),
    ];
    for page in pages {
        let with = Frame {
            brand: NASTY,
            form_token: Some(NASTY),
            ..frame(Language::Korean)
        };
        let html = page.render(&with);
        assert!(
            !html.contains("<script") && !html.contains("\"\">"),
            "{html}"
        );
        assert!(html.contains("&#34;&#62;&#60;script&#62;"), "{html}");
    }
}

#[test]
fn a_password_is_never_in_a_page() {
    for html in every_rendering() {
        for input in tags(&html, "input") {
            let is_password = attribute(input, "type") == Some("password");
            assert!(!is_password || attribute(input, "value").is_none());
        }
    }
}

#[test]
fn a_session_that_asks_cannot_end_itself_by_mistake() {
    let html = profile(None, &[("Firefox", true)]).render(&frame(Language::English));
    assert!(!html.contains("/sessions/end"), "{html}");
    let both = profile(None, &[("Firefox", true), ("curl", false)]);
    let html = both.render(&frame(Language::English));
    assert_eq!(html.matches("action=\"/account/sessions/end\"").count(), 1);
    assert_eq!(
        html.matches("action=\"/account/sessions/end-others\"")
            .count(),
        1
    );
}

#[test]
fn what_answers_a_form_offers_no_other_language() {
    let html = login(None).render(&frame(Language::English));
    assert!(
        html.contains("href=\"/account/login?language=ko\" lang=\"ko\""),
        "{html}"
    );
    for with in [
        Frame {
            here: None,
            ..frame(Language::English)
        },
        Frame {
            offered: &[Language::English],
            ..frame(Language::English)
        },
    ] {
        assert!(!login(None).render(&with).contains("?language="));
    }
}

#[test]
fn the_style_needs_nothing_from_elsewhere() {
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    let policy = HEADERS
        .iter()
        .find(|(name, _)| *name == "content-security-policy");
    assert!(!policy.expect("a policy").1.contains("unsafe"));
}
