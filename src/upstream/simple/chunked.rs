//! The chunked coding (RFC 9112 section 7.1), decoded as it arrives.
//!
//! Strict: lines end with CR LF, a size has at most sixteen digits. Extensions and trailers are read and dropped.

/// How many bytes of extensions one chunk may carry, and of trailers the message.
const OVERHEAD_LIMIT: usize = 16 * 1024;

/// How many digits a size may have.
const DIGIT_LIMIT: u8 = 16;

/// The bytes are not the chunked coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadChunk {
    #[error("a chunk's size is not hexadecimal")]
    Size,
    #[error("a line of the chunked coding does not end with CR LF")]
    LineEnd,
    #[error("the chunked coding has too long extensions or trailers")]
    Overhead,
}

/// Where in a chunked body the bytes stand.
#[derive(Debug)]
pub(super) struct Chunked {
    state: State,
    /// Bytes of the current chunk's extensions, or of the trailers.
    overhead: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size { size: u64, digits: u8 },
    Padding { size: u64 },
    Extension { size: u64 },
    SizeEnd { size: u64 },
    Data { left: u64 },
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerEnd,
    LastLf,
    Done,
}

impl State {
    const START: Self = Self::Size { size: 0, digits: 0 };
}

impl Chunked {
    pub(super) fn new() -> Self {
        Self {
            state: State::START,
            overhead: 0,
        }
    }

