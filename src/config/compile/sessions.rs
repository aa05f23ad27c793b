//! Account routes that end sessions, list them, and speak of tokens.

use aws_lc_rs::digest::{SHA256, digest};

use super::{
    Findings,
    actions::{self, Needs},
    rotation::names_the_token,
    tokens::secret_text,
};
use crate::{
    accounts::{Client, Clients, Endpoint, Own},
    config::document::{
        Document,
        accounts::{Account, Action, Client as Written},
    },
    secret::Secret,
};

/// The shortest secret of a client: nobody chooses it, so it can be random.
const SHORTEST: usize = 32;

/// A refresh token that is kept for its user is taken away without any session.
fn needs_here(document: &Document, action: Action) -> Needs {
    let refresh = document.tokens.refresh.as_ref();
    let is_kept = refresh.is_some_and(|refresh| refresh.kept_in.is_some());
    let is_logout = matches!(action, Action::Logout | Action::LogoutEverywhere);
    if is_kept && is_logout && !are_named(document) {
        return Needs::Nothing;
    }
    actions::of(action).needs
}

/// Whether tokens have names of their own.
fn are_named(document: &Document) -> bool {
    let tokens = &document.tokens;
    let refresh = tokens.refresh.as_ref();
    names_the_token(&tokens.access.claims)
        && refresh.is_none_or(|refresh| names_the_token(&refresh.claims))
}

/// Whether sessions can be told apart, and kept.
pub(super) fn can_be_kept(document: &Document) -> bool {
    document.state.is_some() && are_named(document)
}

/// Whether any route is about sessions, so that they have to be kept.
pub(super) fn are_asked_for(document: &Document) -> bool {
    let mut accounts = document.accounts.iter();
    let kept = can_be_kept(document);
    (kept && document.pages.is_some())
        || accounts.any(|account| match needs_here(document, account.action) {
            // A password may be changed with what the row says.
            Needs::Nothing if account.action == Action::ChangeProfile => kept,
            Needs::Nothing | Needs::Codes => false,
            Needs::Ended => kept,
            Needs::Sessions | Needs::NamedTokens => true,
        })
}

/// What sessions cannot do without.
pub(super) fn check(document: &Document, findings: &mut Findings<'_>) {
    let named = are_named(document);
    for (index, account) in document.accounts.iter().enumerate() {
        let path = format!("accounts[{index}].action");
        let needs = needs_here(document, account.action);
        if needs != Needs::Nothing && document.state.is_none() {
            let message = match needs {
                Needs::Codes => {
                    "what was sent has to be known after a restart and to every gateway"
                }
                Needs::Nothing | Needs::Ended | Needs::Sessions | Needs::NamedTokens => {
                    "what has ended has to be known after a restart and to every gateway"
                }
            };
            let fix = "add `state: { database: … }`, the gateway's own tables";
            findings.mistake(&path, message, fix);
        }
        if needs == Needs::NamedTokens && !named {
            let message = "one session can be told from another only by a `jti`: two tokens that are minted in one second \
                           for one user are identical without it";
            let fix = "add `jti: \"{token.id}\"` to the claims of `tokens.access` and `tokens.refresh`, or use \
                       `logout_everywhere`";
            findings.mistake(&path, message, fix);
        }
    }
}

/// What users do with their sessions.
pub(super) fn own(
    account: &Account,
    own: Own,
    path: &str,
    findings: &mut Findings<'_>,
) -> Endpoint {
    no_dialect(account, path, findings);
    no_clients(account, path, findings);
    Endpoint::Own(own)
}

/// Where a token's session ends.
pub(super) fn revoke(
    account: &Account,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Endpoint> {
    no_dialect(account, path, findings);
    clients(account, path, findings).map(Endpoint::Revoke)
}

/// Where programs ask about tokens.
pub(super) fn introspect(
    account: &Account,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Endpoint> {
    no_dialect(account, path, findings);
    if account.clients.is_empty() {
        let message = "whoever asks could try tokens here";
        let fix = "add `clients: [{ id: …, secret: … }]`";
        findings.mistake(&format!("{path}.action"), message, fix);
    }
    clients(account, path, findings).map(Endpoint::Introspect)
}

/// What sidegate has of its own, no monolith has ever said.
pub(super) fn no_dialect(account: &Account, path: &str, findings: &mut Findings<'_>) {
    if account.dialect.is_some() {
        let message = "this action speaks the same in every dialect";
        findings.mistake(&format!("{path}.dialect"), message, "leave it out");
    }
}

/// Where users come, programs do not.
pub(super) fn no_clients(account: &Account, path: &str, findings: &mut Findings<'_>) {
    if !account.clients.is_empty() {
        let message = "users come here, not programs";
        findings.mistake(&format!("{path}.clients"), message, "leave it out");
    }
}

fn clients(account: &Account, path: &str, findings: &mut Findings<'_>) -> Option<Clients> {
    let clients = account.clients.iter().enumerate().map(|(index, written)| {
        let path = format!("{path}.clients[{index}]");
        let mut earlier = account.clients.iter().take(index);
        if earlier.any(|other| other.id == written.id) {
            let message = "another client has this name";
            findings.mistake(&format!("{path}.id"), message, "write each once");
        }
        client(written, &path, findings)
    });
    let clients: Vec<Option<Client>> = clients.collect();
    clients.into_iter().collect::<Option<Vec<_>>>().map(Clients)
}

fn client(written: &Written, path: &str, findings: &mut Findings<'_>) -> Option<Client> {
    let secret = match (&written.secret, &written.secret_sha256) {
        (Some(secret), None) => {
            let path = format!("{path}.secret");
            let secret = secret_text(secret, &path, findings)?;
            if secret.expose().len() < SHORTEST {
                let message = "the secret has less than 32 bytes and can be guessed";
                findings.mistake(&path, message, "make one of 32 random bytes");
            }
            let mut hash = [0; 32];
            hash.copy_from_slice(digest(&SHA256, secret.expose().as_bytes()).as_ref());
            hash
        }
        (None, Some(hash)) => {
            let path = format!("{path}.secret_sha256");
            let text = secret_text(hash, &path, findings)?;
            let hash = bytes_of(text.expose()).ok_or("this is no SHA-256");
            findings.take(
                hash,
                &path,
                "write 64 hexadecimal digits, as sha256sum prints them",
            )?
        }
        (Some(_), Some(_)) | (None, None) => {
            let message = "a client has one secret";
            findings.mistake(path, message, "write either `secret` or `secret_sha256`");
            return None;
        }
    };
    Some(Client {
        id: written.id.clone(),
        secret: Secret::new(secret),
    })
}

fn bytes_of(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let value = pair.iter().fold(0, |value, digit| value * 16 + digit);
        *byte = u8::try_from(value).ok()?;
    }
    Some(bytes)
}
