//! The bytes of a connection: a socket in clear text, or TLS over one.

use std::{
    io::{self, BufRead},
    os::fd::{AsFd, BorrowedFd},
    pin::Pin,
    task::{Context, Poll, ready},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{RecvFlags, recv},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::server::TlsStream;

use crate::any_stream::reads_and_writes;

/// A connected socket of this core.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// What requests are read from and responses written to.
#[derive(Debug)]
pub(super) enum Transport {
    Clear(Socket),
    /// Boxed, since a session is large and most connections have none.
    Tls(Box<TlsStream<Socket>>),
}

impl Socket {
    /// Responses are written whole: waiting to fill a packet only adds latency.
    pub(super) fn set_nodelay(&self) {
        match self {
            // A failure shows at the first write.
            Self::Tcp(stream) => drop(stream.set_nodelay(true)),
            Self::Unix(_) => {}
        }
    }

    /// Ready when there is something to read, be it the end.
    pub(super) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(context).map(drop),
            Self::Unix(stream) => stream.poll_read_ready(context).map(drop),
        }
    }

    /// Looks at what comes next without taking it: how many bytes of `buffer` there are, none at the end.
    fn poll_peek(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut peek =
                |socket: BorrowedFd<'_>| Ok(recv(socket, &mut *buffer, RecvFlags::PEEK)?.0);
            let peeked = match self {
                Self::Tcp(stream) => {
                    ready!(stream.poll_read_ready(context))?;
                    stream.try_io(Interest::READABLE, || peek(stream.as_fd()))
                }
                Self::Unix(stream) => {
                    ready!(stream.poll_read_ready(context))?;
                    stream.try_io(Interest::READABLE, || peek(stream.as_fd()))
                }
            };
            match peeked {
                // It only seemed to be ready.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                peeked => return Poll::Ready(peeked),
            }
        }
    }

    /// Whether both ways have ended or the other end has broken off. Over TCP a client that has closed looks like one
    /// that only sends no more, until something is sent to it.
    fn is_hung_up(&self) -> bool {
        const AT_ONCE: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // These two are always reported.
        let none = PollFlags::empty();
        let mut polled = [match self {
            Self::Tcp(stream) => PollFd::new(stream, none),
            Self::Unix(stream) => PollFd::new(stream, none),
        }];
        let _ = poll(&mut polled, Some(&AT_ONCE));
        polled[0]
            .revents()
            .intersects(PollFlags::HUP | PollFlags::ERR)
    }
}

impl Socket {
    /// What can be read next, without taking it; waits for something.
    pub(super) async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.receive(buffer, RecvFlags::PEEK).await
    }

    /// Takes this many bytes away. They have been peeked at, so that it does not wait.
    pub(super) async fn discard(&self, mut count: usize) -> io::Result<()> {
        let mut buffer = [0; 256];
        while count > 0 {
            let most = count.min(buffer.len());
            let piece = buffer.get_mut(..most).unwrap_or_default();
            match self.receive(piece, RecvFlags::empty()).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                taken => count -= taken,
            }
        }
        Ok(())
    }

    async fn receive(&self, buffer: &mut [u8], flags: RecvFlags) -> io::Result<usize> {
        const READABLE: Interest = Interest::READABLE;
        match self {
            Self::Tcp(stream) => {
                let receive = || Ok(recv(stream, &mut *buffer, flags)?.0);
                stream.async_io(READABLE, receive).await
            }
            Self::Unix(stream) => {
                let receive = || Ok(recv(stream, &mut *buffer, flags)?.0);
                stream.async_io(READABLE, receive).await
            }
        }
    }
}

impl Transport {
    /// Ready when there may be something to read, be it the end. Over TLS that may turn out to be a message of the
    /// session itself, which reading takes away.
    pub(super) fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Clear(socket) => socket.poll_readable(context),
            Self::Tls(stream) => {
                let (socket, session) = stream.get_mut();
                // What has been decrypted leaves no trace on the socket.
                match session.reader().fill_buf() {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        socket.poll_readable(context)
                    }
                    Ok(_) | Err(_) => Poll::Ready(()),
                }
            }
        }
    }
}

impl Transport {
    /// Ready at the client's end, where the socket itself shows it: behind bytes that nobody has read, and within a TLS
    /// session, it does not.
    pub(super) fn poll_end(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self::Clear(socket) = self else {
            return Poll::Pending;
        };
        match ready!(socket.poll_peek(context, &mut [0])) {
            Ok(0) => Poll::Ready(Ok(())),
            Ok(_) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Whether [`poll_end`](Self::poll_end) shows it.
    pub(super) fn shows_its_end(&self) -> bool {
        matches!(self, Self::Clear(_))
    }

    /// Whether what is written now can reach nobody.
    pub(super) fn is_hung_up(&self) -> bool {
        match self {
            Self::Clear(socket) => socket.is_hung_up(),
            Self::Tls(stream) => stream.get_ref().0.is_hung_up(),
        }
    }
}

reads_and_writes!(Socket: Tcp Unix);
reads_and_writes!(Transport: Clear Tls);

/// A transport of which something has been read already.
#[derive(Debug)]
pub(super) struct Prefixed {
    prefix: io::Cursor<Vec<u8>>,
    transport: Transport,
}

impl Prefixed {
    pub(super) fn new(prefix: Vec<u8>, transport: Transport) -> Self {
        Self {
            prefix: io::Cursor::new(prefix),
            transport,
        }
    }
}

impl AsyncRead for Prefixed {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { prefix, transport } = self.get_mut();
        let left = prefix.fill_buf()?;
        if left.is_empty() {
            return Pin::new(transport).poll_read(context, buffer);
        }
        let taken = left.len().min(buffer.remaining());
        buffer.put_slice(left.get(..taken).unwrap_or_default());
        prefix.consume(taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Prefixed {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().transport).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().transport).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().transport).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().transport).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }
}
