//! How an endpoint fails by our own fault, and what that is to a client.

use std::{sync::Arc, time::Duration};

use ::http::StatusCode;

use super::pages::Failed;
use crate::{
    attempts::Delayed, http::set_cookie::CookieError, mailer::Full, ratelimit::Exceeded,
    social::SocialError, state, store, token::mint::MintError,
};

/// Why an endpoint has no answer in its dialect. None of these is the user's fault.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The user database could not be asked.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The user database could not be written.
    #[error(transparent)]
    Write(#[from] store::WriteError),
    /// The gateway's own tables could not be asked.
    #[error(transparent)]
    State(#[from] state::Error),
    /// The route is about the sessions of whoever shows a token, and none is shown.
    #[error("the route needs a token and the request has none")]
    MissingToken,
    /// The token that is shown does not hold, or is of no session.
    #[error("the token does not hold")]
    InvalidToken,
    /// A refresh token's successor could not be sealed.
    #[error("the successor of a refresh token could not be sealed")]
    Unsealed,
    /// A provider is away, or does not answer as it should.
    #[error(transparent)]
    Social(#[from] SocialError),
    /// A browser that comes back from a provider is not one that was sent there from here lately.
    #[error("no login that this browser began here is under way")]
    Strayed,
    /// A login wants to go on to a place that nobody has named.
    #[error("`return_to` names a place that is not among those that are allowed")]
    ReturnTo,
    /// More logins wait for a password check than the queue takes.
    #[error("too many logins wait for a password check")]
    Busy,
    /// Too many attempts at this account.
    #[error(transparent)]
    RateLimited(Exceeded),
    /// After failures the next attempt has to wait.
    #[error(transparent)]
    Delayed(#[from] Delayed),
    /// More messages wait to be delivered than the queue takes.
    #[error(transparent)]
    ManyMessages(#[from] Full),
    /// The threads that check passwords are gone.
    #[error("the password threads have ended")]
    HashingEnded,
    /// A token is too large for a cookie.
    #[error(transparent)]
    Cookie(#[from] CookieError),
    /// A page says it.
    #[error(transparent)]
    OnPage(Box<Failed>),
    /// A token could not be renewed for somebody who looks at a page.
    #[error("{0}")]
    Renewal(Arc<AccountError>),
    /// More tokens are renewed at once than are kept track of.
    #[error("too many tokens are being renewed at once")]
    ManyRenewals,
    /// A token could not be signed.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// An answer refers to an endpoint that does not exist.
    #[error("there is no such endpoint")]
    NoEndpoint,
    /// The work panicked: a fault of the program.
    #[error("the endpoint failed unexpectedly")]
    Panicked,
    /// The work was given up half-way, for example by the drain.
    #[error("the request was given up")]
    Abandoned,
}

/// One row of the table from failure to HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The status.
    pub status: StatusCode,
    /// The stable code.
    pub code: &'static str,
    /// `Retry-After`, for what passes by itself.
    pub retry_after: Option<Duration>,
}

impl AccountError {
    /// What the client gets.
    pub fn outcome(&self) -> Outcome {
        let (status, code, retry_after) = match self {
            Self::Store(error) => return users_outcome(error),
            Self::Write(error) => return write_outcome(error),
            Self::State(error) => return state_outcome(error),
            Self::OnPage(failed) => return failed.error.outcome(),
            Self::Renewal(error) => return error.outcome(),
            Self::RateLimited(exceeded) => {
                let seconds = exceeded.retry_after().as_secs();
                (StatusCode::TOO_MANY_REQUESTS, "rate_limited", Some(seconds))
            }
            Self::Delayed(delayed) => {
                let seconds = delayed.retry_after().as_secs();
                (
                    StatusCode::TOO_MANY_REQUESTS,
                    "login_delayed",
                    Some(seconds),
                )
            }
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "login_busy", Some(2)),
            Self::ManyMessages(_) => (StatusCode::SERVICE_UNAVAILABLE, "messages_busy", Some(5)),
            Self::ManyRenewals => (StatusCode::SERVICE_UNAVAILABLE, "renewals_busy", Some(1)),
            Self::Abandoned => (StatusCode::SERVICE_UNAVAILABLE, "shutting_down", Some(1)),
            Self::Cookie(_) => (StatusCode::INTERNAL_SERVER_ERROR, "cookie_too_large", None),
            Self::MissingToken => (StatusCode::UNAUTHORIZED, "missing_token", None),
            Self::InvalidToken => (StatusCode::UNAUTHORIZED, "invalid_token", None),
            Self::Social(SocialError::Unavailable { .. }) => {
                let code = "provider_unavailable";
                (StatusCode::SERVICE_UNAVAILABLE, code, Some(5))
            }
            Self::Social(SocialError::Misbehaves { .. }) => {
                (StatusCode::BAD_GATEWAY, "provider_failed", None)
            }
            Self::Strayed => (StatusCode::BAD_REQUEST, "social_state_invalid", None),
            Self::ReturnTo => (StatusCode::BAD_REQUEST, "return_to_refused", None),
            Self::HashingEnded
            | Self::Mint(_)
            | Self::Unsealed
            | Self::NoEndpoint
            | Self::Panicked => (StatusCode::INTERNAL_SERVER_ERROR, "internal", None),
        };
        Outcome {
            status,
            code,
            retry_after: retry_after.map(Duration::from_secs),
        }
    }
}

/// What it is to a client that the user database could not be asked.
pub fn users_outcome(error: &store::Error) -> Outcome {
    use store::Error;
    let (status, code, retry_after) = match error {
        Error::Unavailable { .. } | Error::Deadline { .. } | Error::Overloaded => (
            StatusCode::SERVICE_UNAVAILABLE,
            "users_unavailable",
            Some(Duration::from_secs(1)),
        ),
        // A grant or a column can be put right while the gateway runs, so this too may pass.
        Error::Refused { .. }
        | Error::UnknownDatabase
        | Error::UnknownTable { .. }
        | Error::UnknownColumn { .. }
        | Error::Unexpected { .. } => (
            StatusCode::SERVICE_UNAVAILABLE,
            "users_misconfigured",
            Some(Duration::from_secs(30)),
        ),
        Error::Corrupt { .. } | Error::Ambiguous { .. } | Error::Settings(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "users_corrupt", None)
        }
    };
    Outcome {
        status,
        code,
        retry_after,
    }
}

/// What it is to a client that the user database could not be written.
fn write_outcome(error: &store::WriteError) -> Outcome {
    use store::WriteError;
    let (status, code, retry_after) = match error {
        WriteError::Unavailable { .. } | WriteError::Deadline { .. } | WriteError::Overloaded => (
            StatusCode::SERVICE_UNAVAILABLE,
            "users_unavailable",
            Some(1),
        ),
        // A grant, a column or a default can be put right while the gateway runs.
        WriteError::Refused { .. }
        | WriteError::UnknownName
        | WriteError::NoDefault
        | WriteError::LostKey
        | WriteError::Referenced
        | WriteError::Duplicate
        | WriteError::Unfit
        | WriteError::Unexpected { .. } => {
            let code = "users_misconfigured";
            (StatusCode::SERVICE_UNAVAILABLE, code, Some(30))
        }
        WriteError::Corrupt { .. } | WriteError::Settings(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "users_corrupt", None)
        }
    };
    Outcome {
        status,
        code,
        retry_after: retry_after.map(Duration::from_secs),
    }
}

/// What it is to a client that the gateway's own tables could not be asked.
fn state_outcome(error: &state::Error) -> Outcome {
    use state::Error;
    let (status, code, retry_after) = match error {
        Error::Unavailable { .. } | Error::Deadline { .. } | Error::Overloaded => (
            StatusCode::SERVICE_UNAVAILABLE,
            "state_unavailable",
            Some(1),
        ),
        // A grant or a table can be put right while the gateway runs.
        Error::Refused { .. }
        | Error::UnknownDatabase
        | Error::NotMigrated
        | Error::Pending { .. }
        | Error::Migrations(_)
        | Error::Unexpected { .. } => {
            let code = "state_misconfigured";
            (StatusCode::SERVICE_UNAVAILABLE, code, Some(30))
        }
        Error::Corrupt { .. } | Error::TooLong { .. } | Error::Pool { .. } => {
            (StatusCode::INTERNAL_SERVER_ERROR, "state_corrupt", None)
        }
    };
    Outcome {
        status,
        code,
        retry_after: retry_after.map(Duration::from_secs),
    }
}
