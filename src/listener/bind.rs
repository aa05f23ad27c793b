//! Sockets to accept on: made here, or handed over by whoever started the gateway.

use std::{
    fmt, io,
    net::SocketAddr,
    os::{fd::OwnedFd, unix::net::UnixListener},
    path::{Path, PathBuf},
};

use socket2::{Domain, Protocol, Socket, Type};

use super::{
    handed_over::{HandedOver, admin_name},
    socket_file::{FilesLeft, SocketFile},
};

/// The length of the system's queue of connections that wait to be accepted.
const BACKLOG: i32 = 4096;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An address and a port; port 0 takes a free one.
    Ip(SocketAddr, Families),
    /// A socket in the file system, with these permissions.
    Unix(PathBuf, Mode),
    /// A socket that the service manager hands over, by its name or its number.
    Systemd(String),
}

/// Who may connect to an IPv6 socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Families {
    /// Clients with IPv4 addresses too, where the address is `::`.
    Both,
    /// Clients with IPv6 addresses.
    Ipv6,
}

/// Permissions of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(pub u32);

/// An address could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct BindError {
    /// Which one.
    pub address: Address,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// A socket that listens.
#[derive(Debug)]
pub struct Bound {
    pub(super) socket: BoundSocket,
    /// Where clients connect.
    pub address: BoundAddress,
}

#[derive(Debug)]
pub(super) enum BoundSocket {
    Tcp(std::net::TcpListener),
    /// Its file is removed with it, unless somebody else made it.
    Unix(UnixListener, Option<SocketFile>),
}

/// Where clients connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoundAddress {
    /// With the port that was taken.
    Ip(SocketAddr),
    /// In the file system.
    Unix(PathBuf),
}

/// Listens on an address.
pub fn bind(address: &Address, handed_over: &mut HandedOver) -> Result<Bound, BindError> {
    open(&address.to_string(), address, handed_over)
}

/// The operators' socket, which a gateway before may have left too.
pub fn bind_admin(address: &Address, handed_over: &mut HandedOver) -> Result<Bound, BindError> {
    open(&admin_name(address), address, handed_over)
}

fn open(name: &str, address: &Address, handed_over: &mut HandedOver) -> Result<Bound, BindError> {
    let mut open = || {
        let socket = match (handed_over.take_inherited(name, address)?, address) {
            (Some(socket), _) => socket,
            (None, Address::Ip(ip, families)) => tcp(*ip, *families).map(BoundSocket::Tcp)?,
            (None, Address::Unix(path, mode)) => unix(path, *mode, handed_over.files())?,
            (None, Address::Systemd(name)) => handed_over.take(name)?,
        };
        let address = socket.address()?;
        Ok(Bound { socket, address })
    };
    open().map_err(|source| BindError {
        address: address.clone(),
        source,
    })
}

impl Bound {
    /// A second hold on the socket, for a gateway that follows.
    pub fn try_clone(&self) -> io::Result<OwnedFd> {
        match &self.socket {
            BoundSocket::Tcp(listener) => listener.try_clone().map(OwnedFd::from),
            BoundSocket::Unix(listener, _) => listener.try_clone().map(OwnedFd::from),
        }
    }
}

fn tcp(address: SocketAddr, families: Families) -> io::Result<std::net::TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // The system's own default differs from machine to machine.
        socket.set_only_v6(families == Families::Ipv6)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn unix(path: &Path, mode: Mode, files: &FilesLeft) -> io::Result<BoundSocket> {
    SocketFile::clear(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&socket2::SockAddr::unix(path)?)?;
    // Before it listens nobody can connect, whatever the permissions are until now.
    let file = SocketFile::own(path, mode, files.clone())?;
    socket.listen(BACKLOG)?;
    Ok(BoundSocket::Unix(socket.into(), Some(file)))
}

impl BoundSocket {
    fn address(&self) -> io::Result<BoundAddress> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(BoundAddress::Ip),
            Self::Unix(listener, _) => {
                let address = listener.local_addr()?;
                let path = address.as_pathname().unwrap_or(Path::new("(unnamed)"));
                Ok(BoundAddress::Unix(path.to_owned()))
            }
        }
    }
}

impl BoundAddress {
    /// The address and port, if it has any.
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address, _) => address.fmt(f),
            Self::Unix(path, _) => write!(f, "unix:{}", path.display()),
            Self::Systemd(name) => write!(f, "systemd:{name}"),
        }
    }
}

impl fmt::Display for BoundAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
