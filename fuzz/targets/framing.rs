//! Where requests begin and end on a connection: the protocol library behind reads the same ones, however the bytes are cut.
//!
//! The first four bytes are how the rest is cut.

#![no_main]

use std::{
    cell::RefCell,
    collections::VecDeque,
    convert::Infallible,
    future::Future,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use libfuzzer_sys::fuzz_target;
use sidegate::listener::framing::{Framing, Limits};
use sidegate_fuzz::{
    messages::{Message, messages},
    pieces,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const LIMITS: Limits = Limits {
    head: 16 * 1024,
    request_line: 8 * 1024,
    fields: 100,
};

fuzz_target!(|data: &[u8]| {
    let Some((lengths, bytes)) = data.split_first_chunk::<4>() else {
        return;
    };
    let mut framing = Framing::new(LIMITS);
    let passed = match framing.scan(bytes) {
        Ok(()) => bytes,
        Err(stopped) => &bytes[..stopped.at],
    };
    let cut = pieces(bytes, lengths);
    check_cuts(&framing, &cut);

    let expected = messages(passed);
    assert_eq!(framing.heads(), expected.heads, "heads");
    if framing.stop().is_none() {
        let ended = expected.complete.len() as u64 == expected.heads && expected.rest.is_empty();
        assert_eq!(framing.is_between_requests(), ended);
    }
    let (read, end) = read_by_library(&pieces(passed, lengths));
    let in_a_line =
        expected.complete.len() as u64 == expected.heads && !expected.rest.ends_with(b"\n");
    assert!(
        end == End::Good || in_a_line,
        "the library refuses what was passed on"
    );
    assert!(
        read.len() <= expected.complete.len(),
        "the library reads more"
    );
    for (read, expected) in read.iter().zip(&expected.complete) {
        assert_eq!(
            read,
            &Read::from(expected),
            "the library reads something else"
        );
    }
    let closed = expected
        .complete
        .get(read.len().wrapping_sub(1))
        .is_some_and(|last| last.closes);
    assert!(
        closed || read.len() == expected.complete.len(),
        "the library reads less"
    );
});

/// Cut or not, the same is passed on; but a line that has not ended may be refused later.
fn check_cuts(whole: &Framing, pieces: &[&[u8]]) {
    let mut framing = Framing::new(LIMITS);
    let stopped = pieces.iter().any(|piece| framing.scan(piece).is_err());
    assert_eq!(framing.heads(), whole.heads());
    if stopped == whole.stop().is_some() {
        assert_eq!(framing.is_between_requests(), whole.is_between_requests());
        return;
    }
    assert!(!stopped, "refused only in pieces");
    assert!(framing.scan(b"\n").is_err(), "passed only in pieces");
}

/// What the library says of a request.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    method: String,
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl From<&Message> for Read {
    fn from(message: &Message) -> Self {
        Self {
            method: message.method.clone(),
            fields: message.fields.clone(),
            body: message.body.clone(),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Good,
    Refused,
}

/// What the server of the gateway makes of the bytes.
fn read_by_library(pieces: &[&[u8]]) -> (Vec<Read>, End) {
    let seen = RefCell::new(Vec::new());
    let service = service_fn(async |request: Request<Incoming>| {
        let method = request.method().to_string();
        let fields = request.headers().iter();
        let fields = fields.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        let mut fields: Vec<_> = fields.collect();
        fields.sort();
        // A body that does not end is no message.
        if let Ok(body) = request.into_body().collect().await {
            let body = body.to_bytes().to_vec();
            seen.borrow_mut().push(Read {
                method,
                fields,
                body,
            });
        }
        let mut response = Response::new(Empty::<&[u8]>::new());
        *response.status_mut() = StatusCode::NOT_FOUND;
        Ok::<_, Infallible>(response)
    });
    let client = Client(pieces.iter().map(|piece| piece.to_vec()).collect());
    let connection = http1::Builder::new()
        .half_close(true)
        .max_header_size(LIMITS.head)
        .max_buf_size(LIMITS.head)
        .serve_connection(TokioIo::new(client), service);
    let mut connection = pin!(connection);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..10_000 {
        if let Poll::Ready(end) = connection.as_mut().poll(&mut context) {
            let end = match end {
                Err(error) if error.is_parse() => End::Refused,
                Ok(()) | Err(_) => End::Good,
            };
            return (seen.take(), end);
        }
    }
    panic!("the library waits for ever");
}

/// A client whose bytes come as they were cut, and who takes everything.
struct Client(VecDeque<Vec<u8>>);

impl AsyncRead for Client {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(mut piece) = self.0.pop_front() {
            let later = piece.split_off(piece.len().min(buffer.remaining()));
            buffer.put_slice(&piece);
            if !later.is_empty() {
                self.0.push_front(later);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Client {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
