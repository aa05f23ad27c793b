//! Logins at providers: who comes back from one is a member, and gets what a login gets.
//!
//! `social` says who somebody is there; here it is decided who that is in the user table. A provider that is away or talks
//! nonsense is an outage and nobody's fault: no answer of a dialect is given for it.

mod callback;
mod event;
mod joining;
mod kept;
mod link;
mod linking;
mod native;
mod notice;
mod returns;
mod start;
mod verdict;

use std::sync::Arc;

use super::{AccountError, AccountRequest, Accounts, Answer, dialect::LoginDialect};
use crate::{
    clock::Clock,
    http::set_cookie::{Attributes, CookieError, CookieShape, SameSite, Scripts, Transport},
    social::{Provider, ResponseMode, Seal, Settings, Used},
};

pub use joining::{Filling, JOINING_VALUES, Joining};
pub use returns::{Origin, Returns, ReturnsError};

/// The cookies of those who are on their way. Several may be, in several windows; more than a few would fill the header.
const COOKIES: [&str; 4] = [
    "__Host-sidegate-social-0",
    "__Host-sidegate-social-1",
    "__Host-sidegate-social-2",
    "__Host-sidegate-social-3",
];

/// What is configured.
#[derive(Debug)]
pub struct SocialSettings {
    /// Seals what browsers take along.
    pub seal: Seal,
    /// The providers, by their numbers.
    pub providers: Vec<Settings>,
    /// The columns of the provider and of the subject there.
    pub columns: (String, String),
    /// The column of the id.
    pub id: String,
    /// The column of the login.
    pub email: String,
    /// How somebody who is nobody here becomes a member, if they do.
    pub joining: Option<Joining>,
    /// Where browsers go in the end.
    pub returns: Returns,
}

/// The same, at work.
#[derive(Debug)]
pub struct Social {
    seal: Seal,
    providers: Vec<Arc<Provider>>,
    columns: (String, String),
    id: String,
    email: String,
    joining: Option<Joining>,
    returns: Returns,
    used: Arc<Used>,
}

/// A route that is about a provider.
#[derive(Debug)]
pub struct SocialEndpoint {
    /// The number of the provider.
    pub provider: usize,
    /// What it does.
    pub action: SocialAction,
    /// How it answers; browsers are sent on where nothing is said.
    pub dialect: Option<SocialDialect>,
}

/// How it speaks.
#[derive(Debug)]
pub struct SocialDialect {
    /// As a login does.
    pub login: LoginDialect,
    /// What those are told who have left too short a time ago, as a sign-up tells them.
    pub too_early: Answer,
}

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocialAction {
    /// Sends a browser to the provider.
    Start,
    /// Takes it when it comes back.
    Callback,
    /// Takes what a native application has been given there.
    Token,
    /// Sends a member who is signed in there, to link the account.
    Link,
    /// Takes the account off a member who is signed in.
    Unlink,
    /// Takes what the provider tells of its users.
    Notice,
}

impl SocialAction {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "social_start",
            Self::Callback => "social_callback",
            Self::Token => "social_token",
            Self::Link => "social_link",
            Self::Unlink => "social_unlink",
            Self::Notice => "social_notice",
        }
    }
}

impl Social {
    /// What is known of the providers stays known, and a journey that has ended stays ended.
    pub fn after(before: Option<&Self>, settings: SocialSettings, clock: Clock) -> Self {
        let known = |settings: Settings| {
            let mut known = before.into_iter().flat_map(|before| &before.providers);
            let same = known.find(|provider| *provider.settings() == settings);
            same.map_or_else(|| Arc::new(Provider::new(settings, clock)), Arc::clone)
        };
        let used = before.map(|before| Arc::clone(&before.used));
        Self {
            seal: settings.seal,
            providers: settings.providers.into_iter().map(known).collect(),
            columns: settings.columns,
            id: settings.id,
            email: settings.email,
            joining: settings.joining,
            returns: settings.returns,
            used: used.unwrap_or_default(),
        }
    }

    fn provider(&self, endpoint: &SocialEndpoint) -> Result<&Provider, AccountError> {
        let provider = self.providers.get(endpoint.provider);
        provider.map(|it| &**it).ok_or(AccountError::NoEndpoint)
    }
}

impl Accounts {
    pub(super) async fn social(
        &self,
        endpoint: &SocialEndpoint,
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let social = self.social.as_ref().ok_or(AccountError::NoEndpoint)?;
        let provider = social.provider(endpoint)?;
        match endpoint.action {
            SocialAction::Start => self.social_start((social, provider), request).await,
            SocialAction::Callback => {
                let dialect = endpoint.dialect.as_ref();
                self.social_callback((social, provider), dialect, request)
                    .await
            }
            SocialAction::Link => self.social_link((social, provider), request).await,
            SocialAction::Unlink => self.social_unlink((social, provider), request).await,
            SocialAction::Notice => self.social_notice((social, provider), request).await,
            SocialAction::Token => {
                let dialect = endpoint.dialect.as_ref();
                let dialect = dialect.ok_or(AccountError::NoEndpoint)?;
                self.social_token((social, provider), dialect, request)
                    .await
            }
        }
    }
}

/// The cookie of somebody with this `state`. A form that another site's page sends carries only what is meant for requests
/// of all sites.
fn cookie_of(state: &str, mode: ResponseMode) -> Result<CookieShape, CookieError> {
    let number = state.bytes().last().map_or(0, usize::from) % COOKIES.len();
    let name = COOKIES.get(number).copied().unwrap_or_default();
    let same_site = match mode {
        ResponseMode::Query => SameSite::Lax,
        ResponseMode::FormPost => SameSite::None,
    };
    let attributes = Attributes {
        path: "/".into(),
        domain: None,
        same_site,
        transport: Transport::Secure,
        scripts: Scripts::Shut,
    };
    CookieShape::new(name, &attributes)
}
