//! CORS preflights, which carry no token: answered before the route is chosen, from the route that the real request
//! would take.

use ::http::{Method, Response, StatusCode, header};

use super::{body::Body, live::Live, record::Record, stage::Received};
use crate::policy::table::Found;

/// The answer to a preflight whose route has a CORS policy; anything else goes its way.
pub(super) fn answer<'a, B>(
    received: &Received<B>,
    live: &'a Live,
    record: &mut Record<'a>,
) -> Option<Response<Body>> {
    let request = &received.request;
    if request.method() != Method::OPTIONS || !request.headers().contains_key(header::ORIGIN) {
        return None;
    }
    let asked = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
    let asked = Method::from_bytes(asked.as_bytes()).ok()?;
    let found = live
        .table
        .find(received.host_text(), &asked, received.path());
    let Found::Route(route) = found else {
        return None;
    };
    let cors = route.cors.as_ref()?;
    record.set_route(route);
    record.set_outcome("preflight");
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    cors.preflight(request.headers(), response.headers_mut());
    Some(response)
}
