//! The routes that the gateway answers itself, in the monolith's own dialect.
//!
//! Everything here runs on the control runtime: it waits for the database and for password checks, and the data plane
//! only waits for its answer. It promises that a failure of our own is never dressed up as a wrong password or a bad
//! token, and that nothing a client typed reaches a log. It does not guard anything: see `pipeline`.

mod attempt;
mod audit;
mod changing;
pub mod codes;
mod cookies;
pub mod dialect;
mod error;
pub mod fastapi;
pub mod hashing;
mod joining;
mod kept_refresh;
mod login;
mod meanwhile;
pub mod members;
mod named;
pub mod pages;
mod pick;
mod refresh;
mod renewal;
mod session;
mod sessions;
pub mod social;
mod upgrade;
mod verify;

use std::sync::Arc;

use ::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use tokio_util::task::TaskTracker;

use crate::{
    accounts::{
        codes::Codes,
        dialect::{
            ChangePasswordDialect, ChangeProfileDialect, ConfirmLinkDialect, LoginDialect,
            ProfileDialect, RefreshDialect, ResetPasswordDialect, SendCodeDialect, SignUpDialect,
            VerifyCodeDialect, VerifyDialect, WithdrawDialect,
        },
        pages::{PageRequest, Pages},
        social::{Social, SocialEndpoint},
    },
    attempts::Attempts,
    clock::{Clock, UnixSeconds},
    entropy::DecisionId,
    member::code::Purpose,
    ratelimit::{Network, RateLimit},
    revocation::{Denylist, LifetimeHistory},
    secret::Secret,
    state::State,
    store::Store,
    token::{mint::Minter, verify::Verifier},
};

pub use changing::{
    After, Changing, NewPassword, Oneself, PasswordChanged, Profile, ProfileChange, ProfileChanged,
};
pub use cookies::{Cookies, EndpointCookies, Granted, Lasts, TokenCookie, TokenName};
pub use dialect::Answer;
pub use error::{AccountError, Outcome, users_outcome};
pub use joining::{
    Application, Consent, Joining, Leave, Rejoin, SignUp, SignedUp, Source, Terms, Withdrawal,
    Withdrawn,
};
pub use kept_refresh::KeptRefresh;
pub use named::LoginSubjects;
pub use renewal::{Renewals, Renewed, Renewing};
pub use session::{LOGIN_VALUES, REFRESH_VALUES};
pub use sessions::{Client, Clients, OperatorError, Own, Sessions};
pub use upgrade::Upgrades;

/// One route that the gateway answers.
#[derive(Debug)]
pub enum Endpoint {
    /// Credentials in, tokens out.
    Login(LoginDialect),
    /// A refresh token in, a new access token out.
    Refresh(RefreshDialect),
    /// A token in, whether the guard would accept it out.
    Verify(VerifyDialect),
    /// What somebody says who wants to join in, a user out.
    SignUp(Box<SignUpDialect>),
    /// An access token in whose user leaves.
    Withdraw(WithdrawDialect),
    /// An access token and two passwords in, the password changed.
    ChangePassword(Box<ChangePasswordDialect>),
    /// An access token in, what the row says of its user out.
    Profile(ProfileDialect),
    /// An access token and values in, the row changed.
    ChangeProfile(Box<ChangeProfileDialect>),
    /// What users do with their sessions.
    Own(Own),
    /// A token in whose session ends (RFC 7009).
    Revoke(Clients),
    /// A token in, what it says out (RFC 7662).
    Introspect(Clients),
    /// A login at a provider.
    Social(Box<SocialEndpoint>),
    /// Whom a code is for in, a code to them.
    SendCode(Purpose, SendCodeDialect),
    /// A code in, an address proven.
    VerifyCode(VerifyCodeDialect),
    /// A link in, a page that asks whether it is meant out.
    ConfirmLink(ConfirmLinkDialect),
    /// A code and a password in, the password changed.
    ResetPassword(ResetPasswordDialect),
    /// The pages of members.
    Pages(Box<Pages>),
}

