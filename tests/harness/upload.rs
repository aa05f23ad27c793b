//! An upload over HTTP/2, frame by frame.

use std::net::SocketAddr;

use super::http2::{
    ACK, DATA, END_STREAM, Frame, Frames, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE,
};

/// A request on stream 1 whose body is sent as the windows allow.
pub(crate) struct Upload {
    frames: Frames,
    /// What may be sent before it, on the stream and on the connection.
    windows: (i64, i64),
    first_window: i64,
    /// What has come for the stream.
    pub(crate) answer: Vec<Frame>,
}

/// Whether more can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sending {
    Open,
    Ended,
}

impl Upload {
    /// Sends the head.
    pub(crate) fn begin(address: SocketAddr, path: &str, fields: &[(&str, &str)]) -> Self {
        const WINDOW: i64 = 65_535;
        let mut frames = Frames::connect(address);
        let head = [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "gateway.test"),
            (":path", path),
        ];
        let head = [&head[..], fields].concat();
        frames.request(1, 0, &head).expect("a request");
        Self {
            frames,
            windows: (WINDOW, WINDOW),
            first_window: WINDOW,
            answer: Vec::new(),
        }
    }

    /// Sends a piece when there is room for it.
    pub(crate) fn send(&mut self, flags: u8, piece: &[u8]) -> Sending {
        let length = i64::try_from(piece.len()).expect("a small piece");
        while self.windows.0 < length || self.windows.1 < length {
            if self.read().is_none() {
                return Sending::Ended;
            }
        }
        if self.is_reset() {
            return Sending::Ended;
        }
        self.windows.0 -= length;
        self.windows.1 -= length;
        match self.frames.send(DATA, flags, 1, piece) {
            Ok(()) => Sending::Open,
            Err(_) => Sending::Ended,
        }
    }

    /// Sends this many bytes in pieces.
    pub(crate) fn send_all(&mut self, length: usize) -> Sending {
        const PIECE: usize = 16 * 1024;
        for _ in 0..length / PIECE {
            if self.send(0, &[b'x'; PIECE]) == Sending::Ended {
                return Sending::Ended;
            }
        }
        self.send(END_STREAM, &vec![b'x'; length % PIECE])
    }

    /// Waits until the gateway has read all that was sent, and has been heard until then.
    pub(crate) fn settle(&mut self) -> Sending {
        if self.frames.send(PING, 0, 0, &[0; 8]).is_err() {
            return Sending::Ended;
        }
        loop {
            match self.read() {
                None => return Sending::Ended,
                Some((PING, ACK)) => return Sending::Open,
                Some(_) => {}
            }
        }
    }

    /// Waits for the end of the answer.
    #[track_caller]
    pub(crate) fn hear(&mut self) {
        while !self.is_answered() {
            self.read().expect("the rest of the answer");
        }
    }

    /// Waits for the end of the stream, and gives the code that it was reset with.
    pub(crate) fn wait_for_reset(&mut self) -> Option<Vec<u8>> {
        while !self.is_reset() {
            self.read()?;
        }
        let resets = |frame: &&Frame| frame.kind == RST_STREAM;
        let reset = self.answer.iter().find(resets);
        reset.map(|frame| frame.payload.clone())
    }

    pub(crate) fn is_answered(&self) -> bool {
        let ends =
            |frame: &Frame| matches!(frame.kind, HEADERS | DATA) && frame.flags & END_STREAM != 0;
        self.answer.iter().any(ends)
    }

    pub(crate) fn is_reset(&self) -> bool {
        self.answer.iter().any(|frame| frame.kind == RST_STREAM)
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Vec<u8> {
        let pieces = self.answer.iter().filter(|frame| frame.kind == DATA);
        pieces.flat_map(|frame| frame.payload.clone()).collect()
    }

    pub(crate) fn frames(&mut self) -> &mut Frames {
        &mut self.frames
    }

    /// Reads a frame and gives its kind and its flags.
    fn read(&mut self) -> Option<(u8, u8)> {
        let frame = self.frames.frame()?;
        let read = (frame.kind, frame.flags);
        match (frame.kind, frame.stream) {
            // The connection may be gone by then, which the next read tells.
            (PING, _) if frame.flags & ACK == 0 => {
                drop(self.frames.send(PING, ACK, 0, &frame.payload));
            }
            (SETTINGS, _) if frame.flags & ACK == 0 => self.take_settings(&frame.payload),
            (WINDOW_UPDATE, 0) => self.windows.1 += number(&frame.payload),
            (WINDOW_UPDATE, 1) => self.windows.0 += number(&frame.payload),
            (_, 1) => self.answer.push(frame),
            (_, _) => {}
        }
        Some(read)
    }

    fn take_settings(&mut self, settings: &[u8]) {
        for setting in settings.chunks(6) {
            if setting.starts_with(&[0, 4]) {
                let window = number(&setting[2..]);
                self.windows.0 += window - self.first_window;
                self.first_window = window;
            }
        }
        drop(self.frames.send(SETTINGS, ACK, 0, &[]));
    }
}

fn number(bytes: &[u8]) -> i64 {
    let bytes = bytes.try_into().expect("four bytes");
    i64::from(u32::from_be_bytes(bytes))
}
