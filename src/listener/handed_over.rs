//! Sockets that somebody else opened: the service manager (`sd_listen_fds`), or a gateway that this one follows.

use std::{
    fmt, io,
    os::fd::{AsFd, OwnedFd},
};

use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;
use socket2::{Domain, SockRef};

use super::{
    bind::{Address, BoundSocket},
    socket_file::{FilesLeft, SocketFile},
};

/// The sockets, each to be taken once.
pub struct HandedOver {
    sockets: ListenFd,
    /// What the service manager calls them, in their order.
    names: Vec<String>,
    /// Those of the gateway that this one follows, by their addresses in its configuration.
    inherited: Vec<(String, OwnedFd)>,
    files: FilesLeft,
}

impl HandedOver {
    /// What `LISTEN_FDS` counts, if it is meant for this process. `names` is `LISTEN_FDNAMES`.
    pub fn find(names: Option<&str>) -> Self {
        let names = names.unwrap_or_default().split(':');
        Self {
            sockets: ListenFd::from_env(),
            names: names.map(str::to_owned).collect(),
            inherited: Vec::new(),
            files: FilesLeft::default(),
        }
    }

    /// Adds the sockets of the gateway that this one follows. Those that are not asked for are closed at the end.
    pub fn inherit(&mut self, sockets: impl IntoIterator<Item = (String, OwnedFd)>) {
        self.inherited.extend(sockets);
    }

    /// Whether socket files stay at the end: one switch for all of them.
    pub fn files(&self) -> &FilesLeft {
        &self.files
    }

    /// The socket that the gateway before had under this name, for this address.
    pub(super) fn take_inherited(
        &mut self,
        name: &str,
        address: &Address,
    ) -> io::Result<Option<BoundSocket>> {
        let Some(socket) = self.inherited(name)? else {
            return Ok(None);
        };
        let domain = SockRef::from(&socket).domain()?;
        if domain != Domain::UNIX {
            return Ok(Some(BoundSocket::Tcp(socket.into())));
        }
        let file = match address {
            Address::Unix(path, mode) => Some(SocketFile::own(path, *mode, self.files.clone())?),
            Address::Ip(..) | Address::Systemd(_) => None,
        };
        Ok(Some(BoundSocket::Unix(socket.into(), file)))
    }

    fn inherited(&mut self, name: &str) -> io::Result<Option<OwnedFd>> {
        let place = self.inherited.iter().position(|(known, _)| known == name);
        let Some((_, socket)) = place.map(|place| self.inherited.swap_remove(place)) else {
            return Ok(None);
        };
        check_listens(&socket)?;
        SockRef::from(&socket).set_nonblocking(true)?;
        Ok(Some(socket))
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
            .field("inherited", &self.inherited)
            .field("files", &self.files)
            .finish()
    }
}

/// What the operators' socket is called when it is given away; it may have the address of another listener.
pub fn admin_name(address: &Address) -> String {
    format!("admin {address}")
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
