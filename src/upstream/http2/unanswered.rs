//! Streams that end without a response, and what may be done about it.

use std::error::Error;

use ::http::Request;

use super::session::Slot;
use crate::upstream::{
    error::Failure,
    retry::Lost,
    upload::{Taken, Upload},
};

/// How a stream ends without a response.
pub(super) struct Unanswered {
    pub(super) error: hyper::Error,
    pub(super) cause: Cause,
}

/// Why there is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The endpoint has done nothing with the request, and says so; or the request has not left.
    NotBegun,
    /// The connection has ended.
    Ended,
    /// The stream has been reset.
    Reset,
}

impl Cause {
    /// RFC 9113 sections 6.8 and 8.7: streams above the last one of a GOAWAY and refused streams were not begun.
    pub(super) fn of(error: &hyper::Error) -> Self {
        let source = error.source();
        let Some(cause) = source.and_then(<dyn Error>::downcast_ref::<h2::Error>) else {
            return Self::Ended;
        };
        let refused = cause.is_reset() && cause.reason() == Some(h2::Reason::REFUSED_STREAM);
        if cause.is_remote() && (cause.is_go_away() || refused) {
            Self::NotBegun
        } else if cause.is_io() {
            Self::Ended
        } else {
            Self::Reset
        }
    }
}

impl Unanswered {
    /// Whether the same endpoint may be asked again. A connection that has served before may just have been closed for
    /// being idle; what that loses is sent again when doing it twice is as good as once.
    pub(super) fn may_be_sent_again(&self, request: &Request<Upload>, slot: &Slot) -> bool {
        let body = request.body();
        match self.cause {
            Cause::NotBegun => body.is_untouched(),
            Cause::Ended => {
                let harmless = request.method().is_idempotent() && body.is_empty();
                harmless && slot.is_proven()
            }
            Cause::Reset => false,
        }
    }

    pub(super) fn into_lost(self, body: &Upload) -> Lost {
        match body.taken() {
            Taken::Nothing | Taken::Something => {}
            Taken::Broken => return Failure::ClientBody(self.error).into(),
            Taken::TooLarge => return Failure::ClientBodyTooLarge.into(),
            Taken::Stalled => return Failure::ClientBodyStalled.into(),
        }
        let failure = Failure::from_http2(self.error);
        match self.cause {
            Cause::NotBegun if body.is_untouched() => Lost::unsent(failure),
            Cause::Ended if body.is_empty() => Lost::unanswered(failure),
            Cause::NotBegun | Cause::Ended | Cause::Reset => failure.into(),
        }
    }
}
