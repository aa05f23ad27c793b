//! Both ends of HTTP/2: an origin whose streams the test answers, and a client that sees every frame that matters.

use std::{
    cell::RefCell,
    future::Future,
    net::{SocketAddr, TcpListener},
    rc::Rc,
    sync::Arc,
    thread,
};

use bytes::Bytes;
use h2::{RecvStream, SendStream, client, server};
use http::{HeaderMap, HeaderValue, Request, Response, header};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    runtime::{Builder, LocalOptions},
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

use super::{PATIENCE, watch::Watch};

/// An origin; its thread ends with the process.
pub(crate) struct Origin {
    address: SocketAddr,
    state: Watch<State>,
}

#[derive(Default)]
struct State {
    heads: Vec<Request<()>>,
    opened: usize,
    closed: usize,
}

/// One stream, as the origin has it.
pub(crate) struct Arrived {
    pub(crate) head: Request<()>,
    pub(crate) body: Incoming,
    pub(crate) respond: server::SendResponse<Bytes>,
    pub(crate) connection: Connection,
    /// The number of its connection.
    pub(crate) number: usize,
}

/// What a stream can do to its whole connection.
#[derive(Clone, Default)]
pub(crate) struct Connection {
    order: Rc<RefCell<Option<Order>>>,
    ordered: Rc<Notify>,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    GoAway,
    Abort,
    Close,
}

/// How the origin is set up.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) most_streams: Option<u32>,
    pub(crate) tls: Option<ServerConfig>,
}

/// A body as it comes.
pub(crate) struct Incoming(pub(crate) RecvStream);

impl Connection {
    fn order(&self, order: Order) {
        *self.order.borrow_mut() = Some(order);
        self.ordered.notify_one();
    }

    /// Says that no other streams are taken, and finishes those that there are.
    pub(crate) fn go_away(&self) {
        self.order(Order::GoAway);
    }

    /// Ends everything with GOAWAY.
    pub(crate) fn abort(&self) {
        self.order(Order::Abort);
    }

    /// Ends everything without a word.
    pub(crate) fn close(&self) {
        self.order(Order::Close);
    }
}

impl Incoming {
    /// The next piece; `None` at the end.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, h2::Error> {
        let piece = self.0.data().await.transpose()?;
        if let Some(piece) = &piece {
            let released = self.0.flow_control().release_capacity(piece.len());
            released.expect("what has come");
        }
        Ok(piece)
    }

    /// Everything, and the trailers.
    pub(crate) async fn whole(&mut self) -> Result<(Vec<u8>, Option<HeaderMap>), h2::Error> {
        let mut whole = Vec::new();
        while let Some(piece) = self.piece().await? {
            whole.extend_from_slice(&piece);
        }
        Ok((whole, self.0.trailers().await?))
    }
}

impl Origin {
    /// Answers each stream by a function.
    pub(crate) fn answering<F: Future<Output = ()> + 'static>(
        setup: Setup,
        answer: impl Fn(Arrived) -> F + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket option");
        let address = listener.local_addr().expect("an address");
        let state = Watch::new(State::default());
        let shared = state.clone();
        thread::spawn(move || {
            run(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let (answer, tls) = (Rc::new(answer), setup.tls.map(Arc::new));
                while let Ok((stream, _)) = listener.accept().await {
                    stream.set_nodelay(true).expect("a socket option");
                    let number = shared.change(|state| {
                        state.opened += 1;
                        state.opened - 1
                    });
                    let (answer, tls, shared) = (Rc::clone(&answer), tls.clone(), shared.clone());
                    let most = setup.most_streams;
                    tokio::task::spawn_local(async move {
                        match tls {
                            None => serve(stream, number, most, &*answer, &shared).await,
                            Some(tls) => {
                                if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                                    serve(stream, number, most, &*answer, &shared).await;
                                }
                            }
                        }
                        shared.change(|state| state.closed += 1);
                    });
                }
            });
        });
        Self { address, state }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The heads that have arrived so far.
    pub(crate) fn heads(&self) -> Vec<Request<()>> {
        self.state.read(|state| {
            let heads = state.heads.iter();
            heads.map(Clone::clone).collect()
        })
    }

    /// How many connections the gateway has opened.
    pub(crate) fn connections(&self) -> usize {
        self.state.read(|state| state.opened)
    }

    /// Waits until so many connections have ended.
    #[track_caller]
    pub(crate) fn wait_for_closed(&self, count: usize) {
        self.state
            .wait_for("connections to end", |state| state.closed == count);
    }
}

