//! Why a request is refused, and what that is to the client: one table.

use std::{sync::Arc, time::Duration};

use ::http::StatusCode;

use super::{Unasserted, unread};
use crate::{
    accounts::{AccountError, Outcome, users_outcome},
    http::{body::CollectError, host::HostError, target::TargetError},
    listener::{Peer, Refusal},
    member::StateName,
    membership::RowError,
    policy::{csrf::Foreign, headers::Unheaded},
    ratelimit::Exceeded,
    revocation::Revoked,
    token::{issuer::IssuerId, verify::InvalidToken},
    upstream::Failure,
};

/// A stop on the walk.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// The target could be read in two ways, or not at all.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The Host is missing or could be more than a host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A method with lower-case letters.
    #[error("the method has lower-case letters, which upstreams read in different ways")]
    Method,
    /// The client waits for something other than to be asked for its body.
    #[error("the request expects something other than 100-continue")]
    Expectation,
    /// The request has come round in a circle.
    #[error("the request has passed this gateway, or others of its name, too often")]
    Loop,
    /// What was sent is not a request.
    #[error(transparent)]
    Unread(#[from] Refusal),
    /// No route for this host and path.
    #[error("no route matches this host and path")]
    NoRoute,
    /// Routes, but none for this method.
    #[error("no route matches this method; others are allowed: {allowed}")]
    MethodNotAllowed {
        /// The value of `Allow`.
        allowed: String,
    },
    /// Two places that hold different tokens, or two `Authorization` headers that differ.
    #[error("the request carries two different tokens, or two different Authorization headers")]
    ConflictingTokens,
    /// A page of an origin that is not listed opens a WebSocket.
    #[error("the page that opens the WebSocket is of an origin that is not allowed")]
    Origin,
    /// Another page than may has made a browser send its cookie.
    #[error(transparent)]
    Csrf(#[from] Foreign),
    /// The route is for clients with other certificates.
    #[error("the client has presented no certificate, or another one than the route requires")]
    ClientCertificate,
    /// The token has expired, and it is not known whether it may be renewed.
    #[error("the token cannot be renewed: {0}")]
    NotRenewed(#[source] Arc<AccountError>),
    /// The route requires a token.
    #[error("the route requires a token and the request has none")]
    MissingToken,
    /// The token does not hold.
    #[error(transparent)]
    InvalidToken(#[from] InvalidToken),
    /// What the route makes headers of is too large.
    #[error(
        "the headers that are made of the request are larger than `limits.added_headers` or one is larger than `limits.added_header`"
    )]
    LargeHeaders,
    /// Whether the token holds is not known: its issuer's keys are not.
    #[error(
        "the keys of the token's issuer cannot be read, and the one that is needed is not known"
    )]
    KeysUnavailable(IssuerId),
    /// The path speaks of somebody else.
    #[error("the path parameter {{{parameter}}} is not the token's subject")]
    NotTheSubject {
        /// Which parameter.
        parameter: String,
    },
    /// The token lacks a scope.
    #[error("what is required does not hold: {term}; it takes the scope {scopes}")]
    Scope {
        /// Which term, and where it stands.
        term: String,
        /// The scopes with which it would hold, with spaces between them.
        scopes: String,
    },
    /// The token is good and not enough.
    #[error("what is required does not hold: {term}")]
    Forbidden {
        /// Which term, and where it stands.
        term: String,
    },
    /// No token would be enough.
    #[error("what is required does not hold: {term}")]
    Unwelcome {
        /// Which term, and where it stands.
        term: String,
    },
    /// The user's row decides and cannot be had.
    #[error("the user's row is needed to decide and cannot be had: {0}")]
    NoRow(#[source] RowError),
    /// The user's row decides and there is none.
    #[error("the user's row is needed to decide, and the token's subject has none")]
    UnknownUser,
    /// The user's row decides and its state blocks the user.
    #[error("the user's row is needed to decide, and its state is {state}")]
    BlockedUser {
        /// As `users.states` calls it.
        state: StateName,
    },
    /// The token may no longer be used.
    #[error("the token was revoked: {0}")]
    Revoked(#[from] Revoked),
    /// Whether it may is not known, and the route does not go on without.
    #[error(
        "what watches the user table is behind, so that nobody knows whether the token was revoked"
    )]
    Unheard,
    /// There is nothing that would make the upstream believe the request.
    #[error(transparent)]
    Unasserted(#[from] Unasserted),
    /// A body that is too large, or an account request's that broke off.
    #[error(transparent)]
    Body(#[from] CollectError),
    /// The body of an account request did not come in time.
    #[error("the request body did not come in time")]
    BodyTimeout,
    /// An account endpoint failed.
    #[error(transparent)]
    Account(AccountError),
    /// The upstream failed.
    #[error(transparent)]
    Upstream(#[from] Failure),
    /// A limit of the rate is used up.
    #[error(transparent)]
    RateLimited(Exceeded),
    /// A part of the gateway that should be there is not.
    #[error("the route leads to something that is not configured")]
    Misrouted,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) title: &'static str,
    pub(super) challenge: Option<&'static str>,
    pub(super) retry_after: Option<Duration>,
    pub(super) template: Option<Slot>,
    pub(super) connection: AfterRefusal,
}

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterRefusal {
    Kept,
    /// Its client speaks a protocol of its own: what follows is not to be trusted.
    Closed,
}

/// Which of a route's refusal templates applies.
#[derive(Debug, Clone, Copy)]
pub(super) enum Slot {
    MissingToken,
    InvalidToken,
    Forbidden,
    RateLimited,
    NotFound,
    MethodNotAllowed,
}

impl Row {
    pub(super) fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self {
            status,
            code,
            title,
            challenge: None,
            retry_after: None,
            template: None,
            connection: AfterRefusal::Kept,
        }
    }

    fn closing(mut self) -> Self {
        self.connection = AfterRefusal::Closed;
        self
    }

    fn challenge(mut self, challenge: &'static str) -> Self {
        self.challenge = Some(challenge);
        self
    }

    fn template(mut self, slot: Slot) -> Self {
        self.template = Some(slot);
        self
    }

    fn retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = after;
        self
    }
}

