//! What a provider is, and what we are to it.

use std::{sync::Arc, time::Duration};

use super::{client_secret::SignedSecret, path::JsonPath, places::Whereabouts};
use crate::{
    fetch::{Site, Transport, Wanted},
    secret::Secret,
    token::key::Algorithm,
};

/// The providers that ship with the binary: name and file.
pub const BUILT_IN: [(&str, &str); 4] = [
    ("apple", include_str!("builtin/apple.yaml")),
    ("google", include_str!("builtin/google.yaml")),
    ("kakao", include_str!("builtin/kakao.yaml")),
    ("naver", include_str!("builtin/naver.yaml")),
];

/// How much of an answer is taken, and how long it may take.
pub(super) const ANSWER: Wanted = Wanted {
    accept: "application/json",
    largest: 64 * 1024,
    patience: Duration::from_secs(5),
};

/// A provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its name in the configuration.
    pub name: Box<str>,
    /// What it knows us by.
    pub client_id: Box<str>,
    /// How we prove to it that we are that.
    pub proof: ClientProof,
    /// Where it sends browsers back to.
    pub callback: Box<str>,
    /// Its endpoints.
    pub whereabouts: Whereabouts,
    /// How they are reached.
    pub transport: Transport,
    /// What is asked for, as it is sent.
    pub scope: Box<str>,
    /// Further parameters of the way there.
    pub parameters: Vec<(Box<str>, Box<str>)>,
    /// How browsers come back.
    pub response_mode: ResponseMode,
    /// Whether codes are bound to us (RFC 7636).
    pub pkce: Pkce,
    /// Whether it says in an ID token who it is.
    pub id_token: IdToken,
    /// What that may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// Where else it says it.
    pub user_info: UserInfo,
    /// Where things stand in the user info.
    pub paths: ProfilePaths,
    /// What the user info says if it is no failure in disguise.
    pub success: Vec<(JsonPath, String)>,
    /// Further clients of ours: native applications.
    pub audiences: Vec<Box<str>>,
    /// How an access token of a native application shows whom it was granted to.
    pub token_info: Option<TokenInfo>,
    /// Whether access tokens are taken that were granted to anybody: the operator has said so.
    pub any_audience: bool,
    /// What it shows when it tells of users who have left, where it signs nothing.
    pub notice_secret: Option<Secret<String>>,
    /// The column in which its refresh token is kept, so that it can be taken back.
    pub refresh_token_column: Option<Box<str>>,
    /// What stands for it in the column of providers.
    pub link_as: Box<str>,
    /// Whether members are known by their e-mail addresses.
    pub link_by_email: LinkByEmail,
}

/// How we prove to a provider that we are its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientProof {
    /// Not at all: it has given us no secret.
    None,
    /// A secret in the form.
    Post(Secret<String>),
    /// A secret in the header (RFC 6749 section 2.3.1).
    Basic(Secret<String>),
    /// One that we sign, in the form.
    Signed(Arc<SignedSecret>),
}

/// How browsers come back from a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    /// With a query.
    Query,
    /// With a form that the provider's page sends.
    FormPost,
}

/// Whether codes are bound to whoever asked for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkce {
    /// By the SHA-256 of a secret.
    S256,
    /// They are not: the provider does not know of it.
    Off,
}

/// Whether a provider gives ID tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdToken {
    /// A login without one is refused.
    Required,
    /// None is looked at.
    Off,
}

/// Where a provider says who somebody is, besides an ID token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserInfo {
    /// Nowhere.
    Off,
    /// Where its discovery document says.
    Discovered,
    /// Here.
    At(Site),
}

/// Where things stand in what a provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfilePaths {
    /// Who it is.
    pub subject: JsonPath,
    /// The e-mail address.
    pub email: Option<JsonPath>,
    /// What has to be true for it to be theirs; without any it is not known to be.
    pub email_verified: Vec<JsonPath>,
    /// What they are called.
    pub name: Option<JsonPath>,
}

/// How an access token shows whom it was granted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// Who is asked.
    pub site: Site,
    /// Where the answer says it.
    pub path: JsonPath,
    /// Who it may be.
    pub accepted: Vec<Box<str>>,
}

/// Whether a member is known by the e-mail address that a provider has verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkByEmail {
    /// Only by the account at the provider.
    Off,
    /// If the provider says that the address is theirs.
    Verified,
}

impl ProfilePaths {
    /// The claims of OpenID Connect (Core section 5.1).
    pub fn standard() -> Self {
        let path = |name| JsonPath::parse(name).ok();
        Self {
            // INVARIANT: it is a name without anything else.
            subject: JsonPath::parse("sub").expect("a path"),
            email: path("email"),
            email_verified: path("email_verified").into_iter().collect(),
            name: path("name"),
        }
    }
}

impl Settings {
    /// Who may have asked for a token of ours.
    pub(super) fn parties(&self) -> Vec<Box<str>> {
        let own = std::iter::once(&self.client_id);
        own.chain(&self.audiences).cloned().collect()
    }
}
