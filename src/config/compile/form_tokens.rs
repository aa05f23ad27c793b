//! Tokens for forms.

use std::sync::Arc;

use super::{Findings, attempts::secret_of, cookies::mend, identity, rules::Broken};
use crate::{
    config::document::Document,
    http::set_cookie::{Attributes, CookieShape, SameSite, Scripts, Transport},
    policy::csrf::FormTokens,
};

/// Those that are given, if any are.
pub(super) type FormTokensMade = Result<Option<Arc<FormTokens>>, Broken>;

pub(super) fn compile(document: &Document, findings: &mut Findings<'_>) -> FormTokensMade {
    let Some(written) = &document.cookies.csrf else {
        return Ok(None);
    };
    check_names(document, &written.name, findings);
    let attributes = Attributes {
        path: "/".into(),
        domain: None,
        same_site: SameSite::Strict,
        transport: match written.clear_text {
            Some(_) => Transport::Any,
            None => Transport::Secure,
        },
        scripts: Scripts::Admitted,
    };
    let shape = CookieShape::new(&written.name, &attributes).map_err(|error| {
        let (key, fix) = mend(error);
        findings.mistake(&format!("cookies.csrf.{key}"), &error.to_string(), fix);
        Broken
    });
    let path = "cookies.csrf.header";
    let header = identity::header(&written.header, "X-CSRF-Token", path, findings);
    let secret = secret_of(&written.secret, "cookies.csrf.secret", findings);
    let (Some(header), Some(secret)) = (header, secret) else {
        return Err(Broken);
    };
    let subject = &document.identity.subject;
    let tokens = FormTokens::new(shape?, header, subject, secret.expose());
    Ok(Some(Arc::new(tokens)))
}

fn check_names(document: &Document, name: &str, findings: &mut Findings<'_>) {
    let cookies = &document.cookies;
    let others = [&cookies.access, &cookies.refresh];
    if others.into_iter().flatten().any(|other| other.name == name) {
        let message = "another cookie has this name";
        findings.mistake("cookies.csrf.name", message, "give them different names");
    }
    let is_set = document.accounts.iter().any(|it| !it.cookies.is_empty());
    let is_set = is_set || document.pages.is_some();
    let is_renewed = cookies.access.is_some();
    if !is_set && !is_renewed {
        let message = "it is set with the tokens of users, and no account sets any";
        let fix = "write `cookies: [access, refresh]` at the account of a login, or remove it";
        findings.warning("cookies.csrf", message, fix);
    }
}
