//! From an accepted connection to requests: sockets, cores, keep-alive, time limits and the drain.
//!
//! One acceptor hands each connection to the core that has the fewest; there it lives and dies. What a request means
//! is the [`Handler`]'s business.

mod accept;
mod connection;
pub mod framing;
mod settings;
mod stream;
mod worker;

use std::{error::Error, future::Future, net::SocketAddr, rc::Rc};

use ::http::{HeaderValue, Request, Response};
use bytes::Bytes;
use hyper::body::Incoming;

pub use accept::{Acceptor, BindError, bind};
pub use settings::Settings;
pub use worker::{Core, Workers};

/// Who is at the other end of a connection.
#[derive(Debug)]
pub struct Peer {
    /// The address of the socket.
    pub address: SocketAddr,
    /// The address without its port, ready to be a header.
    pub address_value: HeaderValue,
    /// What the stream noticed that the parser does not tell.
    pub notices: stream::Notices,
}

/// Answers requests; one per core.
pub trait Handler: 'static {
    /// The body of its responses.
    type Body: http_body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>
        + Unpin
        + 'static;

    /// Answers one request.
    fn handle(
        self: Rc<Self>,
        peer: Rc<Peer>,
        request: Box<Request<Incoming>>,
    ) -> impl Future<Output = Response<Self::Body>> + 'static;
}
