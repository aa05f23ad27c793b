//! Account routes for codes and links that users are sent.

use super::{Findings, actions::CodeAction, dialect::Dialect, user_tables};
use crate::{
    accounts::{Endpoint, dialect::RequestShape},
    config::document::{
        Document,
        accounts::Account,
        codes::{Code, Form},
    },
    member::code::Purpose,
    store::WriteAction,
};

impl CodeAction {
    /// The endpoint, where the dialect says how it speaks.
    pub(super) fn endpoint(self, dialect: &Dialect) -> Option<Endpoint> {
        let codes = &dialect.codes;
        match self {
            Self::Send(purpose) => {
                let spoken = match purpose {
                    Purpose::Verify => &codes.send_code,
                    Purpose::Reset => &codes.reset_request,
                };
                Some(Endpoint::SendCode(purpose, spoken.clone()?))
            }
            Self::Verify => codes.verify_code.clone().map(Endpoint::VerifyCode),
            Self::Confirm => codes.confirm_link.clone().map(Endpoint::ConfirmLink),
            Self::Reset => codes.reset_password.clone().map(Endpoint::ResetPassword),
        }
    }

    /// What it writes to the user table.
    fn writes(self) -> Option<WriteAction> {
        match self {
            Self::Verify => Some(WriteAction::Verify),
            Self::Reset => Some(WriteAction::Password),
            Self::Send(_) | Self::Confirm => None,
        }
    }
}

/// What such a route cannot do without.
pub(super) fn check(
    document: &Document,
    (account, action, endpoint): (&Account, CodeAction, &Endpoint),
    path: &str,
    findings: &mut Findings<'_>,
) {
    let codes = document.codes.as_ref();
    let (code, key) = match action.purpose() {
        Purpose::Verify => (codes.and_then(|it| it.verify.as_ref()), "verify"),
        Purpose::Reset => (codes.and_then(|it| it.reset.as_ref()), "reset"),
    };
    let Some(code) = code else {
        let message = "there are no codes that it could be about";
        let fix = format!("add `codes: {{ secret: …, {key}: {{ … }} }}`");
        findings.absence(&format!("{path}.action"), message, &fix);
        return;
    };
    if let Some(writes) = action.writes() {
        user_tables::needed(document, writes, &format!("{path}.action"), findings);
    }
    if action == CodeAction::Verify {
        follows_no_link(account, code, path, findings);
    }
    let Some(shape) = says_whom_it_is_about(endpoint, code.form) else {
        return;
    };
    let says_whom =
        |shape: &RequestShape| shape.roles.iter().any(|it| matches!(&**it, "login" | "id"));
    if !says_whom(shape) {
        let message = "the dialect does not say where the user's `login` or `id` is";
        let fix = "add the field to the dialect, or use `form: link`";
        findings.mistake(&format!("{path}.dialect"), message, fix);
    }
}

/// The request that has to say it: a link says it by itself.
fn says_whom_it_is_about(endpoint: &Endpoint, form: Form) -> Option<&RequestShape> {
    if let Endpoint::SendCode(_, spoken) = endpoint {
        return Some(&spoken.request);
    }
    if form == Form::Link {
        return None;
    }
    if let Endpoint::VerifyCode(spoken) = endpoint {
        return Some(&spoken.request);
    }
    if let Endpoint::ResetPassword(spoken) = endpoint {
        return Some(&spoken.request);
    }
    None
}

fn follows_no_link(account: &Account, code: &Code, path: &str, findings: &mut Findings<'_>) {
    if code.form == Form::Link && account.matches.starts_with("GET") {
        let message = "programs that look at every link of a mailbox use it up";
        let fix = "show a page by `confirm_link`, whose form posts to this route";
        findings.warning(&format!("{path}.match"), message, fix);
    }
}
