//! How a login at a provider fails, told apart by whose fault it is.

use ::http::StatusCode;

use super::id_token::IdTokenError;
use crate::{fetch::FetchError, token::key_set::KeySetError};

/// Why a provider's word is not there.
#[derive(Debug, thiserror::Error)]
pub enum SocialError {
    /// It cannot be asked: an outage.
    #[error("the provider {provider} cannot be asked: {error}")]
    Unavailable {
        /// Which provider.
        provider: Box<str>,
        /// What is wrong, and what lies beneath it.
        error: String,
    },
    /// It answers what it should not. Nobody's account is at fault.
    #[error("the provider {provider} does not answer as it should: {fault}")]
    Misbehaves {
        /// Which provider.
        provider: Box<str>,
        /// What is wrong.
        fault: Fault,
    },
}

/// What a provider gets wrong.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A status that says neither yes nor no.
    #[error("the answer is {0}")]
    Status(StatusCode),
    /// Too much.
    #[error("the answer is too large or broke off")]
    TooLarge,
    /// No JSON object.
    #[error("the answer is no JSON object")]
    NotJson,
    /// A member that has to be there is not.
    #[error("the answer has no {0}")]
    Missing(&'static str),
    /// It says that it failed, with 200.
    #[error("the answer says that it is a failure")]
    SaysFailure,
    /// It does not say who it is, or not in a usable way.
    #[error("the answer has no usable id of the user")]
    NoSubject,
    /// Two of its answers are about different people.
    #[error("the ID token and the user info are about different users")]
    OtherSubject,
    /// Its description (OpenID Connect Discovery section 4.3), or a browser that comes back (RFC 9207), is of somebody else.
    #[error("what it says is of another issuer")]
    OtherIssuer,
    /// Its description names an unusable URL.
    #[error("its discovery document has no usable {0}")]
    Url(&'static str),
    /// Nothing can be verified by what it publishes.
    #[error(transparent)]
    Keys(KeySetError),
    /// It does not know us.
    #[error("it refuses the client: look at client_id, client_secret and callback")]
    Client,
    /// What it signed does not hold.
    #[error("its ID token does not hold: {0}")]
    IdToken(#[from] IdTokenError),
    /// Our own secret could not be signed.
    #[error("the client secret could not be signed")]
    Unsigned,
}

/// What came of a question: an answer, a no, or an error of somebody else's.
pub(super) enum Outcome {
    /// No connection, or none in time.
    Fetch(FetchError),
    /// Its own fault.
    Fault(Fault),
}

impl From<FetchError> for Outcome {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Body => Self::Fault(Fault::TooLarge),
            FetchError::Set(error) => Self::Fault(Fault::Keys(error)),
            other @ (FetchError::Connect(_)
            | FetchError::Exchange(_)
            | FetchError::Status(_)
            | FetchError::NoUrl
            | FetchError::Tls(_)
            | FetchError::Late(_)
            | FetchError::File(_)
            | FetchError::Unaskable(_)) => Self::Fetch(other),
        }
    }
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<IdTokenError> for Outcome {
    fn from(error: IdTokenError) -> Self {
        Self::Fault(error.into())
    }
}

impl Outcome {
    /// With the provider's name.
    pub(super) fn of(self, provider: &str) -> SocialError {
        match self {
            Self::Fetch(error) => SocialError::Unavailable {
                provider: provider.into(),
                error: error.whole(),
            },
            Self::Fault(Fault::Status(status))
                if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS =>
            {
                SocialError::Unavailable {
                    provider: provider.into(),
                    error: format!("the answer is {status}"),
                }
            }
            Self::Fault(fault) => SocialError::Misbehaves {
                provider: provider.into(),
                fault,
            },
        }
    }
}
