//! Forms whose fields an operator chooses.

use super::{
    tests::{NASTY, attribute, frame, tags},
    *,
};

const WRONG: [Wrong; 19] = [
    Wrong::Missing,
    Wrong::NotAgreed,
    Wrong::NoEmail,
    Wrong::NoNumber,
    Wrong::NoDate,
    Wrong::TooShort(4),
    Wrong::TooLong(9),
    Wrong::TooSmall(-1),
    Wrong::TooLarge(150),
    Wrong::Unfit,
    Wrong::Taken,
    Wrong::TooEarly,
    Wrong::Differs,
    Wrong::WrongPassword,
    Wrong::Weak(Weak::Plain(3)),
    Wrong::Weak(Weak::Login),
    Wrong::Weak(Weak::Other),
    Wrong::TooShort(1),
    Wrong::TooLong(1),
];

fn input(kind: Kind, wrong: Option<Wrong>) -> Input<'static> {
    Input {
        name: "field",
        label: "A field",
        hint: Some("as you like".into()),
        link: (kind == Kind::Box).then_some("/terms"),
        kind,
        autocomplete: "",
        value: "typed",
        is_required: wrong.is_some(),
        wrong,
    }
}

fn form(about: About, refused: Option<NotTaken>, wrong: &[Wrong]) -> Page<'static> {
    let kinds = [
        Kind::Text,
        Kind::Email,
        Kind::Phone,
        Kind::Address,
        Kind::Date,
        Kind::Number,
        Kind::Decimal,
        Kind::Password,
        Kind::Box,
    ];
    let mut inputs: Vec<Input<'_>> = kinds.map(|kind| input(kind, None)).into();
    let wrong = wrong.iter().copied().map(Some);
    inputs.extend(wrong.clone().map(|wrong| input(Kind::Box, wrong)));
    inputs.extend(wrong.map(|wrong| input(Kind::Password, wrong)));
    Page::Details(Details {
        about,
        inputs,
        refused,
    })
}

/// With everything that can be wrong with it.
pub(super) fn every_page() -> Vec<Page<'static>> {
    let mut pages = vec![
        form(About::SignUp, None, &[]),
        form(About::Profile, None, &[]),
        form(About::SignUp, Some(NotTaken::Fields), &WRONG),
    ];
    let refused = [
        NotTaken::Unfit,
        NotTaken::Taken,
        NotTaken::Outrun,
        NotTaken::Later,
        NotTaken::Unavailable,
    ];
    pages.extend(refused.map(|refused| form(About::Profile, Some(refused), &[])));
    pages
}

#[test]
fn what_is_typed_is_shown_again_but_for_passwords() {
    let html = form(About::SignUp, None, &[]).render(&frame(Language::English));
    for tag in tags(&html, "input") {
        match attribute(tag, "type") {
            Some("hidden") => {}
            Some("password") => assert_eq!(attribute(tag, "value"), None, "{tag}"),
            Some("checkbox") => assert!(tag.contains(" checked"), "{tag}"),
            _ => assert_eq!(attribute(tag, "value"), Some("typed"), "{tag}"),
        }
    }
}

#[test]
fn a_number_stands_where_it_is_meant() {
    for language in Language::ALL {
        let html = form(About::SignUp, Some(NotTaken::Fields), &WRONG).render(&frame(language));
        assert!(!html.contains("{}"), "{html}");
        let hint = PasswordHint { min: 12, kinds: 3 }.said(language);
        assert!(hint.contains("12") && hint.contains('3'), "{hint}");
        let plain = PasswordHint { min: 8, kinds: 1 }.said(language);
        assert!(!plain.contains('1'), "{plain}");
    }
}

#[test]
fn nothing_that_an_operator_or_a_user_writes_is_markup() {
    let page = Page::Details(Details {
        about: About::Profile,
        inputs: vec![Input {
            name: NASTY,
            label: NASTY,
            hint: Some(NASTY.into()),
            link: Some(NASTY),
            autocomplete: NASTY,
            value: NASTY,
            ..input(Kind::Text, None)
        }],
        refused: None,
    });
    let html = page.render(&frame(Language::Korean));
    assert!(!html.contains("<script>"), "{html}");
    assert_eq!(
        tags(&html, "input").len(),
        tags(&html, "label").len() + 2,
        "{html}"
    );
}
