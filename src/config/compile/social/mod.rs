//! Logins at somebody else's.

mod built_in;
mod client;
mod joining;
mod provider;

use super::{Findings, accounts, actions, dialect::Dialects, sessions, tokens::secret_text};
use crate::{
    accounts::{
        Endpoint, Joining, SignUp,
        social::{Returns, SocialAction, SocialDialect, SocialEndpoint, SocialSettings},
    },
    config::{
        document::{Document, accounts::Account, social::Social},
        reading::places::key_step,
    },
    secret::Secret,
    social::Seal,
    store,
};

/// The shortest secret that seals anything: nobody chooses it, so it can be random.
const SHORTEST: usize = 32;

/// What is configured, if anything is; `Err` where it has mistakes.
pub(super) fn compile(
    document: &Document,
    (users, known): (Option<&store::Settings>, &Joining),
    findings: &mut Findings<'_>,
) -> Result<Option<SocialSettings>, ()> {
    for (index, account) in document.accounts.iter().enumerate() {
        provider_of(document, account, &format!("accounts[{index}]"), findings);
    }
    let Some(written) = &document.social else {
        return Ok(None);
    };
    let known = users.map(|users| (users, known.sign_up.as_ref()));
    let settings = settings(document, (written, known), findings);
    settings.map(Some).ok_or(())
}

fn settings(
    document: &Document,
    (written, known): (&Social, Option<(&store::Settings, Option<&SignUp>)>),
    findings: &mut Findings<'_>,
) -> Option<SocialSettings> {
    let secret = secret_text(&written.secret, "social.secret", findings);
    if let Some(secret) = &secret
        && secret.expose().len() < SHORTEST
    {
        let message = "the secret has less than 32 bytes and can be guessed";
        findings.mistake("social.secret", message, "make one of 32 random bytes");
    }
    let built_in = built_in::all(findings);
    let users = known.map(|(users, _)| users);
    if written.providers.is_empty() {
        let message = "nobody could log in anywhere";
        findings.mistake("social.providers", message, "add one, such as `google`");
    }
    let providers = written.providers.iter().map(|(name, provider)| {
        let path = format!("social.providers{}", key_step(name));
        let known = built_in.get(name.as_str());
        let one = provider::One {
            document,
            name,
            written: provider,
            known,
            path: &path,
            users,
        };
        one.compile(findings)
    });
    // Every provider is looked at before the first bad one counts.
    let providers: Vec<_> = providers.collect();
    let returns = returns(written, findings);
    let joining = joining::compile((document, written), known, findings);
    let columns = &written.columns;
    for (key, column) in [
        ("provider", &columns.provider),
        ("subject", &columns.subject),
    ] {
        if column.is_empty() {
            let path = format!("social.columns.{key}");
            findings.mistake(&path, "the column has no name", "write one such as sns_uid");
        }
    }
    Some(SocialSettings {
        seal: Seal::new(Secret::new(secret?.expose().clone().into_bytes())),
        providers: providers.into_iter().collect::<Option<_>>()?,
        columns: (columns.provider.clone(), columns.subject.clone()),
        id: document.users.as_ref()?.columns.id.clone(),
        email: document.users.as_ref()?.columns.login.clone(),
        joining: joining.ok()?,
        returns: returns?,
    })
}

fn returns(written: &Social, findings: &mut Findings<'_>) -> Option<Returns> {
    let mut origins = Vec::new();
    for (index, origin) in written.return_to.iter().enumerate() {
        let path = format!("social.return_to[{index}]");
        let fix = "write one such as https://app.example.com, without a path";
        origins.extend(findings.take(Returns::origin(origin), &path, fix));
    }
    let returns = Returns::new(origins, &written.refused_to);
    let fix = "write a path such as /login, or a URL of an origin in `return_to`";
    findings.take(returns, "social.refused_to", fix)
}

/// The number of an account's provider.
pub(super) fn index_of(document: &Document, account: &Account) -> Option<usize> {
    let name = account.provider.as_ref()?;
    document.social.as_ref()?.providers.get_index_of(name)
}

/// An account that is about a provider names one that there is.
fn provider_of(document: &Document, account: &Account, path: &str, findings: &mut Findings<'_>) {
    let provider = format!("{path}.provider");
    let is_social = actions::of(account.action).kind.is_social();
    match (&account.provider, is_social) {
        (None, false) => {}
        (Some(_), false) => {
            let message = "this action is about no provider";
            findings.mistake(&provider, message, "leave it out");
        }
        (None, true) => {
            let message = "it is not said whose users come here";
            findings.absence(path, message, "add `provider: …`, of `social.providers`");
        }
        (Some(_), true) if document.social.is_none() => {
            let message = "no provider is known";
            findings.mistake(&provider, message, "add `social: { providers: … }`");
        }
        (Some(_), true) => {
            if index_of(document, account).is_none() {
                let providers = document.social.iter();
                let known = providers.flat_map(|social| social.providers.keys());
                let known: Vec<&str> = known.map(String::as_str).collect();
                let fix = format!("use one of {}", known.join(", "));
                findings.unknown(&provider, "there is no such provider", &known, &fix);
            }
        }
    }
}

/// The endpoint of an account that is about a provider.
pub(super) fn endpoint(
    (document, account, action): (&Document, &Account, SocialAction),
    path: &str,
    dialects: &Dialects,
    findings: &mut Findings<'_>,
) -> Option<Endpoint> {
    sessions::no_clients(account, path, findings);
    joining::may_link(document, action, path, findings);
    let dialect_path = format!("{path}.dialect");
    let dialect = match (&account.dialect, action) {
        (
            Some(_),
            SocialAction::Start | SocialAction::Link | SocialAction::Unlink | SocialAction::Notice,
        ) => {
            sessions::no_dialect(account, path, findings);
            None
        }
        (None, SocialAction::Callback) if account.cookies.is_empty() => {
            let message = "browsers that come back would get no tokens";
            let fix = "add `cookies: [access, refresh]`, or `dialect: …`";
            findings.absence(path, message, fix);
            None
        }
        (
            None,
            SocialAction::Start
            | SocialAction::Callback
            | SocialAction::Link
            | SocialAction::Unlink
            | SocialAction::Notice,
        ) => None,
        (_, SocialAction::Callback | SocialAction::Token) => {
            let dialect = accounts::dialect_of(account, path, dialects, findings)?;
            let login = dialect.login.clone();
            let login = login.ok_or("the dialect does not say how a login speaks");
            let fix = "use another dialect, or add `login` to its file";
            let login = findings.take(login, &dialect_path, fix)?;
            let too_early = dialect.sign_up.as_ref().map(|it| it.too_early.clone());
            Some(SocialDialect {
                too_early: too_early.unwrap_or_else(|| login.refused.clone()),
                login,
            })
        }
    };
    Some(Endpoint::Social(Box::new(SocialEndpoint {
        provider: index_of(document, account)?,
        action,
        dialect,
    })))
}
