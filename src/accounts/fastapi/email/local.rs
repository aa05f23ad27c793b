//! The part before the @-sign.

use super::Reason;
use super::characters::{self, SpacePolicy, check_unsafe, is_atext, is_atext_intl, is_dot_atom};
use super::split::Quoting;

/// RFC 2142 mailboxes, which are the same in any case.
const FOLDED_MAILBOXES: [&str; 15] = [
    "info",
    "marketing",
    "sales",
    "support",
    "abuse",
    "noc",
    "security",
    "postmaster",
    "hostmaster",
    "usenet",
    "news",
    "webmaster",
    "www",
    "uucp",
    "ftp",
];

/// A valid local part.
pub(super) struct LocalPart {
    pub(super) text: String,
}

impl LocalPart {
    pub(super) fn with_mailbox_name_folded(self) -> Self {
        let folded = self.text.to_ascii_lowercase();
        if FOLDED_MAILBOXES.contains(&folded.as_str()) {
            Self { text: folded }
        } else {
            self
        }
    }
}

pub(super) fn validate(local: &str, quoting: Quoting) -> Result<LocalPart, Reason> {
    if local.is_empty() {
        return Err("There must be something before the @-sign.".to_owned());
    }
    let valid = LocalPart {
        text: local.to_owned(),
    };
    if is_dot_atom(local, is_atext) {
        return Ok(valid);
    }
    if is_dot_atom(local, is_atext_intl) {
        return check_unsafe(local, SpacePolicy::Refuse).map(|()| valid);
    }
    match quoting {
        Quoting::Quoted => {
            if let Some(shown) = characters::disallowed(local, is_quoted_text) {
                return Err(format!(
                    "The email address contains invalid characters in quotes before the @-sign: {shown}."
                ));
            }
            // A quoted local part is refused by the caller in any case, so that its escapes need not be restored.
            check_unsafe(local, SpacePolicy::Allow).map(|()| valid)
        }
        Quoting::Plain => Err(explain(local)),
    }
}

/// RFC 6531 `qtext`.
fn is_quoted_text(c: char) -> bool {
    matches!(c, ' '..='~') || !c.is_ascii()
}

/// Why a local part is no dot-atom.
fn explain(local: &str) -> Reason {
    if let Some(shown) = characters::disallowed(local, |c| is_atext_intl(c) || c == '.') {
        return format!(
            "The email address contains invalid characters before the @-sign: {shown}."
        );
    }
    let reason = if local.ends_with('.') {
        "An email address cannot have a period immediately before the @-sign."
    } else if local.starts_with('.') {
        "An email address cannot start with a period."
    } else {
        "An email address cannot have two periods in a row."
    };
    reason.to_owned()
}
