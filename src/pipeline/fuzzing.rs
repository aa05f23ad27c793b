//! What the fuzz targets see of the pipeline: its first stages, and what it says of the hop before it.
//!
//! Built with `--cfg fuzzing` only.

use std::net::IpAddr;

use ::http::{HeaderValue, Request};

use super::{
    credential, forwarded,
    receive::{self, LastHost},
};
use crate::http::target::Reading;

/// The request as it goes on, or `None` when it is refused.
pub fn received(request: Request<()>) -> Option<Request<()>> {
    let received =
        receive::receive(Box::new(request), Reading::default(), &LastHost::default()).ok()?;
    Some(*received.request)
}

/// The token in `Authorization`; `Err` when there are two that differ.
#[expect(
    clippy::result_unit_err,
    reason = "there is only one way to be wrong, and nobody reports it"
)]
pub fn bearer(request: &Request<()>) -> Result<Option<Vec<u8>>, ()> {
    let credential = credential::from_headers(request.headers()).map_err(|_| ())?;
    Ok(credential.token().map(<[u8]>::to_vec))
}

/// The value of `Forwarded` after a chain that a trusted proxy has sent.
pub fn forwarded_elements(
    chain: Option<&HeaderValue>,
    peer: Option<IpAddr>,
    host: Option<&HeaderValue>,
) -> String {
    forwarded::elements(chain, peer, b"http", host)
}
