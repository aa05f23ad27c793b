//! Connecting to an endpoint; and a connection of the protocol library, driven by a task of its own on the same core.

use std::{
    future::poll_fn,
    io,
    pin::pin,
    rc::Rc,
    task::Poll,
    time::{Duration, Instant},
};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{net::UnixStream, time::timeout};

use super::{
    error::Failure,
    resolve,
    settings::{Endpoint, Settings},
    stream::Stream,
    tls::Offer,
    upload::Upload,
    wire::{Course, Wire},
};

/// The sending half of a connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Upload>,
    pub(super) course: Rc<Course>,
    /// Whose it is.
    pub(super) endpoint: usize,
    pub(super) born: Instant,
    /// When it was last put back; meaningless while it is in use.
    pub(super) idle_since: Instant,
}

/// Connects for the protocol library.
pub(super) async fn connect(
    settings: &Settings,
    position: usize,
    now: Instant,
) -> Result<Connection, Failure> {
    let stream = dial(settings, position, Offer::Http1, now).await?;
    let course = Course::new();
    let wire = Wire {
        stream,
        course: Rc::clone(&course),
    };
    let (sender, connection) = http1::Builder::new()
        .handshake(TokioIo::new(wire))
        .await
        .map_err(Failure::from_exchange)?;
    // Owned by the worker's runtime: it ends with the sender, or with the worker.
    tokio::task::spawn_local(drive(connection, Rc::clone(&course)));
    Ok(Connection {
        sender,
        course,
        endpoint: position,
        born: now,
        idle_since: now,
    })
}

/// Its error, if any, reaches the exchange that it breaks; an idle connection that ends has nobody to tell.
async fn drive(connection: http1::Connection<TokioIo<Wire>, Upload>, course: Rc<Course>) {
    let mut connection = pin!(connection);
    poll_fn(|context| match connection.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(()),
        Poll::Pending => course.poll_unread(context),
    })
    .await;
}

/// Connects to the endpoint at this position.
pub(super) async fn dial(
    settings: &Settings,
    position: usize,
    offer: Offer,
    now: Instant,
) -> Result<Stream, Failure> {
    let Some(endpoint) = settings.endpoints.get(position) else {
        let upstream = settings.name.clone();
        return Err(Failure::Down { upstream });
    };
    let limit = settings.connect_timeout;
    match timeout(limit, connect_to(endpoint, limit, offer, now)).await {
        Ok(connected) => connected,
        Err(_) => Err(too_slow(endpoint)),
    }
}

/// Connects to an endpoint that belongs to no upstream, for one exchange of HTTP/1.1.
pub async fn connect_once(
    endpoint: &Endpoint,
    limit: Duration,
    now: Instant,
) -> Result<Stream, Failure> {
    match timeout(limit, connect_to(endpoint, limit, Offer::Http1, now)).await {
        Ok(connected) => connected,
        Err(_) => Err(too_slow(endpoint)),
    }
}

async fn connect_to(
    endpoint: &Endpoint,
    limit: Duration,
    offer: Offer,
    now: Instant,
) -> Result<Stream, Failure> {
    let unreachable = |source: io::Error| {
        if source.kind() == io::ErrorKind::TimedOut {
            return too_slow(endpoint);
        }
        Failure::Unreachable {
            endpoint: endpoint.to_string(),
            source,
        }
    };
    match endpoint {
        Endpoint::Tcp { host, port } => {
            let stream = resolve::connect(host, *port, limit).await;
            Ok(Stream::Tcp(stream.map_err(unreachable)?))
        }
        Endpoint::Tls {
            host,
            port,
            name,
            tls,
        } => {
            let stream = resolve::connect(host, *port, limit).await;
            let stream = stream.map_err(unreachable)?;
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

fn too_slow(endpoint: &Endpoint) -> Failure {
    Failure::ConnectTimeout {
        endpoint: endpoint.to_string(),
    }
}
