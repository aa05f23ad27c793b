//! The frames of a connection, looked at as they pass. Some of what is malformed the library takes; what it refuses, it
//! tells nobody but the client.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::block::{Block, First};

/// What a client begins with (RFC 9113 section 3.4).
const PREFACE: usize = 24;

const HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const PROTOCOL_ERROR: u32 = 1;

/// What the frames told.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// Requests that nobody has been told of.
    malformed: Cell<u32>,
}

impl Notices {
    /// How many requests were refused as malformed since the last look.
    pub(super) fn take_malformed(&self) -> u32 {
        self.malformed.take()
    }

    fn note_malformed(&self) {
        self.malformed.set(self.malformed.get().saturating_add(1));
    }
}

/// A transport whose frames are looked at.
#[derive(Debug)]
pub(super) struct Watched<T> {
    transport: T,
    inbound: Inbound,
    outbound: Outbound,
    notices: Rc<Notices>,
}

impl<T> Watched<T> {
    pub(super) fn new(transport: T, notices: Rc<Notices>) -> Self {
        Self {
            transport,
            inbound: Inbound {
                frames: Frames::after(PREFACE),
                newest: 0,
                trailers: None,
            },
            outbound: Outbound {
                frames: Frames::after(0),
                answered: Vec::new(),
                ended: [0; REMEMBERED],
                oldest: 0,
                code: 0,
            },
            notices,
        }
    }
}

/// Where one way stands.
#[derive(Debug)]
struct Frames {
    skipped: usize,
    head: [u8; HEAD],
    /// How much of the head has come.
    known: usize,
    /// How much of the payload has not.
    left: usize,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    kind: u8,
    flags: u8,
    stream: u32,
}

#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    Head,
    Payload(&'a [u8]),
}

impl Frames {
    fn after(skipped: usize) -> Self {
        Self {
            skipped,
            head: [0; HEAD],
            known: 0,
            left: 0,
        }
    }

    /// Takes the next part of a frame from these bytes.
    fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<(Head, Part<'a>)> {
        let skipped = take(bytes, self.skipped);
        self.skipped -= skipped.len();
        if bytes.is_empty() {
            return None;
        }
        if self.left > 0 {
            let piece = take(bytes, self.left);
            self.left -= piece.len();
            return Some((self.head(), Part::Payload(piece)));
        }
        for &byte in take(bytes, HEAD - self.known) {
            if let Some(place) = self.head.get_mut(self.known) {
                *place = byte;
            }
            self.known += 1;
        }
        if self.known < HEAD {
            return None;
        }
        self.known = 0;
        let [high, middle, low, ..] = self.head;
        self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        Some((self.head(), Part::Head))
    }

    fn head(&self) -> Head {
        let [_, _, _, kind, flags, stream @ ..] = self.head;
        Head {
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & (u32::MAX >> 1),
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], most: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(most.min(bytes.len()));
    *bytes = rest;
    taken
}

/// What a client sends.
#[derive(Debug)]
struct Inbound {
    frames: Frames,
    newest: u32,
    trailers: Option<Block>,
}

impl Inbound {
    /// Says whether trailers begin with a pseudo-header: RFC 9113 section 8.1 calls that malformed, the library drops
    /// it. `reset` is called for each stream that is taken back.
    fn scan(&mut self, mut bytes: &[u8], mut reset: impl FnMut(u32)) -> First {
        while let Some((head, part)) = self.frames.next(&mut bytes) {
            match (head.kind, part) {
                (HEADERS, Part::Head) if head.stream > self.newest => {
                    self.newest = head.stream;
                    self.trailers = None;
                }
                (HEADERS, Part::Head) => self.trailers = Some(Block::new(head.flags)),
                (HEADERS | CONTINUATION, Part::Payload(piece)) => {
                    if let Some(trailers) = &mut self.trailers
                        && trailers.read(piece) == First::Pseudo
                    {
                        return First::Pseudo;
                    }
                }
                (RST_STREAM, Part::Head) => reset(head.stream),
                (_, Part::Head | Part::Payload(_)) => {}
            }
        }
        First::NotPseudo
    }
}

/// What the library sends.
#[derive(Debug)]
struct Outbound {
    frames: Frames,
    /// Streams whose answer has begun and not ended; as many as there may be at once.
    answered: Vec<u32>,
    /// The last ones whose answer has ended: what a client then does to the rest of its body is no request any more.
    ended: [u32; REMEMBERED],
    /// Which of them is the oldest.
    oldest: usize,
    code: u32,
}

/// How many streams are known by their ended answers.
const REMEMBERED: usize = 32;

impl Outbound {
    /// Calls `refused` for each stream that is reset as malformed before it has an answer.
    fn scan(&mut self, mut bytes: &[u8], mut refused: impl FnMut()) {
        while let Some((
            Head {
                kind,
                flags,
                stream,
            },
            part,
        )) = self.frames.next(&mut bytes)
        {
            match (kind, part) {
                (HEADERS | DATA, Part::Head) if flags & END_STREAM != 0 => self.end(stream),
                (HEADERS, Part::Head) if !self.answered.contains(&stream) => {
                    self.answered.push(stream);
                }
                (RST_STREAM, Part::Head) => self.code = 0,
                (RST_STREAM, Part::Payload(piece)) => {
                    let code = piece.iter();
                    self.code = code.fold(self.code, |code, byte| code << 8 | u32::from(*byte));
                    if self.frames.left == 0 {
                        let known = self.answered.contains(&stream) || self.ended.contains(&stream);
                        if self.code == PROTOCOL_ERROR && !known {
                            refused();
                        }
                        self.forget(stream);
                    }
                }
                (_, Part::Head | Part::Payload(_)) => {}
            }
        }
    }

    fn end(&mut self, stream: u32) {
        self.forget(stream);
        if let Some(slot) = self.ended.get_mut(self.oldest) {
            *slot = stream;
            self.oldest = (self.oldest + 1) % REMEMBERED;
        }
    }

    fn forget(&mut self, stream: u32) {
        self.answered.retain(|answered| *answered != stream);
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.transport).poll_read(context, buffer);
        let read = buffer.filled().get(before..).unwrap_or_default();
        let outbound = &mut this.outbound;
        if this.inbound.scan(read, |stream| outbound.forget(stream)) == First::Pseudo {
            this.notices.note_malformed();
            buffer.set_filled(before);
            // The stream alone cannot be reset from here: the connection ends (RFC 9113 section 5.4.1).
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.transport).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = polled {
            let written = bytes.get(..count).unwrap_or_default();
            let notices = &this.notices;
            this.outbound.scan(written, || notices.note_malformed());
        }
        polled
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
        let this = self.get_mut();
        let polled = Pin::new(&mut this.transport).poll_write_vectored(context, slices);
        if let Poll::Ready(Ok(mut left)) = polled {
            for slice in slices {
                let written = slice.get(..left.min(slice.len())).unwrap_or_default();
                left -= written.len();
                let notices = &this.notices;
                this.outbound.scan(written, || notices.note_malformed());
            }
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }
}
