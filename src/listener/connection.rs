//! One connection on its core: requests in, responses out, and the limits on waiting.
//!
//! The protocol library's own timer would cost a runtime timer per request, so idle and slow connections are noticed
//! here, after each poll, from the phase that the stream and the exchange leave behind. The library's connection holds
//! 16 KiB of buffers; one that has been quiet for a moment is taken apart and made anew when its client speaks again.

use std::{
    convert::Infallible,
    error::Error,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    task::Poll,
    time::Duration,
};

use ::http::{Request, Response, StatusCode, header};
use http_body::Body;
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{HttpService, service_fn},
};
use hyper_util::rt::TokioIo;

use super::{
    Handler, Peer, Refusal,
    exchange::{Exchange, Tracked},
    farewell,
    framing::{Stop, Violation},
    http2,
    settings::{Protocols, Settings},
    stream::{Phase, Reader, SentBody, Standing, Watched},
    transport::{Prefixed, Transport},
    tunnel,
    worker::Core,
};
use crate::{
    deadline::Deadline,
    http::{header::CLOSE, request_body::RequestBody},
    telemetry::counters::{ConnectionRefusal, connection_refused},
};

/// How long after its last request a connection gives its buffers back. One that is busier never pays for it.
const REST_AFTER: Duration = Duration::from_secs(1);

/// Serves a connection until it ends, is too slow, or the drain finds it between requests. One that begins as HTTP/2
/// does goes on as that.
pub(super) async fn serve<H: Handler>(
    transport: Transport,
    peer: Rc<Peer>,
    core: Core,
    handler: Rc<H>,
) {
    let deadline = core.deadlines().unset();
    let mut watched = Watched::new(transport, Rc::clone(&peer));
    loop {
        let service = service_fn(|request| {
            // A request is large and moves through many stages.
            let handler = Rc::clone(&handler);
            let request = Box::new(request.map(RequestBody::plain));
            answer(handler, Rc::clone(&peer), core.clone(), request)
        });
        let mut builder = builder(core.settings());
        builder.half_close(watched.sees_the_end());
        let connection = builder.serve_connection(TokioIo::new(watched), service);
        // Boxed, so that a connection at rest does not keep its place.
        let mut connection = Box::new(connection);
        let pause = serve_requests(&mut *connection, &core, &peer, &deadline).await;
        let parts = connection.into_parts();
        watched = parts.io.into_inner();
        match pause {
            Pause::Quiet => {}
            Pause::Ended => {
                let begun = parts.read_buf.to_vec();
                return Box::pin(end(watched, begun, &peer, &core)).await;
            }
            Pause::TimedOut(reason) => return connection_refused(reason),
            Pause::Refused(refusal) => {
                connection_refused(match refusal {
                    Refusal::Malformed(_) | Refusal::Stream => ConnectionRefusal::BadRequest,
                    Refusal::SlowHead => ConnectionRefusal::SlowHead,
                    Refusal::Resets => ConnectionRefusal::StreamResets,
                });
                let response = handler.refuse(&peer, refusal);
                return Box::pin(farewell::refuse(watched, response, &core)).await;
            }
            Pause::Preface => {
                let (transport, held) = watched.into_parts();
                let begun = [parts.read_buf.as_ref(), &held].concat();
                let stream = Prefixed::new(begun, transport);
                return Box::pin(http2::serve(stream, peer, core, handler)).await;
            }
        }
        if !parts.read_buf.is_empty() {
            // Never seen, since a quiet connection has nothing left; what is here would be read as a new request.
            return;
        }
        if rest(&mut watched, &core, &deadline).await == Pause::Ended {
            return;
        }
    }
}

/// What becomes of a connection that is no longer HTTP, be it that it ends.
async fn end(watched: Watched, begun: Vec<u8>, peer: &Peer, core: &Core) {
    match peer.switching.take() {
        // A client that has sent what is not HTTP before it was told that it may has lost it.
        Some(switch) if peer.notices.leave_http() => {
            let (transport, _) = watched.into_parts();
            tunnel::join(Prefixed::new(begun, transport), switch, core).await;
        }
        Some(_) | None => farewell::linger_if_unread(watched, peer, core).await,
    }
}

/// Why a connection is not being served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// It is over.
    Ended,
    /// Its client does not read, or does not send the rest of a body.
    TimedOut(ConnectionRefusal),
    /// It has been quiet for a moment, or no longer is.
    Quiet,
    /// What was sent is not passed on.
    Refused(Refusal),
    /// It is one of HTTP/2.
    Preface,
}

