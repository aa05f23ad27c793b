//! One way through a tunnel.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{frames::Frames, poll_read};

/// How much is read before it has to be written.
const PIECE: usize = 16 * 1024;

/// What came of moving bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    /// It goes on when one side or the other is ready.
    Waits,
    /// The source has ended, and its end was passed on.
    Ended,
    /// One side is gone.
    Broken,
}

/// One way.
#[derive(Debug)]
pub(super) struct Direction {
    pending: Vec<u8>,
    /// How much of it has left.
    written: usize,
    state: State,
    /// Where the frames of a WebSocket end.
    frames: Option<Frames>,
    /// What is said last, once the frame that is on its way has passed.
    farewell: Option<Vec<u8>>,
    moved: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Nothing more is read; what is pending leaves, then the end.
    Ending(Why),
    Ended(Why),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    SourceEnded,
    Farewell,
}

impl Direction {
    pub(super) fn new(early: Vec<u8>, mut frames: Option<Frames>) -> Self {
        if let Some(frames) = &mut frames {
            frames.pass(&early);
        }
        Self {
            pending: early,
            written: 0,
            state: State::Open,
            frames,
            farewell: None,
            moved: 0,
        }
    }

    pub(super) fn moved(&self) -> u64 {
        self.moved
    }

    pub(super) fn has_said_farewell(&self) -> bool {
        self.state == State::Ended(Why::Farewell)
    }

    /// Ends this way with a last frame, as soon as the frame that is on its way has passed.
    pub(super) fn end_with(&mut self, frame: Vec<u8>) {
        if self.state == State::Open && self.farewell.is_none() {
            self.farewell = Some(frame);
        }
    }

    /// Says farewell if it can be said now. A way that has passed a close frame of its own needs no other.
    fn try_farewell(&mut self) {
        let between = self.frames.as_ref().filter(|frames| frames.is_between());
        let Some(frames) = between else { return };
        let Some(farewell) = self.farewell.take() else {
            return;
        };
        if !frames.has_closed() {
            self.pending.extend_from_slice(&farewell);
        }
        self.state = State::Ending(Why::Farewell);
    }

    pub(super) fn poll(
        &mut self,
        from: &mut (impl AsyncRead + Unpin + ?Sized),
        to: &mut (impl AsyncWrite + Unpin + ?Sized),
        context: &mut Context<'_>,
    ) -> Moved {
        match self.poll_to_end(from, to, context) {
            Poll::Pending => Moved::Waits,
            Poll::Ready(Ok(())) => Moved::Ended,
            Poll::Ready(Err(_)) => Moved::Broken,
        }
    }

    fn poll_to_end(
        &mut self,
        from: &mut (impl AsyncRead + Unpin + ?Sized),
        to: &mut (impl AsyncWrite + Unpin + ?Sized),
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        loop {
            self.try_farewell();
            ready!(self.poll_write(to, context))?;
            match self.state {
                State::Open => ready!(self.poll_read(from, to, context))?,
                State::Ending(why) => {
                    ready!(Pin::new(&mut *to).poll_shutdown(context))?;
                    self.state = State::Ended(why);
                }
                State::Ended(_) => return Poll::Ready(Ok(())),
            }
        }
    }

    fn poll_write(
        &mut self,
        to: &mut (impl AsyncWrite + Unpin + ?Sized),
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        while let Some(rest) = self
            .pending
            .get(self.written..)
            .filter(|rest| !rest.is_empty())
        {
            let written = ready!(Pin::new(&mut *to).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
            self.moved = self.moved.wrapping_add(written as u64);
        }
        self.pending.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_read(
        &mut self,
        from: &mut (impl AsyncRead + Unpin + ?Sized),
        to: &mut (impl AsyncWrite + Unpin + ?Sized),
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        // Not zeroed for each read, and not kept while nothing comes: most tunnels are quiet most of the time.
        let mut piece = [0; PIECE];
        let Poll::Ready(read) = poll_read(from, &mut piece, context)? else {
            self.pending = Vec::new();
            // TLS may hold back what it was given.
            let _ = Pin::new(to).poll_flush(context)?;
            return Poll::Pending;
        };
        if read.is_empty() {
            self.state = State::Ending(Why::SourceEnded);
            return Poll::Ready(Ok(()));
        }
        if let Some(frames) = &mut self.frames {
            frames.pass(read);
        }
        self.pending.extend_from_slice(read);
        Poll::Ready(Ok(()))
    }
}
