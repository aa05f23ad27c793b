//! Accepting connections and handing each to a core.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, UnixListener},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    bind::{Bound, BoundSocket},
    establish::Entrance,
    socket_file::SocketFile,
    worker::{Accepted, AcceptedSocket, Workers},
};
use crate::telemetry::counters::{ConnectionRefusal, connection_refused};

/// How long accepting pauses after an error such as running out of file descriptors, which an immediate retry would
/// turn into a busy loop.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts on one socket.
#[derive(Debug)]
pub struct Acceptor {
    listener: Listener,
    permits: Arc<Semaphore>,
    entrance: Arc<Entrance>,
}

/// A socket on this runtime's event loop.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix {
        listener: UnixListener,
        /// Removed when nobody accepts any more.
        _file: Option<SocketFile>,
    },
}

/// Whether connections can be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Working,
    Failing,
}

impl Acceptor {
    /// `permits` bounds the open connections of all acceptors together.
    pub fn new(bound: Bound, permits: Arc<Semaphore>, entrance: Entrance) -> io::Result<Self> {
        let listener = Listener::new(bound)?;
        Ok(Self {
            listener,
            permits,
            entrance: Arc::new(entrance),
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
        let mut condition = Condition::Working;
        // The permit comes first: at the limit, further connections wait in the system's queue.
        while let Some(permit) = self.permit().await {
            match self.listener.accept().await {
                Ok(socket) => {
                    if condition == Condition::Failing {
                        info!("connections are accepted again");
                    }
                    condition = Condition::Working;
                    workers.hand_over(Accepted {
                        socket,
                        entrance: Arc::clone(&self.entrance),
                        permit,
                    });
                }
                // It has gone before its turn came.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    if condition == Condition::Working {
                        warn!(%error, "cannot accept connections");
                    }
                    condition = Condition::Failing;
                    connection_refused(ConnectionRefusal::Accept);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

impl Acceptor {
    /// Waits for room.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        let permits = || Arc::clone(&self.permits);
        if let Ok(permit) = permits().try_acquire_owned() {
            return Some(permit);
        }
        connection_refused(ConnectionRefusal::TooMany);
        permits().acquire_owned().await.ok()
    }
}

impl Listener {
    pub(super) fn new(bound: Bound) -> io::Result<Self> {
        Ok(match bound.socket {
            BoundSocket::Tcp(listener) => Self::Tcp(TcpListener::from_std(listener)?),
            BoundSocket::Unix(listener, file) => Self::Unix {
                listener: UnixListener::from_std(listener)?,
                _file: file,
            },
        })
    }

    /// A socket that has left this thread's event loop: the core registers it with its own.
    async fn accept(&self) -> io::Result<AcceptedSocket> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.into_std().map(AcceptedSocket::Tcp)
            }
            Self::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                stream.into_std().map(AcceptedSocket::Unix)
            }
        }
    }
}