impl Rejection {
    /// A body that broke off because it was malformed is refused as that.
    pub(super) fn of_body(self, peer: &Peer) -> Self {
        let broke_off = matches!(
            self,
            Self::Body(CollectError::Incomplete) | Self::Upstream(Failure::ClientBody(_))
        );
        match peer.notices.body_violation().filter(|_| broke_off) {
            Some(violation) => Refusal::Malformed(violation).into(),
            None => self,
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.row().code
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.row().status
    }

    /// What the operator reads: this error and what lies beneath it.
    pub fn reason(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        text
    }

    pub(super) fn row(&self) -> Row {
        match self {
            Self::Target(_) => {
                bad_request("bad_target", "The request target is not acceptable").closing()
            }
            Self::Host(_) => bad_request("bad_host", "The Host header is not acceptable").closing(),
            Self::Method => bad_request("bad_method", "The method is not acceptable").closing(),
            Self::Expectation => Row::new(
                StatusCode::EXPECTATION_FAILED,
                "unknown_expectation",
                "Expectation Failed",
            )
            .closing(),
            Self::Loop => Row::new(StatusCode::LOOP_DETECTED, "loop", "Loop Detected"),
            Self::Unread(refusal) => unread::row(*refusal).closing(),
            Self::NoRoute => {
                Row::new(StatusCode::NOT_FOUND, "no_route", "Not Found").template(Slot::NotFound)
            }
            Self::MethodNotAllowed { .. } => Row::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Method Not Allowed",
            )
            .template(Slot::MethodNotAllowed),
            Self::ConflictingTokens => bad_request("conflicting_tokens", "More than one token")
                .challenge(r#"Bearer error="invalid_request""#),
            Self::MissingToken => unauthorized("missing_token", "A token is required")
                .challenge("Bearer")
                .template(Slot::MissingToken),
            Self::InvalidToken(InvalidToken::Expired) => unauthorized(
                "expired_token",
                "The token has expired",
            )
            .challenge(
                r#"Bearer error="invalid_token", error_description="The access token expired""#,
            )
            .template(Slot::InvalidToken),
            Self::InvalidToken(_) => invalid_token("invalid_token"),
            Self::KeysUnavailable(_) => unavailable("keys_unavailable"),
            Self::ClientCertificate => forbidden("client_certificate"),
            Self::Origin => forbidden("bad_origin"),
            Self::Csrf(_) => forbidden("csrf"),
            Self::NotTheSubject { .. } => insufficient("not_the_subject"),
            Self::Scope { .. } => insufficient("insufficient_scope"),
            Self::Forbidden { .. } => insufficient("forbidden"),
            Self::Unwelcome { .. } => forbidden("forbidden"),
            Self::NoRow(error) => no_row(error),
            Self::UnknownUser => invalid_token("unknown_user"),
            Self::BlockedUser { .. } => invalid_token("blocked_user"),
            Self::Revoked(revoked) => revoked_row(revoked),
            Self::Unheard => unavailable("watch_behind"),
            Self::Unasserted(_) => unavailable("assertion_unavailable"),
            Self::LargeHeaders => large_fields("added_headers_too_large"),
            Self::Body(error) => collect_row(*error),
            Self::BodyTimeout => timeout_row(),
            Self::RateLimited(exceeded) => Row::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "Too Many Requests",
            )
            .template(Slot::RateLimited)
            .retry_after(Some(exceeded.retry_after())),
            Self::Account(error) => account_row(error),
            Self::NotRenewed(error) => account_row(error),
            Self::Upstream(failure) => upstream_row(failure),
            Self::Misrouted => Row::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Internal Server Error",
            ),
        }
    }
}

impl From<AccountError> for Rejection {
    fn from(error: AccountError) -> Self {
        if let AccountError::RateLimited(exceeded) = error {
            return Self::RateLimited(exceeded);
        }
        Self::Account(error)
    }
}

impl From<Unheaded> for Rejection {
    fn from(error: Unheaded) -> Self {
        match error {
            Unheaded::Token(reason) => Self::InvalidToken(reason),
            Unheaded::Request => Self::LargeHeaders,
        }
    }
}

