//! A connection to an endpoint, whatever it runs over.

use std::{
    io,
    mem::MaybeUninit,
    os::fd::AsFd,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::client::TlsStream;

use crate::any_stream::reads_and_writes;

/// A connection to an endpoint.
#[derive(Debug)]
pub enum Stream {
    /// Clear text over TCP.
    Tcp(TcpStream),
    /// Clear text over a Unix socket.
    Unix(UnixStream),
    /// TLS over TCP, after its handshake.
    Tls(Box<TlsStream<TcpStream>>),
}

/// How far a write got that did not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// Everything has left.
    All,
    /// This much is taken; the rest, and what may be held back of it, has to be written and flushed.
    Some(usize),
}

impl Stream {
    /// Whether nothing has come that the runtime knows of; asks the system only when something has.
    pub(super) fn seems_quiet(&mut self) -> bool {
        match self {
            Self::Tcp(stream) => would_block(&stream.try_read(&mut [0])),
            Self::Unix(stream) => would_block(&stream.try_read(&mut [0])),
            // What has come may be a session ticket, which is nothing to the exchange: only reading tells.
            Self::Tls(stream) => {
                let mut context = Context::from_waker(Waker::noop());
                let mut byte = [0];
                let read = Pin::new(stream).poll_read(&mut context, &mut ReadBuf::new(&mut byte));
                read.is_pending()
            }
        }
    }

    /// Whether nothing has come, asking the system in any case.
    pub(super) fn is_quiet(&mut self) -> bool {
        match self {
            Self::Tcp(stream) => is_empty(stream),
            Self::Unix(stream) => is_empty(stream),
            Self::Tls(_) => self.seems_quiet() && self.socket_is_empty(),
        }
    }

    fn socket_is_empty(&self) -> bool {
        match self {
            Self::Tcp(stream) => is_empty(stream),
            Self::Unix(stream) => is_empty(stream),
            Self::Tls(stream) => is_empty(stream.get_ref().0),
        }
    }

    /// Writes as much as goes at once. On an error not one byte has left.
    pub(super) fn begin_write(&mut self, bytes: &[u8]) -> io::Result<Begun> {
        let written = match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Unix(stream) => stream.try_write(bytes),
            Self::Tls(stream) => return begin_sealed(stream, bytes),
        };
        match written {
            Ok(written) if written == bytes.len() => Ok(Begun::All),
            Ok(written) => Ok(Begun::Some(written)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Begun::Some(0)),
            Err(error) => Err(error),
        }
    }
}

/// Sealed bytes may be taken without having left, so that all of them are gone only after a flush.
fn begin_sealed(stream: &mut TlsStream<TcpStream>, bytes: &[u8]) -> io::Result<Begun> {
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(written) = Pin::new(&mut *stream).poll_write(&mut context, bytes) else {
        return Ok(Begun::Some(0));
    };
    let written = written?;
    match Pin::new(stream).poll_flush(&mut context) {
        Poll::Ready(Ok(())) if written == bytes.len() => Ok(Begun::All),
        // An error shows again where the rest is written.
        Poll::Ready(_) | Poll::Pending => Ok(Begun::Some(written)),
    }
}

fn is_empty(socket: &impl AsFd) -> bool {
    would_block(&SockRef::from(socket).peek(&mut [MaybeUninit::uninit()]))
}

fn would_block(read: &io::Result<usize>) -> bool {
    matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

reads_and_writes!(Stream: Tcp Unix Tls);
