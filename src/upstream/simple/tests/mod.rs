//! Exchanges with a scripted server, over real connections.

mod breakage;
mod connections;
mod repetition;
mod responses;
mod switching;

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    rc::Rc,
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use ::http::{HeaderName, Method, Request, Response};
use http_body_util::BodyExt;
use tokio::runtime::{Builder, LocalOptions};

use super::{Body, Client};
use crate::{
    clock::Clock,
    deadline::Deadlines,
    upstream::{Failure, Fields, Group, RelayError, Settings},
};

/// Longer than any test takes when nothing is wrong.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longer still, so that no connection becomes too old by waiting.
const KEEP_ALIVE: Duration = Duration::from_secs(3600);

/// The server's side: accepts connections and plays its script on them.
struct Script {
    listener: TcpListener,
}

impl Script {
    fn accept(&self) -> Peer {
        let (stream, _) = self.listener.accept().expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        Peer(stream)
    }
}

/// The server's end of a connection.
struct Peer(TcpStream);

impl Peer {
    /// The next request's head.
    fn request(&mut self) -> String {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.0.read_exact(&mut byte).expect("a request");
            head.extend_from_slice(&byte);
        }
        String::from_utf8(head).expect("text")
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).expect("sent");
    }

    /// Waits until the other side is gone.
    fn wait_for_close(mut self) {
        let mut rest = Vec::new();
        // Closed with bytes unread is a reset: gone as well.
        drop(self.0.read_to_end(&mut rest));
        assert!(rest.is_empty(), "no request was expected");
    }

    /// Closes and waits until the other side has noticed.
    fn close(self) {
        self.0.shutdown(Shutdown::Write).expect("shut down");
        self.wait_for_close();
    }
}

/// No fields besides the request's own.
struct Nothing;

impl Fields for Nothing {
    fn visit(&self, _: &mut dyn FnMut(&HeaderName, &[u8])) {}
}

struct Side {
    client: Rc<Client>,
    deadlines: Deadlines,
}

impl Side {
    async fn send(&self, method: Method) -> Result<Response<Body>, Failure> {
        let request = Request::builder().method(method).uri("/items/7");
        let request = request.body(()).expect("a request");
        let now = self.deadlines.now();
        let sent = self.client.send(0, &request, &Nothing, now).await;
        sent.map_err(|lost| lost.failure)
    }

    async fn get(&self) -> Response<Body> {
        self.send(Method::GET).await.expect("a response")
    }

    async fn get_text(&self) -> String {
        text(self.get().await).await.expect("a body")
    }

    /// Waits until the runtime has noticed what happened to idle connections.
    async fn wait_for_idle(&self, count: usize) {
        let noticed = async {
            loop {
                self.client.close_stale(self.deadlines.now());
                if self.client.idle_count() == count {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, noticed)
            .await
            .expect("noticed");
    }
}

async fn text(response: Response<Body>) -> Result<String, RelayError> {
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(bytes.to_vec()).expect("text"))
}

fn settings(port: u16) -> Settings {
    Settings {
        tunnel_timeout: Duration::from_secs(60),
        connect_timeout: PATIENCE,
        response_timeout: PATIENCE,
        body_timeout: PATIENCE,
        keep_alive: KEEP_ALIVE,
        max_idle: 8,
        ..Settings::local(&[port])
    }
}

/// Plays `script` on a thread and `act` on a core. Every connection that is made has to be in the script.
fn play(
    script: impl FnOnce(&Script) + Send + 'static,
    adjust: impl FnOnce(&mut Settings),
    act: impl AsyncFnOnce(Side),
) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut settings = settings(listener.local_addr().expect("an address").port());
    adjust(&mut settings);
    let server: JoinHandle<TcpListener> = std::thread::spawn(move || {
        let opened = Script { listener };
        script(&opened);
        opened.listener
    });
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().build_local(LocalOptions::default());
    runtime.expect("a runtime").block_on(async {
        let deadlines = Deadlines::new(Clock);
        let sweeping = tokio::task::spawn_local(deadlines.clone().sweep());
        let group = Arc::new(Group::new(settings, deadlines.now()));
        let client = Rc::new(Client::new(group, deadlines.clone()));
        let acting = act(Side { client, deadlines });
        let acted = tokio::time::timeout(2 * PATIENCE, acting).await;
        acted.expect("done in time");
        sweeping.abort();
    });
    let listener = server.join().expect("the script was played");
    listener.set_nonblocking(true).expect("not blocking");
    assert!(listener.accept().is_err(), "one connection too many");
}

fn usual(_: &mut Settings) {}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
