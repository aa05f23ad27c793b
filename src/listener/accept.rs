//! Accepting connections and handing each to a core.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    establish::Entrance,
    worker::{Accepted, AcceptedSocket, Workers},
};

/// How long accepting pauses after an error such as running out of file descriptors, which an immediate retry would
/// turn into a busy loop.
const PAUSE: Duration = Duration::from_millis(50);

/// The length of the system's queue of connections that wait to be accepted.
const BACKLOG: i32 = 4096;

/// An address could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct BindError {
    /// Which one.
    pub address: SocketAddr,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// Binds an address; port 0 takes a free one.
pub fn bind(address: SocketAddr) -> Result<std::net::TcpListener, BindError> {
    let open = || {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    open().map_err(|source| BindError { address, source })
}

/// Accepts on one socket.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    permits: Arc<Semaphore>,
    entrance: Arc<Entrance>,
}

impl Acceptor {
    /// `permits` bounds the open connections of all acceptors together.
    pub fn new(listener: std::net::TcpListener, permits: Arc<Semaphore>) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::from_std(listener)?,
            permits,
            entrance: Arc::new(Entrance {}),
        })
    }

    /// Accepts until the drain begins.
    pub async fn run(self, workers: Arc<Workers>, draining: CancellationToken) {
        tokio::select! {
            () = draining.cancelled() => {}
            () = self.accept(&workers) => {}
        }
    }

    async fn accept(&self, workers: &Workers) {
        // The permit comes first: at the limit, further connections wait in the system's queue.
        while let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    // Leaves this thread's event loop: the core registers the socket with its own.
                    if let Ok(stream) = stream.into_std() {
                        workers.hand_over(Accepted {
                            socket: AcceptedSocket::Tcp(stream),
                            entrance: Arc::clone(&self.entrance),
                            permit,
                        });
                    }
                }
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}
