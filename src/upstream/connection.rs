//! Connecting to an endpoint; and a connection of the protocol library, driven by a task of its own on the same core.

use std::{io, time::Instant};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};

use super::{
    error::Failure,
    settings::{Endpoint, Settings},
    stream::Stream,
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
    let stream = dial(settings).await?;
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
pub(super) async fn dial(settings: &Settings) -> Result<Stream, Failure> {
    let mut failure = None;
    for endpoint in &settings.endpoints {
        match dial_endpoint(endpoint, settings).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| Failure::Unreachable {
        endpoint: settings.name.clone(),
        source: io::Error::new(io::ErrorKind::NotFound, "no endpoint is configured"),
    }))
}

async fn dial_endpoint(endpoint: &Endpoint, settings: &Settings) -> Result<Stream, Failure> {
    let connected = tokio::time::timeout(settings.connect_timeout, connect_to(endpoint))
        .await
        .map_err(|_| Failure::ConnectTimeout {
            endpoint: endpoint.to_string(),
        })?;
    connected.map_err(|source| Failure::Unreachable {
        endpoint: endpoint.to_string(),
        source,
    })
}

async fn connect_to(endpoint: &Endpoint) -> io::Result<Stream> {
    match endpoint {
        Endpoint::Tcp { host, port } => {
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            stream.set_nodelay(true)?;
            Ok(Stream::Tcp(stream))
        }
        Endpoint::Unix { path } => Ok(Stream::Unix(UnixStream::connect(path).await?)),
    }
}
