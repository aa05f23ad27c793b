//! One connection to an endpoint, without a task of its own.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{
    deadline::Deadline,
    upstream::stream::{Begun, Stream},
};

/// A connection and the deadline of whatever it waits for.
#[derive(Debug)]
pub(super) struct Link {
    stream: Stream,
    /// Whose it is.
    pub(super) endpoint: usize,
    pub(super) deadline: Deadline,
    pub(super) born: Instant,
    /// When its last exchange began: a little before it became idle, never after.
    pub(super) last_used: Instant,
}

impl Link {
    pub(super) fn new(stream: Stream, endpoint: usize, deadline: Deadline, now: Instant) -> Self {
        Self {
            stream,
            endpoint,
            deadline,
            born: now,
            last_used: now,
        }
    }

    /// The stream alone, for a protocol that is not ours.
    pub(super) fn into_stream(self) -> Stream {
        self.stream
    }

    /// Whether nothing has come that the runtime knows of; asks the system only when something has.
    pub(super) fn seems_quiet(&mut self) -> bool {
        self.stream.seems_quiet()
    }

    /// Whether nothing has come, asking the system in any case.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.stream.is_quiet()
    }

    /// Writes as much as goes at once. On an error not one byte has left.
    pub(super) fn begin_write(&mut self, bytes: &[u8]) -> io::Result<Begun> {
        self.stream.begin_write(bytes)
    }

    /// Writes what could not be written at once; ready when all of it has left. What can no longer be written is
    /// forgotten and never ready: reading says what has happened.
    pub(super) fn poll_write_rest(
        &mut self,
        context: &mut Context<'_>,
        rest: &mut Vec<u8>,
    ) -> Poll<()> {
        while !rest.is_empty() {
            match ready!(Pin::new(&mut self.stream).poll_write(context, rest)) {
                Ok(written @ 1..) => drop(rest.drain(..written)),
                Ok(0) | Err(_) => return Poll::Pending,
            }
        }
        match ready!(Pin::new(&mut self.stream).poll_flush(context)) {
            Ok(()) => Poll::Ready(()),
            Err(_) => Poll::Pending,
        }
    }

    /// Reads once; nothing means that the upstream has closed.
    pub(super) fn poll_read<'a>(
        &mut self,
        context: &mut Context<'_>,
        buffer: &'a mut [u8],
    ) -> Poll<io::Result<&'a [u8]>> {
        let mut read = ReadBuf::new(&mut *buffer);
        let polled = Pin::new(&mut self.stream).poll_read(context, &mut read)?;
        let length = read.filled().len();
        polled.map(|()| Ok(buffer.get(..length).unwrap_or_default()))
    }
}
