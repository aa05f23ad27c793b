//! One connection of HTTP/2 (RFC 9113) on its core.
//!
//! The library checks frames and header lists; here are the limits on what a client may make it hold: streams at once,
//! streams that are opened and reset, a client that does not read, and a connection that is not used.

mod block;
mod frames;
mod streams;
mod unread;

use std::{
    convert::Infallible,
    error::Error,
    future::{Future, poll_fn},
    rc::Rc,
    task::Poll,
    time::Duration,
};

use ::http::{Request, Response};
use hyper::{rt::Executor, server::conn::http2, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Handler, Peer, Refusal, exchange::Tracked, settings::Settings, worker::Core};
use crate::{
    http::request_body::RequestBody,
    telemetry::counters::{ConnectionRefusal, connection_refused},
};
use streams::{Lingering, Stream, Streams, Waits};

/// How many bytes of a body a client may send ahead on one stream, and on all of them together.
const STREAM_WINDOW: u32 = 128 * 1024;
const CONNECTION_WINDOW: u32 = 512 * 1024;

/// How much of a response one stream may hold back while its client does not read.
const MOST_UNSENT: usize = 64 * 1024;

/// How long a connection whose time is up may take to say so.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves a connection until it ends, is of no use, or the drain has finished its streams.
pub(super) async fn serve<T, H>(stream: T, peer: Rc<Peer>, core: Core, handler: Rc<H>)
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    H: Handler,
{
    let streams = Rc::new(Streams::new(core.settings().http2.resets));
    let service = service_fn(|request| {
        let mut stream = Stream::begin(&streams);
        let request = Box::new(request.map(|body| stream.receive(body)));
        answer(Rc::clone(&handler), Rc::clone(&peer), request, stream)
    });
    let notices = Rc::new(frames::Notices::default());
    let stream = TokioIo::new(frames::Watched::new(stream, Rc::clone(&notices)));
    let connection = builder(core.settings()).serve_connection(stream, service);
    let mut connection = std::pin::pin!(connection);
    let deadline = core.deadlines().unset();
    let mut limited = None;
    let mut goodbye = Goodbye::NotSaid;
    poll_fn(|context| {
        if core.is_draining() && goodbye == Goodbye::NotSaid {
            connection.as_mut().graceful_shutdown();
            goodbye = Goodbye::Draining;
        }
        streams.wake_by(context.waker());
        let polled = connection.as_mut().poll(context);
        for _ in 0..notices.take_malformed() {
            connection_refused(ConnectionRefusal::BadRequest);
            drop(handler.refuse(&peer, Refusal::Stream));
        }
        if let Poll::Ready(ended) = polled {
            // What an error cut short has been logged by its exchange.
            let reason = ended.err().and_then(|error| refusal_of(&error));
            reason.into_iter().for_each(connection_refused);
            return Poll::Ready(());
        }
        if streams.has_too_many_resets() {
            connection_refused(ConnectionRefusal::StreamResets);
            drop(handler.refuse(&peer, Refusal::Resets));
            return Poll::Ready(());
        }
        throw_away(&streams, &core);
        let standing = streams.standing();
        let closes_at = core.closes_idle_at();
        if limited != Some((standing, closes_at)) && goodbye != Goodbye::TimedOut {
            limited = Some((standing, closes_at));
            let settings = core.settings();
            match standing.waits_for() {
                // The library waits for the client to confirm the goodbye, be it for ever.
                Waits::FirstRequest | Waits::NextRequest if closes_at.is_some() => {
                    deadline.set_at(closes_at.map(|at| at + FAREWELL));
                }
                Waits::FirstRequest => deadline.set_from_now(settings.header_timeout),
                Waits::NextRequest | Waits::Reader => deadline.set_from_now(settings.idle_timeout),
                Waits::Answers | Waits::Rest => deadline.unset(),
            }
        }
        if deadline.poll_elapsed(context).is_pending() {
            return Poll::Pending;
        }
        if goodbye != Goodbye::NotSaid || standing.waits_for() != Waits::NextRequest {
            return Poll::Ready(());
        }
        // GOAWAY, so that a request that crosses it is known not to have been answered.
        goodbye = Goodbye::TimedOut;
        connection.as_mut().graceful_shutdown();
        deadline.set_from_now(FAREWELL);
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Why the library gave the connection up, if that is the client's fault.
fn refusal_of(error: &hyper::Error) -> Option<ConnectionRefusal> {
    let error = error.source()?.downcast_ref::<h2::Error>()?;
    let reason = error.reason().filter(|_| error.is_library())?;
    match reason {
        h2::Reason::NO_ERROR => None,
        h2::Reason::ENHANCE_YOUR_CALM => Some(ConnectionRefusal::FrameFlood),
        _ => Some(ConnectionRefusal::BadRequest),
    }
}

/// Whether the client was told that the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goodbye {
    NotSaid,
    Draining,
    TimedOut,
}

fn builder(settings: &Settings) -> http2::Builder<OnThisCore> {
    let mut builder = http2::Builder::new(OnThisCore);
    builder
        .max_concurrent_streams(settings.http2.streams)
        .max_header_list_size(u32::try_from(settings.head.head).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(MOST_UNSENT);
    builder
}

/// Runs a connection's streams on the core that it lives on; they end with it.
#[derive(Debug, Clone, Copy)]
struct OnThisCore;

impl<F: Future + 'static> Executor<F> for OnThisCore {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}

/// Reads on what no request needs. The tasks end with the connection, whose end is an error of the body.
fn throw_away(streams: &Rc<Streams>, core: &Core) {
    for unread in streams.take_left() {
        let (lingering, core) = (Lingering::begin(streams), core.clone());
        tokio::task::spawn_local(async move {
            unread.throw_away(core).await;
            drop(lingering);
        });
    }
}

async fn answer<H: Handler>(
    handler: Rc<H>,
    peer: Rc<Peer>,
    request: Box<Request<RequestBody>>,
    stream: Stream,
) -> Result<Response<Tracked<H::Body, Stream>>, Infallible> {
    let response = handler.handle(peer, request).await;
    Ok(response.map(|body| Tracked::new(body, stream)))
}
