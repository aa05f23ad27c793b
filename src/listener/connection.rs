//! One connection on its core: requests in, responses out, and the limits on waiting.
//!
//! The protocol library's own timer would cost a runtime timer per request, so idle and slow connections are noticed
//! here, after each poll, from the phase that the stream and the exchange leave behind.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
};

use ::http::{HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{
    Handler, Peer,
    settings::Settings,
    stream::{Notices, Phase, Watched},
    worker::Core,
};

/// Serves a connection until it ends, is too slow, or the drain finds it between requests.
pub(super) async fn serve<H: Handler>(stream: TcpStream, core: Core, handler: Rc<H>) {
    let Ok(address) = stream.peer_addr() else {
        return;
    };
    // Responses are written whole: waiting to fill a packet only adds latency. A failure shows at the first write.
    drop(stream.set_nodelay(true));
    let ip = address.ip().to_canonical();
    let Ok(address_value) = HeaderValue::try_from(ip.to_string()) else {
        return;
    };
    let peer = Rc::new(Peer {
        address,
        address_value,
        notices: Notices::new(),
    });
    let service = service_fn(|request| {
        // A request is large and moves through many stages.
        answer(Rc::clone(&handler), Rc::clone(&peer), Box::new(request))
    });
    let watched = Watched {
        stream,
        peer: Rc::clone(&peer),
    };
    let settings = core.settings();
    let mut connection = pin!(builder(settings).serve_connection(TokioIo::new(watched), service));
    let deadline = core.deadlines().unset();
    let mut limited = None;
    poll_fn(|context| {
        if core.is_draining() {
            connection.as_mut().graceful_shutdown();
        }
        // An error here is the client's or the network's; what it cut short has been logged by its exchange.
        if connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let standing @ (_, phase) = peer.notices.standing();
        if core.is_draining() && phase == Phase::Waiting {
            return Poll::Ready(());
        }
        if limited != Some(standing) {
            limited = Some(standing);
            match phase {
                Phase::Waiting => deadline.set_from_now(settings.idle_timeout),
                Phase::Head => deadline.set_from_now(settings.header_timeout),
                Phase::Exchange => deadline.unset(),
            }
        }
        deadline.poll_elapsed(context)
    })
    .await;
}

/// The library asks for at least this much buffer.
const MINIMAL_BUFFER: usize = 8192;

/// What the library limits to when it is told nothing.
const USUAL_HEADER_COUNT: usize = 100;

fn builder(settings: &Settings) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .max_header_size(settings.header_size)
        .max_buf_size(settings.header_size.max(MINIMAL_BUFFER));
    // A limit that is set, even to the usual number, makes the library fill its tables anew for each request.
    if settings.header_count != USUAL_HEADER_COUNT {
        builder.max_headers(settings.header_count);
    }
    builder
}

async fn answer<H: Handler>(
    handler: Rc<H>,
    peer: Rc<Peer>,
    request: Box<Request<Incoming>>,
) -> Result<Response<Tracked<H::Body>>, Infallible> {
    peer.notices.begin_exchange();
    let exchange = ExchangeGuard(Rc::clone(&peer));
    let response = handler.handle(peer, request).await;
    Ok(response.map(|body| Tracked {
        body,
        _exchange: exchange,
    }))
}

/// While it lives, a request is being answered.
struct ExchangeGuard(Rc<Peer>);

impl Drop for ExchangeGuard {
    fn drop(&mut self) {
        self.0.notices.end_exchange();
    }
}

/// A response body; the exchange ends when it is dropped.
struct Tracked<B> {
    body: B,
    _exchange: ExchangeGuard,
}

impl<B: Body + Unpin> Body for Tracked<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
