//! From an accepted socket to a transport that speaks HTTP, and who is at its other end.

use std::rc::Rc;

use ::http::{HeaderValue, uri::Scheme};
use tokio::net::{TcpStream, UnixStream};

use super::{
    Peer, Switching,
    stream::Notices,
    transport::{Socket, Transport},
    worker::{AcceptedSocket, Core},
};
use crate::http::client_address::PeerAddress;

/// What a listener wants of its connections before it serves them.
#[derive(Debug)]
pub(super) struct Entrance {}

/// A connection that can be served.
#[derive(Debug)]
pub(super) struct Established {
    pub(super) transport: Transport,
    pub(super) peer: Rc<Peer>,
    pub(super) protocol: Protocol,
}

/// What is spoken on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
}

/// Makes the connection ready to be served; `None` when it has ended or is refused.
pub(super) async fn establish(
    accepted: AcceptedSocket,
    _entrance: &Entrance,
    core: &Core,
) -> Option<Established> {
    let (socket, address) = register(accepted)?;
    Some(Established {
        transport: Transport::Clear(socket),
        peer: peer(address, core)?,
        protocol: Protocol::Http1,
    })
}

/// Makes the socket known to this core's event loop.
fn register(accepted: AcceptedSocket) -> Option<(Socket, PeerAddress)> {
    let (socket, address) = match accepted {
        AcceptedSocket::Tcp(stream) => {
            let stream = TcpStream::from_std(stream).ok()?;
            let address = stream.peer_addr().ok()?;
            (Socket::Tcp(stream), PeerAddress::Ip(address))
        }
        AcceptedSocket::Unix(stream) => {
            let stream = UnixStream::from_std(stream).ok()?;
            (Socket::Unix(stream), PeerAddress::Unix)
        }
    };
    socket.set_nodelay();
    Some((socket, address))
}

fn peer(address: PeerAddress, core: &Core) -> Option<Rc<Peer>> {
    let value = match address.ip() {
        Some(ip) => HeaderValue::try_from(ip.to_string()).ok()?,
        None => HeaderValue::from_static("unknown"),
    };
    Some(Rc::new(Peer {
        address,
        address_value: value,
        scheme: Scheme::HTTP,
        tls: None,
        switching: Switching::default(),
        notices: Notices::new(core.settings().head),
    }))
}
