//! The routes that the gateway answers itself.

use super::{Findings, code_routes, dialect, sessions, social};
use crate::{
    accounts::Endpoint,
    config::document::{
        Document,
        accounts::{Account, Action},
    },
};

/// The endpoints, by the index of their account.
pub(super) fn compile(document: &Document, findings: &mut Findings<'_>) -> Option<Vec<Endpoint>> {
    if !document.accounts.is_empty() {
        needed(
            document.users.is_some(),
            "users",
            "`accounts` needs the user table",
            findings,
        );
        let refresh = document.tokens.refresh.is_some();
        needed(
            refresh,
            "tokens",
            "`accounts` needs `tokens.refresh`",
            findings,
        );
    }
    sessions::check(document, findings);
    let dialects = dialect::load_all(document, findings);
    let accounts = document.accounts.iter().enumerate();
    let endpoints: Vec<Option<Endpoint>> = accounts
        .map(|(index, account)| {
            let path = format!("accounts[{index}]");
            if social::is_social(account.action) {
                return social::endpoint((document, account), &path, &dialects, findings);
            }
            let endpoint = endpoint(account, &path, &dialects, findings)?;
            code_routes::check(document, (account, &endpoint), &path, findings);
            Some(endpoint)
        })
        .collect();
    endpoints.into_iter().collect()
}

fn needed(there: bool, path: &str, message: &str, findings: &mut Findings<'_>) {
    if !there {
        findings.absence(path, message, "add it, or remove the account routes");
    }
}

fn endpoint(
    account: &Account,
    path: &str,
    dialects: &dialect::Dialects,
    findings: &mut Findings<'_>,
) -> Option<Endpoint> {
    if !has_dialect(account.action) {
        return sessions::endpoint(account, path, findings);
    }
    sessions::no_clients(account, path, findings);
    let dialect_path = format!("{path}.dialect");
    let dialect = dialect_of(account, path, dialects, findings)?;
    let endpoint = match account.action {
        Action::Login => dialect.login.clone().map(Endpoint::Login),
        Action::Refresh => dialect.refresh.clone().map(Endpoint::Refresh),
        Action::Verify => dialect.verify.clone().map(Endpoint::Verify),
        Action::SignUp => dialect.sign_up.clone().map(Box::new).map(Endpoint::SignUp),
        Action::Withdraw => dialect.withdraw.clone().map(Endpoint::Withdraw),
        action @ (Action::SendCode
        | Action::VerifyCode
        | Action::ConfirmLink
        | Action::ResetRequest
        | Action::ResetPassword) => code_routes::endpoint(action, dialect),
        Action::Logout
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
        | Action::SocialNotice => None,
    };
    let endpoint = endpoint.ok_or("the dialect does not say how this action speaks");
    let fix = "use another dialect, or add the action to its file";
    findings.take(endpoint, &dialect_path, fix)
}

/// The dialect that an account names.
pub(super) fn dialect_of<'a>(
    account: &Account,
    path: &str,
    dialects: &'a dialect::Dialects,
    findings: &mut Findings<'_>,
) -> Option<&'a dialect::Dialect> {
    let dialect_path = format!("{path}.dialect");
    let Some(name) = &account.dialect else {
        findings.absence(
            path,
            "it has to speak as its clients expect",
            "add `dialect: …`",
        );
        return None;
    };
    if !dialects.has(name) {
        let known = dialects.names();
        let listed = known.join(", ");
        let fix = format!("use one of {listed}, or name a file under `dialects`");
        findings.unknown(&dialect_path, "there is no such dialect", &known, &fix);
    }
    dialects.find(name)
}

/// Whether an action speaks as the monolith did.
fn has_dialect(action: Action) -> bool {
    match action {
        Action::Login
        | Action::Refresh
        | Action::Verify
        | Action::SignUp
        | Action::Withdraw
        | Action::SendCode
        | Action::VerifyCode
        | Action::ConfirmLink
        | Action::ResetRequest
        | Action::ResetPassword => true,
        Action::Logout
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
        | Action::SocialNotice => false,
    }
}
