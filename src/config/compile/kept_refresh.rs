//! Refresh tokens that are kept in a column of the user table.

use super::{Findings, cookies::Place, user_tables};
use crate::{
    config::document::{Document, tokens::Rotation},
    store::{self, WriteAction},
};

/// The column, if there is one.
pub(super) fn compile(
    document: &Document,
    users: Option<&store::Settings>,
    findings: &mut Findings<'_>,
) -> Option<String> {
    const PATH: &str = "tokens.refresh.kept_in";
    let access = document.tokens.access.kept_in.as_ref();
    if access.is_some() {
        let message = "only refresh tokens are kept";
        findings.mistake("tokens.access.kept_in", message, "leave it out");
    }
    let refresh = document.tokens.refresh.as_ref()?;
    let column = &refresh.kept_in.as_ref()?.column;
    user_tables::needed(document, WriteAction::RefreshToken, PATH, findings);
    if refresh.rotation != Rotation::Off {
        let message = "a refresh token that nobody is given cannot be spent";
        findings.mistake("tokens.refresh.rotation", message, "leave it out");
    }
    if document.cookies.refresh.is_some() {
        let message = "the refresh token never leaves the server";
        findings.mistake("cookies.refresh", message, "leave it out");
    }
    let users = users?;
    let own = users.column(column);
    let taken = [
        &users.columns.id,
        &users.columns.login,
        &users.columns.password,
    ];
    if own.is_none() || taken.iter().any(|taken| users.column(taken) == own) {
        let message = "this is no column that a refresh token can be written to";
        findings.mistake(
            &format!("{PATH}.column"),
            message,
            "name a column of its own",
        );
    }
    Some(column.clone())
}

/// The cookie whose token is renewed: it says itself whose it is.
pub(super) fn renewing(
    document: &Document,
    place: &Place<'_>,
    findings: &mut Findings<'_>,
) -> Option<Box<str>> {
    let Some(access) = &document.cookies.access else {
        let fix = "add `cookies: { access: { name: … } }`";
        findings.mistake(
            place.path,
            "there is no cookie that a new token is set as",
            fix,
        );
        return None;
    };
    if place.cookie != Some(access.name.as_str()) {
        let message = "the new token would be set as another cookie than the route reads";
        let fix = format!("write `cookie: {}` beside it", access.name);
        findings.mistake(place.path, message, &fix);
    }
    let kept = document.tokens.refresh.as_ref();
    if kept.is_none_or(|refresh| refresh.kept_in.is_none()) {
        let fix = "add `tokens: { refresh: { kept_in: { column: … } } }`";
        findings.mistake(place.path, "no refresh token is kept", fix);
    }
    Some(access.name.as_str().into())
}
