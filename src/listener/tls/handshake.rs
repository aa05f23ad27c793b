//! The handshake, and what it says about the client.

use std::io;

use rustls::{ProtocolVersion, ServerConnection};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{super::transport::Socket, Tls};
use crate::{
    certificate::{CertificateError, Identity},
    listener::{Protocols, TlsPeer},
};

/// No session came about.
#[derive(Debug, thiserror::Error)]
pub(in crate::listener) enum HandshakeError {
    /// The client broke off, or the two could not agree.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The client's certificate was verified and yet cannot be read.
    #[error("the client's certificate: {0}")]
    Identity(#[from] CertificateError),
}

/// A session.
pub(in crate::listener) struct Session {
    pub(in crate::listener) stream: Box<TlsStream<Socket>>,
    pub(in crate::listener) peer: TlsPeer,
    /// One of the two.
    pub(in crate::listener) agreed: Protocols,
}

/// Waits for the whole handshake. Whoever calls it keeps the time.
pub(in crate::listener) async fn handshake(
    tls: &Tls,
    socket: Socket,
) -> Result<Session, HandshakeError> {
    let stream = TlsAcceptor::from(tls.current()).accept(socket).await?;
    let stream = Box::new(stream);
    let (_, session) = stream.get_ref();
    Ok(Session {
        peer: peer(session, tls)?,
        agreed: match session.alpn_protocol() {
            Some(b"h2") => Protocols::Http2,
            // Saying nothing means the older version (RFC 9113 section 3.2).
            Some(_) | None => Protocols::Http1,
        },
        stream,
    })
}

fn peer(session: &ServerConnection, tls: &Tls) -> Result<TlsPeer, CertificateError> {
    let certificate = session.peer_certificates().and_then(<[_]>::first);
    let client = certificate.map(Identity::of).transpose()?;
    let headers = client.as_ref().map(|client| tls.headers.render(client));
    Ok(TlsPeer {
        version: match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            Some(_) | None => "TLSv1.2",
        },
        server_name: session.server_name().map(Into::into),
        client_headers: headers.transpose()?.unwrap_or_default(),
        client,
    })
}