/// What an endpoint needs of a request.
#[derive(Debug, Clone)]
pub struct AccountRequest {
    /// The parameters of the path, decoded.
    pub parameters: Vec<(Box<str>, String)>,
    /// The raw query, without `?`.
    pub query: String,
    /// `Content-Type`, as sent.
    pub content_type: Option<String>,
    /// The whole body.
    pub body: Bytes,
    /// The token of a cookie, where the endpoint has it from there and there is one.
    pub cookie_token: Option<String>,
    /// The cookies, where the endpoint looks at any.
    pub cookies: HeaderMap,
    /// The limits of attempts at one account.
    pub attempts: Vec<Arc<RateLimit>>,
    /// What the client shows to be known by.
    pub device: Option<String>,
    /// `Authorization`, as sent.
    pub authorization: Option<Secret<String>>,
    /// What the client's software calls itself.
    pub agent: Option<String>,
    /// The languages that are wanted, as `Accept-Language` has them.
    pub languages: Option<String>,
    /// What a page needs besides, where it is one that is asked.
    pub page: Option<Box<PageRequest>>,
    /// Where something goes on that the answer does not wait for.
    pub tasks: TaskTracker,
    /// Who sends it, for what is logged, counted and kept.
    pub sender: Sender,
}

/// Who sends a request.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The network of the client; `None` behind a socket without addresses.
    pub network: Option<Network>,
    /// The client's address, as the access line has it.
    pub address: HeaderValue,
    /// Names the request.
    pub decision: DecisionId,
}

/// Access and refresh tokens: how they are made and proven.
#[derive(Debug)]
pub struct TokenKind {
    /// Makes them.
    pub minter: Minter,
    /// Proves them.
    pub verifier: Verifier,
    /// How long they hold, and held.
    pub lifetimes: LifetimeHistory,
    /// Which column of a row their subject is.
    pub about: About,
}

/// Which column of a row the subject of a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Its id.
    Id,
    /// What users log in with; the column's collation decides which spellings are one.
    Login,
}

/// Everything the endpoints share.
#[derive(Debug)]
pub struct Accounts {
    /// The endpoints, by [`crate::policy::route::EndpointId`].
    pub endpoints: Vec<Endpoint>,
    /// The monolith's users.
    pub store: Arc<Store>,
    /// Where passwords are checked.
    pub hashing: Arc<hashing::HashingPool>,
    /// Where outdated hashes are replaced, if they are.
    pub upgrades: Option<Upgrades>,
    /// Access tokens.
    pub access: TokenKind,
    /// Refresh tokens.
    pub refresh: TokenKind,
    /// Who has to wait after failed logins, where anybody has.
    pub attempts: Option<Arc<Attempts>>,
    /// Who may no longer use a token, where anything tells.
    pub denylist: Option<Arc<Denylist>>,
    /// Where access tokens say what their users log in with.
    pub login_subjects: Option<LoginSubjects>,
    /// The cookies of tokens.
    pub cookies: Cookies,
    /// The access tokens that are being renewed.
    pub renewals: Renewals,
    /// The gateway's own tables, if there are any.
    pub state: Option<Arc<State>>,
    /// Where sessions are kept, if they are.
    pub sessions: Option<Sessions>,
    /// The providers, if there are any.
    pub social: Option<Social>,
    /// How users join and leave.
    pub joining: Joining,
    /// How users change what is theirs, where anything may be written.
    pub changing: Option<Changing>,
    /// Where refresh tokens are kept that never leave the server, if they are.
    pub kept_refresh: Option<KeptRefresh>,
    /// How members are managed, if they are.
    pub members: Option<members::Members>,
    /// What sends codes and tries them, if any are sent.
    pub codes: Option<Arc<Codes>>,
    /// Whether a watch tells the denylist of every state that blocks users, while it is heard.
    pub hears_of_blocks: bool,
    /// The clock of `exp`.
    pub clock: Clock,
}

