//! From an accepted socket to a transport that speaks HTTP, and who is at its other end.

use std::{future::poll_fn, pin::Pin, rc::Rc, sync::Arc, task::Poll};

use ::http::{HeaderValue, uri::Scheme};
use tokio::net::{TcpStream, UnixStream};

use super::{
    AddressLimit, Peer, Protocols, Switching,
    address_limit::Seat,
    proxy_protocol::{self, Header},
    stream::Notices,
    tls::{self, Tls},
    transport::{Socket, Transport},
    unwelcome::Unwelcome,
    worker::{AcceptedSocket, Core},
};
use crate::http::client_address::{PeerAddress, TrustedProxies};

/// What a listener wants of its connections before it serves them.
#[derive(Debug)]
pub struct Entrance {
    /// What is spoken; with TLS the client chooses by ALPN.
    pub protocols: Protocols,
    /// How TLS is spoken, if it is.
    pub tls: Option<Arc<Tls>>,
    /// Who may connect, and has to say by a PROXY header for whom. `None` is for clients themselves.
    pub proxies: Option<TrustedProxies>,
    /// How many connections an address may have.
    pub address_limit: Arc<AddressLimit>,
}

/// A connection that can be served.
#[derive(Debug)]
pub(super) struct Established {
    pub(super) transport: Transport,
    pub(super) peer: Rc<Peer>,
    /// To be kept as long as the connection.
    pub(super) seat: Option<Seat>,
}

/// Makes the connection ready to be served; `None` when it has ended or is refused.
pub(super) async fn establish(
    accepted: AcceptedSocket,
    entrance: &Entrance,
    core: &Core,
) -> Option<Established> {
    let (socket, address) = register(accepted)?;
    let established = if entrance.tls.is_none() && entrance.proxies.is_none() {
        entrance.admit(socket, address, core)
    } else {
        in_time(core, Box::pin(entrance.receive(socket, address, core))).await
    };
    established
        .inspect_err(|reason| reason.report(address))
        .ok()
}

/// The time of a request head is for all that comes before it too.
async fn in_time(
    core: &Core,
    mut receiving: Pin<Box<impl Future<Output = Result<Established, Unwelcome>>>>,
) -> Result<Established, Unwelcome> {
    let deadline = core.deadlines().unset();
    deadline.set_from_now(core.settings().header_timeout);
    poll_fn(|context| {
        if let Poll::Ready(established) = receiving.as_mut().poll(context) {
            return Poll::Ready(established);
        }
        if core.is_draining() {
            return Poll::Ready(Err(Unwelcome::Draining));
        }
        deadline
            .poll_elapsed(context)
            .map(|()| Err(Unwelcome::TooSlow))
    })
    .await
}

impl Entrance {
    /// A client in clear text.
    fn admit(
        &self,
        socket: Socket,
        address: PeerAddress,
        core: &Core,
    ) -> Result<Established, Unwelcome> {
        Ok(Established {
            seat: self.seat(address)?,
            transport: Transport::Clear(socket),
            peer: Rc::new(peer(address, self.protocols, core)),
        })
    }

    /// A PROXY header, if there has to be one, and TLS, if it is spoken.
    async fn receive(
        &self,
        socket: Socket,
        address: PeerAddress,
        core: &Core,
    ) -> Result<Established, Unwelcome> {
        let (address, scheme) = match &self.proxies {
            None => (address, Scheme::HTTP),
            Some(proxies) if proxies.contains(address) => {
                let Header { client, scheme } = proxy_protocol::receive(&socket).await?;
                (client.map_or(address, PeerAddress::Ip), scheme)
            }
            Some(_) => return Err(Unwelcome::NoProxy),
        };
        // Before the handshake, which costs more than everything else.
        let seat = self.seat(address)?;
        let Some(tls) = &self.tls else {
            let peer = peer(address, self.protocols, core);
            return Ok(Established {
                seat,
                transport: Transport::Clear(socket),
                peer: Rc::new(Peer { scheme, ..peer }),
            });
        };
        let session = tls::handshake(tls, socket).await?;
        Ok(Established {
            seat,
            transport: Transport::Tls(session.stream),
            peer: Rc::new(Peer {
                scheme: Scheme::HTTPS,
                tls: Some(Box::new(session.peer)),
                ..peer(address, session.agreed, core)
            }),
        })
    }

    fn seat(&self, address: PeerAddress) -> Result<Option<Seat>, Unwelcome> {
        let seat = self.address_limit.admit(address);
        seat.map_err(|_full| Unwelcome::TooManyOfAddress)
    }
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

/// Whoever is at the other end, in clear text.
fn peer(address: PeerAddress, protocols: Protocols, core: &Core) -> Peer {
    let value = address.ip().map(|ip| HeaderValue::try_from(ip.to_string()));
    Peer {
        address,
        address_value: match value {
            Some(Ok(value)) => value,
            Some(Err(_)) | None => HeaderValue::from_static("unknown"),
        },
        scheme: Scheme::HTTP,
        protocols,
        tls: None,
        switching: Switching::default(),
        notices: Notices::new(core.settings().head),
    }
}
