//! `OPTIONS` that is meant for the gateway itself (RFC 9110 section 9.3.7), answered without a token: what it says is the
//! same for everybody.

use ::http::{HeaderValue, Method, Request, Response, StatusCode, header};

use super::{body::Body, receive::check_host, record::Record, rejection::Rejection};
use crate::policy::method::MethodSet;

/// The answer to `OPTIONS *`, and to a request that may be forwarded no further.
pub(super) fn answer<B>(
    request: &mut Request<B>,
    record: &mut Record<'_>,
) -> Result<Option<Response<Body>>, Rejection> {
    if request.method() != Method::OPTIONS {
        return Ok(None);
    }
    if request.uri().path() != "*" && hops_left(request) != Some(0) {
        return Ok(None);
    }
    check_host(request)?;
    record.set_outcome("options");
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let allowed = MethodSet::Any.names().join(", ");
    if let Ok(allowed) = HeaderValue::try_from(allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    Ok(Some(response))
}

/// How much further the request may go, counted down by this hop (RFC 9110 section 7.6.2).
fn hops_left<B>(request: &mut Request<B>) -> Option<u32> {
    let value = request.headers().get(header::MAX_FORWARDS)?;
    let left: u32 = value.to_str().ok()?.parse().ok()?;
    let next = HeaderValue::from(left.saturating_sub(1));
    request.headers_mut().insert(header::MAX_FORWARDS, next);
    Some(left)
}