    /// Whether the body has ended.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Appends the data in `input` to `out` and says how much of `input` belonged to the body.
    pub(super) fn decode(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, BadChunk> {
        let mut rest = input;
        while !self.is_done() {
            if let State::Data { left } = self.state {
                let length = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                let (data, after) = rest.split_at(length);
                out.extend_from_slice(data);
                rest = after;
                self.state = match left - length as u64 {
                    0 => State::DataCr,
                    left => State::Data { left },
                };
            }
            let Some((&byte, after)) = rest.split_first() else {
                break;
            };
            self.state = self.step(byte)?;
            rest = after;
        }
        Ok(input.len() - rest.len())
    }

    /// The state after one byte that is not data.
    fn step(&mut self, byte: u8) -> Result<State, BadChunk> {
        match self.state {
            State::Size { size, digits } => read_size(size, digits, byte),
            State::Padding { size } => after_size(size, byte),
            State::Extension { size } => match byte {
                b'\r' => Ok(State::SizeEnd { size }),
                b'\n' => Err(BadChunk::LineEnd),
                _ => self.spend(State::Extension { size }),
            },
            State::SizeEnd { size } => {
                self.overhead = 0;
                match size {
                    0 => line_end(byte, State::TrailerStart),
                    left => line_end(byte, State::Data { left }),
                }
            }
            State::DataCr if byte == b'\r' => Ok(State::DataLf),
            State::DataCr => Err(BadChunk::LineEnd),
            State::DataLf => line_end(byte, State::START),
            State::TrailerStart if byte == b'\r' => Ok(State::LastLf),
            State::TrailerStart | State::Trailer => match byte {
                b'\r' => Ok(State::TrailerEnd),
                b'\n' => Err(BadChunk::LineEnd),
                _ => self.spend(State::Trailer),
            },
            State::TrailerEnd => line_end(byte, State::TrailerStart),
            State::LastLf => line_end(byte, State::Done),
            // Neither asks for a byte.
            state @ (State::Data { .. } | State::Done) => Ok(state),
        }
    }

    fn spend(&mut self, next: State) -> Result<State, BadChunk> {
        self.overhead += 1;
        if self.overhead > OVERHEAD_LIMIT {
            return Err(BadChunk::Overhead);
        }
        Ok(next)
    }
}

fn read_size(size: u64, digits: u8, byte: u8) -> Result<State, BadChunk> {
    match char::from(byte).to_digit(16) {
        Some(_) if digits == DIGIT_LIMIT => Err(BadChunk::Size),
        Some(digit) => Ok(State::Size {
            size: size << 4 | u64::from(digit),
            digits: digits + 1,
        }),
        None if digits == 0 => Err(BadChunk::Size),
        None => after_size(size, byte),
    }
}

/// Old servers pad a size with blanks.
fn after_size(size: u64, byte: u8) -> Result<State, BadChunk> {
    match byte {
        b'\r' => Ok(State::SizeEnd { size }),
        b';' => Ok(State::Extension { size }),
        b' ' | b'\t' => Ok(State::Padding { size }),
        b'\n' => Err(BadChunk::LineEnd),
        _ => Err(BadChunk::Size),
    }
}

fn line_end(byte: u8, next: State) -> Result<State, BadChunk> {
    match byte {
        b'\n' => Ok(next),
        _ => Err(BadChunk::LineEnd),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const BODY: &[u8] =
        b"5\r\nhello\r\n00a;ext=\"1\"\r\n0123456789\r\n1 \r\n!\r\n0;last\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n";

    fn decode(pieces: &[&[u8]]) -> Result<(Vec<u8>, usize, bool), BadChunk> {
        let (mut chunked, mut out, mut used) = (Chunked::new(), Vec::new(), 0);
        for piece in pieces {
            used += chunked.decode(piece, &mut out)?;
        }
        Ok((out, used, chunked.is_done()))
    }

    /// Decodes a whole body of plain chunks, by searching for line ends.
    fn naive(mut body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        loop {
            let end = body.windows(2).position(|pair| pair == b"\r\n");
            let (line, rest) = body.split_at(end.expect("a line"));
            let line = std::str::from_utf8(line).expect("text");
            let size = line.split(';').next().expect("a size");
            let size = usize::from_str_radix(size, 16).expect("hexadecimal");
            if size == 0 {
                return out;
            }
            out.extend_from_slice(&rest[2..2 + size]);
            body = &rest[2 + size + 2..];
        }
    }

    #[test]
    fn a_body_is_the_same_however_it_is_cut() {
        let whole = (b"hello0123456789!".to_vec(), BODY.len(), true);
        assert_eq!(decode(&[BODY]), Ok(whole.clone()));
        for cut in 0..=BODY.len() {
            let (head, tail) = BODY.split_at(cut);
            assert_eq!(decode(&[head, tail]), Ok(whole.clone()), "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = BODY.chunks(1).collect();
        assert_eq!(decode(&bytes), Ok(whole));
    }

    #[test]
    fn what_follows_a_body_is_left_alone() {
        let (out, used, done) = decode(&[b"1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK"]).expect("a body");
        assert_eq!((out.as_slice(), used, done), (&b"a"[..], 11, true));
    }

    #[test]
    fn an_unfinished_body_is_not_done() {
        for cut in 0..BODY.len() {
            let (_, used, done) = decode(&[&BODY[..cut]]).expect("a beginning");
            assert_eq!((used, done), (cut, false));
        }
    }

    #[test]
    fn a_size_that_is_not_plain_hexadecimal_is_refused() {
        for body in [
            "\r\n", "x\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", "1 2\r\n", " 1\r\n",
        ] {
            assert_eq!(decode(&[body.as_bytes()]), Err(BadChunk::Size), "{body:?}");
        }
        assert_eq!(decode(&[b"00000000000000001\r\n"]), Err(BadChunk::Size));
        assert!(decode(&[b"ffffffffffffffff\r\n"]).is_ok());
    }

    #[test]
    fn a_bare_line_feed_is_refused() {
        for body in [
            "1\na",
            "1;e\na",
            "1\r\na\n",
            "0\r\n\n",
            "0\r\nT: 1\n",
            "1\r\nab\r\n",
            "1\ra",
        ] {
            assert_eq!(
                decode(&[body.as_bytes()]),
                Err(BadChunk::LineEnd),
                "{body:?}"
            );
        }
    }

    #[test]
    fn endless_extensions_and_trailers_are_refused() {
        let long = "a".repeat(OVERHEAD_LIMIT + 1);
        for body in [format!("1;{long}"), format!("0\r\n{long}")] {
            assert_eq!(decode(&[body.as_bytes()]), Err(BadChunk::Overhead));
        }
    }

    proptest! {
        #[test]
        fn it_decodes_what_a_naive_decoder_decodes(
            chunks in vec(vec(any::<u8>(), 1..40), 0..8),
            step in 1_usize..50,
        ) {
            let mut body = Vec::new();
            for chunk in &chunks {
                body.extend_from_slice(format!("{:X};n={}\r\n", chunk.len(), chunk.len()).as_bytes());
                body.extend_from_slice(chunk);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(b"0\r\n\r\n");
            let pieces: Vec<&[u8]> = body.chunks(step).collect();
            prop_assert_eq!(decode(&pieces), Ok((naive(&body), body.len(), true)));
        }

        #[test]
        fn arbitrary_bytes_never_decode_to_more_than_came(bytes in vec(any::<u8>(), 0..200)) {
            if let Ok((out, used, _)) = decode(&[&bytes]) {
                prop_assert!(out.len() <= used && used <= bytes.len());
            }
        }
    }
}
