//! Connecting to an endpoint; and a connection of the protocol library, driven by a task of its own on the same core.

use std::{io, time::Instant};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};

use super::{
    error::Failure,
    settings::{Endpoint, Settings},
    stream::Stream,
    tls::Offer,
    upload::Upload,
};

/// The sending half of a connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Upload>,
    /// When it was last put back; meaningless while it is in use.
    pub(super) idle_since: Instant,
}

/// Connects to the first endpoint that answers, for the protocol library.
pub(super) async fn connect(settings: &Settings, now: Instant) -> Result<Connection, Failure> {
    let stream = dial(settings, Offer::Http1, now).await?;
    let (sender, connection) = http1::Builder::new()
        .handshake(TokioIo::new(stream))
        .await
        .map_err(Failure::from_exchange)?;
    // Owned by the worker's runtime: it ends with the sender, or with the worker. Its error, if any, reaches the
    // exchange that it breaks; an idle connection that ends has nobody to tell.
    tokio::task::spawn_local(connection);
    Ok(Connection {
        sender,
        idle_since: now,
    })
}

/// Connects to the first endpoint that answers.
pub(super) async fn dial(
    settings: &Settings,
    offer: Offer,
    now: Instant,
) -> Result<Stream, Failure> {
    let mut failure = None;
    for endpoint in &settings.endpoints {
        match dial_endpoint(endpoint, settings, offer, now).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| Failure::Unreachable {
        endpoint: settings.name.clone(),
        source: io::Error::new(io::ErrorKind::NotFound, "no endpoint is configured"),
    }))
}

async fn dial_endpoint(
    endpoint: &Endpoint,
    settings: &Settings,
    offer: Offer,
    now: Instant,
) -> Result<Stream, Failure> {
    let connecting = connect_to(endpoint, offer, now);
    let connected = tokio::time::timeout(settings.connect_timeout, connecting).await;
    connected.unwrap_or_else(|_| {
        Err(Failure::ConnectTimeout {
            endpoint: endpoint.to_string(),
        })
    })
}

async fn connect_to(endpoint: &Endpoint, offer: Offer, now: Instant) -> Result<Stream, Failure> {
    let unreachable = |source| Failure::Unreachable {
        endpoint: endpoint.to_string(),
        source,
    };
    match endpoint {
        Endpoint::Tcp { host, port } => {
            let stream = connect_tcp(host, *port).await.map_err(unreachable)?;
            Ok(Stream::Tcp(stream))
        }
        Endpoint::Tls {
            host,
            port,
            name,
            tls,
        } => {
            let stream = connect_tcp(host, *port).await.map_err(unreachable)?;
            let handshake = tls.connect(name, stream, offer, now).await;
            let stream = handshake.map_err(|source| Failure::Tls {
                endpoint: endpoint.to_string(),
                source: source.into(),
            })?;
            Ok(Stream::Tls(Box::new(stream)))
        }
        Endpoint::Unix { path } => {
            let stream = UnixStream::connect(path).await.map_err(unreachable)?;
            Ok(Stream::Unix(stream))
        }
    }
}

async fn connect_tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
