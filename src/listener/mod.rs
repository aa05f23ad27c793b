//! From an accepted connection to requests: sockets, cores, keep-alive, time limits and the drain.
//!
//! One acceptor hands each connection to the core that has the fewest; there it lives and dies. What a request means
//! is the [`Handler`]'s business.

mod accept;
mod address_limit;
mod bind;
mod connection;
mod establish;
mod exchange;
mod farewell;
pub mod framing;
mod handed_over;
mod http2;
mod operators;
pub mod proxy_protocol;
mod settings;
mod socket_file;
mod stream;
mod tls;
mod transport;
mod tunnel;
mod unwelcome;
mod worker;

use std::{error::Error, future::Future, rc::Rc};

use ::http::{HeaderName, HeaderValue, Request, Response, uri::Scheme};
use bytes::Bytes;

pub use accept::Acceptor;
pub use address_limit::{AddressLimit, AddressLimitSettings, Loopback};
pub use bind::{Address, BindError, Bound, BoundAddress, Families, Mode, bind, bind_admin};
pub use establish::Entrance;
pub use handed_over::{HandedOver, admin_name};
pub use operators::{OperatorStream, Operators};
pub use settings::{Http2, Protocols, Settings};
pub use socket_file::FilesLeft;
pub use tls::{
    CERTIFICATE_PLACEHOLDERS, CertificateHeaders, ClientCertificates, MinimumVersion, PairFiles,
    Part, Presence, Problem, Tls, TlsError, TlsSettings, inspect,
};
#[cfg(fuzzing)]
pub use tunnel::fuzzing;
pub use tunnel::{Ends, Far, Protocol, Switch, Switching};
pub use worker::{Core, Ending, Workers};

use crate::{
    certificate::Identity,
    http::{client_address::PeerAddress, request_body::RequestBody},
};

/// Who is at the other end of a connection.
#[derive(Debug)]
pub struct Peer {
    /// The address of the socket, or what a PROXY header says instead.
    pub address: PeerAddress,
    /// The address without its port, ready to be a header; `unknown` (RFC 7239 section 6.2) if there is none.
    pub address_value: HeaderValue,
    /// Whether the client speaks TLS to the gateway.
    pub scheme: Scheme,
    /// What may be spoken on the connection.
    pub protocols: Protocols,
    /// What the TLS handshake said.
    pub tls: Option<Box<TlsPeer>>,
    /// What the connection becomes after a 101.
    pub switching: Switching,
    /// What the stream noticed that the parser does not tell.
    pub notices: stream::Notices,
}

/// What a TLS handshake says about the client.
#[derive(Debug)]
pub struct TlsPeer {
    /// The protocol version, such as `TLSv1.3`.
    pub version: &'static str,
    /// The host name that the client asked for, in lower case.
    pub server_name: Option<Box<str>>,
    /// Who the client is by its verified certificate.
    pub client: Option<Identity>,
    /// What the upstream is told about that certificate.
    pub client_headers: Vec<(HeaderName, HeaderValue)>,
}

impl Peer {
    /// Who the client is by its verified certificate.
    pub fn certificate(&self) -> Option<&Identity> {
        self.tls.as_deref()?.client.as_ref()
    }

    /// What the upstream is told about the client's certificate.
    pub fn certificate_headers(&self) -> &[(HeaderName, HeaderValue)] {
        let tls = self.tls.as_deref();
        tls.map_or(&[], |tls| &tls.client_headers)
    }
}

/// Why what a client sent never became a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not HTTP/1.1 to the letter.
    #[error(transparent)]
    Malformed(#[from] framing::Violation),
    /// The head did not come in time.
    #[error("the request head did not come in time")]
    SlowHead,
    /// A request of HTTP/2 that the library refuses, or trailers with a pseudo-header.
    #[error("the request is malformed by section 8 of RFC 9113")]
    Stream,
    /// Most requests of a connection of HTTP/2 are taken back before they are answered.
    #[error("the client takes its requests back faster than they can be answered")]
    Resets,
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
        request: Box<Request<RequestBody>>,
    ) -> impl Future<Output = Response<Self::Body>> + 'static;

    /// Notes what never became a request and says what to answer. Framing and `Connection` are added to it.
    fn refuse(&self, peer: &Peer, refusal: Refusal) -> Response<Bytes>;
}