fn forbidden(code: &'static str) -> Row {
    Row::new(StatusCode::FORBIDDEN, code, "Forbidden").template(Slot::Forbidden)
}

/// A good token that is not enough (RFC 6750 section 3.1).
fn insufficient(code: &'static str) -> Row {
    forbidden(code).challenge(r#"Bearer error="insufficient_scope""#)
}

pub(super) fn large_fields(code: &'static str) -> Row {
    let title = "Request Header Fields Too Large";
    Row::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, code, title)
}

pub(super) fn bad_request(code: &'static str, title: &'static str) -> Row {
    Row::new(StatusCode::BAD_REQUEST, code, title)
}

fn unauthorized(code: &'static str, title: &'static str) -> Row {
    Row::new(StatusCode::UNAUTHORIZED, code, title)
}

/// A token that proves nothing, or that is of no use any more (RFC 6750 section 3.1).
fn invalid_token(code: &'static str) -> Row {
    unauthorized(code, "The token is not valid")
        .challenge(r#"Bearer error="invalid_token""#)
        .template(Slot::InvalidToken)
}

fn no_row(error: &RowError) -> Row {
    match error {
        RowError::Store(error) => outcome_row(users_outcome(error)),
        RowError::Busy | RowError::Often | RowError::Abandoned => unavailable("users_unavailable"),
    }
}

/// Whether a row or a watch has told of it makes no difference.
fn revoked_row(revoked: &Revoked) -> Row {
    invalid_token(match revoked {
        Revoked::Blocked(_) => "blocked_user",
        Revoked::Deleted => "unknown_user",
        Revoked::EndedBefore(_) | Revoked::SessionEnded => "ended_session",
    })
}

fn collect_row(error: CollectError) -> Row {
    match error {
        CollectError::TooLarge => Row::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "The request body is too large",
        )
        .closing(),
        CollectError::Incomplete => {
            bad_request("body_incomplete", "The request body ended early").closing()
        }
    }
}

fn timeout_row() -> Row {
    Row::new(
        StatusCode::REQUEST_TIMEOUT,
        "body_timeout",
        "The request body did not come in time",
    )
    .closing()
}

fn account_row(error: &AccountError) -> Row {
    let row = outcome_row(error.outcome());
    match error {
        AccountError::Delayed(_) => row.template(Slot::RateLimited),
        AccountError::MissingToken => Rejection::MissingToken.row(),
        AccountError::InvalidToken => invalid_token("invalid_token"),
        AccountError::OnPage(failed) => account_row(&failed.error),
        AccountError::Renewal(error) => account_row(error),
        AccountError::Store(_)
        | AccountError::Write(_)
        | AccountError::State(_)
        | AccountError::Unsealed
        | AccountError::Busy
        | AccountError::RateLimited(_)
        | AccountError::HashingEnded
        | AccountError::Cookie(_)
        | AccountError::ManyRenewals
        | AccountError::ManyMessages(_)
        | AccountError::Mint(_)
        | AccountError::NoEndpoint
        | AccountError::Social(_)
        | AccountError::Strayed
        | AccountError::ReturnTo
        | AccountError::Panicked
        | AccountError::Abandoned => row,
    }
}

fn outcome_row(outcome: Outcome) -> Row {
    let title = outcome.status.canonical_reason().unwrap_or("Error");
    Row::new(outcome.status, outcome.code, title).retry_after(outcome.retry_after)
}

/// It passes soon, or a second look is worth it.
fn unavailable(code: &'static str) -> Row {
    let row = Row::new(StatusCode::SERVICE_UNAVAILABLE, code, "Service Unavailable");
    row.retry_after(Some(Duration::from_secs(1)))
}

fn upstream_row(failure: &Failure) -> Row {
    match failure {
        Failure::Down { .. } => unavailable("upstream_down"),
        Failure::Busy { .. } => unavailable("upstream_busy"),
        Failure::Unreachable { .. } => Row::new(
            StatusCode::BAD_GATEWAY,
            "upstream_unreachable",
            "Bad Gateway",
        ),
        Failure::Tls { .. } => Row::new(StatusCode::BAD_GATEWAY, "upstream_tls", "Bad Gateway"),
        Failure::ConnectTimeout { .. } => Row::new(
            StatusCode::GATEWAY_TIMEOUT,
            "upstream_connect_timeout",
            "Gateway Timeout",
        ),
        Failure::ResponseTimeout => Row::new(
            StatusCode::GATEWAY_TIMEOUT,
            "upstream_timeout",
            "Gateway Timeout",
        ),
        Failure::Closed(_) => Row::new(StatusCode::BAD_GATEWAY, "upstream_closed", "Bad Gateway"),
        Failure::NotHttp(_) | Failure::Switched => {
            Row::new(StatusCode::BAD_GATEWAY, "upstream_not_http", "Bad Gateway")
        }
        Failure::ClientBody(_) => collect_row(CollectError::Incomplete),
        Failure::ClientBodyTooLarge => collect_row(CollectError::TooLarge),
        Failure::ClientBodyStalled => timeout_row(),
    }
}
