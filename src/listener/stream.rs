//! The transport of a connection, watched: where in a request it stands, and that nothing malformed is passed on.

use std::{
    cell::{Cell, RefCell},
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    framing::{Framing, Limits, Stop, Stopped, Violation},
    transport::Transport,
};

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
    pub(super) reader: Reader,
}

/// How the client takes its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// As it comes.
    Reads,
    /// The system takes no more after so many writes.
    Blocked(u64),
    /// Nobody knows whether it still reads, since its end has been seen. So many writes were taken.
    Silent(u64),
}

/// What the stream and the connection tell each other.
#[derive(Debug)]
pub struct Notices {
    framing: RefCell<Framing>,
    answering: Cell<Answering>,
    /// How many requests have begun, so that one that begins and ends between two looks is noticed.
    exchanges: Cell<u64>,
    request_body: Cell<SentBody>,
    written: Cell<Written>,
    sending: Cell<Sending>,
    /// How many writes the system has taken, so that a reader that makes no progress is noticed.
    writes: Cell<u64>,
}

/// Whether a request is being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answering {
    Nothing,
    Request,
}

/// The body of the last request. It may still be on its way after the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SentBody {
    None,
    Sized,
    Chunked,
    /// Nobody reads the rest of it, so that no request can follow it.
    Left,
}

/// Whether what was written has left the library's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Flushed,
    Partly,
    /// The system takes no more for now.
    Blocked,
}

/// Whether the client may send more. One that has closed only its sending half looks like one that has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    Open,
    /// Its end is kept from the library, which would give up the request that is being answered.
    Ended,
}

impl Notices {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            framing: RefCell::new(Framing::new(limits)),
            answering: Cell::new(Answering::Nothing),
            exchanges: Cell::new(0),
            request_body: Cell::new(SentBody::None),
            written: Cell::new(Written::Flushed),
            sending: Cell::new(Sending::Open),
            writes: Cell::new(0),
        }
    }

    /// Whether everything that was answered has been given to the system. The library flushes the stream only when its
    /// own buffer is empty.
    fn is_flushed(&self) -> bool {
        self.written.get() == Written::Flushed
    }

    /// Whether nothing of this connection is left in the library: no answer to write, no body to read, no byte of a
    /// next request.
    pub(super) fn is_quiet(&self) -> bool {
        self.is_flushed()
            && self.request_body.get() == SentBody::None
            && self.standing().phase == Phase::Waiting
    }

    /// Whether all that was sent has been read as a request, so that what may follow a response is the next one.
    pub(super) fn is_between_requests(&self) -> bool {
        let framing = self.framing.borrow();
        framing.is_between_requests() && framing.heads() == self.exchanges.get()
    }

    /// From here on the connection carries something else, unless something was withheld of it already.
    pub(super) fn leave_http(&self) -> bool {
        let mut framing = self.framing.borrow_mut();
        let whole = framing.stop().is_none();
        framing.leave();
        whole
    }

    /// What is wrong with the body of the request that is being answered, as far as it has come.
    pub fn body_violation(&self) -> Option<Violation> {
        let framing = self.framing.borrow();
        if framing.heads() != self.exchanges.get() {
            // It is the body of a later one, which has been read along.
            return None;
        }
        match framing.stop()? {
            Stop::Refused(violation @ (Violation::Chunk | Violation::Trailer)) => Some(violation),
            Stop::Refused(_) | Stop::Preface => None,
        }
    }

    /// The request that is being answered is answered without a look at its body. The library gets past one that has
    /// come whole, but not when it is chunked: it does not look for the last chunk.
    pub fn leave_body(&self) {
        let is_left = match self.request_body.get() {
            SentBody::None => false,
            SentBody::Sized => !self.has_whole_body(),
            SentBody::Chunked | SentBody::Left => true,
        };
        if is_left {
            self.request_body.set(SentBody::Left);
        }
    }

    /// Whether the body of the request that is being answered is left, and the connection has to end with it.
    pub(super) fn has_left_body(&self) -> bool {
        self.request_body.get() == SentBody::Left
    }

    /// Whether the body of the request that is being answered has not come to its end.
    pub(super) fn has_unfinished_body(&self) -> bool {
        self.request_body.get() != SentBody::None && !self.has_whole_body()
    }

    fn has_whole_body(&self) -> bool {
        let framing = self.framing.borrow();
        // The head of a later request comes after the end of the body.
        framing.is_between_requests() || framing.heads() != self.exchanges.get()
    }

    /// Whether a head has begun and not ended.
    pub(super) fn is_in_head(&self) -> bool {
        self.framing.borrow().is_in_head()
    }

    fn is_stopped(&self) -> bool {
        self.framing.borrow().stop().is_some()
    }

    /// Why nothing more is passed on, once all that came before has been answered.
    pub(super) fn stop(&self) -> Option<Stop> {
        let framing = self.framing.borrow();
        let stop = framing.stop()?;
        let answered = self.answering.get() == Answering::Nothing
            && framing.heads() == self.exchanges.get()
            && self.is_flushed();
        answered.then_some(stop)
    }

    /// What the library sees in place of bytes that are not passed on. A body ends with an error that its exchange
    /// answers; a head just does not come, and the connection sees why.
    fn withheld(&self) -> Poll<io::Result<()>> {
        match self.body_violation() {
            Some(violation) => {
                Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, violation)))
            }
            None => Poll::Pending,
        }
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
        Standing {
            exchange: self.exchanges.get(),
            phase: self.phase(),
            reader: self.reader(),
        }
    }

    fn reader(&self) -> Reader {
        match (self.written.get(), self.sending.get()) {
            (Written::Blocked, _) => Reader::Blocked(self.writes.get()),
            (Written::Flushed | Written::Partly, Sending::Ended) => {
                Reader::Silent(self.writes.get())
            }
            (Written::Flushed | Written::Partly, Sending::Open) => Reader::Reads,
        }
    }

    /// Whether a whole request has been read and not been answered, and nothing of a next one.
    fn owes_an_answer(&self) -> bool {
        let framing = self.framing.borrow();
        let unanswered =
            self.answering.get() == Answering::Request || framing.heads() != self.exchanges.get();
        unanswered && framing.is_between_requests()
    }

    /// Whether the connection ends with the request that is being answered, since no other can come.
    pub(super) fn is_last_exchange(&self) -> bool {
        self.sending.get() == Sending::Ended && self.answering.get() == Answering::Request
    }

    fn phase(&self) -> Phase {
        if self.answering.get() == Answering::Request {
            Phase::Exchange
        } else if self.is_between_requests() {
            Phase::Waiting
        } else {
            Phase::Head
        }
    }

    pub(super) fn begin_exchange(&self, body: SentBody) {
        self.exchanges.set(self.exchanges.get() + 1);
        self.request_body.set(body);
        self.answering.set(Answering::Request);
    }

    pub(super) fn end_exchange(&self) {
        self.answering.set(Answering::Nothing);
    }
}

