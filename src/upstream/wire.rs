//! What the protocol library stands on where it speaks HTTP/1.1 with an upstream.
//!
//! The library is more lenient than the gateway, and gives an exchange up at the first write that fails. So the head of
//! every response passes the gateway's own reader before the library sees it; and an upstream that answers before it
//! has read the whole request, and closes, is heard out: what can no longer be written is thrown away, until the answer
//! or the end of the connection has been read (RFC 9112 section 9.5).

use std::{
    cell::{Cell, RefCell},
    io::{self, IoSlice},
    pin::Pin,
    rc::{Rc, Weak},
    task::{Context, Poll, Waker, ready},
};

use ::http::Method;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    simple::{self, BadHead, KnownLines, Reuse},
    stream::Stream,
    upload::Source,
};

/// A stream, and how the exchange on it goes.
pub(super) struct Wire {
    pub(super) stream: Stream,
    pub(super) course: Rc<Course>,
}

/// What a connection, its wire and the body that is sent over it know of each other.
#[derive(Debug)]
pub(super) struct Course {
    ear: Cell<Ear>,
    awaited: RefCell<Option<Awaited>>,
    reuse: Cell<Reuse>,
    upload: RefCell<Weak<Source>>,
    answer: Cell<Answer>,
    driver: RefCell<Option<Waker>>,
}

/// Whether the upstream takes what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ear {
    Open,
    Closed,
}

/// Whether the answer has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Expected,
    Over,
}

/// A head that has not come yet, or not all of it.
#[derive(Debug)]
struct Awaited {
    method: Method,
    early: Vec<u8>,
}

impl Course {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self {
            ear: Cell::new(Ear::Open),
            awaited: RefCell::new(None),
            reuse: Cell::new(Reuse::Allowed),
            upload: RefCell::new(Weak::new()),
            answer: Cell::new(Answer::Expected),
            driver: RefCell::new(None),
        })
    }

    /// An exchange begins.
    pub(super) fn begin(&self, method: &Method, upload: &Rc<Source>) {
        *self.awaited.borrow_mut() = Some(Awaited {
            method: method.clone(),
            early: Vec::new(),
        });
        *self.upload.borrow_mut() = Rc::downgrade(upload);
        self.answer.set(Answer::Expected);
    }

    /// The answer has come to its end. A request that goes on for longer is limited from now on by how long the
    /// upstream does not read.
    pub(super) fn answered(&self) {
        self.answer.set(Answer::Over);
        if let Some(upload) = self.upload.borrow().upgrade() {
            upload.await_reader();
            if let Some(driver) = self.driver.borrow_mut().take() {
                driver.wake();
            }
        }
    }

    /// Whether another exchange may follow.
    pub(super) fn may_go_on(&self) -> bool {
        self.ear.get() == Ear::Open && self.reuse.get() == Reuse::Allowed
    }

    /// Whether it is of no use to send anything more.
    pub(super) fn is_unheard(&self) -> bool {
        self.ear.get() == Ear::Closed
    }

    /// Ready when the rest of a request that is answered is not read.
    pub(super) fn poll_unread(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut driver = self.driver.borrow_mut();
        match driver.as_mut() {
            Some(driver) => driver.clone_from(context.waker()),
            None => *driver = Some(context.waker().clone()),
        }
        match (self.answer.get(), self.upload.borrow().upgrade()) {
            (Answer::Over, Some(upload)) => upload.poll_unread(context),
            (Answer::Expected, _) | (Answer::Over, None) => Poll::Pending,
        }
    }

    /// Reads along until there is a head. The library understands it in the same read.
    fn read(&self, bytes: &[u8]) -> Result<(), BadHead> {
        let mut awaited = self.awaited.borrow_mut();
        let Some(Awaited { method, early }) = awaited.as_mut() else {
            return Ok(());
        };
        if let Some(head) = simple::read_head(bytes, (early, &mut KnownLines::default()), method)? {
            self.reuse.set(head.reuse);
            *awaited = None;
        }
        Ok(())
    }

    /// What has become of a write: one that fails is the last, and no failure. Reading says what there is to say.
    fn written(&self, polled: Poll<io::Result<usize>>, length: usize) -> Poll<io::Result<usize>> {
        match polled {
            Poll::Ready(Err(_)) => {
                self.ear.set(Ear::Closed);
                Poll::Ready(Ok(length))
            }
            Poll::Ready(Ok(_)) | Poll::Pending => polled,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        let bytes = buffer.filled().get(before..).unwrap_or_default();
        let read = this.course.read(bytes);
        Poll::Ready(read.map_err(|bad| io::Error::new(io::ErrorKind::InvalidData, bad)))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.course.is_unheard() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.course.written(polled, bytes.len())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.course.is_unheard() {
            return Poll::Ready(Ok(()));
        }
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        let polled = polled.map_ok(|()| 0);
        self.course.written(polled, 0).map_ok(|_| ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = pieces.iter().map(|piece| piece.len()).sum();
        if self.course.is_unheard() {
            return Poll::Ready(Ok(length));
        }
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.course.written(polled, length)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
