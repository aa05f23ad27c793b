//! Stage 2: which route the request belongs to.

use super::{
    rejection::Rejection,
    stage::{Received, Routed},
};
use crate::policy::table::{Found, RouteTable};

/// Finds the route; no route is a refusal.
pub(super) fn route<B>(
    received: Received<B>,
    table: &RouteTable,
) -> Result<Routed<'_, B>, Rejection> {
    let request = &received.request;
    let path = received.path();
    match table.find(received.host_text(), request.method(), path) {
        Found::Route(route) => Ok(Routed { received, route }),
        Found::NotFound => Err(Rejection::NoRoute),
        Found::MethodNotAllowed(routes) => {
            let mut allowed: Vec<&str> = routes
                .iter()
                .flat_map(|route| route.methods.names())
                .collect();
            allowed.sort_unstable();
            allowed.dedup();
            Err(Rejection::MethodNotAllowed {
                allowed: allowed.join(", "),
            })
        }
    }
}
