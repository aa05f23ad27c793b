//! What a connection knows of its streams: how many there are, how they end, and whom they wait for.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::Waker,
};

use http_body::Body as _;
use hyper::body::Incoming;
use tokio::sync::Notify;

use super::unread::{Taker, Unread};
use crate::{http::request_body::RequestBody, listener::exchange::Exchange};

/// The streams of one connection.
#[derive(Debug)]
pub(super) struct Streams {
    most_resets: u32,
    begun: Cell<u64>,
    open: Cell<usize>,
    /// Streams that were given a piece of a body and have not asked for the next.
    unread: Cell<usize>,
    /// Bodies that are thrown away.
    lingering: Cell<usize>,
    /// How often any stream was asked for a piece: while this grows, the client reads.
    progress: Cell<u64>,
    /// Streams that ended before their response did, less those that ended well.
    resets: Cell<u32>,
    /// Bodies that have just been left unread.
    left: RefCell<Vec<Unread>>,
    waker: RefCell<Option<Waker>>,
}

/// What the limits on waiting depend on: as long as it stays the same, time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    begun: u64,
    open: usize,
    unread: usize,
    lingering: usize,
    progress: u64,
}

/// Whom a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    FirstRequest,
    NextRequest,
    /// The client has pieces that it does not take.
    Reader,
    /// All is answered, and bodies that nobody reads have limits of their own.
    Rest,
    Answers,
}

impl Standing {
    pub(super) fn waits_for(self) -> Waits {
        match self {
            Self { begun: 0, .. } => Waits::FirstRequest,
            Self {
                open: 0,
                lingering: 1..,
                ..
            } => Waits::Rest,
            Self { open: 0, .. } => Waits::NextRequest,
            Self { unread: 1.., .. } => Waits::Reader,
            Self { .. } => Waits::Answers,
        }
    }
}

impl Streams {
    pub(super) fn new(most_resets: u32) -> Self {
        Self {
            most_resets,
            begun: Cell::new(0),
            open: Cell::new(0),
            unread: Cell::new(0),
            lingering: Cell::new(0),
            progress: Cell::new(0),
            resets: Cell::new(0),
            left: RefCell::default(),
            waker: RefCell::new(None),
        }
    }

    pub(super) fn wake_by(&self, waker: &Waker) {
        let mut kept = self.waker.borrow_mut();
        match &mut *kept {
            Some(kept) => kept.clone_from(waker),
            None => *kept = Some(waker.clone()),
        }
    }

    pub(super) fn standing(&self) -> Standing {
        Standing {
            begun: self.begun.get(),
            open: self.open.get(),
            unread: self.unread.get(),
            lingering: self.lingering.get(),
            progress: self.progress.get(),
        }
    }

    /// The connection has to throw it away.
    pub(super) fn leave(&self, unread: Unread) {
        self.left.borrow_mut().push(unread);
        self.wake();
    }

    /// What has been left since the last look.
    pub(super) fn take_left(&self) -> Vec<Unread> {
        self.left.take()
    }

    /// The limits on waiting have changed, and nothing else may tell the connection.
    fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// A client that cancels now and then is no attack; one that does little else is (CVE-2023-44487).
    pub(super) fn has_too_many_resets(&self) -> bool {
        self.resets.get() > self.most_resets
    }
}

/// One stream, while its request is being answered.
#[derive(Debug)]
pub(super) struct Stream {
    streams: Rc<Streams>,
    reading: Cell<Reading>,
    /// Told to the body of its request, if that has not ended.
    answered: Option<Rc<Notify>>,
}

/// A body that is thrown away.
#[derive(Debug)]
pub(super) struct Lingering(Rc<Streams>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    UpToDate,
    Behind,
    Finished,
}

impl Stream {
    pub(super) fn begin(streams: &Rc<Streams>) -> Self {
        streams.begun.set(streams.begun.get() + 1);
        streams.open.set(streams.open.get() + 1);
        Self {
            streams: Rc::clone(streams),
            reading: Cell::new(Reading::UpToDate),
            answered: None,
        }
    }

    /// The body of its request, which may be dropped before it has ended.
    pub(super) fn receive(&mut self, body: Incoming) -> RequestBody {
        if body.is_end_stream() {
            return RequestBody::plain(body);
        }
        let streams = Rc::clone(&self.streams);
        let answered = Rc::clone(self.answered.get_or_insert_default());
        RequestBody::rescued(body, Rc::new(Taker { streams, answered }))
    }

    fn set_reading(&self, reading: Reading) {
        let before = self.reading.replace(reading);
        let unread = self.streams.unread.get();
        match (before == Reading::Behind, reading == Reading::Behind) {
            (false, true) => self.streams.unread.set(unread + 1),
            (true, false) => self.streams.unread.set(unread - 1),
            (true, true) | (false, false) => {}
        }
    }
}

impl Lingering {
    pub(super) fn begin(streams: &Rc<Streams>) -> Self {
        streams.lingering.set(streams.lingering.get() + 1);
        Self(Rc::clone(streams))
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        self.0.lingering.set(self.0.lingering.get() - 1);
        self.0.wake();
    }
}

impl Exchange for Stream {
    fn asked(&self) {
        if self.reading.get() == Reading::Behind {
            self.streams.progress.set(self.streams.progress.get() + 1);
            self.set_reading(Reading::UpToDate);
        }
    }

    fn gave(&self) {
        self.set_reading(Reading::Behind);
    }

    fn finished(&self) {
        self.set_reading(Reading::Finished);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let resets = self.streams.resets.get();
        self.streams
            .resets
            .set(if self.reading.get() == Reading::Finished {
                resets.saturating_sub(1)
            } else {
                resets + 1
            });
        self.set_reading(Reading::Finished);
        self.streams.open.set(self.streams.open.get() - 1);
        if let Some(answered) = &self.answered {
            answered.notify_one();
        }
        self.streams.wake();
    }
}