async fn serve<F: Future<Output = ()> + 'static>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    number: usize,
    most_streams: Option<u32>,
    answer: &impl Fn(Arrived) -> F,
    state: &Watch<State>,
) {
    let mut builder = server::Builder::new();
    if let Some(most) = most_streams {
        builder.max_concurrent_streams(most);
    }
    let Ok(mut connection) = builder.handshake(stream).await else {
        return;
    };
    let control = Connection::default();
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            () = control.ordered.notified() => {
                match control.order.borrow_mut().take() {
                    Some(Order::GoAway) => connection.graceful_shutdown(),
                    Some(Order::Abort) => connection.abrupt_shutdown(h2::Reason::NO_ERROR),
                    Some(Order::Close) => return,
                    None => {}
                }
                continue;
            }
        };
        let Some(Ok((request, respond))) = accepted else {
            return;
        };
        let (head, body) = request.into_parts();
        let head = Request::from_parts(head, ());
        state.change(|state| state.heads.push(head.clone()));
        let arrived = Arrived {
            head,
            body: Incoming(body),
            respond,
            connection: control.clone(),
            number,
        };
        tokio::task::spawn_local(answer(arrived));
    }
}

/// A client's end of one connection.
#[derive(Clone)]
pub(crate) struct Client {
    sender: client::SendRequest<Bytes>,
}

/// One exchange of a client.
pub(crate) struct Exchange {
    pub(crate) body: SendStream<Bytes>,
    pub(crate) response: client::ResponseFuture,
}

impl Client {
    /// Begins HTTP/2 in clear text, without asking.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket option");
        let (sender, connection) = client::handshake(stream).await.expect("a handshake");
        tokio::task::spawn_local(async move { drop(connection.await) });
        Self { sender }
    }

    /// Begins a stream whose body is still to come.
    pub(crate) async fn begin(&self, request: Request<()>) -> Exchange {
        self.stream(request, false).await
    }

    /// A whole request without a body, and the head of its response.
    pub(crate) async fn get(&self, uri: &str) -> Response<Incoming> {
        let request = Request::get(uri).body(()).expect("a request");
        let exchange = self.stream(request, true).await;
        exchange.head().await.expect("a response")
    }

    async fn stream(&self, mut request: Request<()>, ended: bool) -> Exchange {
        let authority = request.uri().authority().expect("an authority");
        let host = HeaderValue::from_str(authority.as_str()).expect("a host");
        request.headers_mut().insert(header::HOST, host);
        let mut ready = self.sender.clone().ready().await.expect("room");
        let sent = ready.send_request(request, ended);
        let (response, body) = sent.expect("a stream");
        Exchange { body, response }
    }
}

impl Exchange {
    pub(crate) fn send(&mut self, piece: impl Into<Bytes>) {
        self.body.send_data(piece.into(), false).expect("sent");
    }

    pub(crate) fn end(&mut self) {
        self.body.send_data(Bytes::new(), true).expect("sent");
    }

    /// The head of the response.
    pub(crate) async fn head(self) -> Result<Response<Incoming>, h2::Error> {
        self.response.await.map(|response| response.map(Incoming))
    }
}

/// Runs a test's own side.
#[track_caller]
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().build_local(LocalOptions::default());
    runtime.expect("a runtime").block_on(future)
}

/// As [`run`], but not for ever.
#[track_caller]
pub(crate) fn run_in_time<F: Future>(future: F) -> F::Output {
    run(async { tokio::time::timeout(PATIENCE, future).await }).expect("done in time")
}
