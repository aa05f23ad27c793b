//! Account routes for codes and links that users are sent.

use super::{Findings, dialect::Dialect, user_tables};
use crate::{
    accounts::{Endpoint, dialect::RequestShape},
    config::document::{
        Document,
        accounts::{Account, Action},
        codes::{Code, Form},
    },
    member::code::Purpose,
    store::WriteAction,
};

/// Which codes an action is about.
pub(super) fn purpose(action: Action) -> Option<Purpose> {
    match action {
        Action::SendCode | Action::VerifyCode | Action::ConfirmLink => Some(Purpose::Verify),
        Action::ResetRequest | Action::ResetPassword => Some(Purpose::Reset),
        Action::Login
        | Action::Refresh
        | Action::Verify
        | Action::Logout
        | Action::LogoutOthers
        | Action::LogoutEverywhere
        | Action::EndSession
        | Action::Sessions
        | Action::Revoke
        | Action::Introspect
        | Action::SocialStart
        | Action::SocialCallback
        | Action::SocialToken
        | Action::SocialLink
        | Action::SocialUnlink
        | Action::SocialNotice
        | Action::SignUp
        | Action::Withdraw => None,
    }
}

/// The endpoint of such an action, where the dialect says how it speaks.
pub(super) fn endpoint(action: Action, dialect: &Dialect) -> Option<Endpoint> {
    let codes = &dialect.codes;
    match action {
        Action::SendCode => {
            let spoken = codes.send_code.clone()?;
            Some(Endpoint::SendCode(Purpose::Verify, spoken))
        }
        Action::ResetRequest => {
            let spoken = codes.reset_request.clone()?;
            Some(Endpoint::SendCode(Purpose::Reset, spoken))
        }
        Action::VerifyCode => codes.verify_code.clone().map(Endpoint::VerifyCode),
        Action::ConfirmLink => codes.confirm_link.clone().map(Endpoint::ConfirmLink),
        Action::ResetPassword => codes.reset_password.clone().map(Endpoint::ResetPassword),
        Action::Login
        | Action::Refresh
        | Action::Verify
        | Action::Logout
        | Action::LogoutOthers
        | Action::LogoutEverywhere
        | Action::EndSession
        | Action::Sessions
        | Action::Revoke
        | Action::Introspect
        | Action::SocialStart
        | Action::SocialCallback
        | Action::SocialToken
        | Action::SocialLink
        | Action::SocialUnlink
        | Action::SocialNotice
        | Action::SignUp
        | Action::Withdraw => None,
    }
}

/// What such a route cannot do without.
pub(super) fn check(
    document: &Document,
    (account, endpoint): (&Account, &Endpoint),
    path: &str,
    findings: &mut Findings<'_>,
) {
    let codes = document.codes.as_ref();
    let (code, key) = match purpose(account.action) {
        None => return,
        Some(Purpose::Verify) => (codes.and_then(|it| it.verify.as_ref()), "verify"),
        Some(Purpose::Reset) => (codes.and_then(|it| it.reset.as_ref()), "reset"),
    };
    let Some(code) = code else {
        let message = "there are no codes that it could be about";
        let fix = format!("add `codes: {{ secret: …, {key}: {{ … }} }}`");
        findings.absence(&format!("{path}.action"), message, &fix);
        return;
    };
    let writes = if matches!(account.action, Action::VerifyCode) {
        Some(WriteAction::Verify)
    } else {
        matches!(account.action, Action::ResetPassword).then_some(WriteAction::Password)
    };
    if let Some(action) = writes {
        user_tables::needed(document, action, &format!("{path}.action"), findings);
    }
    follows_no_link(account, code, path, findings);
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
    let spends = matches!(account.action, Action::VerifyCode);
    if spends && code.form == Form::Link && account.matches.starts_with("GET") {
        let message = "programs that look at every link of a mailbox use it up";
        let fix = "show a page by `confirm_link`, whose form posts to this route";
        findings.warning(&format!("{path}.match"), message, fix);
    }
}