/// A transport whose reads are noticed.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Transport,
    peer: Rc<super::Peer>,
    /// What was read of a connection that turned out to speak another version.
    held: Vec<u8>,
}

impl Watched {
    pub(super) fn new(stream: Transport, peer: Rc<super::Peer>) -> Self {
        Self {
            stream,
            peer,
            held: Vec::new(),
        }
    }

    /// Ready when there is something to read, be it the end.
    pub(super) fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.stream.poll_readable(context)
    }

    /// The transport, and what was read of it without being passed on.
    pub(super) fn into_parts(self) -> (Transport, Vec<u8>) {
        (self.stream, self.held)
    }

    /// Passes on what is good of the bytes that were just read.
    fn pass_on(&mut self, before: usize, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = buffer.filled().get(before..).unwrap_or_default();
        let scanned = self.peer.notices.framing.borrow_mut().scan(read);
        let Err(Stopped { at, why }) = scanned else {
            return Poll::Ready(Ok(()));
        };
        if why == Stop::Preface {
            self.held = read.get(at..).unwrap_or_default().to_vec();
        }
        buffer.set_filled(before + at);
        if at > 0 {
            Poll::Ready(Ok(()))
        } else {
            self.peer.notices.withheld()
        }
    }
}

impl Watched {
    /// Keeps the client's end from the library while it is owed an answer, unless it shows that nobody is there.
    fn withhold_end(&self, context: &Context<'_>) -> Poll<io::Result<()>> {
        let notices = &self.peer.notices;
        if !notices.owes_an_answer() || self.stream.is_hung_up() {
            return Poll::Ready(Ok(()));
        }
        if notices.sending.replace(Sending::Ended) == Sending::Open {
            // The answer may be written already, and nothing else would make the library look for the end again.
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Watched {
    /// Whether [`watch_for_end`](Self::watch_for_end) sees the client's end while a request is being answered. If not, the
    /// library has to look for it, for which it takes a new buffer each time.
    pub(super) fn sees_the_end(&self) -> bool {
        self.stream.shows_its_end()
    }

    /// Notices the client's end while nothing but an answer is owed. An error says that nobody is there.
    fn watch_for_end(&self, context: &mut Context<'_>) -> io::Result<()> {
        let notices = &self.peer.notices;
        if notices.answering.get() == Answering::Nothing || !notices.is_between_requests() {
            return Ok(());
        }
        match self.stream.poll_end(context) {
            Poll::Pending => Ok(()),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) => match self.withhold_end(context) {
                Poll::Pending => Ok(()),
                Poll::Ready(ended) => ended.and(Err(io::ErrorKind::ConnectionReset.into())),
            },
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.peer.notices.is_stopped() {
            return self.peer.notices.withheld();
        }
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(Ok(())) if buffer.filled().len() == before => self.withhold_end(context),
            Poll::Ready(Ok(())) => self.pass_on(before, buffer),
            other @ (Poll::Ready(Err(_)) | Poll::Pending) => other,
        }
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
        // The library ends each of its turns here.
        match self.watch_for_end(context) {
            Ok(()) => polled,
            Err(error) => Poll::Ready(Err(error)),
        }
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
