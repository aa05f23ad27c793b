//! The routes that the gateway answers itself.

use super::{
    Findings,
    actions::{self, Kind},
    code_routes, dialect, profile, sessions, sign_up_fields, social, user_tables,
};
use crate::{
    accounts::Endpoint,
    config::document::{Document, accounts::Account},
    store::WriteAction,
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
            endpoint((document, account), &path, &dialects, findings)
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
    (document, account): (&Document, &Account),
    path: &str,
    dialects: &dialect::Dialects,
    findings: &mut Findings<'_>,
) -> Option<Endpoint> {
    let by_dialect: fn(&dialect::Dialect) -> Option<Endpoint> =
        match actions::of(account.action).kind {
            Kind::Social(action) => {
                return social::endpoint((document, account, action), path, dialects, findings);
            }
            Kind::Own(own) => return Some(sessions::own(account, own, path, findings)),
            Kind::Revoke => return sessions::revoke(account, path, findings),
            Kind::Introspect => return sessions::introspect(account, path, findings),
            Kind::Code(action) => {
                let route = (account, path);
                let endpoint = spoken(route, dialects, findings, |it| action.endpoint(it))?;
                code_routes::check(document, (account, action, &endpoint), path, findings);
                return Some(endpoint);
            }
            Kind::ChangePassword => {
                let action = format!("{path}.action");
                user_tables::needed(document, WriteAction::Password, &action, findings);
                |it| {
                    it.change_password
                        .clone()
                        .map(Box::new)
                        .map(Endpoint::ChangePassword)
                }
            }
            Kind::Profile => |it| it.profile.clone().map(Endpoint::Profile),
            Kind::ChangeProfile => {
                let endpoint = spoken((account, path), dialects, findings, |it| {
                    it.change_profile.clone()
                })?;
                profile::check(document, &endpoint, path, findings);
                return Some(Endpoint::ChangeProfile(Box::new(endpoint)));
            }
            Kind::Login => |it| it.login.clone().map(Endpoint::Login),
            Kind::Refresh => |it| it.refresh.clone().map(Endpoint::Refresh),
            Kind::Verify => |it| it.verify.clone().map(Endpoint::Verify),
            Kind::SignUp => {
                let route = (account, path);
                let endpoint = spoken(route, dialects, findings, |it| it.sign_up.clone())?;
                sign_up_fields::check(document, &endpoint, path, findings);
                return Some(Endpoint::SignUp(Box::new(endpoint)));
            }
            Kind::Withdraw => |it| it.withdraw.clone().map(Endpoint::Withdraw),
        };
    spoken((account, path), dialects, findings, by_dialect)
}

/// The endpoint of an action as the account's dialect speaks it.
fn spoken<E>(
    (account, path): (&Account, &str),
    dialects: &dialect::Dialects,
    findings: &mut Findings<'_>,
    endpoint: impl FnOnce(&dialect::Dialect) -> Option<E>,
) -> Option<E> {
    sessions::no_clients(account, path, findings);
    let dialect = dialect_of(account, path, dialects, findings)?;
    let endpoint = endpoint(dialect).ok_or("the dialect does not say how this action speaks");
    let fix = "use another dialect, or add the action to its file";
    findings.take(endpoint, &format!("{path}.dialect"), fix)
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
