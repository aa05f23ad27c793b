//! The socket of a connection, watched: where in a request it stands, and what the parser would keep to itself.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::transport::Transport;

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Between requests.
    Waiting,
    /// Some bytes of a head have come.
    Head,
    /// A request is being answered.
    Exchange,
}

/// What the limits on waiting depend on: as long as it stays the same, time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// How many requests have begun.
    exchange: u64,
    pub(super) phase: Phase,
    /// The number of writes that were taken before one was not.
    pub(super) blocked_after: Option<u64>,
}

/// What the stream and the connection tell each other.
#[derive(Debug)]
pub struct Notices {
    phase: Cell<Phase>,
    /// How many requests have begun, so that one that begins and ends between two looks is noticed.
    exchanges: Cell<u64>,
    fragment: Cell<Fragment>,
    next: Cell<Next>,
    request_body: Cell<RequestBody>,
    written: Cell<Written>,
    /// How many writes the system has taken, so that a reader that makes no progress is noticed.
    writes: Cell<u64>,
}

/// Whether the last request had a body. One that had may still be sending it after its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestBody {
    None,
    Some,
}

/// Whether what was written has left the library's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Flushed,
    Partly,
    /// The system takes no more for now.
    Blocked,
}

/// What the next bytes are, as far as it can be told without parsing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A new head: nothing was read yet, or the last bytes ended one or a message with it.
    Head,
    /// The rest of a request line.
    RequestLine,
    /// Anything: the rest of a head, a body, or a head behind either.
    Unknown,
}

/// Whether the request line had a `#`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fragment {
    None,
    Seen,
}

impl Notices {
    pub(super) fn new() -> Self {
        Self {
            phase: Cell::new(Phase::Waiting),
            exchanges: Cell::new(0),
            fragment: Cell::new(Fragment::None),
            next: Cell::new(Next::Head),
            request_body: Cell::new(RequestBody::None),
            written: Cell::new(Written::Flushed),
            writes: Cell::new(0),
        }
    }

    /// Whether everything that was answered has been given to the system. The library flushes the stream only when its
    /// own buffer is empty.
    pub(super) fn is_flushed(&self) -> bool {
        self.written.get() == Written::Flushed
    }

    /// Whether nothing of this connection is left in the library: no answer to write, no body to read, no byte of a
    /// next request.
    pub(super) fn is_quiet(&self) -> bool {
        self.is_flushed()
            && self.request_body.get() == RequestBody::None
            && self.next.get() == Next::Head
    }

    fn wrote(&self, polled: &Poll<io::Result<usize>>) {
        self.written.set(if polled.is_pending() {
            Written::Blocked
        } else {
            self.writes.set(self.writes.get() + 1);
            Written::Partly
        });
    }

    /// Where the connection stands.
    pub(super) fn standing(&self) -> Standing {
        let blocked = self.written.get() == Written::Blocked;
        Standing {
            exchange: self.exchanges.get(),
            phase: self.phase.get(),
            blocked_after: blocked.then(|| self.writes.get()),
        }
    }

    pub(super) fn begin_exchange(&self, body: RequestBody) {
        self.exchanges.set(self.exchanges.get() + 1);
        self.request_body.set(body);
        self.phase.set(Phase::Exchange);
    }

    pub(super) fn end_exchange(&self) {
        // Without a body, bytes that did not end a head have begun the next one.
        let begun = self.request_body.get() == RequestBody::None && self.next.get() != Next::Head;
        self.phase
            .set(if begun { Phase::Head } else { Phase::Waiting });
    }

    /// Whether the target of the current request had a fragment, which the parser cuts off silently.
    pub fn take_fragment(&self) -> bool {
        self.fragment.replace(Fragment::None) == Fragment::Seen
    }

    /// Looks at what was read.
    fn notice(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let phase = self.phase.get();
        if phase == Phase::Waiting {
            self.phase.set(Phase::Head);
        }
        let in_request_line = match self.next.get() {
            Next::Head => phase == Phase::Waiting,
            Next::RequestLine => phase != Phase::Exchange,
            Next::Unknown => false,
        };
        if in_request_line {
            // The parser skips empty lines before a request line too (RFC 9112 section 2.2).
            let begins = bytes.iter().position(|byte| !b"\r\n".contains(byte));
            let empty_lines = begins.filter(|_| self.next.get() == Next::Head);
            let bytes = bytes.get(empty_lines.unwrap_or(0)..).unwrap_or_default();
            match memchr::memchr2(b'#', b'\n', bytes).and_then(|at| bytes.get(at)) {
                Some(b'#') => self.fragment.set(Fragment::Seen),
                Some(_) => {}
                None => return self.next.set(Next::RequestLine),
            }
        }
        let ended = bytes.ends_with(b"\r\n\r\n");
        self.next
            .set(if ended { Next::Head } else { Next::Unknown });
    }
}

/// A transport whose reads are noticed.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Transport,
    peer: Rc<super::Peer>,
}

impl Watched {
    pub(super) fn new(stream: Transport, peer: Rc<super::Peer>) -> Self {
        Self { stream, peer }
    }

    /// Ready when there is something to read, be it the end.
    pub(super) fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.stream.poll_readable(context)
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if polled.is_ready() {
            let read = buffer.filled().get(before..).unwrap_or_default();
            self.peer.notices.notice(read);
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.peer.notices.wrote(&polled);
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        // TLS takes more than the system does.
        let pending = polled.is_pending();
        self.peer.notices.written.set(if pending {
            Written::Blocked
        } else {
            Written::Flushed
        });
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.peer.notices.wrote(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(reads: &[&str]) -> bool {
        let notices = Notices::new();
        for read in reads {
            notices.notice(read.as_bytes());
        }
        notices.take_fragment()
    }

    #[test]
    fn a_fragment_is_noticed_in_the_request_line_alone() {
        assert!(seen(&["GET /a#b HTTP/1.1\r\n\r\n"]));
        assert!(seen(&["GET /a", "#b HTTP/1.1\r\n\r\n"]));
        assert!(!seen(&["GET /a HTTP/1.1\r\nX: #\r\n\r\n"]));
        assert!(!seen(&["GET /a HTTP/1.1\r\nX: a", "#b\r\n\r\n"]));
        assert!(!seen(&[
            "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nX: a",
            "#b\r\n\r\n"
        ]));
    }
}
