//! Sockets that the service manager opened before it started the gateway (`sd_listen_fds`).

use std::{fmt, io, os::fd::AsFd};

use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;

use super::bind::BoundSocket;

/// The sockets, each to be taken once.
pub struct HandedOver {
    sockets: ListenFd,
    /// What the service manager calls them, in their order.
    names: Vec<String>,
}

impl HandedOver {
    /// What `LISTEN_FDS` counts, if it is meant for this process. `names` is `LISTEN_FDNAMES`.
    pub fn find(names: Option<&str>) -> Self {
        let names = names.unwrap_or_default().split(':');
        Self {
            sockets: ListenFd::from_env(),
            names: names.map(str::to_owned).collect(),
        }
    }

    pub(super) fn take(&mut self, name: &str) -> io::Result<BoundSocket> {
        let named = self.names.iter().position(|known| known == name);
        let index = named.or_else(|| name.parse().ok());
        let socket = index.map_or(Ok(None), |index| self.take_at(index))?;
        socket.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, self.complaint()))
    }

    fn take_at(&mut self, index: usize) -> io::Result<Option<BoundSocket>> {
        // Each kind leaves a socket of the other kind where it is.
        if let Ok(listener) = self.sockets.take_tcp_listener(index) {
            let Some(listener) = listener else {
                return Ok(None);
            };
            check_listens(&listener)?;
            listener.set_nonblocking(true)?;
            return Ok(Some(BoundSocket::Tcp(listener)));
        }
        let Some(listener) = self.sockets.take_unix_listener(index)? else {
            return Ok(None);
        };
        check_listens(&listener)?;
        listener.set_nonblocking(true)?;
        Ok(Some(BoundSocket::Unix(listener, None)))
    }

    fn complaint(&self) -> String {
        match self.sockets.len() {
            0 => "the service manager handed no socket over".to_owned(),
            count => format!("{count} sockets were handed over, and none has this name or number"),
        }
    }
}

impl fmt::Debug for HandedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandedOver")
            .field("sockets", &self.sockets.len())
            .field("names", &self.names)
            .finish()
    }
}

/// A connected socket, as `Accept=yes` hands over, would fail at the first client.
fn check_listens(socket: impl AsFd) -> io::Result<()> {
    if socket_acceptconn(socket)? {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "it is a connection and does not listen; write `Accept=no`",
    ))
}
