//! One connection to an endpoint, without a task of its own.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};

use crate::deadline::Deadline;

/// A connection and the deadline of whatever it waits for.
#[derive(Debug)]
pub(super) struct Link {
    stream: TcpStream,
    pub(super) deadline: Deadline,
    /// When its last exchange began: a little before it became idle, never after.
    pub(super) last_used: Instant,
}

/// How writing a request fails.
#[derive(Debug)]
pub(super) enum WriteError {
    /// Not one byte has left.
    NotBegun(io::Error),
    Interrupted(io::Error),
}

impl Link {
    pub(super) fn new(stream: TcpStream, deadline: Deadline, now: Instant) -> Self {
        Self {
            stream,
            deadline,
            last_used: now,
        }
    }

    /// Whether nothing has come that the runtime knows of; asks the system only when something has.
    pub(super) fn seems_quiet(&self) -> bool {
        would_block(&self.stream.try_read(&mut [0]))
    }

    /// Whether nothing has come, asking the system in any case.
    pub(super) fn is_quiet(&self) -> bool {
        would_block(&SockRef::from(&self.stream).peek(&mut [MaybeUninit::uninit()]))
    }

    /// Writes as much as goes at once and says how much that was.
    pub(super) fn begin_write(&self, bytes: &[u8]) -> Result<usize, WriteError> {
        match self.stream.try_write(bytes) {
            Ok(written) => Ok(written),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(WriteError::NotBegun(error)),
        }
    }

    /// Writes what could not be written at once.
    pub(super) async fn finish_write(&mut self, rest: &[u8]) -> Result<(), WriteError> {
        let written = self.stream.write_all(rest).await;
        written.map_err(WriteError::Interrupted)
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

fn would_block(read: &io::Result<usize>) -> bool {
    matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
