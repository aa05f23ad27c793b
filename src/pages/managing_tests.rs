//! What holds for the pages of managers.

use super::tests::{NASTY, attribute, frame, tags};
use super::*;

fn whys() -> [WhyUndone; 6] {
    [
        WhyUndone::ReasonMissing,
        WhyUndone::ReasonTooLong,
        WhyUndone::ReasonUnreadable,
        WhyUndone::Unconfirmed,
        WhyUndone::Changed,
        WhyUndone::Oneself,
    ]
}

const DEEDS: [Deed; 4] = [Deed::Block, Deed::Admit, Deed::EndSessions, Deed::Withdraw];

const ALL: Can = Can {
    block: true,
    admit: true,
    withdraw: true,
};

fn managed(undone: Option<Undone<'static>>) -> Managed<'static> {
    Managed {
        id: "7",
        login: "ann@example.com",
        columns: vec![("nickname", "annie".to_owned())],
        sessions: Some(vec![OpenSession::default()]),
        acts: vec![PastAct {
            deed: Some(Deed::Block),
            manager: "1",
            reason: Some("spam"),
            at: "2026-11-21T10:00:00Z",
        }],
        can: ALL,
        undone,
        ..Managed::default()
    }
}

fn directory(found: Option<Vec<Entry<'static>>>) -> Page<'static> {
    Page::Directory(Directory {
        by: "id",
        typed: "7",
        found,
        last: Some("7"),
        ..Directory::default()
    })
}

fn entry() -> Entry<'static> {
    Entry {
        id: "a b/&c",
        login: "ann@example.com",
        state: None,
    }
}

pub(super) fn every_page() -> Vec<Page<'static>> {
    let mut pages = vec![
        directory(None),
        directory(Some(Vec::new())),
        directory(Some(vec![entry(), entry()])),
        Page::Managed(Box::default()),
        Page::Managed(Box::new(managed(None))),
    ];
    for deed in DEEDS {
        let done = Managed {
            done: Some(deed),
            ..managed(None)
        };
        pages.push(Page::Managed(Box::new(done)));
        for why in whys() {
            let typed = "a reason";
            let undone = managed(Some(Undone { deed, why, typed }));
            pages.push(Page::Managed(Box::new(undone)));
        }
    }
    pages
}

#[test]
fn what_is_typed_into_one_form_is_shown_in_that_form_again() {
    let undone = Undone {
        deed: Deed::Admit,
        why: WhyUndone::ReasonUnreadable,
        typed: "why",
    };
    let html = Page::Managed(Box::new(managed(Some(undone)))).render(&frame(Language::English));
    let reasons = tags(&html, "input").into_iter();
    let reasons: Vec<&str> = reasons
        .filter(|it| attribute(it, "name") == Some("reason"))
        .collect();
    let of = |form: &str| {
        let id = format!("{form}-reason");
        let found = reasons.iter().find(|it| attribute(it, "id") == Some(&*id));
        *found.expect("the form")
    };
    assert_eq!(attribute(of("admit"), "value"), Some("why"));
    assert_eq!(attribute(of("admit"), "aria-invalid"), Some("true"));
    assert_eq!(attribute(of("block"), "value"), Some(""));
    assert_eq!(attribute(of("block"), "aria-invalid"), None);
}

#[test]
fn who_was_found_is_text_and_its_address_is_encoded() {
    let html = directory(Some(vec![entry()])).render(&frame(Language::English));
    assert!(
        html.contains("/members/view?member=a%20b%2F%26c\""),
        "{html}"
    );
    let page = Page::Directory(Directory {
        columns: &[NASTY.to_owned()],
        by: NASTY,
        typed: NASTY,
        found: Some(vec![Entry {
            id: NASTY,
            login: NASTY,
            state: Some(NASTY),
        }]),
        last: Some(NASTY),
    });
    let html = page.render(&frame(Language::Korean));
    assert!(!html.contains("<script"), "{html}");
    let page = Managed {
        id: NASTY,
        login: NASTY,
        state: Some(NASTY),
        columns: vec![(NASTY, NASTY.to_owned())],
        undone: Some(Undone {
            deed: Deed::Block,
            why: WhyUndone::ReasonTooLong,
            typed: NASTY,
        }),
        acts: vec![PastAct {
            deed: None,
            manager: NASTY,
            reason: Some(NASTY),
            at: NASTY,
        }],
        ..managed(None)
    };
    let html = Page::Managed(Box::new(page)).render(&frame(Language::Korean));
    assert!(!html.contains("<script"), "{html}");
}

#[test]
fn there_are_only_the_forms_that_can_do_something() {
    let html = Page::Managed(Box::default()).render(&frame(Language::English));
    assert!(!html.contains("/members/block"), "{html}");
    assert!(!html.contains("/members/admit"), "{html}");
    assert!(!html.contains("/members/withdraw"), "{html}");
    assert!(html.contains("/members/end-sessions"), "{html}");
}