/// Serves requests until the connection ends or has been quiet for [`REST_AFTER`].
async fn serve_requests<C>(
    mut connection: &mut C,
    core: &Core,
    peer: &Peer,
    deadline: &Deadline,
) -> Pause
where
    C: Future + GracefulShutdown + Unpin,
{
    let settings = core.settings();
    let mut limited = None;
    poll_fn(|context| {
        let closes_at = core.closes_idle_at();
        let draining = closes_at.is_some() && peer.notices.standing().phase == Phase::Exchange;
        if draining || peer.notices.is_last_exchange() {
            connection.shut_down();
        }
        // An error here is the client's or the network's; what it cut short has been logged by its exchange.
        if Pin::new(&mut connection).poll(context).is_ready() {
            return Poll::Ready(Pause::Ended);
        }
        match peer.notices.stop() {
            None => {}
            Some(Stop::Preface) if peer.protocols == Protocols::Http1 => {
                return Poll::Ready(Pause::Refused(Refusal::Malformed(Violation::Version)));
            }
            Some(Stop::Preface) => return Poll::Ready(Pause::Preface),
            // Its exchange has answered it.
            Some(Stop::Refused(Violation::Chunk | Violation::Trailer)) => {
                return Poll::Ready(Pause::Ended);
            }
            Some(Stop::Refused(violation)) => {
                return Poll::Ready(Pause::Refused(Refusal::Malformed(violation)));
            }
        }
        let standing = peer.notices.standing();
        let Standing { phase, .. } = standing;
        if limited != Some((standing, closes_at)) {
            limited = Some((standing, closes_at));
            match phase {
                Phase::Waiting if closes_at.is_some() => deadline.set_at(closes_at),
                Phase::Waiting if peer.notices.is_quiet() => {
                    deadline.set_from_now(settings.idle_timeout.min(REST_AFTER));
                }
                Phase::Head => deadline.set_from_now(settings.header_timeout),
                Phase::Exchange => match standing.reader {
                    Reader::Reads => deadline.unset(),
                    Reader::Blocked(_) => deadline.set_from_now(settings.idle_timeout),
                    Reader::Silent(_) => deadline.set_from_now(settings.half_closed_timeout),
                },
                // The rest of a body that nobody wants.
                Phase::Waiting => deadline.set_from_now(settings.idle_timeout),
            }
        }
        if deadline.poll_elapsed(context).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(match phase {
            Phase::Waiting if closes_at.is_some() => Pause::Ended,
            Phase::Waiting if peer.notices.is_quiet() => Pause::Quiet,
            // The rest of a body that nobody wants is no head.
            Phase::Head if peer.notices.is_in_head() => Pause::Refused(Refusal::SlowHead),
            Phase::Waiting | Phase::Head => Pause::TimedOut(ConnectionRefusal::SlowBody),
            Phase::Exchange => match standing.reader {
                Reader::Silent(_) => Pause::Ended,
                Reader::Reads | Reader::Blocked(_) => {
                    Pause::TimedOut(ConnectionRefusal::SlowReader)
                }
            },
        })
    })
    .await
}

/// Waits for the next bytes with nothing but the socket.
async fn rest(watched: &mut Watched, core: &Core, deadline: &Deadline) -> Pause {
    let idle_timeout = core.settings().idle_timeout;
    deadline.set_from_now(idle_timeout.saturating_sub(REST_AFTER));
    let mut closes_at = None;
    poll_fn(|context| {
        if closes_at != core.closes_idle_at() {
            closes_at = core.closes_idle_at();
            deadline.set_at(closes_at);
        }
        if watched.poll_readable(context).is_ready() {
            return Poll::Ready(Pause::Quiet);
        }
        deadline.poll_elapsed(context).map(|()| Pause::Ended)
    })
    .await
}

/// What the drain asks of a connection of the library's.
trait GracefulShutdown {
    fn shut_down(&mut self);
}

impl<S, B> GracefulShutdown for http1::Connection<TokioIo<Watched>, S>
where
    S: HttpService<Incoming, ResBody = B> + Unpin,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    Self: Unpin,
{
    fn shut_down(&mut self) {
        Pin::new(self).graceful_shutdown();
    }
}

/// The library asks for at least this much buffer.
const MINIMAL_BUFFER: usize = 8192;

/// What the library limits to when it is told nothing.
const USUAL_HEADER_COUNT: usize = 100;

fn builder(settings: &Settings) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // The limits themselves are those of the framing; these only have to be wider.
        .max_buf_size(settings.head.head.saturating_add(MINIMAL_BUFFER));
    // A limit that is set, even to the usual number, makes the library fill its tables anew for each request.
    if settings.head.fields > USUAL_HEADER_COUNT {
        builder.max_headers(settings.head.fields);
    }
    builder
}

async fn answer<H: Handler>(
    handler: Rc<H>,
    peer: Rc<Peer>,
    core: Core,
    request: Box<Request<RequestBody>>,
) -> Result<Response<Tracked<H::Body, ExchangeGuard>>, Infallible> {
    let body = match request.body() {
        body if body.is_end_stream() => SentBody::None,
        body if body.size_hint().exact().is_some() => SentBody::Sized,
        _ => SentBody::Chunked,
    };
    peer.notices.begin_exchange(body);
    let exchange = ExchangeGuard(Rc::clone(&peer));
    let notices = &exchange.0.notices;
    let mut response = handler.handle(peer, request).await;
    // A refusal is answered in the moment it is read, and the library would take the next request.
    // A request that is refused before all of its body has been read is the last one: nobody reads the rest.
    let status = response.status();
    let unfinished = status.as_u16() >= 400 && notices.has_unfinished_body();
    if unfinished
        || notices.has_left_body()
        || (core.is_draining() && status != StatusCode::SWITCHING_PROTOCOLS)
    {
        response.headers_mut().insert(header::CONNECTION, CLOSE);
    }
    Ok(response.map(|body| Tracked::new(body, exchange)))
}

/// While it lives, a request is being answered.
struct ExchangeGuard(Rc<Peer>);

impl Exchange for ExchangeGuard {}

impl Drop for ExchangeGuard {
    fn drop(&mut self) {
        self.0.notices.end_exchange();
    }
}
