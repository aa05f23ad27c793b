//! What stands before an [`Upstream`] and takes its connections out of a wrapping: a Unix socket, or TLS.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpStream, UnixListener},
    runtime::{Builder, LocalOptions},
};
use tokio_rustls::TlsAcceptor;

use super::{Upstream, watch::Watch};

/// TLS before an upstream; ends with the process.
pub(crate) struct TlsFront {
    address: SocketAddr,
    config: Arc<Mutex<Arc<ServerConfig>>>,
    handshakes: Watch<Vec<Handshake>>,
}

/// What a handshake has agreed on; `None` where it failed.
pub(crate) type Handshake = Option<Agreed>;

/// What a handshake has agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub(crate) server_name: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) client_certificates: usize,
}

/// Listens on a Unix socket for an upstream; ends with the process.
pub(crate) fn unix(path: &Path, upstream: &Upstream) {
    unix_to(path, upstream.address());
}

/// Listens on a Unix socket for whatever listens there.
pub(crate) fn unix_to(path: &Path, upstream: SocketAddr) {
    let listener = std::os::unix::net::UnixListener::bind(path).expect("a socket");
    listener.set_nonblocking(true).expect("a socket option");
    serve(async move || {
        let listener = UnixListener::from_std(listener).expect("a listener");
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            tokio::task::spawn_local(forward(stream, upstream));
        }
    });
}

impl TlsFront {
    pub(crate) fn before(upstream: &Upstream, config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let front = Self {
            address: listener.local_addr().expect("an address"),
            config: Arc::new(Mutex::new(Arc::new(config))),
            handshakes: Watch::new(Vec::new()),
        };
        let (config, handshakes) = (Arc::clone(&front.config), front.handshakes.clone());
        let upstream = upstream.address();
        listener.set_nonblocking(true).expect("a socket option");
        serve(async move || {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let config = lock(&config).clone();
                tokio::task::spawn_local(unwrap(stream, config, handshakes.clone(), upstream));
            }
        });
        front
    }

    /// Another certificate for new connections.
    pub(crate) fn present(&self, config: ServerConfig) {
        *lock(&self.config) = Arc::new(config);
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Waits for so many handshakes, and gives all there are.
    #[track_caller]
    pub(crate) fn handshakes(&self, count: usize) -> Vec<Handshake> {
        let enough = |handshakes: &Vec<Handshake>| handshakes.len() >= count;
        self.handshakes.wait_for("handshakes", enough);
        self.handshakes.read(Clone::clone)
    }
}

async fn unwrap(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    handshakes: Watch<Vec<Handshake>>,
    upstream: SocketAddr,
) {
    stream.set_nodelay(true).expect("a socket option");
    let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else {
        handshakes.change(|handshakes| handshakes.push(None));
        return;
    };
    let session = stream.get_ref().1;
    let protocol = session.alpn_protocol().map(String::from_utf8_lossy);
    let agreed = Agreed {
        server_name: session.server_name().map(ToOwned::to_owned),
        protocol: protocol.map(std::borrow::Cow::into_owned),
        client_certificates: session.peer_certificates().map_or(0, <[_]>::len),
    };
    handshakes.change(|handshakes| handshakes.push(Some(agreed)));
    forward(stream, upstream).await;
}

fn lock(config: &Mutex<Arc<ServerConfig>>) -> std::sync::MutexGuard<'_, Arc<ServerConfig>> {
    config.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs an acceptor on a thread of its own.
fn serve(accept: impl AsyncFnOnce() + Send + 'static) {
    thread::spawn(move || {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_all().build_local(LocalOptions::default());
        runtime.expect("a runtime").block_on(accept());
    });
}

async fn forward(mut stream: impl AsyncRead + AsyncWrite + Unpin, upstream: SocketAddr) {
    let mut inner = TcpStream::connect(upstream).await.expect("an upstream");
    inner.set_nodelay(true).expect("a socket option");
    // Which of the two ends first, and how, is the test's to notice.
    drop(copy_bidirectional(&mut stream, &mut inner).await);
}