impl Accounts {
    /// Answers a request to an endpoint.
    pub async fn answer(
        self: &Arc<Self>,
        endpoint: usize,
        request: AccountRequest,
    ) -> Result<Answer, AccountError> {
        let mut answer = match self.endpoints.get(endpoint) {
            Some(Endpoint::Login(dialect)) => self.login(dialect, &request).await?,
            Some(Endpoint::Refresh(dialect)) => self.refresh(dialect, &request).await?,
            Some(Endpoint::Verify(dialect)) => self.verify(dialect, &request).await?,
            Some(Endpoint::SignUp(dialect)) => self.sign_up(dialect, &request).await?,
            Some(Endpoint::Withdraw(dialect)) => {
                self.withdraw((dialect, endpoint), &request).await?
            }
            Some(Endpoint::ChangePassword(dialect)) => {
                self.own_password((dialect, endpoint), &request).await?
            }
            Some(Endpoint::Profile(dialect)) => self.show_profile(dialect, &request).await?,
            Some(Endpoint::ChangeProfile(dialect)) => {
                self.own_profile((dialect, endpoint), &request).await?
            }
            Some(Endpoint::Own(action)) => self.own_sessions((*action, endpoint), &request).await?,
            Some(Endpoint::Revoke(clients)) => self.revoke(clients, &request).await?,
            Some(Endpoint::Introspect(clients)) => self.introspect(clients, &request).await?,
            Some(Endpoint::Social(endpoint)) => self.social(endpoint, &request).await?,
            Some(Endpoint::SendCode(purpose, dialect)) => {
                self.send_code((*purpose, dialect), &request)?
            }
            Some(Endpoint::VerifyCode(dialect)) => self.verify_code(dialect, &request).await?,
            Some(Endpoint::Pages(pages)) => self.visited((pages, endpoint), request).await?,
            Some(Endpoint::ConfirmLink(dialect)) => Self::confirm_link(dialect, &request)?,
            Some(Endpoint::ResetPassword(dialect)) => {
                self.reset_password(dialect, &request).await?
            }
            None => return Err(AccountError::NoEndpoint),
        };
        self.cookies.deliver(endpoint, &mut answer, self.now())?;
        Ok(answer)
    }

    /// What an endpoint does, in a word.
    pub fn action(&self, endpoint: usize) -> &'static str {
        match self.endpoints.get(endpoint) {
            Some(Endpoint::Login(_)) => "login",
            Some(Endpoint::Refresh(_)) => "refresh",
            Some(Endpoint::Verify(_)) => "verify",
            Some(Endpoint::SignUp(_)) => "sign_up",
            Some(Endpoint::Withdraw(_)) => "withdraw",
            Some(Endpoint::ChangePassword(_)) => "change_password",
            Some(Endpoint::Profile(_)) => "profile",
            Some(Endpoint::ChangeProfile(_)) => "change_profile",
            Some(Endpoint::Own(action)) => action.name(),
            Some(Endpoint::Revoke(_)) => "revoke",
            Some(Endpoint::Introspect(_)) => "introspect",
            Some(Endpoint::Social(endpoint)) => endpoint.action.name(),
            Some(Endpoint::SendCode(Purpose::Verify, _)) => "send_code",
            Some(Endpoint::SendCode(Purpose::Reset, _)) => "reset_request",
            Some(Endpoint::VerifyCode(_)) => "verify_code",
            Some(Endpoint::ConfirmLink(_)) => "confirm_link",
            Some(Endpoint::ResetPassword(_)) => "reset_password",
            Some(Endpoint::Pages(_)) => "pages",
            None => "none",
        }
    }

    /// Whether an endpoint looks at cookies besides those of tokens.
    pub fn reads_cookies(&self, endpoint: usize) -> bool {
        matches!(self.endpoints.get(endpoint), Some(Endpoint::Social(_)))
    }

    fn now(&self) -> UnixSeconds {
        self.clock.unix_seconds()
    }
}
