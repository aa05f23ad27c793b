//! Pages for teams that have none: HTML that works without scripts, in Korean and English, for the theme of one CSS file.
//!
//! A page is a value; [`Page::render`] writes it, and what is in it is escaped. Nothing here waits, reads a request or knows
//! who somebody is. Every page has a title, one heading, a language, labels for its fields, and says of a field that is wrong
//! what is wrong with it where a screen reader reads it; no page has a script or a style of its own, and [`HEADERS`] sees
//! to it that none gets one.

mod detail_words;
mod details;
mod device;
mod form;
mod known_fields;
mod language;
mod manager_words;
mod managing;
mod page;
mod words;

pub use details::{About, Details, Input, Kind, NotTaken, PasswordHint, Weak, Wrong};
pub use form::{Asks, Form, Objection};
pub use known_fields::KnownField;
pub use language::{Language, UnknownLanguage};
pub use managing::{Can, Deed, Directory, Entry, Managed, PastAct, Undone, WhyUndone};
pub use page::{Frame, Login, Message, OpenSession, Page, Profile, Refused, Said};

/// The style of all pages. Its custom properties are what a theme changes.
pub const STYLE: &str = include_str!("style.css");

/// What every page is sent with, by name. Forms of these pages are told apart by `Origin`, which a stricter
/// `Referrer-Policy` would take away.
pub const HEADERS: [(&str, &str); 6] = [
    ("content-type", "text/html; charset=utf-8"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
];

#[cfg(test)]
mod details_tests;
#[cfg(test)]
mod managing_tests;
#[cfg(test)]
mod tests;
