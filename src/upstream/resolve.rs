//! From a name to a connection.
//!
//! The name is looked up for each new connection, so that one that has moved is followed; its addresses are tried one
//! after the other. An address that swallows packets may not use up the time of the next one.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

/// Connects to the first address of the name that answers. The caller limits all of it; an address gets its part.
pub(super) async fn connect(host: &str, port: u16, limit: Duration) -> io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
    connect_to_any(&addresses, limit).await
}

async fn connect_to_any(addresses: &[SocketAddr], limit: Duration) -> io::Result<TcpStream> {
    let part = limit / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for &address in addresses {
        match timeout(part, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use socket2::{Domain, Socket, Type};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    fn run<F: Future>(future: F) -> F::Output {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().expect("a runtime");
        runtime.block_on(future)
    }

    /// Takes no connections: those that fill its queue have to be kept.
    fn silent() -> (Socket, SocketAddr, Vec<std::net::TcpStream>) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        socket.bind(&any.into()).expect("a port");
        socket.listen(0).expect("a listener");
        let address = socket.local_addr().expect("an address").as_socket();
        let address = address.expect("an address");
        let wait = Duration::from_millis(100);
        let connect = |_| std::net::TcpStream::connect_timeout(&address, wait).ok();
        let waiting = (0..8).map_while(connect).collect();
        (socket, address, waiting)
    }

    #[test]
    fn a_name_is_followed_to_whichever_of_its_addresses_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let connected = run(connect("localhost", port, LIMIT)).expect("connected");
        assert_eq!(connected.peer_addr().expect("an address").port(), port);
    }

    #[test]
    fn an_address_that_swallows_packets_leaves_time_for_the_next() {
        let (_socket, silent, _waiting) = silent();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let good = listener.local_addr().expect("an address");
        let limit = Duration::from_millis(600);
        let connected = run(connect_to_any(&[silent, good], limit)).expect("connected");
        assert_eq!(connected.peer_addr().expect("an address"), good);
        let neither = run(connect_to_any(&[silent, silent], limit));
        let neither = neither.expect_err("not connected");
        assert_eq!(neither.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_name_that_does_not_exist_is_a_failure() {
        let failed = run(connect("no-such-name.invalid", 80, LIMIT));
        assert!(failed.is_err());
    }
}
