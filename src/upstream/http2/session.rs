//! One connection of HTTP/2 and its streams.

use std::{
    cell::{Cell, RefCell},
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    rc::Rc,
    task::Poll,
    time::{Duration, Instant},
};

use ::http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Notify;

use super::{
    unanswered::{Cause, Unanswered},
    wire::{Heard, OnThisCore},
};
use crate::{
    deadline::Deadlines,
    upstream::{error::Failure, settings::Settings, stream::Stream, upload::Upload},
};

/// How many streams one connection carries at the same time, if the endpoint allows as many.
const MOST_STREAMS: usize = 100;

/// How many bytes of a response an endpoint may send ahead on one stream. On all of them together it may send as much as
/// all streams may, so that a client that does not read holds up nobody else.
const STREAM_WINDOW: u32 = 128 * 1024;
const CONNECTION_WINDOW: u32 = 100 * STREAM_WINDOW;

/// How much of a request body waits on one stream for an endpoint that does not read.
const MOST_UNSENT: usize = 128 * 1024;

/// How large the head of a response may be, as over HTTP/1.1.
const HEAD_LIMIT: u32 = 128 * 1024;

/// How long the answer to a ping may take, at most.
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// What the library says an endpoint allows before it has said so itself.
const NOT_SAID: usize = MOST_STREAMS + 1;

type Connection = http2::Connection<TokioIo<Heard>, Upload, OnThisCore>;

/// A connection whose endpoint has said hello.
pub(super) struct Session {
    sender: RefCell<SendRequest<Upload>>,
    driven: Rc<Driven>,
    deadlines: Deadlines,
    open: Cell<usize>,
    born: Instant,
    /// Whether an answer has come over it.
    proven: Cell<bool>,
    /// When it last began or ended a stream.
    used: Cell<Instant>,
    fitness: Cell<Fitness>,
}

/// Whether new streams may be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fitness {
    Fit,
    Retired,
}

/// The library's half, which a task drives and the session asks what the endpoint allows.
struct Driven {
    connection: RefCell<Option<Connection>>,
    failure: RefCell<Option<hyper::Error>>,
}

/// The right to one stream of a session.
#[derive(Debug)]
pub(in crate::upstream) struct Slot {
    session: Rc<Session>,
}

impl Session {
    /// Begins HTTP/2 and waits for the endpoint's settings: before them nobody knows how many streams it allows, or
    /// whether it speaks HTTP/2 at all.
    pub(super) async fn start(
        stream: Stream,
        settings: &Settings,
        deadlines: Deadlines,
    ) -> Result<Rc<Self>, Failure> {
        let heard = Rc::new(Notify::new());
        let stream = Heard {
            stream,
            notify: Rc::clone(&heard),
        };
        let handshake = builder(settings).handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(Failure::from_http2)?;
        let driven = Rc::new(Driven {
            connection: RefCell::new(Some(connection)),
            failure: RefCell::new(None),
        });
        // Owned by the worker's runtime: it ends with the session, or with the worker.
        tokio::task::spawn_local(drive(Rc::clone(&driven), Rc::clone(&heard)));
        loop {
            match driven.allowed() {
                None => return Err(driven.failure()),
                Some(0) => return Err(Failure::NotHttp(NoStreams.into())),
                Some(NOT_SAID) => heard.notified().await,
                Some(_) => break,
            }
        }
        Ok(Rc::new(Self {
            sender: RefCell::new(sender),
            driven,
            open: Cell::new(0),
            born: deadlines.now(),
            proven: Cell::new(false),
            used: Cell::new(deadlines.now()),
            deadlines,
            fitness: Cell::new(Fitness::Fit),
        }))
    }

    fn has_room(&self) -> bool {
        let allowed = self.driven.allowed().unwrap_or(0);
        self.fitness.get() == Fitness::Fit
            && !self.sender.borrow().is_closed()
            && self.open.get() < allowed.min(MOST_STREAMS)
    }

    /// Whether it is worth keeping.
    pub(super) fn is_fit(&self, now: Instant, settings: &Settings) -> bool {
        let age = now.saturating_duration_since(self.born);
        let idle = now.saturating_duration_since(self.used.get());
        self.fitness.get() == Fitness::Fit
            && !self.sender.borrow().is_closed()
            && age <= settings.connection_age
            && (self.open.get() > 0 || idle <= settings.keep_alive)
    }
}

impl Slot {
    /// Takes room for one stream, if there is any.
    pub(super) fn take(session: &Rc<Session>) -> Option<Self> {
        session.has_room().then(|| {
            session.open.set(session.open.get() + 1);
            session.used.set(session.deadlines.now());
            Self {
                session: Rc::clone(session),
            }
        })
    }

    /// Begins a stream and waits for the head of its response.
    pub(super) async fn send(
        &self,
        request: Request<Upload>,
    ) -> Result<Response<Incoming>, Unanswered> {
        let sending = self.session.sender.borrow_mut().try_send_request(request);
        match sending.await {
            Ok(response) => {
                self.session.proven.set(true);
                Ok(response)
            }
            Err(mut error) => {
                let returned = error.take_message().is_some();
                let error = error.into_error();
                let cause = if returned {
                    Cause::NotBegun
                } else {
                    Cause::of(&error)
                };
                Err(Unanswered { error, cause })
            }
        }
    }

    /// Whether anything has come over the connection before.
    pub(super) fn is_proven(&self) -> bool {
        self.session.proven.get()
    }

    /// Lets the session begin no other stream.
    pub(super) fn retire(&self) {
        self.session.fitness.set(Fitness::Retired);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let session = &self.session;
        session.open.set(session.open.get() - 1);
        session.used.set(session.deadlines.now());
    }
}

impl Driven {
    /// How many streams the endpoint allows; `None` once the connection has ended.
    fn allowed(&self) -> Option<usize> {
        let connection = self.connection.borrow();
        connection
            .as_ref()
            .map(Connection::current_max_send_streams)
    }

    fn failure(&self) -> Failure {
        match self.failure.borrow_mut().take() {
            Some(error) => Failure::from_http2(error),
            None => Failure::closed(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        }
    }
}

/// An endpoint that could never be asked anything.
#[derive(Debug, thiserror::Error)]
#[error("the upstream allows no streams")]
struct NoStreams;

fn builder(settings: &Settings) -> http2::Builder<OnThisCore> {
    let mut builder = http2::Builder::new(OnThisCore);
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(settings.ping_interval)
        .keep_alive_timeout(settings.ping_interval.min(PING_TIMEOUT))
        .initial_max_send_streams(NOT_SAID)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(HEAD_LIMIT)
        .max_send_buf_size(MOST_UNSENT);
    builder
}

async fn drive(driven: Rc<Driven>, heard: Rc<Notify>) {
    let ended = poll_fn(|context| {
        let mut connection = driven.connection.borrow_mut();
        match connection.as_mut() {
            Some(connection) => Pin::new(connection).poll(context),
            None => Poll::Ready(Ok(())),
        }
    });
    let ended = ended.await;
    // Requests that it had not begun come back by this.
    drop(driven.connection.borrow_mut().take());
    *driven.failure.borrow_mut() = ended.err();
    heard.notify_one();
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut session = formatter.debug_struct("Session");
        session
            .field("open", &self.open)
            .field("fitness", &self.fitness);
        session.finish_non_exhaustive()
    }
}
