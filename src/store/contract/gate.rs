//! A way to the server that can be closed, frozen and opened again.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::bench::Bench;

pub(crate) struct Gate {
    address: SocketAddr,
    server: String,
    frozen: watch::Sender<bool>,
    traffic: JoinSet<()>,
}

impl Gate {
    /// A closed gate with a port of its own.
    pub(crate) async fn closed(bench: &Bench) -> Self {
        let opts = bench.opts();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self {
            address: listener.local_addr().expect("an address"),
            server: format!("{}:{}", opts.ip_or_hostname(), opts.tcp_port()),
            frozen: watch::Sender::new(false),
            traffic: JoinSet::new(),
        }
    }

    pub(crate) async fn opened(bench: &Bench) -> Self {
        let mut gate = Self::closed(bench).await;
        gate.open().await;
        gate
    }

    pub(crate) fn url(&self, bench: &Bench) -> String {
        bench.url_through(self.address.port())
    }

    pub(crate) async fn open(&mut self) {
        let listener = TcpListener::bind(self.address)
            .await
            .expect("the port again");
        self.traffic.spawn(accept(
            listener,
            self.server.clone(),
            self.frozen.subscribe(),
        ));
    }

    /// Refuses new connections and breaks those that there are.
    pub(crate) async fn close(&mut self) {
        self.traffic.shutdown().await;
    }

    /// Lets nothing through, without a word.
    pub(crate) fn freeze(&self, frozen: bool) {
        self.frozen.send_replace(frozen);
    }
}

async fn accept(listener: TcpListener, server: String, frozen: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(&server).await else {
            continue;
        };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        connections.spawn(pump(from_client, to_server, frozen.clone()));
        connections.spawn(pump(from_server, to_client, frozen.clone()));
    }
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut frozen: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let thawed = frozen.wait_for(|frozen| !frozen).await.is_ok();
        if !thawed || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
