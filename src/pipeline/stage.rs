//! The states of a request on its walk.
//!
//! Fields are private to the pipeline and each state is built by one stage only: [`Admitted`] by `admit`, [`Permitted`] by
//! `authorize`, [`Prepared`] by `inject`. `dispatch` takes nothing else.

use std::sync::Arc;

use ::http::{HeaderValue, Request};

use super::{
    identify::Proof, inject::Added, observe::Observed, token_facts::TokenPlace, upgrade::Upgrade,
};
use crate::{clock::UnixSeconds, policy::route::Route};

/// One canonical target, one valid Host.
#[derive(Debug)]
pub(super) struct Received<B> {
    /// Boxed, since a request is large and every stage moves it.
    pub(super) request: Box<Request<B>>,
    /// In lower case; `None` for an HTTP/1.0 request without one.
    pub(super) host: Option<HeaderValue>,
    /// The path that routes are matched against, where it is not the one that goes on.
    pub(super) folded: Option<Box<str>>,
}

/// Its route is known.
#[derive(Debug)]
pub(super) struct Routed<'a, B> {
    pub(super) received: Received<B>,
    pub(super) route: &'a Route,
}

/// The token that it carries, if the route reads tokens.
#[derive(Debug)]
pub(super) struct Presented<'a, B> {
    pub(super) routed: Routed<'a, B>,
    pub(super) credential: Credential,
}

/// Who puts a token into a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SentBy {
    /// A program that knows it.
    Program,
    /// A program that knows it, in the URL.
    Url,
    /// A browser, for any page that makes it send the request.
    Browser,
}

/// What was found where a token may be.
#[derive(Clone)]
pub(super) enum Credential {
    /// Nothing, or nothing of ours.
    Absent,
    /// Something where a token is.
    Bearer {
        /// The whole header value.
        value: HeaderValue,
        /// Where the token begins in it.
        start: usize,
        /// Where it ends.
        end: usize,
        /// Whether a browser sends it by itself.
        sent_by: SentBy,
    },
}

/// The token, if there is one, holds; or its route observes that it does not, and nothing is known of whose it is.
#[derive(Debug)]
pub(super) struct Identified<'a, B> {
    pub(super) routed: Routed<'a, B>,
    pub(super) sent_by: SentBy,
    /// When its token was found to hold: the moment that its route's rule is decided at.
    pub(super) at: UnixSeconds,
    pub(super) proof: Option<Arc<Proof>>,
    /// What would have refused it; boxed, since few requests have any.
    pub(super) observed: Option<Observed>,
}

/// The token, if there is one, may still be used; or its route observes that it may not.
#[derive(Debug)]
pub(super) struct Admitted<'a, B> {
    pub(super) identified: Identified<'a, B>,
}

/// The route's rule holds, or is observed not to.
#[derive(Debug)]
pub(super) struct Permitted<'a, B> {
    pub(super) identified: Identified<'a, B>,
}

/// Headers are cleaned and ours are added: ready to leave.
#[derive(Debug)]
pub(super) struct Prepared<'a, B> {
    pub(super) request: Box<Request<B>>,
    pub(super) route: &'a Route,
    pub(super) added: Added<'a>,
    /// The protocol that the client asks for instead of HTTP, where the route allows it.
    pub(super) upgrade: Option<Box<Upgrade>>,
}

impl<B> Received<B> {
    /// The path that routes are matched against.
    pub(super) fn path(&self) -> &str {
        let folded = self.folded.as_deref();
        folded.unwrap_or_else(|| self.request.uri().path())
    }

    /// The host, with its port if it has one; empty where there is none.
    pub(super) fn host_text(&self) -> &str {
        let host = self.host.as_ref().and_then(|host| host.to_str().ok());
        host.unwrap_or_default()
    }
}

impl Credential {
    /// Who has put the token into the request.
    pub(super) fn sent_by(&self) -> SentBy {
        match self {
            Self::Absent => SentBy::Program,
            Self::Bearer { sent_by, .. } => *sent_by,
        }
    }

    /// Where the token was.
    pub(super) fn place(&self) -> Option<TokenPlace> {
        match self {
            Self::Absent => None,
            Self::Bearer {
                sent_by: SentBy::Browser,
                ..
            } => Some(TokenPlace::Cookie),
            Self::Bearer {
                sent_by: SentBy::Url,
                ..
            } => Some(TokenPlace::Query),
            // The scheme stands before it.
            Self::Bearer { start, .. } if *start > 0 => Some(TokenPlace::Authorization),
            Self::Bearer { .. } => Some(TokenPlace::WebSocketProtocol),
        }
    }

    /// The token's bytes.
    pub(super) fn token(&self) -> Option<&[u8]> {
        match self {
            Self::Absent => None,
            Self::Bearer {
                value, start, end, ..
            } => value.as_bytes().get(*start..*end),
        }
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Absent => "Absent",
            Self::Bearer { .. } => "Bearer([redacted])",
        })
    }
}
