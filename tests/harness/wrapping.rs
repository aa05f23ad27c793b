//! What stands before an [`Upstream`] and takes its connections out of a wrapping: a Unix socket, or TLS.

use std::{net::SocketAddr, path::Path, thread};

use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpStream, UnixListener},
    runtime::{Builder, LocalOptions},
};

use super::Upstream;

/// Listens on a Unix socket for an upstream; ends with the process.
pub(crate) fn unix(path: &Path, upstream: &Upstream) {
    let listener = std::os::unix::net::UnixListener::bind(path).expect("a socket");
    listener.set_nonblocking(true).expect("a socket option");
    let upstream = upstream.address();
    serve(async move || {
        let listener = UnixListener::from_std(listener).expect("a listener");
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            tokio::task::spawn_local(forward(stream, upstream));
        }
    });
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
